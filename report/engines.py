"""Which engine trains: the fused kernel on the CPU, or torch on a GPU; what names its artifacts, and how it is called."""

import ctypes
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from report import ROOT
from report.code import Sources
from report.compiling import Around, compile_all
from report.errors import PipelineError
from sup.specs import Run
from sup.sweeps import Shape

Name: TypeAlias = Literal["kernel", "torch"]
Device: TypeAlias = Literal["cpu", "cuda"]
Train: TypeAlias = Callable[[Sequence[Run], tuple[int, ...]], dict[str, np.ndarray]]

ENTRIES = {"kernel": "sup.training.kernel", "torch": "sup.training.torch_engine"}
"""The module from which each engine's code is reached."""

COMPILED = ROOT / ".cache" / "numba"
"""Holds a folder of compiled kernels for each version of the kernel's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine as far as it can change an artifact.

    Attributes:
        name: "kernel" or "torch".
        device: "cpu" or "cuda".
        code: Digest of its code.
        environment: What else its bits depend on, such as "torch 2.13.0 cuda"; empty for the kernel.
    """

    name: Name
    device: Device
    code: str
    environment: str = ""


def cuda_present() -> bool:
    """Whether the CUDA driver sees a device and the installed torch can use one; torch itself is not imported."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        count = ctypes.c_int(0)
        found = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    except (OSError, AttributeError):
        return False
    return found and count.value > 0 and not torch_version().endswith("+cpu")


def torch_version() -> str:
    """The installed torch's version, from its metadata; empty when there is none."""
    from importlib import metadata

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def choose_device(asked: str) -> Device:
    """The device to train on: the one asked for, else CUDA where there is one, else the CPU.

    Raises:
        PipelineError: for an unknown device, or CUDA where there is none.
    """
    if asked not in ("", "cpu", "cuda"):
        raise PipelineError(
            f"DEVICE is where to train; got {asked!r}. Pick cpu or cuda, or leave it out to take a GPU where there is one."
        )
    if asked == "cpu":
        return "cpu"
    present = cuda_present()
    if asked == "cuda" and not present:
        raise PipelineError(
            "DEVICE=cuda needs a GPU with its driver and a torch built for CUDA, and there is none. Pass DEVICE=cpu."
        )
    return "cuda" if present else "cpu"


def engine(device: Device, sources: Sources | None = None) -> Engine:
    """The engine that serves `device`, with its code as it stands on disk."""
    name: Name = "torch" if device == "cuda" else "kernel"
    code = (sources or Sources()).digest(ENTRIES[name])
    return Engine(name=name, device=device, code=code, environment=f"torch {torch_version()} {device}" if name == "torch" else "")


def trainer(engine: Engine) -> Train:
    """The function that trains runs with `engine`; called from several threads, it lets them run side by side."""
    settle_compiled_code(engine)
    from sup.training import train

    def train_here(runs: Sequence[Run], snapshots: tuple[int, ...]) -> dict[str, np.ndarray]:
        return train(runs, snapshots, engine=engine.name, device=engine.device)

    return train_here


def compiler(engine: Engine, workers: int) -> Callable[[Sequence[Shape], Around[Shape]], None] | None:
    """What compiles the kernels of shapes before their runs are trained; None for an engine that compiles nothing."""
    if engine.name != "kernel":
        return None
    settle_compiled_code(engine)
    from sup.training import compile_kernel

    return lambda shapes, around: compile_all(compile_kernel, shapes, workers, around)


def compiled_folder(engine: Engine) -> Path:
    """The folder of the kernels compiled from the code of `engine`."""
    return COMPILED / engine.code[:16]


def settle_compiled_code(engine: Engine) -> None:
    """Keeps compiled kernels in a folder of their code: numba's cache looks at a function's own file, not at what it imports."""
    if engine.name == "kernel":
        os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(engine)))
