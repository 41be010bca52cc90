"""The ReLU output model's loss when few features are active at once.

The model is x' = ReLU(W^T W x + b), its loss the importance-weighted squared error summed over features (training reports
the mean, this divided by n). Samples split by which features are active, so for a shared density p = 1 - S

    L = sum_k p^k S^(n-k) L_k,

where L_k adds up, over all sets of k features, the mean loss when exactly these are active, each uniform on [0, 1). When
features are sparse, L_0 and L_1 carry the loss, and both have closed forms.
Source: Elhage et al. 2022, "Mathematical Understanding". Everything is float64.
"""

from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float64

from sup.errors import SpecError
from sup.geometry import gram
from sup.linear_loss import Terms

Numbers: TypeAlias = Float[np.ndarray, "..."] | float
"""Numbers of any shape; two of them are broadcast against each other."""


class ReluMoments(NamedTuple):
    """Integrals over x from 0 to 1, with y = ReLU(slope x + offset); slope and offset are broadcast to one shape.

    Attributes:
        first: Of y.
        cross: Of x y.
        square: Of y^2.
    """

    first: Float64[np.ndarray, "..."]
    cross: Float64[np.ndarray, "..."]
    square: Float64[np.ndarray, "..."]


def positive_interval(slope: Numbers, offset: Numbers) -> tuple[Float64[np.ndarray, "..."], Float64[np.ndarray, "..."]]:
    """The ends s and t of the interval in [0, 1] on which slope x + offset is positive; s = t where it is nowhere positive.

    Example: the last quarter.
        >>> [end.item() for end in positive_interval(4.0, -3.0)]
        [0.75, 1.0]
    """
    slope, offset = np.broadcast_arrays(np.asarray(slope, np.float64), np.asarray(offset, np.float64))
    flat = np.where(offset > 0, -np.inf, np.inf)  # a level line is positive everywhere or nowhere
    with np.errstate(over="ignore"):  # a line that is almost level has its root far away
        root = np.divide(-offset, slope, out=flat, where=slope != 0)
    start = np.where(slope < 0, 0.0, np.clip(root, 0.0, 1.0))
    return start, np.where(slope < 0, np.clip(root, 0.0, 1.0), 1.0)


def positive_moments(
    slope: Numbers, offset: Numbers
) -> tuple[Float64[np.ndarray, "..."], Float64[np.ndarray, "..."], Float64[np.ndarray, "..."]]:
    """Integrals of 1, x and x^2 over the part of [0, 1] where slope x + offset is positive.

    Example: over the last half.
        >>> [moment.item() for moment in positive_moments(2.0, -1.0)[:2]]
        [0.5, 0.375]
    """
    start, end = positive_interval(slope, offset)
    return np.asarray(end - start), np.asarray((end**2 - start**2) / 2), np.asarray((end**3 - start**3) / 3)


def relu_moments(slope: Numbers, offset: Numbers) -> ReluMoments:
    """Exact integrals of ReLU(slope x + offset) over [0, 1]: its mean, its product with x, and its square.

    The line is positive on one interval [s, t] of [0, 1], whose ends are 0, 1 or its root -offset/slope. With the values u, v
    at these ends: first = (t - s)(u + v)/2, cross = (t - s)(s(2u + v) + t(u + 2v))/6, square = (t - s)(u^2 + uv + v^2)/3: sums of
    terms of one sign, so nothing cancels. All are exactly zero where the line is nowhere positive.

    Example: ReLU(x) itself, and a line that is positive on the last quarter only.
        >>> relu_moments(1.0, 0.0).square.item() * 3
        1.0
        >>> relu_moments(4.0, -3.0).first.item()
        0.125
    """
    slope, offset = np.broadcast_arrays(np.asarray(slope, np.float64), np.asarray(offset, np.float64))
    start, end = positive_interval(slope, offset)
    width = end - start
    u, v = (np.maximum(slope * x + offset, 0.0) for x in (start, end))
    first = width * (u + v) / 2
    cross = width * (start * (2 * u + v) + end * (u + 2 * v)) / 6
    return ReluMoments(*map(np.asarray, (first, cross, width * (u * u + u * v + v * v) / 3)))


def own_error(slope: Numbers, bias: Numbers) -> Float64[np.ndarray, "..."]:
    """Mean squared error of a feature's own output when it alone is active: int_0^1 (x - ReLU(slope x + bias))^2 dx.

    Example: perfect, and ignored.
        >>> own_error(np.array([1.0, 0.0]), np.array([0.0, 0.0])).round(9).tolist()
        [0.0, 0.333333333]
    """
    moments = relu_moments(slope, bias)
    return np.asarray(1 / 3 - 2 * moments.cross + moments.square)


def leaked_error(slope: Numbers, bias: Numbers) -> Float64[np.ndarray, "..."]:
    """Mean squared error of another feature's output: int_0^1 ReLU(slope x + bias)^2 dx.

    Exactly zero for slope <= -bias and bias <= 0: negative interference is free, and with a negative bias small positive
    interference is free too.

    Example: positive interference costs, negative does not, and at a bias of -1/2 a slope of 1/2 is free.
        >>> leaked_error(np.array([1.0, -1.0, 0.5]), np.array([0.0, 0.0, -0.5])).round(9).tolist()
        [0.333333333, 0.0, 0.0]
    """
    return relu_moments(slope, bias).square


def empty_loss(b: Float[np.ndarray, "run feature"], importance: Float[np.ndarray, " feature"]) -> Float64[np.ndarray, " run"]:
    """L_0, the loss when no feature is active: sum_i I_i ReLU(b_i)^2. Zero when no bias is positive.

    Example:
        >>> empty_loss(np.array([[0.5, -0.5]]), np.ones(2)).tolist()
        [0.25]
    """
    return np.maximum(np.asarray(b, np.float64), 0.0) ** 2 @ np.asarray(importance, np.float64)


def one_sparse_terms(
    W: Float[np.ndarray, "run hidden feature"], b: Float[np.ndarray, "run feature"], importance: Float[np.ndarray, " feature"]
) -> Terms:
    """L_1 in its two parts, integrated exactly: the loss when one feature is active alone, added up over features.

    benefit = sum_i I_i int_0^1 (x - ReLU(|W_i|^2 x + b_i))^2 dx,
    interference = sum_{i != j} I_j int_0^1 ReLU(W_j . W_i x + b_j)^2 dx.

    Example: two features back to back on a line cost nothing, an ignored one its mean square.
        >>> one_sparse_terms(np.array([[[1.0, -1.0]], [[1.0, 0.0]]]), np.zeros((2, 2)), np.ones(2)).total.round(9).tolist()
        [0.0, 0.333333333]
    """
    products, weights = gram(W), np.asarray(importance, np.float64)
    biases = np.asarray(b, np.float64)
    benefit = own_error(np.einsum("rii->ri", products), biases) @ weights
    leaks = leaked_error(products, biases[:, :, None]) * (1.0 - np.eye(W.shape[2]))
    return Terms(benefit, np.einsum("rji,j->r", leaks, weights))


def fully_active_terms(
    W: Float[np.ndarray, "run hidden feature"], b: Float[np.ndarray, "run feature"], importance: Float[np.ndarray, " feature"]
) -> Terms:
    """The 1-sparse loss at x_i = 1 instead of its mean over x_i: a simpler form with the same meaning.

    benefit = sum_i I_i (1 - ReLU(|W_i|^2 + b_i))^2, interference = sum_{i != j} I_j ReLU(W_j . W_i + b_j)^2. With norms 0 or 1,
    no bias and equal importances the interference is a generalised Thomson problem: `sup.linear_loss.pair_energy`.

    Example:
        >>> terms = fully_active_terms(np.array([[[1.0, -1.0, 0.5]]]), np.zeros((1, 3)), np.ones(3))
        >>> terms.benefit.tolist(), terms.interference.tolist()
        ([0.5625], [0.5])
    """
    weights = np.asarray(importance, np.float64)
    out = np.maximum(gram(W) + np.asarray(b, np.float64)[:, :, None], 0.0)
    own = np.einsum("rii->ri", out)
    return Terms((1.0 - own) ** 2 @ weights, np.einsum("rji,j->r", out**2, weights) - own**2 @ weights)


def losses_by_active_count(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
    nodes: int = 16,
) -> Float64[np.ndarray, "feature+1"]:
    """L_0, ..., L_n of one small model, by exact integration over one active feature and quadrature over the others.

    For each set of active features and each output, the feature with the largest weight on that output is integrated in closed
    form (so the kink of the ReLU is met exactly), the others by Gauss-Legendre rules. L_0 and L_1 need no quadrature. The
    work grows as n 2^n nodes^(n-1).

    Raises:
        SpecError: for more than 7 features, which would take too long.

    Example: two features that do not share: each pair costs what its members cost alone.
        >>> losses_by_active_count(np.array([[1.0, 0.0]]), np.zeros(2), np.ones(2)).round(9).tolist()
        [0.0, 0.333333333, 0.333333333]
    """
    n = W.shape[1]
    if n > 7:
        raise SpecError(
            f"features are integrated over all their 2^n sets, so there are at most 7; got {n}. For more, use the loss of one "
            f"active feature, one_sparse_terms."
        )
    products = gram(np.asarray(W)[None])[0]
    losses = np.zeros(n + 1)
    losses[0] = empty_loss(np.asarray(b)[None], importance).item()
    for count in range(1, n + 1):
        for active in combinations(range(n), count):
            for j in range(n):
                losses[count] += float(importance[j]) * _output_error(products[j], float(b[j]), j, active, nodes)
    return losses


def _output_error(weights: np.ndarray, bias: float, j: int, active: tuple[int, ...], nodes: int) -> float:
    """Mean of (x_j - ReLU(weights . x + bias))^2 when exactly the features `active` are uniform on [0, 1), the others zero."""
    inner = max(active, key=lambda i: abs(weights[i]))
    outer = [i for i in active if i != inner]
    points, masses = _gauss(len(outer), nodes)
    moments = relu_moments(weights[inner], bias + points @ weights[outer])
    if j == inner:
        errors = 1 / 3 - 2 * moments.cross + moments.square
    else:
        target = points[:, outer.index(j)] if j in outer else 0.0
        errors = target**2 - 2 * target * moments.first + moments.square
    return float(masses @ errors)


def _gauss(dimensions: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (point, dimension) and masses of the Gauss-Legendre product rule on the unit cube."""
    at, mass = np.polynomial.legendre.leggauss(nodes)
    grids = np.meshgrid(*[(at + 1) / 2] * dimensions, indexing="ij")
    points = np.stack([grid.ravel() for grid in grids], axis=1) if dimensions else np.zeros((1, 0))
    masses = np.ones(1)
    for _ in range(dimensions):
        masses = np.outer(masses, mass / 2).ravel()
    return points, masses


def parts_by_active_count(losses: Float[np.ndarray, "_"], density: float) -> Float64[np.ndarray, "_"]:
    """The contributions p^k S^(n-k) L_k of samples with k = 0..n active features to the loss; their sum is the loss.

    Example:
        >>> parts_by_active_count(np.array([0.0, 1.0, 1.0]), 0.25).tolist()
        [0.0, 0.1875, 0.0625]
    """
    n = len(losses) - 1
    counts = np.arange(n + 1)
    return density**counts * (1.0 - density) ** (n - counts) * losses
