"""The phase diagrams in closed form: idealised solutions of n features in n - 1 dimensions, their losses, and where these cross.

All features have the density p. The last, the *extra* feature, has the importance r, all others 1. A model can drop a feature,
replacing it by its mean p/2, or hold two of them as an antipodal pair:

    dropped      the variance of the feature,                   d = p/3 - p^2/4
    in a pair    E min(x, y)^2 when both are active, for each,  q = p^2/6

With one dimension too few it must do one of the two, and the solution with the lowest loss wins. For n = 2 there are three: r d
(the extra feature dropped), d (the other one) and (1 + r) q (a pair of both). For n = 3 there are four: r d, d, (1 + r) q (the
extra feature in the pair) and 2 q (the other two in the pair, the extra one alone). Losses are sums over features; training
reports the mean. `boundary_density` derives the boundaries. Source: Elhage et al. 2022, "Superposition as a Phase Change".
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int

from sup.errors import SpecError
from sup.geometry import REPRESENTED, SHARED
from sup.sparse_loss import Numbers

ABSENT, DEDICATED, SUPERPOSED = 0, 1, 2
"""Outcomes for the extra feature: not represented, a dimension of its own, or in superposition."""
APEX = 4 / 7
"""The density at which the boundaries of both diagrams meet at r = 1; no idealised solution above it is in superposition."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """An idealised model of a phase diagram.

    Attributes:
        name: What it does, in words.
        outcome: Outcome for the extra feature.
        W: Its weights, one row per hidden dimension.
        dropped: The feature that has its mean as bias instead of a direction, if any.
    """

    name: str
    outcome: int
    W: tuple[tuple[int, ...], ...]
    dropped: int | None = None


def solutions(features: int) -> tuple[Solution, ...]:
    """The idealised solutions for 2 features in 1 dimension, or 3 in 2, in the order of `solution_losses`.

    Raises:
        SpecError: for another number of features.
    """
    if features == 2:
        return (
            Solution(name="extra feature dropped", outcome=ABSENT, W=((1, 0),), dropped=1),
            Solution(name="first feature dropped", outcome=DEDICATED, W=((0, 1),), dropped=0),
            Solution(name="antipodal pair", outcome=SUPERPOSED, W=((1, -1),)),
        )
    if features == 3:
        return (
            Solution(name="extra feature dropped", outcome=ABSENT, W=((1, 0, 0), (0, 1, 0)), dropped=2),
            Solution(name="a first feature dropped", outcome=DEDICATED, W=((0, 1, 0), (0, 0, 1)), dropped=0),
            Solution(name="extra feature in a pair", outcome=SUPERPOSED, W=((1, 0, 0), (0, 1, -1))),
            Solution(name="the others in a pair", outcome=DEDICATED, W=((1, -1, 0), (0, 0, 1))),
        )
    raise SpecError(f"features is 2 or 3, for the paper's two phase diagrams; got {features!r}. Pass 2 or 3.")


def solution_losses(features: int, density: Numbers, importance: Numbers) -> Float64[np.ndarray, "solution *setting"]:
    """Expected loss of each of `solutions(features)`, by density p and importance r of the extra feature.

    Example: at p = 4/7 and r = 1 all of them cost the same.
        >>> solution_losses(3, 4 / 7, 1.0).round(6).tolist()
        [0.108844, 0.108844, 0.108844, 0.108844]
    """
    p, r = np.broadcast_arrays(np.asarray(density, np.float64), np.asarray(importance, np.float64))
    drop, pair = p / 3 - p * p / 4, p * p / 6
    losses = [r * drop, drop, (1 + r) * pair, 2 * pair]
    return np.stack(losses[: len(solutions(features))])


def phase(features: int, density: Numbers, importance: Numbers) -> Int[np.ndarray, "..."]:
    """The outcome for the extra feature in the idealised solution with the lowest loss; the first of equals.

    Example: dense and unimportant, dense and important, sparse.
        >>> phase(2, np.array([1.0, 1.0, 0.1]), np.array([0.5, 2.0, 1.0])).tolist()
        [0, 1, 2]
    """
    outcomes = np.array([solution.outcome for solution in solutions(features)])
    return np.asarray(outcomes[np.argmin(solution_losses(features, density, importance), axis=0)])


def boundary_density(features: int, importance: Numbers) -> Float64[np.ndarray, "..."]:
    """The density below which the solution with the lowest loss has an antipodal pair.

    For r < 1 the pair pays when (1 + r) p^2/6 < r (p/3 - p^2/4), that is for p < 4r / (5r + 2). For r > 1 and n = 2 it is
    (1 + r) p^2/6 < p/3 - p^2/4, so p < 4 / (2r + 5); for n = 3 the others make up the pair, p^2/3 < p/3 - p^2/4, so p < 4/7.
    All meet at r = 1 and p = 4/7. For n = 3 another boundary goes straight down from there, since the less important features
    pair up on either side of r = 1.

    Example:
        >>> boundary_density(2, np.array([0.1, 1.0, 10.0])).round(3).tolist()
        [0.16, 0.571, 0.16]
    """
    solutions(features)  # refuses another number of features
    r = np.asarray(importance, np.float64)
    above = 4 / (2 * r + 5) if features == 2 else np.full(r.shape, APEX)
    return np.where(r < 1, 4 * r / (5 * r + 2), above)


def outcome(norm: Float[np.ndarray, "*setting"], score: Float[np.ndarray, "*setting"]) -> Int[np.ndarray, "*setting"]:
    """The outcome for a trained model's feature, by its norm and superposition score (`sup.geometry`).

    Not represented below a norm of one half; else superposed at a score of at least one half, and dedicated below.

    Example:
        >>> outcome(np.array([0.1, 1.0, 1.0]), np.array([0.0, 0.1, 0.9])).tolist()
        [0, 1, 2]
    """
    if_represented = np.where(np.asarray(score) >= SHARED, SUPERPOSED, DEDICATED)
    return np.where(np.asarray(norm) >= REPRESENTED, if_represented, ABSENT)
