"""The law by which 32-bit draws become samples of features, shared by every engine.

A word w gives the number v = floor(w / 2), uniform on 0 .. 2^31 - 1. An event of chance p happens when v < T with
T = floor(p * 2^31), and then v is uniform on 0 .. T - 1, so the same word also gives a uniform value v / T.

- Independent: one word per feature. It is active when v < T; its value is low + v * (high - low) / T.
- Correlated: one word per feature, then one per set. A set is active when its v < T; then each member has the value v / 2^31.
- Anticorrelated: one word per set, then a second one per set. A set of s members is active when v < T; then member
  floor(v * s / T) has the value v / 2^31 of the second word.

With `unit_norm`, every value x of a sample then becomes x / sqrt(q), where q is the sum over features, in order, of x * x; a
sample with q = 0 stays as it is.

Draws come in blocks of LANES samples (`sup.constants`). Word c of a sample (its column) in lane r of block k is word
LANES c + r of the block. The block's counters start at k times half its number of words; the counter's other half is the step.
A fixed data set consists of the first samples of its own stream at step 0, and every update uses them.

An attack takes one word per sample from the run's stream `attack`: it is against feature floor(v * n / 2^31), and its sign is
minus when the word is odd. Its blocks are laid out as if the word were a sample's only column.
"""

import numpy as np
from numpy.typing import NDArray

from sup.features import Anticorrelated, Correlated, Independent, per_feature
from sup.specs import Run

HALF = 2.0**31


def columns(run: Run) -> int:
    """Number of words that one sample takes."""
    if isinstance(run.distribution, Anticorrelated):
        return 2 * len(run.distribution.sizes)
    if isinstance(run.distribution, Correlated):
        return run.n_features + len(run.distribution.sizes)
    return run.n_features


def thresholds(run: Run) -> NDArray[np.uint32]:
    """T = floor(density * 2^31), at least 1, of each feature (of each set, where features come in sets)."""
    count = len(run.distribution.sizes) if isinstance(run.distribution, Correlated) else run.n_features
    return np.array([max(1, int(density * HALF)) for density in per_feature(run.distribution.density, count)], np.uint32)


def scale_and_low(run: Run) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(high - low) / T and low of each independent feature: its value is v * scale + low, rounded after each operation.

    Raises:
        TypeError: if the features are not independent.
    """
    if not isinstance(run.distribution, Independent):
        raise TypeError(f"only independent features have a range; these are {type(run.distribution).__name__}")
    low, high = (np.array(per_feature(v, run.n_features)) for v in (run.distribution.low, run.distribution.high))
    return ((high - low) / thresholds(run)).astype(np.float32), low.astype(np.float32)
