"""Polytopes whose vertices are feature directions: coordinates from products, ideal shapes, and tegum products.

A shape is an array W (hidden feature) of unit columns, like the weights of one model. What a model computes depends on the
products W^T W alone, a positive semidefinite matrix of rank at most `hidden`; so does the shape, up to rotation.
Source: Elhage et al. 2022, "The Geometry of Superposition". Everything is float64.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float64

from sup.errors import SpecError

_ROUNDING = 1e-9


def embed(products: Float[np.ndarray, "feature feature"]) -> Float64[np.ndarray, "hidden feature"]:
    """W with W^T W = products, in as few dimensions as possible: the Cholesky factor without its empty rows.

    Feature 0 lies on the first axis, feature 1 in the plane of the first two, and so on, so the orientation is always the same.

    Raises:
        SpecError: if `products` is not symmetric or not positive semidefinite.

    Example: three directions at 120 degrees fit into a plane.
        >>> embed(1.5 * np.eye(3) - 0.5).round(3).tolist()
        [[1.0, -0.5, -0.5], [0.0, 0.866, -0.866]]
    """
    rest = np.array(products, np.float64)
    rows = []
    for i in range(len(rest)):
        if rest[i, i] > _ROUNDING:
            rows.append(rest[i] / np.sqrt(rest[i, i]))
            rest -= np.outer(rows[-1], rows[-1])
    if not np.allclose(rest, 0, atol=_ROUNDING):
        least = np.linalg.eigvalsh((rest + rest.T) / 2)[0]
        raise SpecError(
            "products is the matrix W^T W of some W, so it is symmetric and none of its eigenvalues is below 0; "
            f"got {np.shape(products)} with {least:.3g} left over. Pass W.T @ W."
        )
    return np.array(rows).reshape(-1, len(rest))


def simplex(dimensions: int) -> Float64[np.ndarray, "hidden feature"]:
    """The regular simplex: dimensions + 1 unit vectors, any two with the product -1 / dimensions.

    A digon in one dimension, a triangle in two, a tetrahedron in three. Each feature has k / (k + 1) of a dimension.

    Example:
        >>> simplex(1).tolist()
        [[1.0, -1.0]]
    """
    count = dimensions + 1
    return embed((count * np.eye(count) - 1.0) / dimensions)


def polygon(count: int) -> Float64[np.ndarray, "hidden feature"]:
    """The regular polygon: `count` unit vectors at equal angles in a plane, each with 2 / count of a dimension.

    Example:
        >>> (polygon(4).round(9) + 0).tolist()
        [[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]]
    """
    angles = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)])


def square_antiprism() -> Float64[np.ndarray, "hidden feature"]:
    """Two squares in parallel planes, turned by 45 degrees against each other, at the height 1 / sqrt(3).

    At this height the eight unit vectors W_j are spread evenly over three dimensions, sum_j W_j W_j^T = (8/3) I, so that each
    feature has 3/8 of a dimension. (The antiprism with equal edges and that of Thomson's problem differ a little in height.)

    Example:
        >>> W = square_antiprism()
        >>> (W @ W.T).round(9).tolist() == (8 / 3 * np.eye(3)).round(9).tolist()
        True
    """
    angles = 2 * np.pi * np.arange(8) / 8
    height = np.where(np.arange(8) % 2, -1.0, 1.0) / np.sqrt(3)
    return np.stack([np.sqrt(2 / 3) * np.cos(angles), np.sqrt(2 / 3) * np.sin(angles), height])


def tegum(*shapes: Float[np.ndarray, "_ _"]) -> Float64[np.ndarray, "hidden feature"]:
    """The tegum product: each shape in dimensions of its own, all around one centre.

    Features of different shapes are orthogonal, so each keeps the share of a dimension that it has alone.

    Example: two digons make a square.
        >>> tegum(simplex(1), simplex(1)).tolist()
        [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    """
    from scipy.linalg import block_diag

    return block_diag(*shapes)


SHAPES: Mapping[str, Float64[np.ndarray, "hidden feature"]] = MappingProxyType(
    {
        "dedicated dimension": np.ones((1, 1)),
        "tetrahedron": simplex(3),
        "triangle": simplex(2),
        "digon": simplex(1),
        "pentagon": polygon(5),
        "square antiprism": square_antiprism(),
    }
)
"""The shapes that the paper names, from the largest share of a dimension to the smallest."""
SHARES: Mapping[str, float] = MappingProxyType({name: W.shape[0] / W.shape[1] for name, W in SHAPES.items()})
"""Dimensions per feature of each shape: 1, 3/4, 2/3, 1/2, 2/5, 3/8. It is the D_i of every feature, as the vectors lie evenly."""
