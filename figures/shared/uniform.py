"""Parts of the figures about uniform superposition: models with features of equal importance, from dense to sparse.

Not a figure itself: `dimension_curve`, `feature_dimensions`, `leverage` and `pressure` are figures that share these models.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import Array, Size, array, replicates
from sup.features import Independent
from sup.geometry import dimensions_per_feature
from sup.results import Trained, mostly
from sup.specs import LINEAR_DECAY, Recipe, Run, power_of_ten
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTE = (
    "The paper does not say how it trained these models. Here: AdamW with a learning rate that falls linearly from 0.002 to 0, "
    "batches of 512, weight decay 0.01, and 0.178 times the usual spread of weights at the start, with which no output starts "
    "dead. It was chosen by final losses at the paper's size and equal numbers of samples, on seeds that are not used here, "
    "among rates of 0.001 to 0.02, batches of 128 to 4096, other memories and schedules. Between densities of 0.8 and 0.5 the "
    "loss hardly depends on how many features share a dimension: D* still falls when the loss has long settled to a tenth of a "
    "percent."
)
RECIPE = Recipe(batch=512, learning_rate=2e-3, schedule=LINEAR_DECAY, init_scale=0.178)
"""Recipe of the models of uniform superposition."""
DRIFT = 0.01
"""Largest relative change of D* over the last fifth of training at which a model's D* has settled."""
LEVELS = 50
"""Densities of the paper: 1 / (1 - S) in even steps of its logarithm from 1 to 10. A level counts the steps."""
CHOSEN = (0, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 17, 19, 22, 25, 27, 28, 29, 30, 31, 34, 38, 42, 47, 49)
"""Levels of a profile that does not train all: most where the curve is steep, and those of the graphs that the paper draws."""
PROBES = (11, 22, 31, 38)
"""Levels at which other sizes are compared: in the range of triangles, of digons, of pentagons, and beyond."""
LEVEL = f"level of the density: 1 / (1 - S) is 10 to the power of level / {LEVELS - 1}"
"""Definition of a level, for pages."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The sizes of a model.

    Attributes:
        features: Width n of the input.
        hidden: Width m of the hidden layer.
    """

    features: int
    hidden: int

    def times(self, features: float, hidden: float) -> "Setting":
        """The setting with `features` times the features and `hidden` times the dimensions, rounded."""
        return Setting(features=round(features * self.features), hidden=round(hidden * self.hidden))

    def sweep(self, levels: Iterable[int], steps: int, seeds: int, recipe: Recipe = RECIPE) -> Sweep:
        """`seeds` models at each of the levels, trained for `steps`; the recipe's own number of steps does not count."""
        base = Run(
            model="relu-output",
            n_features=self.features,
            n_hidden=self.hidden,
            distribution=Independent(density=1.0),
            recipe=replace(recipe, steps=steps),
        )
        return sweep(base, density=[density(level) for level in levels], seed=replicates(seeds))


def setting(size: Size) -> Setting:
    """The size of the models: the paper's, or a small one for profiles that decide nothing."""
    return Setting(features=400, hidden=30) if size.full else Setting(features=128, hidden=12)


def levels(size: Size) -> tuple[int, ...]:
    """The levels to train: all of the paper's if the profile's grid has as many, else `CHOSEN`."""
    return tuple(range(LEVELS)) if size.grid >= LEVELS else CHOSEN


def models(size: Size) -> Sweep:
    """The models of all levels; the same sweep in every figure."""
    return setting(size).sweep(levels(size), size.steps, size.seeds)


def density(level: int) -> float:
    """1 - S at a level.

    Example:
        >>> round(1 / density(22), 2)
        2.81
    """
    return power_of_ten(-level / (LEVELS - 1))


def levels_of(trained: Trained) -> tuple[int, ...]:
    """The levels of the trained models, in rising order."""
    densities = {run.distribution.density for run in trained.runs}
    return tuple(level for level in range(LEVELS) if density(level) in densities)


def drifting(trained: Trained, name: str = "base") -> tuple[str, ...]:
    """`name`, if D* of more than one in ten models still changed by more than `DRIFT` over the last fifth of training.

    Between densities of 0.8 and 0.5 the loss settles long before D* does, so a settled loss does not tell.
    """
    if trained.late is None:
        return ()
    before, after = (dimensions_per_feature(W) for W in (trained["snapshot_W"][:, trained.late], trained["W"]))
    return () if mostly(np.abs(after / before - 1) <= DRIFT) else (name,)


def level_arrays(chosen: Sequence[int], level: str = "level", sparsity: str = "sparsity") -> dict[str, Array]:
    """The chosen levels and their 1 / (1 - S) as arrays of a figure; `level` and `sparsity` are the arrays' names."""
    return {
        level: array(chosen, "level", LEVEL),
        sparsity: array([1 / density(k) for k in chosen], "level", "1 / (1 - S), from dense to sparse"),
    }


def per_level(trained: Trained, name: str, chosen: Iterable[int]) -> np.ndarray:
    """Array `name` of the models, with the chosen levels as its first axis: (level, seed, ...)."""
    return np.stack([trained.where(density=density(level))[name] for level in chosen])


def sparsity_axis(axes: "Axes", low: float = 0.97, high: float = 10.4) -> None:
    """Makes the x axis logarithmic in 1 / (1 - S), with a tick at each whole number from 1 to 10."""
    axes.set(xscale="log", xlim=(low, high), xticks=range(1, 11), xticklabels=[str(k) if k != 9 else "" for k in range(1, 11)])
    axes.minorticks_off()
    axes.set_xlabel("$1/(1-S)$: from dense to sparse")
