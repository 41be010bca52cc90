"""Every component of the models that F16 draws, as lists of numbers from which its page draws them one by one.

Not a figure itself: `feature_dimensions` is.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from figures.base import Array, array
from figures.geometry import graphs
from sup.census import Component, joined

LEAST = 0.1
"""A direction is a dimension of a component if the sum of squares along it has at least this share of the largest such sum."""
SPACE = 3
"""Components of up to so many dimensions have coordinates."""
SLACK, TURN = 0.05, 0.95
"""A vertex less than `SLACK` beyond a face lies on it; two faces whose normals have a cosine of at least `TURN` are one."""
PACKED = 48
"""Bits in one number, which JSON and JavaScript keep exactly."""
BINS = 100
"""Bins of the dimensionalities of features that are not represented."""


def inventory(models: np.ndarray, shares: np.ndarray) -> dict[str, Array]:
    """The components of models (level, hidden, feature), whose features have these shares of a dimension (level, feature)."""
    rows, own, pairs, places, vectors, edges = ([np.zeros(0)] for _ in range(6))
    unlearned = []
    for level, W in enumerate(models):
        parts, joins = graphs.parts(W), joined(W)
        places += [_circles(parts).ravel()]
        for part in parts:
            members = list(part.features)
            V = coordinates(W[:, members])
            rows.append(np.array([level, graphs.NAMES.index(part.shape), len(members), len(V)]))
            own.append(shares[level, members])
            pairs.append(_triangle(joins[np.ix_(members, members)]))
            if len(V) <= SPACE:
                vectors.append(V.T.ravel())
                edges.append(_triangle(hull(V)))
        alone = np.ones(W.shape[1], bool)
        alone[[feature for part in parts for feature in part.features]] = False
        unlearned.append(np.bincount(np.minimum(shares[level, alone] * BINS, BINS - 1).astype(int), minlength=BINS))
    whole = "all components, one after the other"
    bits = f"{PACKED} bits a number, lowest first: the pairs 01, 02, ..., 12, ... of features of"
    few = f"{whole}, without those of more than {SPACE} dimensions"
    what = f"components of the drawn models, level by level: row of the level, shape ({graphs.NUMBERS}), features, dimensions"
    return {
        "parts": array(np.concatenate(rows).astype(int).reshape(-1, 4), "instance column", what),
        "part_places": array(_rounded(places).reshape(-1, 3), "instance column", "its circle in the graph: x, y and radius"),
        "part_shares": array(_rounded(own), "point", f"D_i of the features of {whole}"),
        "part_joined": array(_packed(pairs), "point", f"{bits} {whole}, whether they are joined"),
        "part_vectors": array(_rounded(vectors), "coordinate", f"W_i in the main dimensions of its component; {few}"),
        "part_edges": array(_packed(edges), "point", f"{bits} {few}, whether an edge of the convex hull of all W_i joins them"),
        "unlearned": array(unlearned, "level place", f"unrepresented features of the drawn model, by D_i in steps of 1/{BINS}"),
    }


def coordinates(W: np.ndarray) -> np.ndarray:
    """W (hidden, feature) in its own main dimensions, (dimension, feature): the same however the hidden space is turned.

    An axis points along the first feature of which much is left by the axes before it. In three dimensions the axis along which
    there is least comes first, so that an antiprism stands upright.

    Example: an antipodal pair that is bent a little is a line, a right angle is a plane.
        >>> coordinates(np.array([[0.0, 0.1], [1.0, -1.0]])).round(2).tolist()
        [[1.0, -1.0]]
        >>> (coordinates(np.array([[0.0, 3.0], [2.0, 0.0]])).round(9) + 0).tolist()
        [[2.0, 0.0], [0.0, 3.0]]
    """
    values, vectors = np.linalg.eigh(W.T @ W)
    main = values >= LEAST * values[-1]
    flat = np.sqrt(values[main])[:, None] * vectors[:, main].T
    rest, axes = flat, np.zeros((0, len(flat)))
    while len(axes) < len(flat):
        along = rest * [[1.0], [0.0], [0.0]] if (len(flat), len(axes)) == (SPACE, 0) else rest
        lengths = np.linalg.norm(along, axis=0)
        first = int(np.argmax(lengths >= lengths.max() / 2))
        axes = np.vstack([axes, along[:, first] / lengths[first]])
        rest = flat - axes.T @ axes @ flat
    return axes @ flat


def hull(V: np.ndarray) -> np.ndarray:
    """Whether an edge of the convex hull of the columns of V, in up to three dimensions, joins two of them: (feature, feature).

    Faces that are nearly flat have no diagonals.

    Example: a square.
        >>> hull(np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])).astype(int).tolist()
        [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    """
    hidden, count = V.shape
    edges = np.zeros((count, count), bool)
    if hidden == 1:
        edges[np.argmin(V), np.argmax(V)] = count > 1
        return edges | edges.T
    normals = defaultdict(list)
    for corners in combinations(range(count), hidden):
        start = V[:, corners[:1]]
        _, lengths, directions = np.linalg.svd((V[:, corners[1:]] - start).T)
        for normal in (directions[-1], -directions[-1]):
            if lengths[-1] > SLACK and (normal @ (V - start) < SLACK).all():
                for pair in combinations(corners, 2):
                    normals[pair].append(normal)
    for (one, other), beside in normals.items():
        edges[one, other] = hidden == 2 or min(normal @ beside[0] for normal in beside) < TURN
    return edges | edges.T


def _circles(parts: Sequence[Component]) -> np.ndarray:
    """Place and radius (part, 3) of the circles on which `graphs.lay_out` puts the components."""
    ends = np.cumsum([len(part.features) for part in parts])[:-1]
    circles = np.split(graphs.lay_out(parts), ends) if parts else []
    return np.array([[*nodes.mean(axis=0), np.hypot(*(nodes[0] - nodes.mean(axis=0)))] for nodes in circles])


def _triangle(square: np.ndarray) -> np.ndarray:
    """The entries above the diagonal, row by row."""
    return np.asarray(square[np.triu_indices(len(square), 1)])


def _packed(parts: Sequence[np.ndarray]) -> np.ndarray:
    """All bits in a row, in numbers of `PACKED` bits; the last one is filled up with zeros."""
    bits = np.concatenate(parts)
    filled = np.pad(bits, (0, -len(bits) % PACKED)).reshape(-1, PACKED)
    return np.asarray(filled.astype(int) @ (1 << np.arange(PACKED)))


def _rounded(parts: Sequence[np.ndarray]) -> np.ndarray:
    """All numbers in a row, to three digits: as fine as a picture, and equal on every machine."""
    return np.concatenate(parts).round(3) + 0
