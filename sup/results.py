"""Results of training: the runs of a sweep with their arrays, read-only, selected by the fields of their specs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sup.errors import SpecError
from sup.specs import Run
from sup.sweeps import get


@dataclass(frozen=True)
class Trained:
    """The trained models of a sweep.

    Attributes:
        runs: Their specs, in order.
        arrays: Read-only arrays by name, each with a leading run axis: `W` (run hidden feature), `b` (run feature),
            `final_loss` (run), and with snapshots `snapshot_W` (run snapshot hidden feature), `snapshot_b`, `snapshot_loss`;
            the absolute-value model has `W1` (run hidden feature) and `W2` (run feature hidden) in place of `W`.
    """

    runs: tuple[Run, ...]
    arrays: Mapping[str, np.ndarray]

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
        return Trained(tuple(self.runs[i] for i in keep), {name: array[keep] for name, array in self.arrays.items()})

    def best(self) -> int:
        """Index of the model with the lowest final loss (the first of equals)."""
        return int(np.argmin(self["final_loss"]))
