"""The loss of models that know nothing: the yardstick for what training gained."""

from functools import lru_cache

import numpy as np

from sup.features import Anticorrelated, Distribution, Independent, PerFeature, per_feature
from sup.specs import Run


def constant_loss(run: Run) -> float:
    """The expected loss of the best constant outputs: the mean over features of I_i times the variance of the target.

    A feature of density p that is uniform on [a, b) when active has E x = p (a + b) / 2, E x^2 = p (a^2 + a b + b^2) / 3; with
    target |x| and a < 0 < b, E |x| = p (a^2 + b^2) / (2 (b - a)). nan for features of unit norm, which depend on each other.

    Example: dense features uniform on [0, 1) have a variance of 1/12.
        >>> dense = Run(model="linear", n_features=5, n_hidden=2, distribution=Independent(density=1.0))
        >>> round(12 * constant_loss(dense), 9)
        1.0
    """
    return _constant_loss(run.distribution, run.importance, run.n_features, run.traits.target)


@lru_cache(maxsize=8192)  # replicates share it
def _constant_loss(features: Distribution, importance: PerFeature, count: int, target: str) -> float:
    if features.unit_norm:
        return float("nan")
    ends = (features.low, features.high) if isinstance(features, Independent) else (0.0, 1.0)
    low, high = (np.array(per_feature(end, count)) for end in ends)
    p = _densities(features, count)
    mean, square = (low + high) / 2, (low**2 + low * high + high**2) / 3
    if target == "|x|":
        mean = np.where((low < 0.0) & (high > 0.0), (low**2 + high**2) / (2 * (high - low)), np.abs(mean))
    weights = np.array(per_feature(importance, count))
    return float((weights * (p * square - (p * mean) ** 2)).mean())


def _densities(features: Distribution, count: int) -> np.ndarray:
    """The chance that each feature is active: (feature)."""
    if isinstance(features, Independent):
        return np.array(per_feature(features.density, count))
    sizes = np.array(features.sizes)
    of_sets = np.array(per_feature(features.density, len(sizes)))
    return np.repeat(of_sets / sizes if isinstance(features, Anticorrelated) else of_sets, sizes)
