import numpy as np
import pytest

from figures.base import FIRST_SEED
from figures.computation import asymmetric_model, asymmetric_pairs, asymmetric_sketch
from tests.figures.computation.made import fits, motif, plain, verdicts
from tests.figures.models import nth


def test_the_motif_is_found_in_models_that_have_it():
    data = asymmetric_model.reduce(fits(asymmetric_model, lambda run: motif(run) if run.seed % 5 else plain(run), 60))
    assert verdicts(asymmetric_model, data) == {"C83": "reproduced", "C83-W": "reproduced"}
    assert data.values["models"].value == 48 and data["drawn"] == FIRST_SEED + 1
    assert data.values["strength"].value == pytest.approx(2, abs=1e-5)
    motif_claim, weights_claim = asymmetric_model.CLAIMS
    assert [row["found"] for row in motif_claim.rows(data)] == [
        "80%",
        "80%",
        "80%",
        "30000.00 ± 17296.44",
        "27500.00 ± 17260.26",
        "48 of 48 instances",
        "0 of 48 instances",
        "0 of 48 instances",
    ]
    assert [row["mean"] for row in weights_claim.rows(data)] == ["2.00", "0.50", "0.50"]
    assert data["role"].tolist() == [0] * 8 + [1, 2]
    np.testing.assert_allclose(data["W1"][8, :2], [2.0, -0.5], atol=1e-4)


def test_models_without_the_motif_have_none():
    data = asymmetric_model.reduce(fits(asymmetric_model, plain, 60))
    assert verdicts(asymmetric_model, data) == {"C83": "not reproduced", "C83-W": "undecided"}
    assert [row["found"] for row in asymmetric_model.CLAIMS[0].rows(data)][:3] == ["0%"] * 3
    assert data.values["instances"].value == 0 and asymmetric_model.CLAIMS[1].rows(data)[0]["mean"] == "no instance"


def test_half_of_the_fits_with_the_motif_decide_nothing():
    data = asymmetric_model.reduce(fits(asymmetric_model, lambda run: motif(run) if run.seed % 2 else plain(run), 60))
    assert verdicts(asymmetric_model, data)["C83"] == "undecided"


@pytest.mark.parametrize(
    ("into", "verdict"),
    [
        ((2.0, 0.5), "reproduced"),
        ((2.3, -1 / 2.3), "reproduced"),
        ((3.0, -1 / 3), "not reproduced"),
        ((2.0, -0.8), "not reproduced"),
    ],
)
def test_weights_within_a_quarter_of_the_papers_agree_whatever_their_signs(into, verdict):
    data = asymmetric_model.reduce(fits(asymmetric_model, lambda run: motif(run, into), 8))
    assert data["owner"].size == 8
    assert verdicts(asymmetric_model, data)["C83-W"] == verdict


def test_the_drawn_model_is_the_best_of_those_that_the_paper_describes():
    """Same signs, an inhibitor with a third feature, and, in the worst fits, neither."""
    kinds = [{"into": (2.0, 0.5), "pure": True}, {}, {"pure": True}]
    data = asymmetric_model.reduce(fits(asymmetric_model, lambda run: motif(run, **kinds[nth(run) % 3]), 6))
    assert data["drawn"] == FIRST_SEED + 2
    assert data["described"].tolist() == [False, False, True] * 2 and data["third"].tolist() == [-1, 2, -1] * 2
    assert data.values["described"].value == 2 and data.values["third"].value == 2


def test_the_instances_are_explained_with_their_numbers():
    data = asymmetric_pairs.reduce(fits(asymmetric_pairs, motif, 3))
    np.testing.assert_allclose(data["into"][0], [[2, -0.5, 0], [2, 0, 8]], atol=1e-5)
    np.testing.assert_allclose(data["out"][0], [[0.5, 2, 0], [0, -2, 0.125]], atol=1e-5)
    assert data["features"].tolist() == [[0, 1, 2]]
    pure = asymmetric_pairs.reduce(fits(asymmetric_pairs, lambda run: motif(run, pure=True), 3))
    assert pure["features"].tolist() == [[0, 1, -1]] and (pure["into"][0, :, 2] == 0).all()
    np.testing.assert_allclose(data["response"][0, 0], [[1, 4], [1, 0], [1, 0]], atol=1e-5)
    np.testing.assert_allclose(data["response"][0, 1, :2], [[0.25, 1], [0.25, 1]], atol=1e-5)
    ideal = asymmetric_sketch.reduce({})
    np.testing.assert_allclose(ideal["response"], data["response"][0, :, :2], atol=1e-5)
    assert ideal.values["leak"].value == 4 and ideal.values["stays"].value == 0.25
