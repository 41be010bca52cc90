"""Events of training, read from snapshots of a model's weights: jumps of features, and stages of two correlated sets.

Source: Elhage et al. 2022, "Superposition and Learning Dynamics". The paper states no thresholds; those here are our choice.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from sup.geometry import feature_norms, gram, unit_columns

LEVELS = (0.0, 0.5)
"""Dimensionalities at which features rest where digons are best: ignored, and one of a pair."""
NEAR = 0.05
"""Largest distance of a resting feature from its level."""
SETTLED = 0.9
"""Least share of resting features in a settled model."""
MOVING = 0.02
"""A feature moves if its dimensionality changes by more than this from one snapshot to the next."""
JUMP = 0.2
"""Least change of a dimensionality over a whole movement that makes it a jump."""


class Jump(NamedTuple):
    """A movement of features between two snapshots, at which all rest again.

    Attributes:
        start: Position of the snapshot before it.
        end: Position of the snapshot after it.
        feature: The feature that moves farthest.
        size: The change of its dimensionality.
    """

    start: int
    end: int
    feature: int
    size: float


def log_steps(first: int, last: int, per_decade: int) -> tuple[int, ...]:
    """Rising steps from `first` to `last`, about `per_decade` in each factor of ten; `last` alone if it is below `first`.

    Example:
        >>> log_steps(10, 1000, 2)
        (10, 32, 100, 316, 1000)
    """
    first = min(first, last)
    count = max(2, round(per_decade * np.log10(last / first)) + 1)
    return tuple(sorted({round(float(step)) for step in np.geomspace(first, last, count)}))


def settled_from(dims: Float[np.ndarray, "snapshot feature"]) -> int:
    """The first snapshot at which at least the share SETTLED of the features rest at one of LEVELS; else the last snapshot.

    Example:
        >>> settled_from(np.array([[0.2, 0.3], [0.5, 0.02], [0.5, 0.0]]))
        1
    """
    resting = (np.abs(dims[..., None] - np.array(LEVELS)) <= NEAR).any(axis=2).mean(axis=1) >= SETTLED
    return int(resting.argmax()) if resting.any() else len(dims) - 1


def jumps(dims: Float[np.ndarray, "snapshot feature"], start: int = 0) -> list[Jump]:
    """The jumps of a trajectory after the snapshot `start`: movements over which some feature changes by at least JUMP.

    Movements that touch count as one. A feature that goes and comes back within one movement does not jump.

    Example: one feature rises from 0 to 1/2 while the other rests.
        >>> jumps(np.array([[0.5, 0.0], [0.5, 0.0], [0.5, 0.3], [0.5, 0.5], [0.5, 0.5]]))
        [Jump(start=1, end=3, feature=1, size=0.5)]
    """
    moving = np.abs(np.diff(dims, axis=0)).max(axis=1) > MOVING
    moving[:start] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(int), [0]])))
    result = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        change = np.abs(dims[last] - dims[first])
        if change.max() >= JUMP:
            result.append(Jump(first, last, int(change.argmax()), float(change.max())))
    return result


class Stages(NamedTuple):
    """When two sets of correlated features pass the paper's stages, as positions among the snapshots; -1 for never.

    Attributes:
        collapsed: The features have grown half as far as one direction per set allows: the mean |W_i|^2 is at least 1 / (2 size).
        expanding: The share of |W|_F^2 along the sets' means has fallen below GATHERED.
        expanded: The members of each set are at right angles: their mean cosine is at most RIGHT.
        opposed: Every feature has one of the other set opposite to it (`opposed`).
    """

    collapsed: int
    expanding: int
    expanded: int
    opposed: int


GATHERED, RIGHT, OPPOSITE = 0.9, 0.1, 0.95
"""Thresholds of the stages expanding, expanded and opposed."""


def _first(holds: np.ndarray, start: int) -> int:
    """The first position from `start` on at which `holds` is true; -1 if there is none, or `start` is -1."""
    later = np.flatnonzero(holds[max(start, 0) :])
    return max(start, 0) + int(later[0]) if later.size and start >= 0 else -1


def gathered(
    weights: Float[np.ndarray, "snapshot hidden feature"], sets: Sequence[Sequence[int]]
) -> Float64[np.ndarray, " snapshot"]:
    """The share of |W|_F^2 along the sets' means, the main principal components of features that occur in sets; 0 for W = 0.

    Example: two features in one direction, and at a right angle.
        >>> gathered(np.array([[[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]), ((0, 1),)).tolist()
        [1.0, 0.5]
    """
    wide = np.asarray(weights, np.float64)
    along = sum((wide[:, :, list(s)].sum(axis=2) ** 2).sum(axis=1) / len(s) for s in sets)
    total = (wide**2).sum(axis=(1, 2))
    return np.divide(along, total, out=np.zeros_like(total), where=total > 0)


def within_cosines(
    weights: Float[np.ndarray, "snapshot hidden feature"], sets: Sequence[Sequence[int]]
) -> Float64[np.ndarray, "snapshot set"]:
    """Mean cosine of the angles between the members of each set; a set has at least two.

    Example:
        >>> within_cosines(np.array([[[1.0, -1.0, 1.0]]]), ((0, 1), (0, 2))).tolist()
        [[-1.0, 1.0]]
    """
    units = unit_columns(weights)
    parts = []
    for s in sets:
        sums = (units[:, :, list(s)].sum(axis=2) ** 2).sum(axis=1)
        parts.append((sums - (units[:, :, list(s)] ** 2).sum(axis=(1, 2))) / (len(s) * (len(s) - 1)))
    return np.stack(parts, axis=1)


def opposed(
    weights: Float[np.ndarray, "snapshot hidden feature"], sets: Sequence[Sequence[int]]
) -> Bool[np.ndarray, " snapshot"]:
    """Whether every feature of two sets has one of the other set opposite to it: W_i . W_j at most -OPPOSITE.

    Example:
        >>> opposed(np.array([[[1.0, -1.0]], [[1.0, 1.0]]]), ((0,), (1,))).tolist()
        [True, False]
    """
    across = gram(weights)[:, list(sets[0])][:, :, list(sets[1])]
    return np.maximum(across.min(axis=2).max(axis=1), across.min(axis=1).max(axis=1)) <= -OPPOSITE


def stages(weights: Float[np.ndarray, "snapshot hidden feature"], sets: Sequence[Sequence[int]]) -> Stages:
    """The stages that a model of two sets of correlated features passes; each stage is sought after the one before."""
    squares = feature_norms(weights) ** 2
    collapsed = _first(squares.mean(axis=1) >= 1 / (2 * len(sets[0])), 0)
    expanding = _first(gathered(weights, sets) < GATHERED, collapsed)
    expanded = _first(within_cosines(weights, sets).max(axis=1) <= RIGHT, expanding)
    return Stages(collapsed, expanding, expanded, _first(opposed(weights, sets), expanded))
