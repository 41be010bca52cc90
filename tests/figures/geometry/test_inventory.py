"""The lists from which a page draws components, unpacked again and compared with the models they were made from."""

import numpy as np
import pytest

from figures.geometry import graphs
from figures.geometry.inventory import PACKED, coordinates, hull, inventory
from sup.census import components, joined
from sup.geometry import feature_dimensionality
from sup.polytopes import SHAPES, polygon, simplex, tegum
from tests.figures.models import padded, turned

WHOLE = tegum(simplex(4), SHAPES["square antiprism"], polygon(6), simplex(2), simplex(1))


def listed(*models):
    stacked = np.stack([padded(W, 30) for W in models])
    return {name: one.values for name, one in inventory(stacked, feature_dimensionality(stacked)).items()}


def bits(numbers):
    return (numbers[:, None] >> np.arange(PACKED)) % 2


def test_components_are_listed_level_by_level_in_the_order_of_the_graph():
    found = listed(np.zeros((12, 1)), WHOLE, np.pad(polygon(7), ((0, 10), (0, 0))))
    other = len(graphs.NAMES) - 1
    rows = [[1, 5, 8, 3], [1, other, 6, 2], [1, other, 5, 4], [1, 2, 3, 2], [1, 3, 2, 1], [2, other, 7, 2]]
    assert found["parts"].tolist() == rows
    assert len(found["part_shares"]) == 24 + 7 and len(found["part_vectors"]) == 8 * 3 + 6 * 2 + 3 * 2 + 2 + 7 * 2
    assert found["unlearned"].sum(axis=1).tolist() == [30, 6, 23] and (found["unlearned"][:, 1:] == 0).all()


def test_bits_and_circles_give_back_the_graph():
    found, order = listed(WHOLE), [k for part in graphs.parts(WHOLE) for k in part.features]
    counts, numbers = found["parts"][:, 2], bits(found["part_joined"]).ravel()
    edges, start = np.zeros((24, 24), bool), 0
    for first, count in zip(np.cumsum(counts) - counts, counts, strict=True):
        block = np.triu_indices(count, 1)
        edges[first + block[0], first + block[1]] = numbers[start : start + len(block[0])]
        start += len(block[0])
    assert not numbers[start:].any()
    np.testing.assert_array_equal(edges | edges.T, joined(WHOLE)[np.ix_(order, order)])
    nodes, centres = graphs.graph(WHOLE)["nodes"][:, :2], np.repeat(found["part_places"], counts, axis=0)
    np.testing.assert_allclose(np.hypot(*(nodes - centres[:, :2]).T), centres[:, 2], atol=2e-3)


@pytest.mark.parametrize(("name", "edges"), [("tetrahedron", 6), ("triangle", 3), ("pentagon", 5), ("square antiprism", 16)])
def test_coordinates_keep_products_and_hulls_have_no_diagonals(name, edges):
    W = SHAPES[name] + 0.01 * np.random.default_rng(0).normal(size=SHAPES[name].shape)
    V = coordinates(turned(padded(W, W.shape[1]), 1))
    np.testing.assert_allclose(V.T @ V, W.T @ W, atol=1e-12)
    np.testing.assert_allclose(V, coordinates(turned(W, 2)), atol=1e-9)
    assert hull(V).sum() == 2 * edges and (hull(V) == hull(V).T).all()


def test_a_bipyramid_and_single_features_have_the_edges_of_their_hull():
    assert hull(tegum(simplex(2), simplex(1))).sum() == 2 * 9
    assert not hull(np.ones((1, 1))).any() and hull(np.array([[1.0, -1.0]])).tolist() == [[False, True], [True, False]]


def test_nothing_learned_gives_empty_lists():
    found = listed(np.zeros((3, 4)))
    assert {name: len(one) for name, one in found.items() if name != "unlearned"} == dict.fromkeys(
        ("parts", "part_places", "part_shares", "part_joined", "part_vectors", "part_edges"), 0
    )
    assert components(np.zeros((3, 4))) == ()
