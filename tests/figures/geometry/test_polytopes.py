"""The figures about polytopes, the drawing of solids, and the layout of graphs."""

import numpy as np
import pytest

from figures.base import Size, judge
from figures.geometry import graphs, polytope_matrices, tegum_products
from figures.shared.solids import hull_edges, projected
from figures.shared.strokes import SHEET
from figures.style import THEMES
from sup.polytopes import SHAPES, embed, polygon, simplex, tegum
from tests.figures.models import changed, circle, padded, trained, turned
from tests.figures.pictures import assert_legible, assert_readable

BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
DIGON_AND_ONE = circle(0, 145, 215)


@pytest.fixture(scope="module")
def solids():
    return tegum_products.reduce({})


def matrices(weights, losses=None):
    sweep = polytope_matrices.needs(Size(steps=1, seeds=1))["three"]
    return polytope_matrices.reduce({"three": trained(sweep, lambda run: turned(weights(run), run.seed), losses=losses)})


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def test_claims_hold_for_ideal_shapes(solids):
    assert verdicts(tegum_products, solids) == {"C35": "reproduced", "C36": "reproduced"}
    data = matrices(lambda run: circle(0, 120, 240))
    assert verdicts(polytope_matrices, data) == dict.fromkeys(("C40", "C41", "C42", "C43"), "reproduced")


@pytest.mark.parametrize(
    ("claim", "array", "change"),
    [
        ("C35", "thomson_5", lambda a: a.fill(3 / 5)),
        ("C35", "thomson_7", lambda a: a.fill(3 / 7)),
        ("C36", "apart", lambda a: a.__setitem__(3, False)),
        ("C36", "together", lambda a: a.__setitem__(3, False)),
        ("C40", "recovered", lambda a: a.__setitem__(3, np.inf)),
        ("C42", "simplex", lambda a: a.__setitem__(3, 0.1)),
        ("C43", "square", lambda a: a.__setitem__(1, 0.1)),
    ],
)
def test_each_exact_statement_can_fail(solids, claim, array, change):
    module, data = (tegum_products, solids) if array in solids.arrays else (polytope_matrices, matrices(lambda run: simplex(2)))
    numbers = data[array].copy()
    change(numbers)
    found = verdicts(module, changed(data, **{array: numbers}))
    assert [id for id, verdict in found.items() if verdict != "reproduced"] == [claim]


def test_the_claim_about_triangles_rests_on_the_exact_loss_and_lists_the_models():
    data = matrices(lambda run: simplex(2) if run.seed % 5 == 0 else DIGON_AND_ONE)
    assert verdicts(polytope_matrices, data)["C41"] == "reproduced"
    row = polytope_matrices.CLAIMS[1].rows(data)[polytope_matrices.EXACT.index(polytope_matrices.TRIANGLES)]
    assert (row["triangles, single models"], row["best of five"]) == ("40 of 200", "40 of 40")
    assert verdicts(polytope_matrices, changed(data, exact=data["exact"][:, ::-1]))["C41"] == "not reproduced"
    nowhere = np.where(np.arange(2) == 0, np.inf, data["exact"])
    assert verdicts(polytope_matrices, changed(data, exact=nowhere))["C41"] == "not reproduced"


def test_thomsons_points_have_the_lowest_known_energies():
    """Of five and seven points: 6.474691495 and 14.452977414 (Thomson problem, known solutions)."""
    for count, energy in ((5, 6.474691495), (7, 14.452977414)):
        points = tegum_products.thomson(count)
        pairs = [np.linalg.norm(points[:, i] - points[:, j]) for i in range(count) for j in range(i)]
        assert sum(1 / distance for distance in pairs) == pytest.approx(energy, abs=1e-8)


def test_rows_show_what_the_products_send_to_zero():
    data = matrices(lambda run: simplex(2))
    for k, expected in enumerate(([[1, 1, 1]], [[1, 0, 1, 0], [0, 1, 0, 1]], [[1, 1, 1, 1]])):
        np.testing.assert_allclose(data[f"null_{k}"], expected, atol=1e-9)
        np.testing.assert_allclose(data[f"products_{k}"] @ data[f"null_{k}"].T, 0, atol=1e-9)


def test_solids_have_the_right_edges():
    assert [len(hull_edges(tegum(*factors))) for _, _, factors in tegum_products.SOLIDS] == [9, 15, 12]
    octahedron = {tuple(edge) for edge in hull_edges(tegum(simplex(1), simplex(1), simplex(1))).tolist()}
    assert not octahedron & {(0, 1), (2, 3), (4, 5)}, "opposite corners share no edge"


def test_a_view_turns_and_keeps_lengths():
    W = np.random.default_rng(0).normal(size=(3, 7))
    np.testing.assert_allclose(np.linalg.norm(projected(W), axis=1), np.linalg.norm(W, axis=0))
    np.testing.assert_allclose(projected(W) @ projected(W).T, W.T @ W)
    np.testing.assert_array_equal(projected(polygon(4))[:, :2], polygon(4).T)


def test_graphs_list_represented_features_with_their_shape_and_their_products():
    W = padded(tegum(simplex(1), SHAPES["pentagon"], np.ones((1, 1))), 12)
    assert graphs.shape_numbers(W).tolist() == [3, 3, 4, 4, 4, 4, 4, 0, -1, -1, -1, -1]
    found = graphs.graph(W)
    assert found["nodes"][:, 2].tolist() == [4] * 5 + [3] * 2 + [0]
    assert len(found["edges"]) == 10 + 1
    assert sorted(found["edges"][:, 2])[-1] == pytest.approx(1)
    assert {tuple(edge) for edge in found["edges"][:, :2].tolist() if edge[0] >= 5} == {(5, 6)}


def test_nodes_lie_apart_in_the_square_whatever_the_order_of_features():
    rng = np.random.default_rng(0)
    for parts in ([simplex(1)] * 30, [polygon(9)], [simplex(3)] * 7 + [np.ones((1, 1))], [polygon(5), simplex(1)] * 3):
        W = tegum(*parts)
        places = graphs.graph(W)["nodes"][:, :2]
        assert (places >= 0).all() and (places <= 1).all()
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places))
        assert gaps.min() > 0.3 / np.sqrt(len(places))
        order = rng.permutation(W.shape[1])
        np.testing.assert_array_equal(graphs.graph(W[:, order])["nodes"][:, 2], graphs.graph(W)["nodes"][:, 2])


def test_a_model_that_represents_nothing_has_an_empty_graph():
    found = graphs.graph(np.zeros((2, 3)))
    assert found["nodes"].shape == found["edges"].shape == (0, 3)


@BY_THEME
def test_words_are_inside_apart_and_legible(solids, theme):
    for module, data in ((tegum_products, solids), (polytope_matrices, matrices(lambda run: embed(1.5 * np.eye(3) - 0.5)))):
        fig = module.draw(data, theme)
        assert_readable(fig)
        assert_legible(fig, theme)
        assert fig.get_size_inches()[0] * 72 == pytest.approx(SHEET)
