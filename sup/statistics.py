"""Estimates with their uncertainty: means and shares over seeds, each with a 95 % interval."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with the interval that holds its truth with 95 % confidence.

    Attributes:
        value: The number.
        low: Lower end of the interval; equal to `value` when the number is exact.
        high: Upper end of it.
        seeds: How many independently trained models it rests on; 0 when it is exact.
    """

    value: float
    low: float
    high: float
    seeds: int


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


def exact(value: float) -> Estimate:
    """A number that no training went into."""
    return Estimate(value=float(value), low=float(value), high=float(value), seeds=0)


def mean(samples: np.ndarray) -> Estimate:
    """Mean over seeds with Student's t interval: mean +- t(.975, k - 1) * s / sqrt(k). One sample alone: an infinite interval.

    Example:
        >>> e = mean(np.array([1.0, 2.0, 3.0]))
        >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
        (2.0, -0.484, 4.484)
    """
    from scipy.special import stdtrit  # a quantile is all that is needed, so scipy.stats stays out

    samples = np.asarray(samples, np.float64)
    count, centre = samples.size, float(samples.mean())
    if count < 2:
        return Estimate(value=centre, low=-math.inf, high=math.inf, seeds=count)
    half = float(stdtrit(count - 1, 0.975) * samples.std(ddof=1) / math.sqrt(count))
    return Estimate(value=centre, low=centre - half, high=centre + half, seeds=count)


def share(successes: np.ndarray) -> Estimate:
    """Share of seeds that succeed, with Wilson's score interval (Wilson 1927).

    Example:
        >>> e = share(np.array([True] * 5))
        >>> e.value, round(e.low, 3), e.high
        (1.0, 0.566, 1.0)
    """
    successes = np.asarray(successes, bool)
    count, p, z = successes.size, float(successes.mean()), 1.959963984540054
    centre = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return Estimate(value=p, low=max(0.0, centre - half), high=min(1.0, centre + half), seeds=count)
