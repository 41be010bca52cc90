"""The engines that train, the kernel and torch: what identifies them in keys, and how to call them."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from report import ROOT, files, gpus
from report.code import Sources
from report.compiling import Around, compile_all
from report.errors import PipelineError, meaning
from report.log import say
from sup.canonical import digest
from sup.errors import SupError
from sup.specs import Run
from sup.sweeps import Shape

Name: TypeAlias = Literal["kernel", "torch"]
Device: TypeAlias = Literal["cpu", "cuda"]
Train: TypeAlias = Callable[[Sequence[Run], tuple[int, ...]], dict[str, np.ndarray]]

ENTRIES = {"kernel": "sup.training.kernel", "torch": "sup.training.torch_engine"}
"""The module at which each engine's code digest starts."""

COMPILED = ROOT / ".cache" / "numba"
"""Folder of kernels compiled for CPUs, with a subfolder for each version of the kernel's code."""

SUMS = "sums.json"
"""In such a subfolder, the SHA-256 of each file of machine code."""

FUNCTIONS = 2
"""Functions that make up a kernel, each kept by itself: training and evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine, and everything about it that can change an artifact.

    Attributes:
        name: "kernel" or "torch".
        device: "cpu" or "cuda". The kernel gives the same bits on both, so it is no part of its keys.
        code: Digest of its code; of the kernel's on a CPU, which defines what every other form must give.
        environment: What else its results depend on, such as "torch 2.13.0 cuda"; of the kernel, what the self-check must give.
    """

    name: Name
    device: Device
    code: str
    environment: str = ""

    @property
    def words(self) -> str:
        """The engine in words, such as "kernel on cuda"."""
        return f"{self.name} on {self.device}"

    @property
    def per_core(self) -> bool:
        """Whether a call trains on one core, as the kernel does on a CPU; others want many runs in a call."""
        return self.words == "kernel on cpu"


def choose_name(choice: str) -> Name:
    """The engine that is asked for; the kernel by default.

    Raises:
        PipelineError: if there is no such engine.
    """
    if choice in ("", "kernel"):
        return "kernel"
    if choice == "torch":
        return "torch"
    raise PipelineError(f"ENGINE is what trains; got {choice!r}. Pick kernel or torch, or leave it out for the kernel.")


def choose_device(choice: str, name: Name = "kernel") -> Device:
    """The device to train on: `choice`, or if it is empty CUDA where the engine can use a GPU, else the CPU.

    Raises:
        PipelineError: for an unknown device, or for CUDA where the engine cannot use it.
    """
    if choice not in ("", "cpu", "cuda"):
        raise PipelineError(
            f"DEVICE is where to train; got {choice!r}. Pick cpu or cuda, or leave it out to take a GPU where there is one."
        )
    if choice == "cpu":
        return "cpu"
    problem = trouble(name)
    if choice == "cuda" and problem:
        raise PipelineError(f"DEVICE=cuda needs a GPU that works: {problem} Pass DEVICE=cpu to train without.")
    return "cpu" if problem else "cuda"


def trouble(name: Name) -> str:
    """Why the engine cannot use a GPU of this machine, in a sentence; empty when it can."""
    if name == "kernel" or not gpus.count():
        return gpus.trouble()
    return "the installed torch is built for CPUs." if torch_version().endswith("+cpu") else ""


def torch_version() -> str:
    """The installed torch's version, from its metadata; empty when there is none."""
    from importlib import metadata

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def engine(device: Device, sources: Sources | None = None, name: Name = "kernel") -> Engine:
    """The engine `name` on `device`, with the digest of its code on disk."""
    code = (sources or Sources()).digest(ENTRIES[name])
    if name == "torch":
        return Engine(name=name, device=device, code=code, environment=f"torch {torch_version()} {device}")
    expected = digest("self-check", gpus.SELFCHECK.read_text("utf-8"))[:16]
    return Engine(name=name, device=device, code=code, environment=f"self-check {expected}")


def trainer(engine: Engine) -> Train:
    """The function that trains runs with `engine`; several threads can call it in parallel.

    Fails with a GpuError if a GPU does not give the kernel's bits.
    """
    if engine.name == "kernel" and engine.device == "cuda":
        return gpus.Gpus()
    settle_compiled_code(engine)
    from sup.training import train

    def train_here(runs: Sequence[Run], snapshots: tuple[int, ...]) -> dict[str, np.ndarray]:
        return train(runs, snapshots, engine=engine.name, device=engine.device)

    return train_here


def parallel(engine: Engine, train: Train, workers: int) -> int:
    """How many calls of the trainer of `engine` run side by side, on a machine whose user allows `workers` threads."""
    if isinstance(train, gpus.Gpus):
        return train.calls
    return 1 if engine.name == "torch" else workers


def compiler(engine: Engine, workers: int) -> Callable[[Mapping[Shape, Run], Around[Shape]], None] | None:
    """The function that compiles the kernels of shapes, each given with a run; None where nothing is compiled."""
    if engine.name != "kernel":
        return None
    if engine.device == "cuda":
        return lambda examples, around: gpus.compile_all(examples, workers, around)
    settle_compiled_code(engine)

    def compile_here(examples: Mapping[Shape, Run], around: Around[Shape]) -> None:
        folder = Path(os.environ["NUMBA_CACHE_DIR"])
        remove_damaged(folder)
        compile_all(compile_for_cpu, list(examples), workers, around)
        seal(folder)

    return compile_here


def seal(folder: Path) -> None:
    """Notes the SHA-256 of the machine code in numba's cache, which has none of its own."""
    sums = {path.relative_to(folder).as_posix(): _sha(path) for path in sorted(folder.glob("kernel_*/*.nbc"))}
    with contextlib.suppress(OSError):  # a cache that cannot be written is checked no more than before
        files.write_if_changed(folder / SUMS, (json.dumps(sums, indent=0) + "\n").encode())


def remove_damaged(folder: Path) -> None:
    """Removes machine code that is not what was noted, which is said; it is compiled again."""
    try:
        sums = dict(files.parsed((folder / SUMS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return
    for path in sorted(folder.glob("kernel_*/*.nbc")):
        if sums.get(path.relative_to(folder).as_posix(), found := _sha(path)) != found:
            say(f"the compiled kernel {path.name} is damaged; it is compiled again.")
            path.unlink(missing_ok=True)


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compile_for_cpu(shape: Shape) -> None:
    """Compiles the kernel of a shape, or loads it from numba's cache; if that fails, the cache is emptied, which is said.

    What fails without it fails again, with its own error.
    """
    try:
        _compile(shape)
    except Exception as problem:  # of pickle, LLVM or numba: none of them says that a file is damaged
        folder = Path(os.environ["NUMBA_CACHE_DIR"])
        kernels = [path for path in folder.glob("kernel_*/*.nb?") if path.is_file()]
        if kernels and not isinstance(problem, SupError | MemoryError | OSError):
            name = type(problem).__name__
            say(f"compiled kernels in {folder} cannot be loaded ({name}); they are compiled again.")
            for path in kernels:
                path.unlink(missing_ok=True)
        _compile(shape)


def _compile(shape: Shape) -> None:
    """Compiles the kernel of a shape; if a function cannot be kept, on a full disk say, it serves this process all the same."""
    from sup.training import compile_kernel

    for _ in range(FUNCTIONS):
        try:
            return compile_kernel(shape)
        except OSError as problem:  # numba has compiled the function, and failed to write it
            _say_once(f"compiled kernels cannot be kept in {os.environ['NUMBA_CACHE_DIR']}: {meaning(problem)}.")
    compile_kernel(shape)


@lru_cache
def _say_once(text: str) -> None:
    say(text)


def compiled_folder(engine: Engine) -> Path:
    """The folder of kernels compiled from the code of `engine`."""
    return COMPILED / engine.code[:16]


def settle_compiled_code(engine: Engine) -> None:
    """Gives numba's cache a folder for this code: numba itself checks a function's own file, but not what it imports."""
    if engine.name == "kernel" and engine.device == "cpu":
        os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(engine)))
