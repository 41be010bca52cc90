"""The host form: `kernel.cu` as C++, compiled for each shape of runs. It tests the source; as an engine it is slow."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from ctypes import CDLL, byref, c_ulonglong
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.constants import LANES
from sup.errors import SupError
from sup.law import columns
from sup.specs import Run
from sup.training.cuda.arguments import ARRAYS, EVAL_BLOCKS, SOURCE, Arguments, macros, packed, parted
from sup.training.kernel.engine import check_arithmetic, pack_task
from sup.training.snapshots import recorded

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
    given = [f"-D{name}={value}" for name, value in macros(run).items()]
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


class Training:
    """The state of runs in training, as `sup.training.kernel.engine.Training` has it, computed by the host form.

    Args:
        runs: Specs of one shape and one number of steps.
        start: Parameters to start from, each with a leading run axis; by default those of `sup.initial`.
        flags: Further flags for the compiler.

    Raises:
        CompilerError: if the code cannot be compiled.
        ArithmeticModeError: in a thread that flushes subnormal numbers to zero.
    """

    def __init__(self, runs: Sequence[Run], start: dict[str, Array] | None = None, flags: tuple[str, ...] = ()) -> None:
        check_arithmetic()
        self._run, recipe = runs[0], runs[0].recipe
        with TemporaryDirectory(prefix="sup-host-") as folder:
            self._library = compiled(self._run, Path(folder), *flags)
        self._library.scratch_bytes.restype = c_ulonglong
        self._arrays = packed(runs, start)
        room = (len(runs), self._library.scratch_bytes() // 4)
        self._arrays["scratch"] = np.zeros(room, np.float32)
        self._eval_keys = pack_task(runs, "eval").keys
        self._numbers = {
            "runs": len(runs),
            "knot_count": self._arrays["knots"].shape[1],
            "steps": recipe.steps,
            "batch": recipe.batch,
        }

    def _call(self, name: str, arrays: dict[str, Array], **numbers: int) -> None:
        addresses = {name: arrays[name].ctypes.data for name in ARRAYS}
        getattr(self._library, name)(byref(Arguments(**addresses, **self._numbers, **numbers)))

    def advance(self, start: int, stop: int, batch: int = 0) -> None:
        """Takes the updates from `start`, counted from 0, up to but not including `stop`; `batch` replaces the recipe's."""
        self._numbers["batch"] = batch or self._run.recipe.batch
        self._call("advance", self._arrays, start=start, stop=stop)

    def loss(self) -> NDArray[np.float64]:
        """Importance-weighted loss of each run on the fixed draws of the stream `eval`; blocks are added up in order."""
        self._call("evaluate", self._arrays | {"keys": self._eval_keys})
        totals = np.add.accumulate(self._arrays["loss"].astype(np.float64), axis=1)[:, -1]
        return np.asarray(totals / (EVAL_BLOCKS * LANES * self._run.n_features))

    def parameters(self) -> dict[str, Array]:
        """A copy of the current parameters, by the names of `sup.initial.parameter_shapes`."""
        return parted(self._run, self._arrays["parameters"])

    def observe(self) -> dict[str, Array]:
        """The current parameters and `loss`."""
        return {**self.parameters(), "loss": self.loss()}

    def scratch(self) -> dict[str, Array]:
        """What the last block of the first run has left: `words`, `x` and `h`, flat, and `gradient`, in the order of `joined`."""
        room, run = self._arrays["scratch"][0], self._run
        sizes = {"x": run.n_features * LANES, "h": run.n_hidden * LANES, "words": columns(run) * LANES}
        sizes["gradient"] = self._arrays["parameters"].shape[1]
        ends = np.cumsum(list(sizes.values())).tolist()  # they come first in `Scratch`, in this order
        parts = {name: room[end - size : end] for (name, size), end in zip(sizes.items(), ends, strict=True)}
        return parts | {"words": parts["words"].view(np.uint32), "gradient": parts["gradient"][None]}


def train_host(runs: Sequence[Run], snapshots: tuple[int, ...] = (), flags: tuple[str, ...] = ()) -> dict[str, Array]:
    """Trains runs of one shape with the host form; arguments and result as those of `sup.training.train`."""
    state = Training(runs, flags=flags)
    return recorded(state.advance, state.observe, snapshots, runs[0].recipe.steps)


def block_parts(run: Run, flags: tuple[str, ...] = ()) -> dict[str, dict[str, Array]]:
    """The first block of a run's training, part by part, as `sup.training.kernel.parts.block_parts` has it."""
    training = Training([run], flags=flags)
    training.advance(0, 1, min(run.recipe.batch, LANES))
    left = training.scratch()
    gradient = {name: array[0] for name, array in parted(run, left["gradient"]).items()}
    return {"draw": {"words": left["words"], "x": left["x"]}, "forward": {"h": left["h"]}, "gradient": gradient}
