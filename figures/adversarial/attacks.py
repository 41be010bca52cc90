"""Small models of equally important features, and the harm of analytic attacks on them.

Not a figure itself: `adversarial`, `gradient_masking` and `adversarial_training` use it.
"""

import numpy as np

from figures.shared import pushes
from figures.shared.uniform import Setting, density
from sup.results import Trained
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


def harms(trained: Trained, levels: tuple[int, ...]) -> np.ndarray:
    """The harm of both readings (reading, level, seed), in units of the square of the push's norm.

    The readings are the worst push for each sample, and the single push that is worst for all samples together.
    """
    found = [pushes.harms(trained.where(density=density(level)), SHARE, SAMPLES) for level in levels]
    return np.array(found).transpose(1, 0, 2)
