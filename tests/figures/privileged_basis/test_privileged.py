import numpy as np
import pytest

from figures.base import Size, judge
from figures.privileged_basis import best_codes, hidden_bias, privileged_codes, privileged_matrices, reading_stacks
from figures.privileged_basis.privileged import DENSITIES
from figures.privileged_basis.rows_of_codes import ROWS
from figures.style import THEMES
from sup.codes import code_name
from sup.specs import geometric
from sup.statistics import best_of_groups
from tests.figures.models import changed, trained
from tests.figures.pictures import assert_legible, assert_readable, assert_same_bytes
from tests.sup.test_codes import PAPER

BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
REGIME = dict(zip(DENSITIES, (0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 4, 5, 5), strict=True))
"""The row of the paper's figure to which each density belongs."""


@pytest.fixture(autouse=True)
def fewer_samples(monkeypatch):
    """Also groups of four fits: forty fits make ten groups."""
    monkeypatch.setattr(best_codes, "SAMPLES", 2**13)
    monkeypatch.setattr(best_codes, "GROUP", 4)


def ideal(run, regime=REGIME):
    """The paper's code at a run's density, ten features wide; the same weights turned at random in a linear hidden layer."""
    code = PAPER[list(PAPER)[regime[run.distribution.density]]]
    W = 0.8 * np.concatenate([code, np.zeros((5, 10 - code.shape[1]))], axis=1)
    if run.model == "relu-hidden":
        return W[np.random.default_rng(run.seed).permutation(5)]
    turn, _ = np.linalg.qr(np.random.default_rng(run.seed).normal(size=(5, 5)))
    return turn @ W


def codes(weights=ideal, seeds=40, losses=None):
    sweep = privileged_codes.needs(Size(steps=1, seeds=seeds))["relu"]
    return privileged_codes.reduce({"relu": trained(sweep, weights, losses=losses)})


def matrices(weights=ideal, seeds=6):
    sweeps = privileged_matrices.needs(Size(steps=1, seeds=seeds))
    return privileged_matrices.reduce({name: trained(sweep, weights) for name, sweep in sweeps.items()})


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def test_both_figures_need_the_same_fits_once():
    ours, theirs = (module.needs(Size(steps=9, seeds=3))["relu"] for module in (privileged_matrices, privileged_codes))
    assert ours.spec_digest == theirs.spec_digest
    run = ours.runs[0]
    assert (run.model, run.n_features, run.n_hidden, run.recipe.steps) == ("relu-hidden", 10, 5, 9)
    assert run.importance == pytest.approx(0.75 ** np.arange(10))
    assert len(privileged_matrices.needs(Size(steps=9, seeds=400))["linear"].runs) == 3 * privileged_matrices.LINEAR_FITS


@pytest.mark.parametrize(("fits", "best"), [(4, [3]), (6, [5]), (7, [5]), (12, [5, 11])])
def test_the_best_of_groups_is_the_lowest_loss_of_each(fits, best):
    assert best_of_groups(-np.arange(fits), 6).tolist() == best


ALL = ("C72", "C73", "C74", "C74-C", "C75")


def test_claims_hold_for_the_papers_codes():
    assert verdicts(privileged_codes, codes()) == dict.fromkeys(ALL, "reproduced")
    assert verdicts(privileged_matrices, matrices()) == {"C70": "reproduced", "C71": "reproduced"}


@pytest.mark.parametrize(
    ("regimes", "failing", "undecided"),
    [
        ((0,) * 14, {"C72", "C73", "C74", "C74-C"}, {"C75"}),  # neurons of one feature throughout: no range of shared neurons
        ((5,) * 14, {"C72", "C73", "C74", "C74-C"}, set()),  # and of several throughout
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5), {"C73", "C74", "C74-C"}, set()),  # at once
        ((0, 5) * 7, {"C73", "C74", "C74-C", "C75"}, set()),  # back and forth
    ],
)
def test_claims_fail_on_other_codes(regimes, failing, undecided):
    regime = dict(zip(DENSITIES, regimes, strict=True))
    found = verdicts(privileged_codes, codes(lambda run: ideal(run, regime)))
    assert {claim for claim, verdict in found.items() if verdict == "not reproduced"} == failing
    assert {claim for claim, verdict in found.items() if verdict == "undecided"} == undecided


def test_another_code_at_one_density_differs_and_is_no_model_of_both_kinds():
    """At density 0.12 a hub of four, with eight features and no neuron of one feature, in place of the paper's code."""
    found = verdicts(privileged_codes, codes(lambda run: ideal(run, {**REGIME, 0.12: 4})))
    assert found == {**dict.fromkeys(ALL, "reproduced"), "C73": "not reproduced", "C74-C": "differs"}


def test_the_drawn_models_are_among_the_best_ones_of_all_densities():
    data = codes()
    np.testing.assert_array_equal(data["W"], data["best_W"][[DENSITIES.index(density) for density in ROWS]])
    assert data["best_b"].shape == (len(DENSITIES), 10)


def test_three_groups_decide_nothing_about_shares():
    found = verdicts(privileged_codes, codes(seeds=12))
    assert {claim for claim, verdict in found.items() if verdict == "undecided"} == {"C72", "C73", "C74", "C74-C"}


def test_models_that_are_as_mixed_with_a_relu_as_without_it_are_not_aligned():
    def turned(run):
        rng = np.random.default_rng(run.seed)
        return rng.normal(size=(5, 10))

    assert verdicts(privileged_matrices, matrices(turned)) == {"C70": "reproduced", "C71": "not reproduced"}


def test_verdicts_rest_on_the_best_fits_of_groups():
    """Three of four fits are dead, but the best of each group is the paper's."""
    data = codes(lambda run: ideal(run) if run.seed % 4 == 0 else np.zeros((5, 10)), losses=lambda run: run.seed % 4)
    assert verdicts(privileged_codes, data)["C74"] == "reproduced"
    claim = next(claim for claim in privileged_codes.CLAIMS if claim.id == "C74-C")
    assert claim.measure(data).models == 6 * 40
    row = claim.rows(data)[4]
    assert row["best of 4 with the paper's code"] == "10 of 10"
    assert row["best of all fits"] == "8 features: hub of 4"
    assert row["the paper's code costs more by"] == "it is the best"


def test_close_codes_are_compared_on_many_samples():
    """Of two codes whose final losses are within 3 %, the one that is better on many samples is the best, not the other."""

    def weights(run):
        W = np.eye(5, 10) if run.seed % 2 else np.eye(5, 10) * (np.arange(10) < 4)  # five dedicated, or four
        return W.astype(float)

    def best(gap):
        data = codes(weights, seeds=40, losses=lambda run: 1 + gap * (run.seed % 2))
        return data["alone"].tolist(), data["group_alone"].tolist(), data

    alone, group_alone, data = best(0.02)
    assert alone == [5] * 14 and group_alone == [[5] * 10] * 14
    assert data["excess"][0] == 0 and np.isnan(data["excess"][1:]).all()
    alone, group_alone, data = best(0.5)  # too far off to be the best, but compared, since it is a code of the paper
    assert group_alone == [[4] * 10] * 14


def test_losses_on_many_samples_are_those_of_a_loop_over_samples(monkeypatch):
    monkeypatch.setattr(best_codes, "SAMPLES", 2**11)
    monkeypatch.setattr(best_codes, "CHUNK", 2**10)
    rng = np.random.default_rng(0)
    W, b, density = rng.normal(size=(3, 5, 10)), rng.normal(size=(3, 10)), 0.2
    mean, covariance = best_codes.many_losses(W, b, density)
    drawn = np.random.default_rng(best_codes.SEED).random((2**11, 10))
    x = np.where(drawn < density, drawn / density, 0.0)
    importance = np.array(geometric(0.75, 10))
    loops = []
    for w, c in zip(W, b, strict=True):
        out = [np.maximum(w.T @ np.maximum(w @ one, 0) + c, 0) for one in x]
        loops.append([float(importance @ (one - o) ** 2) / 10 for one, o in zip(x, out, strict=True)])
    np.testing.assert_allclose(mean, np.mean(loops, axis=1), rtol=1e-10)
    np.testing.assert_allclose(covariance, np.cov(loops, bias=True) / 2**11, rtol=1e-8)


def test_boundaries_are_where_losses_cross():
    """Losses of two codes as powers of the density that are equal at 0.45."""
    p = np.array(DENSITIES)
    losses = np.stack([1 / p**2, 1 / (0.45 * p)])
    assert best_codes.crossing(losses) == pytest.approx(0.45, rel=1e-6)
    assert np.isnan(best_codes.crossing(np.stack([losses[0], np.full(14, np.nan)]))), "the second code was never found"
    assert np.isnan(best_codes.crossing(losses[::-1])), "in the other order they do not cross"


@BY_THEME
def test_pictures_are_readable_whatever_was_learned(theme):
    for weights in (lambda run: np.zeros((5, 10)), lambda run: np.random.default_rng(run.seed).normal(size=(5, 10)) * 3):
        for module, data in ((privileged_codes, codes(weights, seeds=1)), (privileged_matrices, matrices(weights, seeds=1))):
            drawn = module.draw(data, theme)
            assert_readable(drawn)
            assert_legible(drawn, theme)


def test_drawing_twice_gives_the_same_bytes():
    assert_same_bytes(privileged_codes.draw, codes(seeds=1), THEMES[0])
    assert_same_bytes(privileged_matrices.draw, matrices(seeds=1), THEMES[0])


def test_the_picture_says_what_the_data_say():
    def words(data):
        return [text.get_text() for text in privileged_codes.draw(data, THEMES[0]).axes[0].texts]

    said = words(codes(seeds=2))
    assert "density 0.06: 8 features" in said and "hub of 4" in said
    assert said.count("as in the paper") == 6
    other = words(codes(lambda run: np.zeros((5, 10)), seeds=2))
    assert "as in the paper" not in other and "paper: hub of 4" in other


@BY_THEME
def test_the_stack_plot_is_the_matrix(theme):
    data = reading_stacks.reduce({})
    drawn = reading_stacks.draw(data, theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)
    heights = [path.get_extents().height for axes in drawn.axes for c in axes.collections for path in c.get_paths()]
    assert sorted(heights) == pytest.approx(sorted(np.abs(data["W"][data["W"] != 0])))
    assert data["words"].tolist() == [1, 2, 2]


@pytest.fixture(scope="module")
def biased():
    return hidden_bias.reduce({})


def test_a_hidden_bias_is_used_to_get_rid_of_the_relu(biased):
    assert verdicts(hidden_bias, biased) == {"C76": "reproduced"}
    assert biased["identity"].max() < 1e-12
    assert biased.values["gain"].value > 1.5
    half = np.array([0.0, 0.3] * 5)
    assert verdicts(hidden_bias, changed(biased, off_many=half)) == {"C76": "undecided"}


@pytest.mark.parametrize("numbers", [{"bias_free": -np.ones(10)}, {"off_free": np.full(10, 0.3)}, {"off_many": np.full(10, 0.3)}])
def test_the_claim_fails_without_a_positive_bias_or_with_neurons_that_are_off(biased, numbers):
    assert verdicts(hidden_bias, changed(biased, **numbers)) == {"C76": "not reproduced"}


@BY_THEME
def test_the_picture_of_the_hidden_bias(biased, theme):
    assert_readable(hidden_bias.draw(biased, theme))
    assert_legible(hidden_bias.draw(biased, theme), theme)


def test_names_in_the_picture_are_those_of_the_codes():
    assert [code_name(code) for code in PAPER.values()] == list(privileged_codes.PAPER)
