"""Training by the code of `kernel.cu`, wherever it runs: on a host by `host`, on a GPU by `device`."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sup.constants import LANES
from sup.law import columns
from sup.specs import Run
from sup.training.cuda.arguments import EVAL_BLOCKS, packed, parted
from sup.training.snapshots import recorded

Array: TypeAlias = NDArray[Any]


class Loaded(Protocol):
    """The code for runs of one shape, with their arrays in its memory."""

    def call(self, name: str, start: int, stop: int, batch: int) -> None:
        """Calls `advance` for the steps, or `evaluate` for the blocks of fixed draws, from `start` to `stop`."""

    def read(self, name: str) -> Array:
        """A copy of an array of `sup.training.cuda.arguments.ARRAYS`; of `scratch` the first."""


Load: TypeAlias = Callable[[Sequence[Run], dict[str, Array]], Loaded]
"""Makes the code for runs of one shape ready, and copies their arrays, without `scratch`, into its memory."""


class Training:
    """The state of runs in training, as `sup.training.kernel.engine.Training` has it.

    Args:
        runs: Specs of one shape and one number of steps.
        load: Makes the code ready.
        start: Parameters to start from, each with a leading run axis; by default those of `sup.initial`.
    """

    def __init__(self, runs: Sequence[Run], load: Load, start: dict[str, Array] | None = None) -> None:
        self._run = runs[0]
        self._loaded = load(runs, packed(runs, start))

    def advance(self, start: int, stop: int, batch: int = 0) -> None:
        """Takes the updates from `start`, counted from 0, up to but not including `stop`; `batch` replaces the recipe's."""
        self._loaded.call("advance", start, stop, batch or self._run.recipe.batch)

    def loss(self) -> NDArray[np.float64]:
        """Importance-weighted loss of each run on the fixed draws of the stream `eval`; blocks are added up in order."""
        self._loaded.call("evaluate", 0, EVAL_BLOCKS, self._run.recipe.batch)
        losses = self._loaded.read("loss")
        totals = [
            np.add.accumulate(part.astype(np.float64), axis=1)[:, -1] for part in np.array_split(losses, -(-len(losses) // 1024))
        ]
        return np.asarray(np.concatenate(totals) / (EVAL_BLOCKS * LANES * self._run.n_features))

    def parameters(self) -> dict[str, Array]:
        """A copy of the current parameters, by the names of `sup.initial.parameter_shapes`."""
        return parted(self._run, self._loaded.read("parameters"))

    def observe(self) -> dict[str, Array]:
        """The current parameters and `loss`."""
        return {**self.parameters(), "loss": self.loss()}

    def scratch(self) -> dict[str, Array]:
        """What the last block has left: `words`, `x` and `h`, flat, and `gradient`, in the order of `joined`."""
        run, room = self._run, self._loaded.read("scratch")
        row = LANES + 4  # the code pads a row of lanes
        sizes = {"x": run.n_features * row, "h": run.n_hidden * row, "words": columns(run) * LANES}
        sizes["gradient"] = self._loaded.read("parameters").shape[1]
        ends = np.cumsum(list(sizes.values())).tolist()  # they come first in `Scratch`, in this order
        parts = {name: room[end - size : end] for (name, size), end in zip(sizes.items(), ends, strict=True)}
        rows = {name: parts[name].reshape(-1, row)[:, :LANES].ravel() for name in ("x", "h")}
        return parts | rows | {"words": parts["words"].view(np.uint32), "gradient": parts["gradient"][None]}


def trained(runs: Sequence[Run], snapshots: tuple[int, ...], load: Load) -> dict[str, Array]:
    """Trains runs of one shape; arguments and result as those of `sup.training.train`."""
    state = Training(runs, load)
    return recorded(state.advance, state.observe, snapshots, runs[0].recipe.steps)


def first_block(run: Run, load: Load) -> dict[str, dict[str, Array]]:
    """The first block of a run's training, part by part, as `sup.training.kernel.parts.block_parts` has it."""
    training = Training([run], load)
    training.advance(0, 1, min(run.recipe.batch, LANES))
    left = training.scratch()
    gradient = {name: array[0] for name, array in parted(run, left["gradient"]).items()}
    return {"draw": {"words": left["words"], "x": left["x"]}, "forward": {"h": left["h"]}, "gradient": gradient}
