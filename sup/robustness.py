"""How much a small perturbation of the input harms a model: attacks by its weights, and attacks that follow the gradient.

The model is x' = ReLU(W^T W x + b) with G = W^T W, and the loss is sum_i (x_i - x'_i)^2; for the input x + delta the target is
still x. Everything is float64. Source: Elhage et al. 2022, "Superposition and Adversarial Robustness". For training against
the same attack see `sup.attack`.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from sup.geometry import gram


def directions(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature feature"]:
    """The attack on each feature: row i is G_i / |G_i|, the direction in which output i grows fastest while its ReLU is open.

    The row of a feature that is not embedded is zero: no direction moves its output.

    Example: for two features back to back on a line, pushing one up pushes the other down.
        >>> (directions(np.array([[[1.0, -1.0]]]))[0, 0] ** 2).round(9).tolist()
        [0.5, 0.5]
    """
    rows = gram(W)
    norms = np.linalg.norm(rows, axis=2, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


class Harm(NamedTuple):
    """The loss that attacks of one norm add to one model.

    Attributes:
        clean: The mean loss without attack.
        universal: The mean loss added by the single attack (a feature and a sign) that adds most on average.
        adaptive: The mean loss added when each sample meets the attack that adds most to it.
    """

    clean: float
    universal: float
    adaptive: float


def analytic_harm(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], x: Float[np.ndarray, "sample feature"], norm: float
) -> Harm:
    """The loss that the attacks +- norm * directions(W) add on samples x.

    Example: with a dimension for each feature, an output pushed up by a tenth costs a hundredth, whatever the sample.
        >>> harm = analytic_harm(np.eye(2), np.zeros(2), np.array([[0.5, 0.0], [0.0, 0.0]]), 0.1)
        >>> round(harm.universal, 9), round(harm.adaptive, 9)
        (0.01, 0.01)
    """
    G, x = gram(W[None])[0], np.asarray(x, np.float64)
    z = x @ G + b
    clean = _loss(z, x)
    worst, most = np.full(len(x), -np.inf), -np.inf
    for push in norm * directions(W[None])[0] @ G:
        for shift in (push, -push):
            added = _loss(z + shift, x) - clean
            most = max(most, float(added.mean()))
            np.maximum(worst, added, out=worst)
    return Harm(float(clean.mean()), most, float(worst.mean()))


def _loss(z: np.ndarray, x: np.ndarray) -> np.ndarray:
    errors = np.maximum(z, 0.0) - x
    return np.einsum("sf,sf->s", errors, errors)


class Descent(NamedTuple):
    """The result of an attack that follows the gradient.

    Attributes:
        added: The loss that it adds to each sample (sample).
        blind: Whether the gradient at the starting point is exactly zero, so that it gives no direction (sample).
    """

    added: Float64[np.ndarray, " sample"]
    blind: Bool[np.ndarray, " sample"]


def gradient_harm(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    x: Float[np.ndarray, "sample feature"],
    norm: float,
    steps: int = 20,
    *,
    stride: float | None = None,
    start: Float[np.ndarray, "sample feature"] | None = None,
) -> Descent:
    """The loss that projected gradient ascent adds to each sample, within |delta| <= norm.

    The gradient of the loss in delta is G (2 (x' - x) * [z > 0]): an output whose ReLU is closed adds nothing to it. Each step
    goes `stride` along the unit gradient, then back into the ball; the best point on the way counts, the start included.

    Args:
        W: The weights.
        b: The biases.
        x: The samples.
        norm: The largest norm of delta.
        steps: Steps along the gradient.
        stride: Length of a step; 2.5 norm / steps without one (Madry et al. 2018).
        start: The first delta of each sample, within the ball; 0 without one.

    Example: one feature behind a closed ReLU. The gradient is zero, though a delta of 1 would open it.
        >>> result = gradient_harm(np.eye(1), np.array([-0.5]), np.zeros((1, 1)), 1.0)
        >>> result.added.tolist(), result.blind.tolist()
        ([0.0], [True])
    """
    G, x = gram(W[None])[0], np.asarray(x, np.float64)
    clean, stride = _loss(x @ G + b, x), 2.5 * norm / steps if stride is None else stride
    delta = np.zeros_like(x) if start is None else np.array(start, np.float64)
    best, blind = _loss((x + delta) @ G + b, x) - clean, np.zeros(len(x), bool)
    for step in range(steps):
        z = (x + delta) @ G + b
        slope = (2 * (np.maximum(z, 0.0) - x) * (z > 0)) @ G
        size = np.linalg.norm(slope, axis=1, keepdims=True)
        if step == 0:
            blind = size[:, 0] == 0
        delta += stride * np.divide(slope, size, out=np.zeros_like(slope), where=size > 0)
        delta *= np.minimum(1.0, norm / np.maximum(np.linalg.norm(delta, axis=1, keepdims=True), 1e-300))
        best = np.maximum(best, _loss((x + delta) @ G + b, x) - clean)
    return Descent(best, blind)


def mean_norm(n_features: int, density: float) -> float:
    """The mean norm E|x| of n independent features that are zero with chance 1 - p and else uniform on [0, 1).

    E sqrt(s) = int_0^inf (1 - E e^(-u^2 s)) / u^2 du / sqrt(pi), since int_0^inf (1 - e^(-u^2 s)) / u^2 du = sqrt(pi s); and the
    mean of e^(-u^2 |x|^2) is the n-th power of that of one feature, 1 - p + p sqrt(pi) erf(u) / (2 u).

    Example:
        >>> round(mean_norm(1, 0.5), 9)
        0.25
    """
    from scipy.integrate import quad
    from scipy.special import erf

    def integrand(u: float) -> float:
        one = 1.0 - density + density * (np.sqrt(np.pi) * erf(u) / (2 * u) if u > 0 else 1.0)
        return float((1.0 - one**n_features) / u**2) if u > 1e-6 else n_features * density / 3

    near, far = (quad(integrand, *ends, epsabs=1e-12, epsrel=1e-11, limit=200)[0] for ends in ((0.0, 1.0), (1.0, np.inf)))
    return float((near + far) / np.sqrt(np.pi))
