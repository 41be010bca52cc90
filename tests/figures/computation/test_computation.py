import numpy as np
import pytest

from figures.base import Size
from figures.computation import (
    absolute,
    absolute_large,
    absolute_small,
    absolute_zoom,
    asymmetric_model,
    asymmetric_pairs,
    asymmetric_sketch,
    computation_sketch,
    reading_graphs,
)
from figures.computation.absolute_large import DENSITIES
from figures.style import THEMES
from sup.baseline import constant_loss
from tests.figures.computation.made import both_sides, fits, ladder, motif, plain, settled, verdicts
from tests.figures.models import changed
from tests.figures.pictures import assert_legible, assert_readable, assert_same_bytes

BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
SKETCHES = (computation_sketch, reading_graphs, asymmetric_sketch)


def test_neurons_are_rescaled_without_changing_the_model():
    rng = np.random.default_rng(0)
    W1, W2, x = rng.normal(size=(6, 4)), rng.normal(size=(4, 6)), rng.normal(size=(4, 50))
    for balanced in (False, True):
        into, out = absolute.rescaled(W1, W2, balanced=balanced)
        np.testing.assert_allclose(out.T @ np.maximum(into @ x, 0), W2 @ np.maximum(W1 @ x, 0), atol=1e-12)
        np.testing.assert_allclose(np.abs(into).max(axis=1), np.abs(out).max(axis=1) if balanced else 1.0)
    dead = absolute.rescaled(np.zeros((2, 3)), np.zeros((3, 2)), balanced=True)
    assert (dead[0] == 0).all() and (dead[1] == 0).all()


def test_figures_that_show_the_same_models_train_them_once():
    size = Size(steps=9, seeds=3)
    for one, two in ((absolute_large, absolute_zoom), (asymmetric_model, asymmetric_pairs)):
        assert one.needs(size)["fits"].spec_digest == two.needs(size)["fits"].spec_digest
    run = absolute_large.needs(size)["fits"].runs[0]
    assert (run.model, run.n_features, run.n_hidden, run.distribution.low) == ("absolute", 100, 40, -1.0)
    assert run.importance == pytest.approx(0.8 ** np.arange(100))


def test_the_exact_solution_is_recognised_at_any_scale():
    data = absolute_small.reduce(fits(absolute_small, plain, 30))
    assert verdicts(absolute_small, data) == {"C77": "reproduced", "C78": "reproduced"}
    assert data.values["exact"].value == 30
    np.testing.assert_allclose(data["W1"], np.kron(np.eye(3), [[1], [-1]]), atol=1e-4)


@pytest.mark.parametrize("spoil", [(0, 0, 1.2), (0, 1, 0.3), (1, 0, 0.0)])
def test_a_nearly_exact_solution_does_not_count(spoil):
    def weights(run):
        W1, W2 = both_sides(3, 6, 3)
        W1[spoil[:2]] = spoil[2]
        return W1, W2

    data = absolute_small.reduce(fits(absolute_small, weights, 30))
    assert verdicts(absolute_small, data) == {"C77": "not reproduced", "C78": "reproduced"}


def test_only_the_best_of_five_counts():
    def weights(run):
        return plain(run) if run.seed % 5 == 3 else both_sides(3, 6, 2)

    data = absolute_small.reduce(fits(absolute_small, weights, 20, losses=lambda run: run.seed % 5 != 3))
    assert data["best"].tolist() == [True] * 4 and data["exact"].sum() == 4
    claim = absolute_small.CLAIMS[0]
    assert claim.measure(data).models == 20
    assert [row["exact"] for row in claim.rows(data)] == ["4", "4", "2", "2"]


@pytest.fixture(scope="module")
def large():
    return absolute_large.reduce(fits(absolute_large, ladder, 3, losses=settled))


def test_claims_of_the_large_figure_hold_for_a_ladder(large):
    assert verdicts(absolute_large, large) == dict.fromkeys(("C79", "C80", "C82"), "reproduced")
    assert [row["neurons of one feature"] for row in absolute_large.CLAIMS[0].rows(large)] == "40 40 30 20 10 0 0".split()
    assert large["sides"][0].tolist() == [20, 20, 20]


@pytest.mark.parametrize(
    ("name", "change", "failing"),
    [
        ("alone", lambda a: np.concatenate([a[:1] * 0.8, a[1:]]), {"C79"}),
        ("several", lambda a: a * 0.5, {"C79"}),
        ("rank", lambda a: 0 * a + 0.2, {"C80"}),
        ("blind", lambda a: 0 * a + 1.0, {"C82"}),
    ],
)
def test_claims_of_the_large_figure_can_fail(large, name, change, failing):
    found = verdicts(absolute_large, changed(large, **{name: change(large[name])}))
    assert {claim for claim, verdict in found.items() if verdict == "not reproduced"} == failing


def test_ranks_count_pairs_of_neurons():
    primary, alone = np.array([0, 3, 3, 5]), np.array([True, True, False, False])
    assert absolute_large._rank(primary, alone, ~alone) == (2 + 0.5 + 1) / 4
    assert np.isnan(absolute_large._rank(primary, alone | True, ~alone & False))


def test_without_neurons_of_several_features_the_rank_has_no_number():
    data = absolute_large.reduce(fits(absolute_large, plain, 2, losses=settled))
    assert verdicts(absolute_large, data)["C80"] == "undecided"
    assert [row["counts"] for row in absolute_large.CLAIMS[1].rows(data)] == ["no"] * 3


def test_densities_that_have_not_settled_decide_nothing(large):
    def with_losses(*shares):
        losses = np.array(shares)[:, None] * large["blind"][:, None] * np.ones((1, 3))
        return changed(large, loss=losses)

    sparse = with_losses(0.01, 0.01, 0.01, 0.01, 0.3, 0.6, 0.9)
    assert verdicts(absolute_large, sparse) == {"C79": "undecided", "C80": "reproduced", "C82": "reproduced"}
    rows = absolute_large.CLAIMS[1].rows(sparse)
    assert [row["counts"] for row in rows] == ["yes", "yes", "no, not settled"]
    assert verdicts(absolute_large, with_losses(*[0.2] * 7)) == {"C79": "undecided", "C80": "undecided", "C82": "reproduced"}
    one = large["rank"].copy()
    one[DENSITIES.index(0.03)] = 0.3
    assert verdicts(absolute_large, changed(large, rank=one))["C80"] == "not reproduced", "each density must hold"


def test_the_loss_of_constants_is_the_variance_of_samples():
    rng = np.random.default_rng(0)
    for density in (1.0, 0.1):
        y = np.where(rng.random(400_000) < density, rng.random(400_000), 0.0)
        weights = (0.8 ** np.arange(100)).mean()
        # relative errors of a variance of 400,000 samples are below .005: five of them fail less than once in a million
        (run,) = absolute.fits(100, 40, 0.8, (density,), Size(steps=1, seeds=1), absolute.MANY).runs
        assert constant_loss(run) == pytest.approx(weights * y.var(), rel=0.025)


def zoomed(secondary, seeds=3, losses=settled):
    def weights(run):
        W1, W2 = both_sides(100, 40, 20)
        W1[20:, 30:40] = secondary
        return W1, W2

    return absolute_zoom.reduce(fits(absolute_zoom, weights, seeds, losses=losses))


def test_top_activations_hide_weaker_features_but_not_equal_ones():
    weak, strong = zoomed(0.25), zoomed(1.0)
    assert verdicts(absolute_zoom, weak) == {"C81": "reproduced"}
    assert verdicts(absolute_zoom, strong) == {"C81": "not reproduced"}
    assert weak["caused"][0, 0] > weak["caused"][0, -1]
    assert verdicts(absolute_zoom, zoomed(0.0)) == {"C81": "undecided"}
    assert verdicts(absolute_zoom, zoomed(0.25, losses=lambda run: 20 * settled(run))) == {"C81": "undecided"}


def test_the_window_is_where_both_kinds_are_most_even():
    answered = np.array([1] * 15 + [3] * 25)
    assert absolute_zoom._window(answered) == 10


@BY_THEME
@pytest.mark.parametrize("module", SKETCHES, ids=lambda module: module.__name__)
def test_sketches_are_readable_and_the_same_twice(module, theme):
    data = module.reduce({})
    drawn = module.draw(data, theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)
    assert_same_bytes(module.draw, data, theme)
    assert module.needs(Size(steps=1, seeds=1)) == {} and module.CLAIMS == ()


@BY_THEME
def test_pictures_are_readable_whatever_was_learned(large, theme):
    rng = np.random.default_rng(0)
    random = rng.normal(size=(10, 6)), rng.normal(size=(6, 10))
    dead = np.zeros((10, 6)), np.zeros((6, 10))
    shown = [
        (absolute_small, absolute_small.reduce(fits(absolute_small, plain, 2))),
        (absolute_large, large),
        (absolute_zoom, zoomed(0.4, seeds=1)),
        *((asymmetric_model, asymmetric_model.reduce(fits(asymmetric_model, w, 1))) for w in (motif, lambda run: random)),
        *(
            (asymmetric_pairs, asymmetric_pairs.reduce(fits(asymmetric_pairs, w, 1)))
            for w in (motif, lambda run: motif(run, pure=True), lambda run: dead)
        ),
        (absolute_large, changed(large, loss=0.999 * large["blind"][:, None] * np.ones((1, 3)))),
    ]
    for module, data in shown:
        drawn = module.draw(data, theme)
        assert_readable(drawn)
        assert_legible(drawn, theme)


def test_the_pictures_say_what_the_data_say(large):
    said = [text.get_text() for text in absolute_large.draw(large, THEMES[0]).axes[0].texts]
    assert [words for words in said if "of 40" in words] == [f"{n} of 40 of one feature" for n in (40, 40, 30, 20, 10, 0, 0)]
    assert [words for words in said if "explains" in words] == ["explains 99 %, 20 primary features"] * 7
    losses = np.linspace(0.05, 0.35, 7)[:, None] * large["blind"][:, None] * np.ones((1, 3))
    said = [text.get_text() for text in absolute_large.draw(changed(large, loss=losses), THEMES[0]).axes[0].texts]
    assert [words for words in said if "explains" in words][1:3] == [
        "explains 90 %, 20 primary features",
        "explains 85 %: not settled",
    ]
    model = asymmetric_model.reduce(fits(asymmetric_model, motif, 1))
    said = [text.get_text() for text in asymmetric_model.draw(model, THEMES[0]).axes[0].texts]
    assert {"instances", "1"} <= set(said) and "2" not in said
