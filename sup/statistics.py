"""The arithmetic of verdicts: estimates with 95 % intervals, and how they compose.

    mean, share, exact       an estimate from samples, one for each model, or from none
    difference, ratio        of two independent estimates
    distance                 from a target
    worst, least             the largest and the smallest of several

`worst` and `least` follow one rule, a conservative one. Each of k parts is estimated with `among=k`, at a confidence of
1 - .05 / k. So with 95 % confidence all k intervals hold their true values at once, however the parts depend on each other
(Bonferroni's inequality), and the largest true value then lies between the largest lower end and the largest upper end.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

ERROR = 0.05
"""The chance that an interval misses the true value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its confidence interval.

    Attributes:
        value: The number.
        low: Lower end of the interval; equal to `value` when the number is exact.
        high: Upper end of the interval.
        models: Number of independently trained models that it rests on; 0 when it is exact.
        among: Number of estimates that are judged together: the interval's confidence is 1 - .05 / among.
    """

    value: float
    low: float
    high: float
    models: int
    among: int = 1

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


def exact(value: float) -> Estimate:
    """An exact number, which rests on no trained model."""
    return Estimate(value=float(value), low=float(value), high=float(value), models=0)


def undefined(models: int) -> Estimate:
    """No number: the quantity does not occur in any of `models` trained models."""
    return Estimate(value=math.nan, low=math.nan, high=math.nan, models=models)


def mean(samples: np.ndarray, *, among: int = 1) -> Estimate:
    """Mean of one sample per model, with Student's t interval.

    mean +- t(1 - .05 / (2 among), k - 1) s / sqrt(k), with s^2 the unbiased variance of the k samples (Student 1908). The
    interval is exact for normal samples. It is infinite for a single sample, and has no width if all samples are equal.

    Args:
        samples: Numbers of any shape, each from a model of its own.
        among: Number of estimates that are judged together, for `worst` and `least`.

    Example:
        >>> e = mean(np.array([1.0, 2.0, 3.0]))
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (2.0, -0.484, 4.484)
    """
    from scipy.special import stdtrit  # for a quantile alone, scipy.stats is not needed

    samples = np.asarray(samples, np.float64)
    count, centre = samples.size, float(samples.mean())
    if count < 2:
        return Estimate(value=centre, low=-math.inf, high=math.inf, models=count, among=among)
    half = float(stdtrit(count - 1, 1 - ERROR / among / 2) * samples.std(ddof=1) / math.sqrt(count))
    return Estimate(value=centre, low=centre - half, high=centre + half, models=count, among=among)


def share(successes: np.ndarray, *, among: int = 1) -> Estimate:
    """Share of models that succeed, with the exact interval of the binomial distribution (Clopper and Pearson 1934).

    The lower end is the share for which this many successes or more have the chance .05 / (2 among); at the upper end, this
    many or fewer have it. For every share and number of models, the coverage is at least the confidence.

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
    count, hits, tail = successes.size, int(successes.sum()), ERROR / among / 2
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - tail)) if hits < count else 1.0
    return Estimate(value=hits / count, low=low, high=high, models=count, among=among)


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
    among, gap = _together(a, b), a.value - b.value
    low = gap - math.hypot(a.value - a.low, b.high - b.value)
    high = gap + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(value=gap, low=low, high=high, models=a.models + b.models, among=among)


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
    among, product = _together(a, b), a.value * b.value

    def end(one: float, other: float, sign: int) -> float:
        """One end of the ratio's interval, from the end `one` of a and the end `other` of b."""
        below = other * (2 * b.value - other)
        inside = max(product**2 - one * (2 * a.value - one) * below, 0.0)  # negative only by rounding
        return (product + sign * math.sqrt(inside)) / below if below > 0 else sign * math.inf

    low, high = end(a.low, b.high, -1), end(a.high, b.low, 1)
    return Estimate(value=a.value / b.value, low=low, high=high, models=a.models + b.models, among=among)


def distance(e: Estimate, target: float, unit: float = 1.0) -> Estimate:
    """The distance |e - target| in steps of `unit`. Its lower end is 0 if the interval of `e` holds the target.

    Example:
        >>> d = distance(Estimate(value=5, low=4, high=8, models=3), 3, unit=2)
        >>> d.value, d.low, d.high
        (1.0, 0.5, 2.5)
    """
    near, far = sorted(abs(end - target) / unit for end in (e.low, e.high))
    low = 0.0 if e.low <= target <= e.high else near
    return replace(e, value=abs(e.value - target) / unit, low=low, high=far)


def worst(parts: Sequence[Estimate]) -> Estimate:
    """The largest of several estimates: the largest value, the largest lower end and the largest upper end.

    With 95 % confidence the interval holds the largest true value; the module's docstring has the rule and its reason. `models`
    is the sum over parts: use `over` where parts share models. If one part is undefined, so is the result. Refuses with a
    ValueError an inexact part whose `among` is not the number of parts, since its interval has another confidence.

    Example: the upper end comes from another part than the value.
        >>> parts = [Estimate(value=5, low=4, high=6, models=3, among=2), Estimate(value=4, low=1, high=7, models=3, among=2)]
        >>> e = worst(parts)
        >>> e.value, e.low, e.high, e.models
        (5, 4, 7, 6)
    """
    return _extreme(parts, max)


def least(parts: Sequence[Estimate]) -> Estimate:
    """The smallest of several estimates, by the rule of `worst`, which also says what it refuses."""
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
