"""Two features in one dimension: the expected loss of the ReLU output model, exactly, and all its minima.

With n = 2 and m = 1 the model has the weights (w_1, w_2) and the biases (b_1, b_2), and output 1 is the ReLU of
z = theta . v, where v = (x_1, x_2, 1) and theta = (w_1^2, w_1 w_2, b_1); output 2 is the same with the features swapped. Let
M = E[v v^T; z > 0] be the second moments of the inputs on which the output is on. Then, with e = (1, 0, 0),

    E (x_1 - ReLU(z))^2 = p/3 - M_11 + (theta - e)^T M (theta - e)

with the gradient 2 M (theta - e) by theta: as ReLU is continuous, moving its kink changes nothing to first order. M is a sum over
the sets of active features, each an integral of a polynomial over the part of [0, 1], or of the unit square, on one side of a
line; all of these are integrated exactly. The loss is the sum over features of the importance-weighted errors (training reports
the mean, half of it); feature 1 has the importance 1.
Sources: Elhage et al. 2022, "Superposition as a Phase Change", and the comment on it by Tom McGrath. Everything is float64.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from sup.sparse_loss import Numbers, positive_moments

_TARGET = np.array([1.0, 0.0, 0.0])
_NODES = np.array([-1.0, 1.0]) / np.sqrt(3.0)


def active_moments(theta: Float[np.ndarray, "*setting 3"], density: Numbers) -> Float64[np.ndarray, "*setting 3 3"]:
    """M = E[v v^T; theta . v > 0] for v = (x, y, 1), where x and y are active with chance `density` each, and then uniform.

    With chance (1 - p)^2 no feature is active and v = (0, 0, 1). M is zero where the output is never on.

    Example: the output is always on, so the last entry is 1 and the others are means of x, y and their products.
        >>> active_moments(np.array([0.0, 0.0, 1.0]), 1.0).round(9).tolist()
        [[0.333333333, 0.25, 0.5], [0.25, 0.333333333, 0.5], [0.5, 0.5, 1.0]]
    """
    density = np.asarray(density, np.float64)
    slope, other, bias = np.moveaxis(np.asarray(theta, np.float64), -1, 0)
    alone, both = density * (1 - density), density * density
    on, x, y, xx, xy, yy = square_moments(slope, other, bias) * both
    m0, m1, m2 = positive_moments(slope, bias)
    on, x, xx = on + alone * m0, x + alone * m1, xx + alone * m2
    m0, m1, m2 = positive_moments(other, bias)
    on, y, yy = on + alone * m0, y + alone * m1, yy + alone * m2
    on = on + (1 - density) ** 2 * (bias > 0)
    rows = [np.stack(np.broadcast_arrays(*row), axis=-1) for row in ((xx, xy, x), (xy, yy, y), (x, y, on))]
    return np.stack(rows, axis=-2)


def square_moments(slope: Numbers, other: Numbers, bias: Numbers) -> Float64[np.ndarray, "6 ..."]:
    """Integrals (6, setting) of 1, x, y, x^2, xy, y^2 over the part of the unit square where slope x + other y + bias > 0.

    The integral along the steeper feature is exact. As a function of the other feature it is a cubic polynomial on each piece
    between the places where the line enters and leaves the square, and two Gauss-Legendre nodes are exact for a cubic.

    Example: half of the square.
        >>> square_moments(np.array(1.0), np.array(-1.0), np.array(0.0))[:3].round(9).tolist()
        [0.5, 0.333333333, 0.166666667]
    """
    slope, other, bias = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (slope, other, bias)))
    swap = np.abs(other) > np.abs(slope)
    inner, outer = np.where(swap, other, slope), np.where(swap, slope, other)
    with np.errstate(over="ignore"):
        ends = [np.divide(-level, outer, out=np.zeros(np.shape(inner)), where=outer != 0) for level in (bias, bias + inner)]
    cuts = np.sort(np.clip(np.stack(ends), 0.0, 1.0), axis=0)
    edges = np.concatenate([np.zeros_like(cuts[:1]), cuts, np.ones_like(cuts[:1])])
    half, middle = np.diff(edges, axis=0) / 2, (edges[1:] + edges[:-1]) / 2
    at = np.concatenate([middle + node * half for node in _NODES])
    mass = np.concatenate([half, half])
    m0, m1, m2 = positive_moments(inner, bias + outer * at)
    on, u, v, uu, uv, vv = ((mass * part).sum(axis=0) for part in (m0, m1, at * m0, m2, at * m1, at * at * m0))
    return np.stack([on, np.where(swap, v, u), np.where(swap, u, v), np.where(swap, vv, uu), uv, np.where(swap, uu, vv)])


class Slope(NamedTuple):
    """The loss at some parameters q = (w_1, w_2, b_1, b_2), and what a descent from there needs.

    Attributes:
        loss: Expected loss, shape (setting).
        gradient: Gradient in q, shape (setting, 4).
        curvature: The Gauss-Newton part of the second derivatives, shape (setting, 4, 4): positive semidefinite.
    """

    loss: Float64[np.ndarray, "*setting"]
    gradient: Float64[np.ndarray, "*setting 4"]
    curvature: Float64[np.ndarray, "*setting 4 4"]


def two_feature_slope(q: Float[np.ndarray, "*setting 4"], density: Numbers, importance: Numbers) -> Slope:
    """The loss of `two_feature_loss` at q = (w_1, w_2, b_1, b_2), with its gradient and curvature."""
    q = np.asarray(q, np.float64)
    one, weights = np.ones(q.shape[:-1]), (1.0, np.asarray(importance, np.float64))
    loss, gradient, curvature = np.zeros(q.shape[:-1]), np.zeros(q.shape), np.zeros((*q.shape, 4))
    for i, j in ((0, 1), (1, 0)):
        w, other, bias = q[..., i], q[..., j], q[..., 2 + i]
        theta = np.stack([w * w, w * other, bias], axis=-1)
        M, off = active_moments(theta, density), theta - _TARGET
        force = np.einsum("...ij,...j->...i", M, off)
        turn = np.zeros((*q.shape[:-1], 3, 4))  # derivatives of theta in q
        turn[..., 0, i], turn[..., 1, i], turn[..., 1, j], turn[..., 2, 2 + i] = 2 * w, other, w, one
        weight = np.broadcast_to(weights[i], loss.shape)
        loss += weight * (np.asarray(density) / 3 - M[..., 0, 0] + np.einsum("...i,...i->...", off, force))
        gradient += 2 * weight[..., None] * np.einsum("...ij,...i->...j", turn, force)
        curvature += 2 * weight[..., None, None] * np.einsum("...ik,...ij,...jl->...kl", turn, M, turn)
    return Slope(loss, gradient, curvature)


def two_feature_loss(
    W: Float[np.ndarray, "*#setting 2"], b: Float[np.ndarray, "*#setting 2"], density: Numbers, importance: Numbers
) -> Float64[np.ndarray, "..."]:
    """Expected loss of the ReLU output model of two features in one dimension, summed over features, without sampling.

    Args:
        W: The two weights; many models at once in the leading axes.
        b: Their biases.
        density: Chance that a feature is active, broadcast against the models.
        importance: Loss weight of the second feature, broadcast likewise; the first one's is 1.

    Example: antipodal features cost p^2/6 each, since x_1 - ReLU(x_1 - x_2) is the smaller of the two.
        >>> round(two_feature_loss(np.array([1.0, -1.0]), np.zeros(2), 0.3, 1.0).item(), 12)
        0.03
    """
    W, b = np.broadcast_arrays(np.asarray(W, np.float64), np.asarray(b, np.float64))
    shape = np.broadcast_shapes(W.shape[:-1], np.shape(density), np.shape(importance))
    q = np.broadcast_to(np.concatenate([W, b], axis=-1), (*shape, 4))
    return two_feature_slope(q, density, importance).loss
