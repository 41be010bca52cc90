"""The engines that train, the kernel on a CPU and torch on a GPU: what identifies them in keys, and how to call them."""

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
"""The module at which each engine's code digest starts."""

COMPILED = ROOT / ".cache" / "numba"
"""Folder of compiled kernels, with a subfolder for each version of the kernel's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Everything about an engine that can change an artifact.

    Attributes:
        name: "kernel" or "torch".
        device: "cpu" or "cuda".
        code: Digest of its code.
        environment: What else its results depend on, such as "torch 2.13.0 cuda"; empty for the kernel.
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
        driver_works = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    except (OSError, AttributeError):
        return False
    return driver_works and count.value > 0 and not torch_version().endswith("+cpu")


def torch_version() -> str:
    """The installed torch's version, from its metadata; empty when there is none."""
    from importlib import metadata

    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def choose_device(choice: str) -> Device:
    """The device to train on: `choice`, or if it is empty CUDA where there is a GPU, else the CPU.

    Raises:
        PipelineError: for an unknown device, or for CUDA without a GPU.
    """
    if choice not in ("", "cpu", "cuda"):
        raise PipelineError(
            f"DEVICE is where to train; got {choice!r}. Pick cpu or cuda, or leave it out to take a GPU where there is one."
        )
    if choice == "cpu":
        return "cpu"
    present = cuda_present()
    if choice == "cuda" and not present:
        raise PipelineError(
            "DEVICE=cuda needs a GPU with its driver and a torch built for CUDA, and there is none. Pass DEVICE=cpu."
        )
    return "cuda" if present else "cpu"


def engine(device: Device, sources: Sources | None = None) -> Engine:
    """The engine for `device`, with the digest of its code on disk."""
    name: Name = "torch" if device == "cuda" else "kernel"
    code = (sources or Sources()).digest(ENTRIES[name])
    return Engine(name=name, device=device, code=code, environment=f"torch {torch_version()} {device}" if name == "torch" else "")


def trainer(engine: Engine) -> Train:
    """The function that trains runs with `engine`; several threads can call it in parallel."""
    settle_compiled_code(engine)
    from sup.training import train

    def train_here(runs: Sequence[Run], snapshots: tuple[int, ...]) -> dict[str, np.ndarray]:
        return train(runs, snapshots, engine=engine.name, device=engine.device)

    return train_here


def compiler(engine: Engine, workers: int) -> Callable[[Sequence[Shape], Around[Shape]], None] | None:
    """The function that compiles the kernels of shapes before training; None for an engine that compiles nothing."""
    if engine.name != "kernel":
        return None
    settle_compiled_code(engine)
    from sup.training import compile_kernel

    return lambda shapes, around: compile_all(compile_kernel, shapes, workers, around)


def compiled_folder(engine: Engine) -> Path:
    """The folder of kernels compiled from the code of `engine`."""
    return COMPILED / engine.code[:16]


def settle_compiled_code(engine: Engine) -> None:
    """Gives numba's cache a folder for this code: numba itself checks a function's own file, but not what it imports."""
    if engine.name == "kernel":
        os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(engine)))
