"""A census of shapes: which features of a trained model form a structure together, and which structure that is.

The represented features of a model are the nodes of a graph, with an edge between any two that are not nearly orthogonal.
Its connected components are the factors of a tegum product: subspaces without interference between them. Each component is
named after the ideal shape with the same cosines, if there is one.
Source: Elhage et al. 2022, "The Geometry of Superposition", which draws such graphs but states no thresholds.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from sup.geometry import represented, unit_columns
from sup.polytopes import SHAPES

EDGE = 0.1
"""Least absolute cosine of two joined features."""
TOLERANCE = 0.1
"""Largest difference between a cosine of a component and that of the ideal shape."""
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Component:
    """Features that are joined with each other, directly or through others, and with no further ones.

    Attributes:
        shape: A name of `sup.polytopes.SHAPES`, or "other".
        features: Their indices, in ascending order.
    """

    shape: str
    features: tuple[int, ...]


def joined(W: Float[np.ndarray, "hidden feature"]) -> Bool[np.ndarray, "feature feature"]:
    """Whether two different represented features have an absolute cosine of at least `EDGE`.

    Example:
        >>> joined(np.array([[1.0, -1.0, 0.05], [0.0, 0.0, 0.9]])).tolist()
        [[False, True, False], [True, False, False], [False, False, False]]
    """
    units = unit_columns(W[None])[0] * represented(W[None])[0]
    return np.asarray((np.abs(units.T @ units) >= EDGE) & ~np.eye(W.shape[1], dtype=bool))


def named(units: Float[np.ndarray, "hidden feature"]) -> str:
    """The name of the shape that unit columns form, or "other".

    The columns match an ideal shape when both have the same number of vertices and, at every vertex, the sorted cosines to all
    vertices differ by at most `TOLERANCE` from those of the ideal, whose vertices are all alike. The order of features and the
    orientation do not matter.

    Example:
        >>> from sup.polytopes import polygon
        >>> named(polygon(5)), named(polygon(6))
        ('pentagon', 'other')
    """
    count = units.shape[1]
    rows = np.sort(units.T @ units, axis=1)
    for name, ideal in SHAPES.items():
        if ideal.shape[1] == count and np.abs(rows - np.sort(ideal.T @ ideal[:, 0])).max() <= TOLERANCE:
            return name
    return OTHER


def connected(
    joined: Bool[np.ndarray, "feature feature"], mask: Bool[np.ndarray, " feature"]
) -> list[Int[np.ndarray, " member"]]:
    """Groups of the features in `mask` that are joined, directly or through others; ordered by their first members.

    Example:
        >>> chain = np.array([[False, False, True], [False, False, False], [True, False, False]])
        >>> [group.tolist() for group in connected(chain, np.array([True, True, True]))]
        [[0, 2], [1]]
    """
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(joined, directed=False)
    return [np.flatnonzero(mask & (label == k)) for k in dict.fromkeys(label[mask].tolist())]


def components(W: Float[np.ndarray, "hidden feature"]) -> tuple[Component, ...]:
    """The components of one model, ordered by their first features. A feature that is not represented is in none.

    Example: a digon, and a feature with a dimension of its own.
        >>> [(c.shape, c.features) for c in components(np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.2, 0.9]]))]
        [('digon', (0, 1)), ('dedicated dimension', (3,))]
    """
    is_represented, units = represented(W[None])[0], unit_columns(W[None])[0]
    groups = connected(joined(W), is_represented)
    return tuple(Component(named(units[:, group]), tuple(group.tolist())) for group in groups)
