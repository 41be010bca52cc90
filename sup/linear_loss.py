"""The parts of the linear model's loss, and why superposition never lowers it.

The model is x' = W^T W x + b, its loss the importance-weighted squared error summed over features (training reports the
mean, this divided by n). Source: Elhage et al. 2022, "Mathematical Understanding" and its footnotes on the linear model;
the docstrings have the derivations. Everything is float64.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from sup.geometry import feature_norms, gram, unit_columns


class Terms(NamedTuple):
    """A loss in two parts.

    Attributes:
        benefit: Loss of features that are not perfectly represented (run): what representing them would save.
        interference: Loss from features that activate others' outputs (run): what representing them costs.
    """

    benefit: Float64[np.ndarray, " run"]
    interference: Float64[np.ndarray, " run"]

    @property
    def total(self) -> Float64[np.ndarray, " run"]:
        """Both parts together."""
        return self.benefit + self.interference


def linear_terms(W: Float[np.ndarray, "run hidden feature"], importance: Float[np.ndarray, " feature"]) -> Terms:
    """Benefit and interference of x' = W^T W x for independent features of mean 0 and variance 1.

    benefit = sum_i I_i (1 - |W_i|^2)^2,  interference = sum_{i != j} I_j (W_j . W_i)^2.

    Derivation: the error of output j is (1 - G_jj) x_j - sum_{i != j} G_ji x_i with G = W^T W. Squaring and averaging leaves
    one term for each x_i, since E[x_i x_k] is 1 for i = k and 0 otherwise. For features of another mean and variance the best
    bias removes the mean, and both parts are multiplied by the variance: see `expected_linear_loss`.

    Example: one line, two features: dedicated to the first, or shared back to back.
        >>> linear_terms(np.array([[[1.0, 0.0]], [[1.0, -1.0]]]), np.ones(2)).total.tolist()
        [1.0, 2.0]
    """
    products = gram(W)
    diagonal = np.einsum("rii->ri", products)
    squares = products**2
    benefit = (1.0 - diagonal) ** 2 @ np.asarray(importance, np.float64)
    interference = (squares.sum(axis=2) - diagonal**2) @ np.asarray(importance, np.float64)
    return Terms(benefit, interference)


def linear_gradient(
    W: Float[np.ndarray, "run hidden feature"], importance: Float[np.ndarray, " feature"]
) -> Float64[np.ndarray, "run hidden feature"]:
    """Gradient of benefit + interference in W: -2 W (E D + D E) with E = 1 - W^T W and D = diag(I).

    Zero at every minimum, but also at W = 0, which is not one.

    Example: two features back to back on a line; making both shorter lowers the loss.
        >>> linear_gradient(np.array([[[1.0, -1.0]]]), np.ones(2)).tolist()
        [[[4.0, -4.0]]]
    """
    wide, weights = np.asarray(W, np.float64), np.asarray(importance, np.float64)
    error = np.eye(W.shape[2]) - gram(W)
    return -2.0 * wide @ (error * weights + weights[:, None] * error)


def uniform_moments(density: float) -> tuple[float, float]:
    """Mean p/2 and variance p/3 - p^2/4 of a feature that is zero with chance 1 - p and else uniform on [0, 1).

    Example:
        >>> uniform_moments(1.0) == (1 / 2, 1 / 3 - 1 / 4)
        True
    """
    return density / 2, density / 3 - density**2 / 4


def best_linear_bias(W: Float[np.ndarray, "run hidden feature"], density: float) -> Float64[np.ndarray, "run feature"]:
    """The bias that minimises the linear model's loss: the mean of x - W^T W x, so b_j = p/2 sum_i (1 - W^T W)_ji.

    Zero for a feature with a dimension of its own, its mean p/2 for one that is not represented.

    Example:
        >>> best_linear_bias(np.array([[[1.0, 0.0]]]), 1.0).tolist()
        [[0.0, 0.5]]
    """
    mean, _ = uniform_moments(density)
    return mean * (1.0 - gram(W).sum(axis=2))


def expected_linear_loss(
    W: Float[np.ndarray, "run hidden feature"],
    b: Float[np.ndarray, "run feature"],
    importance: Float[np.ndarray, " feature"],
    density: float,
) -> Float64[np.ndarray, " run"]:
    """Exact loss of x' = W^T W x + b on independent features, zero with chance 1 - p and else uniform on [0, 1).

    loss = (p/3 - p^2/4) (benefit + interference) + sum_j I_j (b_j - b*_j)^2 with b* the best bias. So the density scales the
    loss but does not move its minimum in W, and with the best bias the two-part form holds exactly, not only for
    Gaussian features. All cross terms are included, so training and sampling can be tested against it.

    Example: a feature with a dimension of its own and one at its mean, everything dense: the second costs its variance.
        >>> W, b = np.array([[[1.0, 0.0]]]), np.array([[0.0, 0.5]])
        >>> round(expected_linear_loss(W, b, np.ones(2), 1.0).item() * 12, 9)
        1.0
    """
    _, variance = uniform_moments(density)
    off = (np.asarray(b, np.float64) - best_linear_bias(W, density)) ** 2 @ np.asarray(importance, np.float64)
    return variance * linear_terms(W, importance).total + off


def best_linear_solution(
    n_hidden: int, importance: Float[np.ndarray, " feature"], density: float
) -> tuple[Float64[np.ndarray, "1 hidden feature"], Float64[np.ndarray, "1 feature"]]:
    """Weights and bias of a linear model with the lowest loss: one dimension for each of the n_hidden most important features.

    Optimal because the loss is |D (1 - W^T W)|_F^2 with D = diag(sqrt(I)), and D W^T W has at most rank m: by the theorem of
    Eckart and Young, no matrix of this rank is closer to D than its m largest entries, which are the D W^T W of this solution.
    W is not unique (any rotation of the hidden space has the same loss), but where importances differ W^T W is.

    Example:
        >>> W, b = best_linear_solution(1, np.array([0.5, 1.0]), 1.0)
        >>> W.tolist(), b.tolist()
        ([[[0.0, 1.0]]], [[0.5, 0.0]])
    """
    top = np.argsort(-np.asarray(importance), kind="stable")[:n_hidden]
    W = np.zeros((1, n_hidden, len(importance)))
    W[0, np.arange(len(top)), np.sort(top)] = 1.0
    return W, best_linear_bias(W, density)


def lowest_linear_terms(n_hidden: int, importance: Float[np.ndarray, " feature"]) -> float:
    """The lowest sum of benefit and interference: the sum of all but the n_hidden largest importances.

    Example:
        >>> lowest_linear_terms(2, np.array([0.25, 1.0, 0.5]))
        0.25
    """
    return float(np.sort(np.asarray(importance, np.float64))[: max(0, len(importance) - n_hidden)].sum())


def coherence(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, " run"]:
    """The largest |u_i . u_j| over pairs of different features: the mutual coherence of compressed sensing.

    For unit columns and equal importances it is the maximum norm of the off-diagonal entries of W^T W, and the interference of
    `linear_terms` is the squared Euclidean norm of the same numbers. Features that are not embedded have no direction
    and do not count; zero if fewer than two features count.

    Example:
        >>> round(coherence(np.array([[[1.0, 1.0], [0.0, 1.0]]])).item() ** 2, 9)
        0.5
    """
    alike = np.abs(gram(unit_columns(W))) * (1.0 - np.eye(W.shape[2]))
    return np.minimum(alike.max(axis=(1, 2)), 1.0)


def pair_energy(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, " run"]:
    """Energy of the embedded features as points on a sphere that repel by distance: sum_{i != j} max(0, 1 - d_ij^2 / 2)^2.

    d_ij is the distance of two unit columns; zero columns do not count. The force falls with distance and ends at a right
    angle, d = sqrt(2): a generalised Thomson problem (Thomson's own energy is 1 / d). It equals the ReLU model's 1-sparse
    interference at x_i = 1 when norms are 0 or 1, biases 0 and importances equal, since u_i . u_j = 1 - d_ij^2 / 2.
    Source: Elhage et al. 2022, "Mathematical Understanding".

    Example: three unit features, one pair at 60 degrees, the others at right angles or more.
        >>> c, s = 0.5, 0.75**0.5
        >>> round(pair_energy(np.array([[[1.0, c, -1.0], [0.0, s, 0.0]]])).item(), 9)
        0.5
    """
    units = unit_columns(W)
    embedded = feature_norms(W) > 0
    is_pair = embedded[:, :, None] & embedded[:, None, :] & ~np.eye(W.shape[2], dtype=bool)
    squared_distances = ((units[:, :, :, None] - units[:, :, None, :]) ** 2).sum(axis=1)
    return (np.maximum(0.0, 1.0 - squared_distances / 2) ** 2 * is_pair).sum(axis=(1, 2))
