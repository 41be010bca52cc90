"""The arithmetic of verdicts: estimates with 95 % intervals, and how they compose.

    mean, share, exact       an estimate from samples, one for each model, or from none
    difference, ratio        of two independent estimates
    distance                 from a target
    worst, least             the largest and the smallest of several

`worst` and `least` follow one rule, the conservative one. Each of k parts is estimated with `among=k`, at a confidence of
1 - .05 / k. So with 95 % confidence all k intervals hold their truths at once, however the parts depend on each other
(Bonferroni's inequality), and the largest truth then lies between the largest lower end and the largest upper end.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

ERROR = 0.05
"""The chance that an interval misses its truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with the interval that holds its truth with 95 % confidence.

    Attributes:
        value: The number.
        low: Lower end of the interval; equal to `value` when the number is exact.
        high: Upper end of it.
        models: How many independently trained models it rests on; 0 when it is exact.
        among: How many estimates are judged together: the interval's confidence is 1 - .05 / among.
    """

    value: float
    low: float
    high: float
    models: int
    among: int = 1

    def over(self, models: int) -> "Estimate":
        """The same estimate, resting on `models` models: where a sample is not one model, or models serve several parts."""
        return replace(self, models=models)


def best_of_groups(losses: np.ndarray, group: int) -> np.ndarray:
    """Positions (..., group) of the lowest loss (..., seed) among each `group` consecutive seeds.

    Seeds that fill no group are left out; fewer than `group` in all make one group.

    Example:
        >>> best_of_groups(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 2)
        array([1, 2])
    """
    size = min(group, losses.shape[-1])
    count = losses.shape[-1] // size
    groups = losses[..., : count * size].reshape(*losses.shape[:-1], count, size)
    best: np.ndarray = groups.argmin(axis=-1) + size * np.arange(count)
    return best


def models_in_groups(seeds: int, group: int) -> int:
    """How many of `seeds` models `best_of_groups` compares.

    Example:
        >>> models_in_groups(13, 5), models_in_groups(3, 5)
        (10, 3)
    """
    size = min(group, seeds)
    return seeds // size * size


def exact(value: float) -> Estimate:
    """A number that no training went into."""
    return Estimate(value=float(value), low=float(value), high=float(value), models=0)


def undefined(models: int) -> Estimate:
    """No number: what was to be measured does not occur in the `models` models that were trained."""
    return Estimate(value=math.nan, low=math.nan, high=math.nan, models=models)


def mean(samples: np.ndarray, *, among: int = 1) -> Estimate:
    """Mean of one sample a model, with Student's t interval.

    mean +- t(1 - .05 / (2 among), k - 1) s / sqrt(k), with s^2 the unbiased variance of the k samples (Student 1908). The
    interval is exact for normal samples. One sample alone has an infinite interval; equal samples have one of no width.

    Args:
        samples: Numbers of any shape, each from a model of its own.
        among: How many estimates are judged together, for `worst` and `least`.

    Example:
        >>> e = mean(np.array([1.0, 2.0, 3.0]))
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (2.0, -0.484, 4.484)
    """
    from scipy.special import stdtrit  # a quantile is all that is needed, so scipy.stats stays out

    samples = np.asarray(samples, np.float64)
    count, centre = samples.size, float(samples.mean())
    if count < 2:
        return Estimate(value=centre, low=-math.inf, high=math.inf, models=count, among=among)
    half = float(stdtrit(count - 1, 1 - ERROR / among / 2) * samples.std(ddof=1) / math.sqrt(count))
    return Estimate(value=centre, low=centre - half, high=centre + half, models=count, among=among)


def share(successes: np.ndarray, *, among: int = 1) -> Estimate:
    """Share of models that succeed, with the exact interval of the binomial distribution (Clopper and Pearson 1934).

    The lower end is the share for which so many successes or more have a chance of .05 / (2 among); the upper end is that for
    which so many or fewer have it. The interval holds the truth at least as often as it says, for every share and number.

    Args:
        successes: Truth values of any shape, each from a model of its own.
        among: How many estimates are judged together, for `worst` and `least`.

    Example: four of four do not show that most would succeed.
        >>> e = share(np.array([True] * 4))
        >>> e.value, round(e.low, 3), e.high
        (1.0, 0.398, 1.0)
    """
    from scipy.special import betaincinv

    successes = np.asarray(successes, bool)
    count, hits, tail = successes.size, int(successes.sum()), ERROR / among / 2
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - tail)) if hits < count else 1.0
    return Estimate(value=hits / count, low=low, high=high, models=count, among=among)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """A - b of two independent estimates: the distances of their ends from their values add in squares.

    low = a - b - sqrt((a - low_a)^2 + (high_b - b)^2), and high likewise (Zou and Donner 2008, "MOVER"; for shares Newcombe
    1998). Of means of equally many normal samples it is never narrower than Welch's interval.

    Raises:
        ValueError: The two have intervals of different confidence.

    Example:
        >>> e = difference(Estimate(value=5, low=2, high=8, models=3), Estimate(value=1, low=-3, high=5, models=4))
        >>> e.value, e.low, e.high, e.models
        (4, -1.0, 9.0, 7)
    """
    among, gap = _together(a, b), a.value - b.value
    low = gap - math.hypot(a.value - a.low, b.high - b.value)
    high = gap + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(value=gap, low=low, high=high, models=a.models + b.models, among=among)


def ratio(a: Estimate, b: Estimate) -> Estimate:
    """A / b of two independent estimates of positive numbers.

    The ends are the ratios R at which the interval of a - R b, as `difference` has it, ends at zero (Donner and Zou 2012; for
    means, Fieller 1954). Where b may be zero, so that R has no end, the interval is infinite.

    Raises:
        ValueError: The two have intervals of different confidence.

    Example: the interval of the ratio leans upwards.
        >>> e = ratio(Estimate(value=4, low=4, high=4, models=3), Estimate(value=2, low=1, high=3, models=3))
        >>> e.value, round(e.low, 3), round(e.high, 3)
        (2.0, 1.333, 4.0)
    """
    among, product = _together(a, b), a.value * b.value

    def end(one: float, other: float, sign: int) -> float:
        """The end that `one` end of a and the `other` end of b make."""
        below = other * (2 * b.value - other)
        inside = max(product**2 - one * (2 * a.value - one) * below, 0.0)  # never negative but by rounding
        return (product + sign * math.sqrt(inside)) / below if below > 0 else sign * math.inf

    low, high = end(a.low, b.high, -1), end(a.high, b.low, 1)
    return Estimate(value=a.value / b.value, low=low, high=high, models=a.models + b.models, among=among)


def distance(e: Estimate, target: float, unit: float = 1.0) -> Estimate:
    """|e - target| in steps of `unit`. It may be zero where the interval holds the target.

    Example:
        >>> d = distance(Estimate(value=5, low=4, high=8, models=3), 3, unit=2)
        >>> d.value, d.low, d.high
        (1.0, 0.5, 2.5)
    """
    near, far = sorted(abs(end - target) / unit for end in (e.low, e.high))
    low = 0.0 if e.low <= target <= e.high else near
    return replace(e, value=abs(e.value - target) / unit, low=low, high=far)


def worst(parts: Sequence[Estimate]) -> Estimate:
    """The largest of several estimates; of the value, the lower end and the upper end each the largest.

    With 95 % confidence the interval holds the largest of the truths; the top of this file has the rule and its reason. It
    rests on the models of all parts: use `over` where parts share theirs. If one part is undefined, so is the worst.

    Raises:
        ValueError: A part was not estimated `among` as many as there are, so its interval is too narrow.

    Example: the upper end comes from another part than the value.
        >>> parts = [Estimate(value=5, low=4, high=6, models=3, among=2), Estimate(value=4, low=1, high=7, models=3, among=2)]
        >>> e = worst(parts)
        >>> e.value, e.low, e.high, e.models
        (5, 4, 7, 6)
    """
    return _extreme(parts, max)


def least(parts: Sequence[Estimate]) -> Estimate:
    """The smallest of several estimates, by the rule of `worst`.

    Raises:
        ValueError: A part was not estimated `among` as many as there are, so its interval is too narrow.
    """
    return _extreme(parts, min)


def _extreme(parts: Sequence[Estimate], pick: Callable[[Iterable[float]], float]) -> Estimate:
    models = sum(e.models for e in parts)
    if any(math.isnan(e.value) for e in parts):
        return undefined(models)
    if any(e.models and e.among != len(parts) for e in parts):
        raise ValueError(
            f"each of {len(parts)} parts needs an interval of confidence 1 - .05 / {len(parts)}; got among="
            f"{sorted({e.among for e in parts})}. Estimate each with among={len(parts)}."
        )
    value, low, high = (pick(getattr(e, name) for e in parts) for name in ("value", "low", "high"))
    return Estimate(value=value, low=low, high=high, models=models)


def _together(a: Estimate, b: Estimate) -> int:
    """The `among` of two estimates; an exact number goes with any."""
    if a.models and b.models and a.among != b.among:
        raise ValueError(f"both estimates need intervals of one confidence; got among={a.among} and among={b.among}.")
    return a.among if a.models else b.among
