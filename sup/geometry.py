"""The geometry of a trained model: how long its feature directions are, and how they share the hidden space.

Column W_i of a model's weights is the direction of feature i in the hidden space, and u_i = W_i / |W_i| its unit vector. Every
measure here depends on W alone, does not change when the hidden space is rotated (W -> O W), and is computed in float64.
Source: Elhage et al. 2022, "Demonstrating Superposition" and "The Geometry of Superposition".
"""

import numpy as np
from jaxtyping import Bool, Float, Float64

REPRESENTED = 0.5
"""Least norm of a represented feature."""
SHARED = 0.5
"""Least superposition score of a shared direction: half way from 0, alone, to 1, fully shared."""


def gram(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature feature"]:
    """W^T W: entry (j, i) is what feature i adds to output j, per unit, before bias and nonlinearity.

    Symmetric, of rank at most `hidden`; a feature that is not embedded has a zero row and column.

    Example:
        >>> gram(np.array([[[1.0, -1.0, 0.0]]])).tolist()
        [[[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]
    """
    wide = np.asarray(W, np.float64)
    return wide.transpose(0, 2, 1) @ wide


def affine(
    W: Float[np.ndarray, "run hidden feature"], b: Float[np.ndarray, "run feature"]
) -> Float64[np.ndarray, "run feature feature+1"]:
    """The map x -> W^T W x + b as one matrix: W^T W with the bias as its last column.

    The paper draws a whole model as this matrix, before the nonlinearity.

    Example:
        >>> affine(np.array([[[1.0, -1.0]]]), np.array([[0.0, 0.5]])).tolist()
        [[[1.0, -1.0, 0.0], [-1.0, 1.0, 0.5]]]
    """
    return np.concatenate([gram(W), np.asarray(b, np.float64)[:, :, None]], axis=2)


def feature_norms(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature"]:
    """|W_i|: about 1 for a feature that the model represents fully, 0 for one that it ignores.

    Example:
        >>> feature_norms(np.array([[[3.0, 0.0], [4.0, 0.0]]])).tolist()
        [[5.0, 0.0]]
    """
    wide = np.asarray(W, np.float64)
    return np.sqrt((wide * wide).sum(axis=1))


def represented(W: Float[np.ndarray, "run hidden feature"]) -> Bool[np.ndarray, "run feature"]:
    """Whether a feature is represented: its norm is at least one half.

    Example:
        >>> represented(np.array([[[0.5, -0.4, 0.0]]])).tolist()
        [[True, False, False]]
    """
    return feature_norms(W) >= REPRESENTED


def unit_columns(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run hidden feature"]:
    """u_i = W_i / |W_i|, the direction of each feature; zero where W_i is zero and has no direction.

    Example:
        >>> unit_columns(np.array([[[3.0, 0.0], [4.0, 0.0]]])).tolist()
        [[[0.6, 0.0], [0.8, 0.0]]]
    """
    norms = feature_norms(W)[:, None, :]
    return np.divide(np.asarray(W, np.float64), norms, out=np.zeros(W.shape), where=norms > 0)


def _squared_projections(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature feature"]:
    """(u_i . W_j)^2 in row i and column j: how much of feature j's direction lies along that of feature i."""
    return (unit_columns(W).transpose(0, 2, 1) @ np.asarray(W, np.float64)) ** 2


def superposition_score(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature"]:
    """How much the other features lie along feature i: sum over j != i of (u_i . W_j)^2.

    Zero for a feature orthogonal to all others. At 1 or more, the others together can activate its direction as strongly as it
    does itself. Zero also for a feature that is not embedded (W_i = 0): it has no direction to share.
    Source: Elhage et al. 2022, "Demonstrating Superposition", where it colours the bars.

    Example: back to back on a line, each of two features is fully shared.
        >>> superposition_score(np.array([[[1.0, -1.0]]])).tolist()
        [[1.0, 1.0]]
    """
    others = 1.0 - np.eye(W.shape[2])
    return (_squared_projections(W) * others).sum(axis=2)


def superposed(W: Float[np.ndarray, "run hidden feature"]) -> Bool[np.ndarray, "run feature"]:
    """Whether a feature is in superposition: it is represented, and its superposition score is at least 1/2.

    A represented feature that is not in superposition is dedicated: it has its dimension nearly to itself.

    Example: a pair back to back, and a feature with a dimension of its own.
        >>> superposed(np.array([[[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]])).tolist()
        [[True, True, False]]
    """
    return np.logical_and(represented(W), superposition_score(W) >= SHARED)


def feature_dimensionality(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature"]:
    """The share of one hidden dimension that feature i has to itself: D_i = |W_i|^2 / sum over j (u_i . W_j)^2.

    The sum includes j = i, so D_i lies between 0 and 1: 1 for a dedicated dimension, 1/2 in an antipodal pair, 2/5 in a
    regular pentagon, and 0 for a feature that is not embedded. The D_i of a model add up to at most the rank of W.
    Source: Elhage et al. 2022, "The Geometry of Superposition".

    Example: two features back to back on a line have half of it each.
        >>> feature_dimensionality(np.array([[[1.0, -1.0]]])).tolist()
        [[0.5, 0.5]]
    """
    shared = _squared_projections(W).sum(axis=2)
    return np.divide(feature_norms(W) ** 2, shared, out=np.zeros_like(shared), where=shared > 0)


def leverage_scores(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature"]:
    """The largest share of one hidden dimension that any direction gives to feature i: max over x of (W_i.x)^2 / sum_j (W_j.x)^2.

    It equals W_i^T (W W^T)^+ W_i and lies between 0 and 1; the scores of a model add up to the rank of W. D_i is the same ratio
    at x = W_i, so it is never larger; the two are equal for all features when sum_j W_j W_j^T is a multiple of the identity.
    Zero where W_i is zero. Source: Zhang's comment on Elhage et al. 2022; the name is that of regression on the columns.

    Example: a long feature has its direction almost to itself.
        >>> leverage_scores(np.array([[[3.0, -1.0]]])).round(3).tolist()
        [[0.9, 0.1]]
    """
    _, values, directions = np.linalg.svd(np.asarray(W, np.float64), full_matrices=False)
    nonzero = values > values.max(axis=1, keepdims=True, initial=0) * max(W.shape[1:]) * np.finfo(np.float64).eps
    return (directions**2 * nonzero[:, :, None]).sum(axis=1)


def dimensions_per_feature(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, " run"]:
    """D* = m / |W|_F^2: hidden dimensions per represented feature, since |W|_F^2 is about the number of represented features.

    Infinite for a model with W = 0, which represents no feature.
    Source: Elhage et al. 2022, "The Geometry of Superposition".

    Example: two unit features on one line.
        >>> dimensions_per_feature(np.array([[[1.0, -1.0]]])).tolist()
        [0.5]
    """
    squares = (feature_norms(W) ** 2).sum(axis=1)
    return np.divide(float(W.shape[1]), squares, out=np.full_like(squares, np.inf), where=squares > 0)
