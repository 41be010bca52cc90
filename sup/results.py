"""Results of training: the runs of a sweep with their arrays, read-only, selected by the fields of their specs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sup.baseline import constant_loss
from sup.errors import SpecError
from sup.specs import Run
from sup.sweeps import get

SETTLED = 0.05
"""Largest late gain of a model that has settled."""
HARDLY = 0.01
"""Share of the loss of constant outputs below which a gain on it is no gain."""


def late_step(steps: int) -> int:
    """The step at which the last fifth of training begins, so that one can see whether models have settled.

    Example:
        >>> late_step(8)
        6
    """
    return 4 * steps // 5


def mostly(settled: np.ndarray) -> bool:
    """Whether at least nine in ten models have settled, by whichever measure `settled` (run) is; true without a model.

    Example:
        >>> mostly(np.array([True] * 9 + [False])), mostly(np.array([True] * 8 + [False]))
        (True, False)
    """
    return not len(settled) or float(np.mean(settled)) >= 0.9


@dataclass(frozen=True)
class Trained:
    """The trained models of a sweep.

    Attributes:
        runs: Their specs, in order.
        arrays: Read-only arrays by name, each with a leading run axis: `W` (run hidden feature), `b` (run feature),
            `final_loss` (run), and with snapshots `snapshot_W` (run snapshot hidden feature), `snapshot_b`, `snapshot_loss`;
            the absolute-value model has `W1` (run hidden feature) and `W2` (run feature hidden) in place of `W`.
        snapshots: The steps of the snapshots.
    """

    runs: tuple[Run, ...]
    arrays: Mapping[str, np.ndarray]
    snapshots: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for array in self.arrays.values():
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            raise SpecError(f"the results have no array {name!r}. Pick one of {', '.join(sorted(self.arrays))}.")
        return self.arrays[name]

    def where(self, **fields: Any) -> "Trained":
        """The models whose specs have these values, in order: `trained.where(density=0.1)`.

        Raises:
            SpecError: if no run has these values.
        """
        keep = [i for i, run in enumerate(self.runs) if all(get(run, name) == value for name, value in fields.items())]
        if not keep:
            raise SpecError(f"where selects runs by the values of their fields; no run has {fields!r}. Pass values of the sweep.")
        arrays = {name: array[keep] for name, array in self.arrays.items()}
        return Trained(tuple(self.runs[i] for i in keep), arrays, self.snapshots)

    def best(self) -> int:
        """Index of the model with the lowest final loss (the first of equals)."""
        return int(np.argmin(self["final_loss"]))

    @property
    def late(self) -> int | None:
        """Position of the last snapshot at or before `late_step`; None without one."""
        last = late_step(self.runs[0].recipe.steps)
        return max((k for k, step in enumerate(self.snapshots) if step <= last), default=None)

    @property
    def settled(self) -> bool:
        """Whether the late gain of at least nine in ten models is at most `SETTLED`; true where no late gain is known."""
        gains = self.late_gain()
        known = gains[np.isfinite(gains)]
        return mostly(known <= SETTLED)

    def late_gain(self) -> np.ndarray:
        """The share of what training gained on the best constant outputs that it gained in its last fifth: (run).

        (L_before - L_end) / (L_constant - L_end), with the loss before from the snapshot `late`, and the constant outputs' loss
        from `sup.baseline.constant_loss`. A fall of the loss alone would not tell: it is large where a model solves its task and
        its loss goes to zero, and small where little can be learned. nan without such a snapshot, and for models that are not
        better than constants by more than `HARDLY` of their loss.

        Example: the loss of the best constants is 1/12.
            >>> from sup.features import Independent
            >>> run = Run(model="linear", n_features=2, n_hidden=1, distribution=Independent(density=1.0))
            >>> arrays = {"final_loss": np.array([1 / 24]), "snapshot_loss": np.array([[1 / 12, 1 / 20]])}
            >>> Trained((run,), arrays, snapshots=(10, 8000)).late_gain().round(3).tolist()
            [0.2]
        """
        if self.late is None:
            return np.full(len(self), np.nan)
        before, after = self["snapshot_loss"][:, self.late].astype(float), self["final_loss"].astype(float)
        constant = np.array([constant_loss(run) for run in self.runs])
        gained = constant - after
        return np.divide(before - after, gained, out=np.full(len(self), np.nan), where=gained > HARDLY * constant)
