"""Samples that are attacked, and the harm that analytic pushes do to models. Not a figure itself."""

import numpy as np

from sup.results import Trained
from sup.robustness import analytic_harm, mean_norm


def samples(n_features: int, density: float, count: int) -> np.ndarray:
    """Inputs (sample, feature) for attacks, the same for all models of a density."""
    rng = np.random.default_rng(round(1000 * density))
    return rng.random((count, n_features)) * (rng.random((count, n_features)) < density)


def harms(trained: Trained, share: float, count: int) -> np.ndarray:
    """The harm of both readings (reading, run) to models of one density, in units of the square of the push's norm.

    The readings are the worst push for each sample, and the single push that is worst for all samples together.

    Args:
        trained: The models.
        share: Norm of a push over the mean norm of an input.
        count: Inputs that are attacked.
    """
    run = trained.runs[0]
    density, features = run.distribution.density, run.n_features
    assert isinstance(density, float)
    x, push = samples(features, density, count), share * mean_norm(features, density)
    pairs = zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True)
    each = [analytic_harm(W, b, x, push) for W, b in pairs]
    return np.array([[harm.adaptive / push**2 for harm in each], [harm.universal / push**2 for harm in each]])
