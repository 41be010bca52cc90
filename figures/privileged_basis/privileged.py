"""Shared by the figures on privileged bases: their runs, the size of groups of fits, and the best fit.

Not a figure itself. The recipe was chosen by final loss among four, at equal samples, on 16 fits of seeds that no figure uses:
the usual one, the usual one without weight decay, and learning rates of 0.003 and 0.01 that fall to zero. The last won.
"""

from collections.abc import Sequence

from figures.base import Size, replicates
from sup.features import Independent
from sup.results import Trained
from sup.specs import LINEAR_DECAY, Model, Recipe, Run, geometric
from sup.sweeps import Sweep, sweep

FEATURES, HIDDEN = 10, 5
IMPORTANCE = geometric(0.75, FEATURES)
DENSITIES = (1.0, 0.8, 0.65, 0.5, 0.4, 0.32, 0.26, 0.2, 0.15, 0.12, 0.08, 0.06, 0.04, 0.03)
GROUP = 20
"""Number of fits in a group, whose best is taken; a profile with fewer fits makes one smaller group."""
NOTE = (
    "The paper does not say how the models were trained. Here AdamW's learning rate starts at 0.01 and falls to zero, the "
    "best of four recipes by final loss on other seeds."
)


def fits(model: Model, densities: Sequence[float], size: Size, seeds: int) -> Sweep:
    """`seeds` fits of ten features in five dimensions at each density."""
    recipe = Recipe(steps=size.steps, learning_rate=0.01, schedule=LINEAR_DECAY)
    dense = Independent(density=1.0)
    base = Run(model=model, n_features=FEATURES, n_hidden=HIDDEN, distribution=dense, importance=IMPORTANCE, recipe=recipe)
    return sweep(base, density=densities, seed=replicates(seeds))


def best_fit(trained: Trained, density: float) -> Trained:
    """The one model of a density with the lowest final loss."""
    models = trained.where(density=density)
    return models.where(seed=models.runs[models.best()].seed)
