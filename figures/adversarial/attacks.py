"""Small models of equally important features, the samples on which they are attacked, and the harm of analytic attacks.

Not a figure itself: `adversarial`, `gradient_masking` and `adversarial_training` use it.
"""

import numpy as np

from figures.shared.uniform import Setting, density
from sup.results import Trained
from sup.robustness import analytic_harm, mean_norm
from sup.specs import Recipe
from sup.sweeps import Sweep

NOTE = (
    "The paper gives neither the size of its models, nor their training, nor the details of the attack. Here: 40 equally "
    "important features in 4 dimensions, trained with the recipe of the authors' notebook: AdamW at a constant rate of 0.001, "
    "batches of 1024."
)
SMALL = Setting(features=40, hidden=4)
SHARE = 0.1
"""Norm of a push over the mean norm of an input."""
SAMPLES = 1024
"""Inputs that are attacked, the same for all models of a density; intervals are over models alone."""


def models(setting: Setting, levels: tuple[int, ...], steps: int, seeds: int) -> Sweep:
    """Models of a size, trained with the recipe of the authors' notebook at each of the levels."""
    return setting.sweep(levels, steps, seeds, Recipe())


def samples(n_features: int, density: float, count: int = SAMPLES) -> np.ndarray:
    """Inputs (sample, feature) for attacks, the same for all models of a density."""
    rng = np.random.default_rng(round(1000 * density))
    return rng.random((count, n_features)) * (rng.random((count, n_features)) < density)


def harms(trained: Trained, levels: tuple[int, ...]) -> np.ndarray:
    """The harm of both readings (reading, level, seed), in units of the square of the push's norm.

    The readings are the worst push for each sample, and the single push that is worst for all samples together.
    """
    found = []
    for level in levels:
        at, features = trained.where(density=density(level)), trained.runs[0].n_features
        x, push = samples(features, density(level)), SHARE * mean_norm(features, density(level))
        pairs = zip(at["W"].astype(np.float64), at["b"].astype(np.float64), strict=True)
        each = [analytic_harm(W, b, x, push) for W, b in pairs]
        found.append([[harm.adaptive / push**2 for harm in each], [harm.universal / push**2 for harm in each]])
    return np.array(found).transpose(1, 0, 2)
