"""The host form: `kernel.cu` as C++, compiled for each shape of runs. It tests the source; as an engine it is slow."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from ctypes import CDLL, byref, c_ulonglong
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.errors import SupError
from sup.specs import Run
from sup.training.cuda.arguments import ARRAYS, SOURCE, arguments, macros
from sup.training.cuda.training import first_block, trained
from sup.training.kernel.engine import check_arithmetic

Array = NDArray[Any]
# As the compiler of a GPU must: no operation is fused, none is replaced by another, and subnormal numbers are kept.
FLAGS = (
    "-x",
    "c++",
    "-std=c++17",
    "-O2",
    "-ffp-contract=off",
    "-fno-fast-math",
    "-fPIC",
    "-shared",
    "-Wall",
    "-Wextra",
    "-Werror",
)


class CompilerError(SupError):
    """The C++ compiler is missing, or does not compile the code."""


def compiled(run: Run, folder: Path, *flags: str) -> CDLL:
    """The code for runs of the shape of `run`, compiled into `folder` by the compiler that CXX names (c++).

    Args:
        run: The spec.
        folder: Where the library is written.
        flags: Further flags, such as -DSHUFFLED.

    Raises:
        CompilerError: if there is no compiler, or it fails.
    """
    library = folder / "kernel.so"
    given = [f"-D{name}={value}" for name, value in macros(run, readable=True).items()]
    command = [*shlex.split(os.environ.get("CXX") or "c++"), *FLAGS, *flags, *given, str(SOURCE), "-o", str(library)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise CompilerError(
            f"the host form needs a C++ compiler, and there is no {command[0]}. Install one, or name it in CXX."
        ) from None
    if done.returncode != 0:
        raise CompilerError(f"{command[0]} does not compile {SOURCE.name}: {done.stderr.strip()[:2000]}")
    return CDLL(str(library))


class Host:
    """`kernel.cu` compiled for a host, with the arrays of runs: what `sup.training.cuda.training` calls.

    Args:
        runs: Specs of one shape.
        arrays: Their arrays.
        flags: Further flags for the compiler, such as -DSHUFFLED.

    Raises:
        CompilerError: if the code cannot be compiled.
        ArithmeticModeError: in a thread that flushes subnormal numbers to zero.
    """

    def __init__(self, runs: Sequence[Run], arrays: dict[str, Array], flags: tuple[str, ...] = ()) -> None:
        check_arithmetic()
        with TemporaryDirectory(prefix="sup-host-") as folder:
            self._library = compiled(runs[0], Path(folder), *flags)
        self._library.scratch_bytes.restype = c_ulonglong
        self._arrays = arrays | {"scratch": np.zeros(self._library.scratch_bytes() // 4, np.float32)}
        self._arguments = arguments(runs, {name: self._arrays[name].ctypes.data for name in ARRAYS})

    def call(self, name: str, start: int, stop: int, batch: int) -> None:
        """Calls a function of the code for all runs."""
        self._arguments.start, self._arguments.stop, self._arguments.batch = start, stop, batch
        getattr(self._library, name)(byref(self._arguments))

    def read(self, name: str) -> Array:
        """A copy of an array."""
        return self._arrays[name].copy()


def train_host(runs: Sequence[Run], snapshots: tuple[int, ...] = (), flags: tuple[str, ...] = ()) -> dict[str, Array]:
    """Trains runs of one shape with the host form; arguments and result as those of `sup.training.train`."""
    return trained(runs, snapshots, partial(Host, flags=flags))


def block_parts(run: Run, flags: tuple[str, ...] = ()) -> dict[str, dict[str, Array]]:
    """The first block of a run's training, part by part, as `sup.training.kernel.parts.block_parts` has it."""
    return first_block(run, partial(Host, flags=flags))
