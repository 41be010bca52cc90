"""The minima of the loss of two features in one dimension, with biases and without; `sup.two_features` has the loss.

Many settings are searched side by side. Each descends from several starts, is pushed off the points where it stops, and
descends again, so that it stays neither at a saddle nor at a kink of the loss, where the loss falls on one side.
Source of the question: the comment by Tom McGrath on Elhage et al. 2022, "Superposition as a Phase Change".
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from sup.phases import boundary_density
from sup.sparse_loss import Numbers
from sup.two_features import Slope, two_feature_slope

STARTS = np.array([(1, -1), (1, 0), (0, 1), (1, 0.4), (0.4, 1)])
"""Weights from which descents start: antipodal, alone, and side by side, with either feature ahead."""
PUSH, SAME, STRIDE, STILL = 0.02, 0.02, 0.2, 1e-12
"""Size of the kick that tests a stationary point; largest difference between the weights of equal minima; longest step;
expected gain at which a descent ends."""
LENGTHS, HALVINGS = 24, 8
"""Lengths of the starts whose basins are measured, and bisections of an angle."""


def descend(
    q: Float[np.ndarray, "*setting 4"], density: Numbers, importance: Numbers, *, biased: bool = True, steps: int = 200
) -> tuple[Float64[np.ndarray, "*setting 4"], Float64[np.ndarray, "*setting"]]:
    """The ends of descents from the parameters q = (w_1, w_2, b_1, b_2), and their losses. No step raises the loss.

    The steps are damped Gauss-Newton steps of bounded length, so a descent seldom leaves the valley in which it starts.

    Args:
        q: Parameters at the start.
        density: Chance that a feature is active, broadcast against the starts.
        importance: Loss weight of the second feature, broadcast likewise.
        biased: Whether the biases may move; else they stay.
        steps: Largest number of steps.

    Example: of dense features with different importance, the more important one alone is best; the other's bias is its mean.
        >>> q, loss = descend(np.array([0.9, 0.1, 0.0, 0.3]), 1.0, 0.5)
        >>> (np.abs(q.round(4)) + 0).tolist(), round(float(loss), 6)
        ([1.0, 0.0, 0.0, 0.5], 0.041667)
    """
    free = np.array([1.0, 1.0, biased, biased], np.float64)
    shape = np.shape(q)[:-1]
    ends, p, r = np.array(q, np.float64).reshape(-1, 4), *(np.broadcast_to(v, shape).ravel() for v in (density, importance))
    losses = np.zeros(len(ends))
    active, damping, slope = np.arange(len(ends)), np.full(len(ends), 1e-2), two_feature_slope(ends, p, r)
    for _ in range(steps):
        stiff = slope.curvature * free * free[:, None] + damping[:, None, None] * np.eye(4)
        step = -np.linalg.solve(stiff, (slope.gradient * free)[..., None])[..., 0]
        step *= np.minimum(1.0, STRIDE / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        trial = two_feature_slope(ends[active] + step, p[active], r[active])
        better, expected_gain = trial.loss < slope.loss, -(step * slope.gradient).sum(axis=1)
        ends[active] += step * better[:, None]
        slope = Slope(
            *(np.where(better.reshape(-1, *[1] * (old.ndim - 1)), new, old) for new, old in zip(trial, slope, strict=True))
        )
        losses[active], damping = slope.loss, np.clip(np.where(better, damping / 3, damping * 4), 1e-7, None)
        unfinished = expected_gain > STILL
        active, damping, slope = active[unfinished], damping[unfinished], Slope(*(part[unfinished] for part in slope))
        if not active.size:
            break
    return ends.reshape(*shape, 4), losses.reshape(shape)


class Minima(NamedTuple):
    """The minima of each setting, the lowest first. W and -W are the same model; the sign is chosen so that the longer weight
    is positive.

    Attributes:
        q: Parameters (w_1, w_2, b_1, b_2), shape (setting, start, 4).
        loss: Expected loss, shape (setting, start).
        distinct: Whether no lower minimum has the same weights, shape (setting, start).
    """

    q: Float64[np.ndarray, "setting start 4"]
    loss: Float64[np.ndarray, "setting start"]
    distinct: Bool[np.ndarray, "setting start"]


def minima(density: Float[np.ndarray, " setting"], importance: Float[np.ndarray, " setting"], *, biased: bool) -> Minima:
    """The minima of the loss in each setting, by descents from `STARTS`. Biases that may move start at (1 - |w_i|) p / 2.

    Example: antipodal and side by side, for equal features without biases; when they are sparse, the first is lower.
        >>> result = minima(np.array([0.1]), np.array([1.0]), biased=False)
        >>> result.q[0, result.distinct[0], :2].round(1).tolist()
        [[1.0, -1.0], [0.7, 0.7]]
    """
    p, r = np.asarray(density, np.float64)[:, None], np.asarray(importance, np.float64)[:, None]
    q = np.zeros((len(p), len(STARTS), 4))
    q[:, :, :2] = STARTS
    q[:, :, 2:] = biased * p[:, :, None] / 2 * (1 - np.abs(STARTS))  # the mean for a feature that is left out
    q, loss = descend(q, p, r, biased=biased)
    for push in PUSH * np.array([[1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0]]):
        moved, lower = descend(q + push, p, r, biased=biased)
        gain = lower < loss - 1e-9
        q, loss = np.where(gain[..., None], moved, q), np.where(gain, lower, loss)
    longer = np.where(np.abs(q[..., 0]) >= np.abs(q[..., 1]) - 1e-6, q[..., 0], q[..., 1])
    q[..., :2] *= np.where(longer < 0, -1.0, 1.0)[..., None]
    order = np.argsort(loss, axis=1, kind="stable")
    q, loss = np.take_along_axis(q, order[..., None], axis=1), np.take_along_axis(loss, order, axis=1)
    same = (np.abs(q[:, :, None, :2] - q[:, None, :, :2]).max(axis=3) < SAME) & np.tri(len(STARTS), k=-1, dtype=bool)
    return Minima(q, loss, ~same.any(axis=2))


def crossing(
    importance: Float[np.ndarray, " setting"],
) -> tuple[Float64[np.ndarray, " setting"], Float64[np.ndarray, "setting 4"]]:
    """The density below which a pair costs less than dropping the less important feature, with biases, and the pair there.

    By bisection on the density, for importances of at most 1 (for others swap the features: L(p, r) is r L(p, 1/r)). The feature
    alone costs r (p/3 - p^2/4) exactly; the pair is where a descent from antipodal features ends.

    Example: the pair of an unimportant feature is shorter than the idealised [1, -1], and pays up to a higher density than 0.16.
        >>> density, pair = crossing(np.array([0.1]))
        >>> density.round(3).tolist(), pair[:, :2].round(1).tolist()
        ([0.181], [[1.0, -0.6]])
    """
    r = np.asarray(importance, np.float64)
    low, high = boundary_density(2, r), np.ones(r.shape)  # with free weights, a pair pays wherever [1, -1] does
    pair, _ = descend(np.broadcast_to([1.0, -1.0, 0.0, 0.0], (*r.shape, 4)), low, r)
    for _ in range(13):
        p = (low + high) / 2
        q, loss = descend(np.broadcast_to([1.0, -1.0, 0.0, 0.0], (*r.shape, 4)), p, r)
        pays = loss < r * (p / 3 - p * p / 4) - 1e-9
        low, high, pair = np.where(pays, p, low), np.where(pays, high, p), np.where(pays[..., None], q, pair)
    return low, pair


def basin(
    density: Float[np.ndarray, " setting"], importance: Float[np.ndarray, " setting"], *, rounds: int = 200
) -> Float64[np.ndarray, " setting"]:
    """The chance that small steps of gradient descent without biases lead from normal weights to an antipodal pair.

    The weights are independent and normal with the default standard deviation sqrt(2/3). So their angle is uniform, and 3/4 of
    their squared length is exponential. At each of `LENGTHS` equally likely lengths, both edges of the angles that lead to the
    pair are found by bisection, to two thousandths of a half turn: one near the axis of each feature, for the directions half-way
    between the axes lead to the pair and to the mixture. For settings in which both are minima.

    Example: equal features, sparse: fewer than half of the starts lead to the antipodal pair, which is the lowest minimum.
        >>> chance = basin(np.array([0.2]), np.array([1.0]))
        >>> bool(0.45 < chance[0] < 0.5)
        True
    """
    p, r = (np.asarray(v, np.float64)[:, None, None] for v in (density, importance))
    likely = (np.arange(LENGTHS) + 0.5) / LENGTHS
    length = np.sqrt(-4 / 3 * np.log1p(-likely))[:, None]
    pair = np.full((len(p), LENGTHS, 2), -np.pi / 4)  # at this angle a start leads to the pair, on its other side to the mixture
    mixture = np.broadcast_to([np.pi / 4, -3 * np.pi / 4], pair.shape)
    for _ in range(HALVINGS):
        middle = (pair + mixture) / 2
        q = np.stack([length * np.cos(middle), length * np.sin(middle), *np.zeros((2, *middle.shape))], axis=-1)
        for _ in range(rounds):
            q[..., :2] -= 0.1 / p[..., None] * np.clip(two_feature_slope(q, p, r).gradient[..., :2], -p[..., None], p[..., None])
        leads = q[..., 0] * q[..., 1] < 0
        pair, mixture = np.where(leads, middle, pair), np.where(leads, mixture, middle)
    edges = (pair + mixture) / 2
    return np.asarray((edges[..., 0] - edges[..., 1]).mean(axis=1) / np.pi)
