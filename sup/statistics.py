"""The arithmetic of verdicts: estimates with 95 % intervals, and how they compose.

    mean, share, exact       an estimate from samples, one for each model, or from none
    jackknife                of a number that is computed from all samples at once
    scatter, propagated      the noise of a curve of one model a point, and of a number that is computed from it
    difference, ratio        of two independent estimates
    distance                 from a target
    worst, least             the largest and the smallest of several

`worst` and `least` follow one rule. Each of k parts is estimated with `among=k` and has two intervals: a wide one, `low` to
`high`, which misses its truth with a chance of .025 / k, and a narrow one, `alone`, whose ends miss with a chance of .025 each.
The largest true value lies, with 95 % confidence, between the largest wide lower end and the largest narrow upper end:

    The upper end. Let i be the part with the largest true value. The largest upper end is at least that of part i. So it is
    below the largest true value only if the upper end of one fixed part misses: a chance of .025, however many parts there are
    (Berger 1982, the intersection-union test).
    The lower end. It is above the largest true value only if some part's lower end is above that part's own true value. Each of
    the k wide intervals misses with a chance of .025 / k, so one of them does with a chance of at most .025 (Bonferroni).

Both hold however the parts depend on each other. The smallest is the mirror image. The lower end of a `distance` misses if the
estimate's interval misses on either side, which is why both sides of a wide interval share its .025 / k.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

ERROR = 0.05
"""The chance that an interval misses the true value."""

Ends: TypeAlias = tuple[float, float]
"""Both ends of an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its confidence interval.

    Attributes:
        value: The number.
        low: Lower end of the interval; equal to `value` when the number is exact.
        high: Upper end of the interval.
        models: Number of independently trained models that it rests on; 0 when it is exact.
        among: Number of estimates that are judged together. The interval's confidence is 95 % if it is 1, else 1 - .025 / among.
        alone: With `among` above 1, the ends of the 95 % interval that the estimate would have by itself; None for the same ends.
    """

    value: float
    low: float
    high: float
    models: int
    among: int = 1
    alone: Ends | None = None

    @property
    def narrow(self) -> Ends:
        """Both ends of the 95 % interval of this estimate by itself."""
        return (self.low, self.high) if self.alone is None else self.alone

    def over(self, models: int) -> "Estimate":
        """The same estimate, resting on `models` models: for samples that are not one model each, or parts that share models."""
        return replace(self, models=models)


def best_of_groups(losses: np.ndarray, group: int) -> np.ndarray:
    """Positions (..., group) of the lowest loss (..., seed) in each group of `group` consecutive seeds.

    Seeds at the end that do not fill a group are left out; fewer than `group` seeds in all make one group.

    Example:
        >>> best_of_groups(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 2)
        array([1, 2])
    """
    size = min(group, losses.shape[-1])
    count = losses.shape[-1] // size
    groups = losses[..., : count * size].reshape(*losses.shape[:-1], count, size)
    return groups.argmin(axis=-1) + size * np.arange(count)


def models_in_groups(seeds: int, group: int) -> int:
    """The number of models that `best_of_groups` compares, of `seeds` models.

    Example:
        >>> models_in_groups(13, 5), models_in_groups(3, 5)
        (10, 3)
    """
    size = min(group, seeds)
    return seeds // size * size


def _estimate(value: float, ends: Callable[[float], Ends], models: int, among: int) -> Estimate:
    """The estimate whose interval has the ends `ends(tail)`; each end may miss the true value with a chance of `tail`."""
    low, high = ends(ERROR / 2 if among == 1 else ERROR / 4 / among)
    return Estimate(value=value, low=low, high=high, models=models, among=among, alone=None if among == 1 else ends(ERROR / 2))


def _student(value: float, spread: float, freedom: int, models: int, among: int) -> Estimate:
    """The estimate value +- t spread, with t of Student's distribution; its interval is infinite without degrees of freedom."""
    from scipy.special import stdtrit  # for a quantile alone, scipy.stats is not needed

    def ends(tail: float) -> Ends:
        half = float(stdtrit(freedom, 1 - tail)) * spread if freedom > 0 else math.inf
        return value - half, value + half

    return _estimate(value, ends, models, among)


def exact(value: float) -> Estimate:
    """An exact number, which rests on no trained model."""
    return Estimate(value=float(value), low=float(value), high=float(value), models=0)


def undefined(models: int) -> Estimate:
    """No number: the quantity does not occur in any of `models` trained models."""
    return Estimate(value=math.nan, low=math.nan, high=math.nan, models=models)


def mean(samples: np.ndarray, *, among: int = 1) -> Estimate:
    """Mean of one sample per model, with Student's t interval.

    mean +- t(.975, k - 1) s / sqrt(k), with s^2 the unbiased variance of the k samples (Student 1908). The interval is exact for
    normal samples. It is infinite for a single sample, and has no width if all samples are equal.

    Args:
        samples: Numbers of any shape, each from a model of its own.
        among: Number of estimates that are judged together, for `worst` and `least`.

    Example:
        >>> e = mean(np.array([1.0, 2.0, 3.0]))
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (2.0, -0.484, 4.484)
    """
    samples = np.asarray(samples, np.float64)
    count, centre = samples.size, float(samples.mean())
    spread = float(samples.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    return _student(centre, spread, count - 1, count, among)


def share(successes: np.ndarray, *, among: int = 1) -> Estimate:
    """Share of models that succeed, with the exact interval of the binomial distribution (Clopper and Pearson 1934).

    The lower end is the share for which this many successes or more have the chance .025; at the upper end, this many or fewer
    have it. For every share and number of models, the coverage is at least the confidence.

    Args:
        successes: Truth values of any shape, each from a model of its own.
        among: Number of estimates that are judged together, for `worst` and `least`.

    Example: four of four do not show that most would succeed.
        >>> e = share(np.array([True] * 4))
        >>> e.value, round(e.low, 3), e.high
        (1.0, 0.398, 1.0)
    """
    from scipy.special import betaincinv

    successes = np.asarray(successes, bool)
    count, hits = successes.size, int(successes.sum())

    def ends(tail: float) -> Ends:
        low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
        return low, float(betaincinv(hits + 1, count - hits, 1 - tail)) if hits < count else 1.0

    return _estimate(hits / count, ends, count, among)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """The difference a - b of two independent estimates: the distances of their ends from their values add in squares.

    low = a - b - sqrt((a - low_a)^2 + (high_b - b)^2), and high likewise (Zou and Donner 2008, "MOVER"; for shares Newcombe
    1998). For means of equally many normal samples it is never narrower than Welch's interval. Refuses intervals of different
    confidence with a ValueError.

    Example:
        >>> e = difference(Estimate(value=5, low=2, high=8, models=3), Estimate(value=1, low=-3, high=5, models=4))
        >>> e.value, e.low, e.high, e.models
        (4, -1.0, 9.0, 7)
    """
    gap = a.value - b.value

    def ends(one: Ends, other: Ends) -> Ends:
        low = gap - math.hypot(a.value - one[0], other[1] - b.value)
        return low, gap + math.hypot(one[1] - a.value, b.value - other[0])

    return _composed(a, b, gap, ends)


def ratio(a: Estimate, b: Estimate) -> Estimate:
    """The ratio a / b of two independent estimates of positive numbers.

    The ends are the ratios R at which the interval of a - R b, by the rule of `difference`, ends at zero (Donner and Zou 2012;
    for means, Fieller 1954). Where b may be zero, the interval is infinite. Refuses intervals of different confidence with a
    ValueError.

    Example: the interval of the ratio leans upwards.
        >>> e = ratio(Estimate(value=4, low=4, high=4, models=3), Estimate(value=2, low=1, high=3, models=3))
        >>> e.value, round(e.low, 3), round(e.high, 3)
        (2.0, 1.333, 4.0)
    """
    product = a.value * b.value

    def end(one: float, other: float, sign: int) -> float:
        """One end of the ratio's interval, from the end `one` of a and the end `other` of b."""
        below = other * (2 * b.value - other)
        inside = max(product**2 - one * (2 * a.value - one) * below, 0.0)  # negative only by rounding
        return (product + sign * math.sqrt(inside)) / below if below > 0 else sign * math.inf

    return _composed(a, b, a.value / b.value, lambda one, other: (end(one[0], other[1], -1), end(one[1], other[0], 1)))


def distance(e: Estimate, target: float, unit: float = 1.0) -> Estimate:
    """The distance |e - target| in steps of `unit`. Its lower end is 0 if the interval of `e` holds the target.

    Example:
        >>> d = distance(Estimate(value=5, low=4, high=8, models=3), 3, unit=2)
        >>> d.value, d.low, d.high
        (1.0, 0.5, 2.5)
    """
    near, far = sorted(abs(end - target) / unit for end in (e.low, e.high))
    low = 0.0 if e.low <= target <= e.high else near
    # a narrow lower end would miss on either side, with twice the chance that `worst` and `least` allow it
    alone = None if e.alone is None else (low, max(abs(end - target) / unit for end in e.alone))
    return replace(e, value=abs(e.value - target) / unit, low=low, high=far, alone=alone)


def worst(parts: Sequence[Estimate]) -> Estimate:
    """The largest of several estimates: the largest value, the largest wide lower end and the largest narrow upper end.

    With 95 % confidence the interval holds the largest true value; the module's docstring has the rule and its proof. `models`
    is the sum over parts: use `over` where parts share models. If one part is undefined, so is the result. Refuses with a
    ValueError an inexact part whose `among` is not the number of parts, since its interval has another confidence.

    Example: the upper end comes from another part than the value, and is that of the part by itself.
        >>> one = Estimate(value=5, low=4, high=6, models=3, among=2, alone=(4.5, 5.5))
        >>> other = Estimate(value=4, low=1, high=7, models=3, among=2, alone=(1.5, 6.5))
        >>> e = worst([one, other])
        >>> e.value, e.low, e.high, e.models
        (5, 4, 6.5, 6)
    """
    return _extreme(parts, max, narrow_low=False)


def least(parts: Sequence[Estimate]) -> Estimate:
    """The smallest of several estimates, by the mirror image of the rule of `worst`, which also says what it refuses."""
    return _extreme(parts, min, narrow_low=True)


def _extreme(parts: Sequence[Estimate], pick: Callable[[Iterable[float]], float], *, narrow_low: bool) -> Estimate:
    models = sum(e.models for e in parts)
    if any(math.isnan(e.value) for e in parts):
        return undefined(models)
    if any(e.models and e.among != len(parts) for e in parts):
        raise ValueError(
            f"each of {len(parts)} parts needs an interval for {len(parts)} that are judged together; got among="
            f"{sorted({e.among for e in parts})}. Estimate each with among={len(parts)}."
        )
    low = pick(e.narrow[0] if narrow_low else e.low for e in parts)
    high = pick(e.high if narrow_low else e.narrow[1] for e in parts)
    value = pick(e.value for e in parts)
    return Estimate(value=value, low=low, high=high, models=models)


def _composed(a: Estimate, b: Estimate, value: float, ends: Callable[[Ends, Ends], Ends]) -> Estimate:
    """A number made of two estimates; `ends` makes its interval's ends of theirs, for the wide and the narrow interval alike."""
    among = _together(a, b)
    low, high = ends((a.low, a.high), (b.low, b.high))
    alone = None if a.alone is None and b.alone is None else ends(a.narrow, b.narrow)
    return Estimate(value=value, low=low, high=high, models=a.models + b.models, among=among, alone=alone)


def _together(a: Estimate, b: Estimate) -> int:
    """The common `among` of two estimates; an exact number goes with any.

    Raises:
        ValueError: if they differ.
    """
    if a.models and b.models and a.among != b.among:
        raise ValueError(
            f"both estimates need intervals of one confidence; got among={a.among} and among={b.among}. "
            f"Estimate both with the same among."
        )
    return a.among if a.models else b.among


def jackknife(whole: float, without: np.ndarray, *, among: int = 1) -> Estimate:
    """A number that is computed from all of k samples at once, with the interval of the jackknife.

    whole +- t(.975, k - 1) s, with s^2 = (k - 1) / k sum_i (without_i - their mean)^2 (Tukey 1958; Efron and Tibshirani 1993,
    chapter 11). Of a mean it is the interval of `mean`. The number has to change smoothly with each sample, as a mean over pairs
    of samples does (Arvesen 1969). Undefined if one of the numbers is nan; infinite for a single sample.

    Args:
        whole: The number, computed from all samples.
        without: The number computed without each sample, shape (sample).
        among: Number of estimates that are judged together, for `worst` and `least`.

    Example: the mean of 1, 2 and 3.
        >>> e = jackknife(2.0, np.array([2.5, 2.0, 1.5]))
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (2.0, -0.484, 4.484)
    """
    without = np.asarray(without, np.float64)
    count = without.size
    if math.isnan(whole) or np.isnan(without).any():
        return undefined(count)
    spread = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return _student(float(whole), spread, count - 1, count, among)


def scatter(points: np.ndarray, values: np.ndarray) -> float:
    """The standard deviation of `values` around a smooth curve over rising `points`; nan for fewer than three.

    Each inner value is compared with the straight line through its neighbours. A deviation r_i = a y_(i-1) + c y_(i+1) - y_i has
    the variance (1 + a^2 + c^2) times that of a value (Gasser, Sroka and Jennen-Steinmetz 1986). Of the scaled |r_i| the median
    over 0.6745 is taken, which a few sharp bends do not move (Hampel 1974). Where the curve bends, it is too large.

    Example: a straight line has none.
        >>> round(scatter(np.array([0.0, 1.0, 3.0, 4.0]), np.array([5.0, 4.0, 2.0, 1.0])), 9)
        0.0
    """
    points, values = np.asarray(points, np.float64), np.asarray(values, np.float64)
    if len(points) < 3:
        return math.nan
    before = (points[2:] - points[1:-1]) / (points[2:] - points[:-2])
    off = before * values[:-2] + (1 - before) * values[2:] - values[1:-1]
    return float(np.median(np.abs(off) / np.sqrt(1 + before**2 + (1 - before) ** 2)) / 0.6745)


def propagated(whole: float, changes: np.ndarray, *, among: int = 1) -> Estimate:
    """A number that is computed from a curve of k points at once, with the interval that the points' noise gives it.

    whole +- t(.975, k - 2) sqrt(sum_i changes_i^2), where changes_i is the change of the number when point i moves
    by one standard deviation, such as `scatter`: the law of the propagation of errors. Undefined if a number is nan.

    Args:
        whole: The number, computed from all points.
        changes: Its change for each point, shape (point).
        among: Number of estimates that are judged together, for `worst` and `least`.

    Example: the mean of four points, each with a standard deviation of 2.
        >>> e = propagated(5.0, np.full(4, 2 / 4))
        >>> e.value, round(e.low, 3), round(e.high, 3)
        (5.0, 0.697, 9.303)
    """
    changes = np.asarray(changes, np.float64)
    if math.isnan(whole) or np.isnan(changes).any():
        return undefined(changes.size)
    return _student(float(whole), math.sqrt(float((changes**2).sum())), changes.size - 2, changes.size, among)
