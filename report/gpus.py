"""The machine's GPUs: whether the kernel can use them, the proof that they give its bits, and training on all of them."""

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import numpy as np

from report import ROOT, files
from report.code import Sources
from report.compiling import Around
from report.errors import GpuError
from sup.canonical import digest
from sup.errors import SupError
from sup.specs import Run
from sup.sweeps import Shape
from sup.training.cuda import CudaError

COMPILED = ROOT / ".cache" / "cuda"
"""Folder of kernels compiled for GPUs and of proofs of their bits, with a subfolder for each version of the code."""

SELFCHECK = ROOT / "selfcheck.lock"
"""What the kernel must give."""

NONE = "there is no GPU with a CUDA driver on this machine."


def count() -> int:
    """How many GPUs the CUDA driver finds; no library but the driver's own is loaded."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        found = ctypes.c_int(0)
        return found.value if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(found)) == 0 else 0
    except (OSError, AttributeError):
        return 0


@cache
def folder() -> Path:
    """The folder for the code on disk."""
    code = [Sources().digest(module) for module in ("sup.training.cuda.device", "sup.training.selfcheck")]
    return COMPILED / digest("code", *code, (ROOT / "sup/training/cuda/kernel.cu").read_text("utf-8"))[:16]


@cache
def usable() -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The GPUs that the kernel can use, and for each other one why not, in a sentence. Nothing is started on them."""
    from sup.training.cuda import driver, nvrtc

    found, problems = [], []
    for ordinal in range(count()):
        try:
            nvrtc.architecture(driver.described(ordinal).capability)
            found.append(ordinal)
        except CudaError as problem:
            problems.append(f"GPU {ordinal}: {problem}")
    return tuple(found), tuple(problems)


def trouble() -> str:
    """Why the kernel cannot use any GPU of this machine, in a sentence; empty when it can."""
    if not count():
        return NONE
    found, problems = usable()
    return "" if found else problems[0]


def compile_all(examples: Mapping[Shape, Run], workers: int, around: Around[Shape]) -> None:
    """Compiles the code of shapes, each given with a run, for all GPUs, so that training finds it on disk.

    Raises:
        GpuError: if the compiler fails.
    """
    from sup.training.cuda import device

    with ThreadPoolExecutor(workers) as pool:
        work = {shape: pool.submit(device.compile_code, run, usable()[0], folder()) for shape, run in examples.items()}
        for shape, done in work.items():
            with around(shape):
                try:
                    done.result()
                except CudaError as problem:
                    raise GpuError(f"the code for GPUs cannot be compiled: {problem}") from problem


def prove(ordinal: int) -> None:
    """Trains the runs of the self-check on a GPU, unless it has been done with this card, driver and code.

    Raises:
        GpuError: if a part differs from `selfcheck.lock`, or the GPU cannot train.
    """
    from sup.training import selfcheck
    from sup.training.cuda import device, driver, nvrtc

    gpu, expected = driver.described(ordinal), SELFCHECK.read_text("utf-8")
    proof = folder() / f"proven-{digest('proven', repr(gpu), str(nvrtc.version()), expected)[:16]}"
    if proof.exists():
        return
    forms = (
        partial(device.block_parts, ordinal=ordinal, folder=folder()),
        partial(device.train_cuda, ordinal=ordinal, folder=folder()),
    )
    try:
        difference = selfcheck.first_difference(list(selfcheck.lines(forms)), expected.splitlines())
    except SupError as problem:
        raise GpuError(f"{gpu.name} cannot train: {problem}") from problem
    if difference:
        raise GpuError(f"{gpu.name} does not give the kernel's bits. The self-check says of {difference}.")
    files.write(proof, f"{gpu.name}\n".encode())


class Gpus:
    """Trains runs, each call on a GPU with room for one more; `calls` threads keep all busy.

    Raises:
        GpuError: if there is none, or one does not give the kernel's bits or cannot train.
    """

    def __init__(self) -> None:
        if problem := trouble():
            raise GpuError(problem)
        from sup.training.cuda.device import SIDE_BY_SIDE

        self._halt = Event()
        self._free: SimpleQueue[int] = SimpleQueue()
        for ordinal in usable()[0]:
            prove(ordinal)
        for ordinal in usable()[0] * SIDE_BY_SIDE:
            self._free.put(ordinal)
        self.calls = self._free.qsize()

    def __call__(self, runs: Sequence[Run], snapshots: tuple[int, ...]) -> dict[str, np.ndarray]:
        """The results of `runs`, as `sup.training.train` describes them.

        Raises:
            GpuError: if the GPU or its driver fails.
        """
        from sup.training.cuda import device

        ordinal = self._free.get()
        try:
            return device.train_cuda(runs, snapshots, ordinal, folder(), self._halt)
        except CudaError as problem:
            raise GpuError(f"GPU {ordinal} cannot go on: {problem}") from problem
        finally:
            self._free.put(ordinal)

    def stop(self) -> None:
        """Ends the calls that are under way, within a second."""
        self._halt.set()
