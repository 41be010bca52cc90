import numpy as np
import pytest

from figures.base import Size, judge
from figures.privileged_basis import hidden_bias, privileged_codes, privileged_matrices, reading_stacks
from figures.privileged_basis.privileged import DENSITIES
from figures.style import THEMES
from sup.codes import code_name
from sup.statistics import best_of_groups
from tests.figures.models import changed, trained
from tests.figures.pictures import assert_legible, assert_readable, assert_same_bytes
from tests.sup.test_codes import PAPER

BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
REGIME = dict(zip(DENSITIES, (0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 4, 5, 5), strict=True))
"""The row of the paper's figure to which each density belongs."""


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


def test_claims_hold_for_the_papers_codes():
    assert verdicts(privileged_codes, codes()) == dict.fromkeys(("C72", "C73", "C74", "C75"), "reproduced")
    assert verdicts(privileged_matrices, matrices()) == {"C70": "reproduced", "C71": "reproduced"}


@pytest.mark.parametrize(
    ("regimes", "failing"),
    [
        ((0,) * 14, {"C72", "C73", "C74"}),  # neurons of one feature throughout
        ((5,) * 14, {"C72", "C73", "C74"}),  # and of several throughout
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5), {"C73", "C74"}),  # at once
        ((0, 5) * 7, {"C73", "C74", "C75"}),  # back and forth
    ],
)
def test_claims_fail_on_other_codes(regimes, failing):
    regime = dict(zip(DENSITIES, regimes, strict=True))
    found = verdicts(privileged_codes, codes(lambda run: ideal(run, regime)))
    assert {claim for claim, verdict in found.items() if verdict != "reproduced"} == failing
    assert {found[claim] for claim in failing} == {"not reproduced"}


def test_models_that_are_as_mixed_with_a_relu_as_without_it_are_not_aligned():
    def turned(run):
        rng = np.random.default_rng(run.seed)
        return rng.normal(size=(5, 10))

    assert verdicts(privileged_matrices, matrices(turned)) == {"C70": "reproduced", "C71": "not reproduced"}


def test_verdicts_rest_on_the_best_fits_of_groups():
    """Three of four fits are dead, but the best of each group is the paper's."""
    data = codes(lambda run: ideal(run) if run.seed % 4 == 0 else np.zeros((5, 10)), losses=lambda run: run.seed % 4)
    assert verdicts(privileged_codes, data)["C74"] == "reproduced"
    c74 = next(claim for claim in privileged_codes.CLAIMS if claim.id == "C74")
    assert c74.measure(data).models == 6 * 40
    assert c74.rows(data)[4]["best of 20 with the paper's code"] == "2 of 2"
    assert c74.rows(data)[4]["best of all fits"] == "8 features: hub of 4"


def test_boundaries_are_where_losses_cross():
    """Losses of the first two codes as powers of the density that are equal at 0.45."""

    def weights(run):
        return ideal(run, dict.fromkeys(DENSITIES, run.seed % 2))

    def loss(run):
        p = run.distribution.density
        return 0.45 * p if run.seed % 2 else p**2

    least = codes(weights, seeds=4, losses=lambda run: 1 / loss(run))["least"]
    assert privileged_codes.crossing(least[:2]) == pytest.approx(0.45, rel=1e-6)
    assert np.isnan(privileged_codes.crossing(least[1:3])), "the third code was never found"
    assert np.isnan(privileged_codes.crossing(least[1::-1])), "in the other order nothing turns"


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
    assert "as in the paper" not in words(codes(lambda run: np.zeros((5, 10)), seeds=2))


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
    assert (biased["off_many"] < 0.02).all()


@pytest.mark.parametrize("numbers", [{"bias_free": -np.ones(6)}, {"off_free": np.full(6, 0.3)}])
def test_the_claim_fails_without_a_positive_bias_or_with_neurons_that_are_off(biased, numbers):
    assert verdicts(hidden_bias, changed(biased, **numbers)) == {"C76": "not reproduced"}


@BY_THEME
def test_the_picture_of_the_hidden_bias(biased, theme):
    assert_readable(hidden_bias.draw(biased, theme))
    assert_legible(hidden_bias.draw(biased, theme), theme)


def test_names_in_the_picture_are_those_of_the_codes():
    assert [code_name(code) for code in PAPER.values()] == list(privileged_codes.PAPER)
