"""The expected loss of the ReLU output model of three features, for many models at once.

Samples split by which features are active. With at most two of them active, the error of each output is an integral over a part
of the unit square, which `sup.two_features` does exactly; with all three, it is the mean of such integrals over the other feature
with the smaller weight on the output, by a Gauss-Legendre rule. Everything is float64; the loss is the sum over features.
Source: Elhage et al. 2022, "Superposition as a Phase Change", which has such models with two dimensions.
"""

import numpy as np
from jaxtyping import Float, Float64

from sup.geometry import gram
from sup.sparse_loss import Numbers, leaked_error, own_error
from sup.two_features import square_moments

NODES = 12


def pair_error(own: Numbers, other: Numbers, bias: Numbers, target: float) -> Float64[np.ndarray, "..."]:
    """E (target x - ReLU(own x + other y + bias))^2 for x and y uniform on [0, 1].

    Example: in a pair, each output is too small by the smaller of both values.
        >>> round(pair_error(np.array(1.0), np.array(-1.0), np.array(0.0), 1.0).item() * 6, 12)
        1.0
    """
    on, x, y, xx, xy, yy = square_moments(own, other, bias)
    off = own - target
    squares = off * off * xx + other * other * yy + bias * bias * on
    return np.asarray(target**2 * (1 / 3 - xx) + squares + 2 * (off * other * xy + off * bias * x + other * bias * y))


def three_feature_loss(
    W: Float[np.ndarray, "run hidden 3"], b: Float[np.ndarray, "run 3"], density: Numbers, importance: Numbers
) -> Float64[np.ndarray, " run"]:
    """Expected loss of each model, summed over features.

    Args:
        W: Feature directions.
        b: Biases.
        density: Chance that a feature is active; one number, or one per run.
        importance: Loss weight of the third feature; one number, or one per run. The other two have weight 1.

    Example: a dedicated feature and a pair.
        >>> W = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]])
        >>> (three_feature_loss(W, np.zeros((1, 3)), 0.3, 0.5) * 100).round(9).tolist()
        [2.25]
    """
    products, p, weight = gram(W), np.asarray(density, np.float64), np.asarray(importance, np.float64)
    at, mass = np.polynomial.legendre.leggauss(NODES)
    loss = np.zeros(len(products))
    for i in range(3):
        own, bias = products[:, i, i], np.asarray(b, np.float64)[:, i]
        one, two = (products[:, i, j] for j in range(3) if j != i)
        near, far = np.where(np.abs(one) < np.abs(two), [two, one], [one, two])
        shifted = bias + far * (at[:, None] + 1) / 2
        all_on = (mass / 2) @ pair_error(own, near, shifted, 1.0)
        singles = own_error(own, bias) + leaked_error(one, bias) + leaked_error(two, bias)
        pairs = sum(pair_error(a, c, bias, target) for a, c, target in ((own, one, 1.0), (own, two, 1.0), (one, two, 0.0)))
        error = (1 - p) ** 3 * np.maximum(bias, 0) ** 2 + p * (1 - p) ** 2 * singles + p * p * (1 - p) * pairs + p**3 * all_on
        loss += error * (weight if i == 2 else 1.0)
    return loss
