"""The paper's curves of vulnerability and features per dimension, and how two curves track one another.

Not a figure itself: `adversarial` draws them and compares its own with them.
"""

from collections.abc import Callable

import numpy as np

from figures.shared.uniform import density
from sup import statistics
from sup.statistics import Estimate

READ = (0, 4, 8, 10, 12, 16, 18, 22, 24, 26, 30, 34, 36, 40, 44, 48, 49)
"""The levels at which both of the paper's curves were read off its figure; ours are trained at the same ones."""
PAPER_VULNERABILITY = (1.07, 1.20, 1.60, 1.83, 2.50, 3.30, 3.34, 3.24, 3.17, 3.29, 4.2, 5.7, 6.1, 6.9, 7.55, 8.26, 8.4)
PAPER_PER_DIMENSION = (1.03, 1.07, 1.18, 1.30, 1.62, 1.92, 1.96, 2.01, 2.02, 2.08, 2.52, 2.94, 3.12, 3.62, 4.22, 4.75, 4.9)
STARTS, ENDS = 1.60, 3.37
"""The paper's dotted lines, in 1 / (1 - S): models start to use superposition; they use more than antipodal superposition."""
PLATEAU = (16, 18, 22, 24)
"""Levels between the dotted lines at which the paper has about two features per dimension (1.9 to 2.1)."""
EVEN = (0, 4, 8, 12, 16, 22, 26, 30, 34, 40, 44, 49)
"""Levels in about even steps, between which growth is measured."""


def at(levels: tuple[int, ...]) -> list[int]:
    """The positions of levels in `READ`.

    Example:
        >>> at((0, 49))
        [0, 16]
    """
    return [READ.index(level) for level in levels]


def growth(curve: np.ndarray) -> np.ndarray:
    """Growth of the mean of `curve` (level, seed) between the levels of `EVEN`: d log curve / d log (1 / (1 - S)).

    nan where the curve is not positive.
    """
    heights = curve[at(EVEN)].mean(axis=1)
    logs = np.log(heights, out=np.full_like(heights, np.nan), where=heights > 0)
    return np.diff(logs) / -np.diff(np.log([density(level) for level in EVEN]))


def together(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of the growths of two curves (level, seed) over intervals; nan if one grows evenly."""
    a, b = (steps - steps.mean() for steps in (growth(one), growth(other)))
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0 else float("nan")


def at_rest(curve: np.ndarray, beside: np.ndarray) -> float:
    """How fast `curve` (level, seed) grows where `beside` rests, over its mean growth.

    The growth at rest is where the least-squares line of the growth of `curve` over that of `beside`, a point for each interval,
    meets a growth of 0. The number is 0 if `curve` is a power of `beside`, and 1 if it is a power of 1 / (1 - S), whatever
    `beside` does. nan if `beside` grows evenly or `curve` does not grow.
    """
    a, b = growth(curve), growth(beside)
    spread = float(((b - b.mean()) ** 2).sum())
    if not (spread > 0 and a.mean() > 0):
        return float("nan")
    slope = float(((a - a.mean()) * (b - b.mean())).sum()) / spread
    return 1 - slope * float(b.mean() / a.mean())


def jackknife(curves: tuple[np.ndarray, np.ndarray], measure: Callable[[np.ndarray, np.ndarray], float]) -> Estimate:
    """A measure of two curves (level, seed), by the jackknife over seeds.

    The number is r corrected for its bias: k r - (k - 1) times the mean of the measures without a seed, of k seeds (Tukey 1958).
    """
    count, whole = curves[0].shape[1], measure(*curves)
    without = np.array(
        [measure(*(np.delete(curve, k, axis=1) for curve in curves)) for k in range(count)] if count > 1 else [whole]
    )
    centre = count * whole - (count - 1) * float(without.mean())
    return statistics.jackknife(centre, without).over(curves[0].size)
