"""Recipes as arrays, the same for both engines."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sup.specs import Run


def pack_recipe(runs: Sequence[Run]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Optimiser constants (run, 5) and schedule knots (run, knot, 2); shorter schedules are padded with knots after share 1.

    The constants are learning rate, weight decay, beta1, beta2 and epsilon.
    """
    recipes = [run.recipe for run in runs]
    optimiser = np.array([(r.learning_rate, r.weight_decay, r.beta1, r.beta2, r.epsilon) for r in recipes])
    most = max(len(r.schedule) for r in recipes)
    knots = np.array([r.schedule + tuple((2.0 + k, 0.0) for k in range(most - len(r.schedule))) for r in recipes])
    return optimiser, knots
