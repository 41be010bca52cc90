import numpy as np
import pytest

from figures.appendix import nonlinear_compression
from figures.base import Size, judge
from figures.strategic import activations, compressed_sensing, dictionary, l1_penalty
from figures.style import THEMES
from tests.figures.models import blocks, changed, circle, nth, trained, turned
from tests.figures.pictures import assert_readable

ONE, PAIR = np.eye(1), np.array([[1.0, -1.0]])


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def results(module, weights, steps=1, seeds=3, **options):
    needed = module.needs(Size(steps=steps, seeds=seeds))
    return module.reduce({name: trained(sweep, weights, **options) for name, sweep in needed.items()})


def test_nonlinear_compression_wins_and_could_lose():
    data = nonlinear_compression.reduce({})
    assert verdicts(nonlinear_compression, data) == {"C91": "reproduced"}
    assert verdicts(nonlinear_compression, changed(data, claimed=np.array([0.02, 0.05]))) == {"C91": "not reproduced"}
    assert (np.diff(data["in_x"], axis=1) > 0).all()
    for theme in THEMES:
        assert_readable(nonlinear_compression.draw(data, theme))


def penalised(run):
    """Pairs without a penalty, dedicated dimensions for what is worth it with one."""
    strength = run.recipe.l1 / l1_penalty.UNIT
    if strength < 0.5:
        return blocks(10, *[PAIR] * 5)
    worth = np.array(run.importance) > l1_penalty.threshold(run.recipe.l1)
    return np.eye(5, 10) * worth


@pytest.fixture(scope="module")
def penalty():
    return results(l1_penalty, penalised, losses=lambda run: 1.0 + run.recipe.l1)


def test_the_threshold_is_where_a_feature_stops_being_worth_its_penalty():
    """Against a search over norms of the cost of a feature by itself."""
    s = np.linspace(0, 1.2, 100_001)
    for penalty in (0.5 * l1_penalty.UNIT, 3 * l1_penalty.UNIT):
        for factor, worth in ((0.999, False), (1.001, True)):
            importance = factor * l1_penalty.threshold(penalty)
            cost = importance / (3 * l1_penalty.FEATURES) * (1 - s**2) ** 2 + penalty * s / 2
            assert (cost.min() < cost[0]) == worth


def test_the_unit_keeps_as_many_features_as_dimensions(penalty):
    kept = dict(zip(l1_penalty.STRENGTHS, penalty["kept"].tolist(), strict=True))
    assert kept[1.0] == 5 and kept[4.0] == 0
    worth = np.array([0.75**i for i in range(10)]) > l1_penalty.threshold(l1_penalty.UNIT)
    assert worth.sum() == 5


def test_a_negative_weight_behind_a_relu_is_no_direction(penalty):
    """Antipodal pairs are two features for a linear hidden layer; a ReLU lets only one of each through."""
    assert (penalty["count"][:, 0] == [[10] * 3, [5] * 3]).all()
    assert (penalty["superposed"][0, 0] == 10).all() and (penalty["superposed"][1] == 0).all()


def test_a_dimension_of_its_own_is_never_beaten_per_activation(penalty):
    pair, density = penalty["pair"], penalty["density"]
    alone = 1 / 3 - density / 4
    exact = (2 * (density / 3 - density**2 / 4) - density**2 / 3) / (2 * density - density**2) / alone
    np.testing.assert_allclose(pair, exact, rtol=1e-12)
    assert (penalty["pentagon"] < pair).all()


def test_verdicts_on_the_penalty_follow_the_numbers(penalty):
    superposed = np.stack([penalty["superposed"][0]] * 2)
    good = changed(penalty, superposed=superposed)
    assert verdicts(l1_penalty, good) == dict.fromkeys(("C84", "C84-T", "C85", "C86"), "reproduced")
    bad = changed(penalty, superposed=superposed[:, ::-1], below=superposed + 5, pair=penalty["pair"] * 1.1)
    assert verdicts(l1_penalty, bad) == dict.fromkeys(("C84", "C84-T", "C85", "C86"), "not reproduced")


SHAPES = {"relu": [[1.0, -1.0]], "gelu": [[1.0, 0.0]], "quadratic": [[0.0, 1.0]]}


def test_phases_of_known_models():
    data = results(activations, lambda run: np.array(SHAPES[run.activation]))
    assert [np.unique(phase).tolist() for phase in data["phase"]] == [[3], [1], [2]]
    assert verdicts(activations, data) == {"C-R1": "reproduced", "C-R2": "not reproduced"}
    for theme in THEMES:
        assert_readable(activations.draw(data, theme))


def test_a_cell_shows_its_best_model():
    data = results(
        activations, lambda run: np.array([[1.0, -1.0] if nth(run) == 1 else [1.0, 0.0]]), losses=lambda run: abs(nth(run) - 1)
    )
    assert (data["phase"] == 3).all() and data["superposed"].tolist() == [[0, 1, 0]] * 3


def twenty_or_ten(run):
    """Random directions of length one for the many, antipodal pairs for the ten."""
    if run.n_features == 10:
        return turned(blocks(10, *[PAIR] * 5), run.seed)
    return turned(blocks(20, circle(*range(0, 360, 30)), np.eye(3, 8)), run.seed)


@pytest.fixture(scope="module")
def learnt():
    with pytest.MonkeyPatch.context() as patch:  # less of the same: one density, three sizes
        patch.setattr(dictionary, "DENSITIES", (0.05,))
        patch.setattr(dictionary, "UNITS", (5, 10, 20))
        yield results(dictionary, twenty_or_ten, steps=1500, seeds=1)


def test_dictionaries_find_and_count_features(learnt):
    assert (learnt["truth"] == 10).all() and (learnt["kept"] == 15).all()
    assert learnt["found"].mean() > 0.8
    assert learnt["coding"].mean() > learnt["chance"].mean()
    assert (learnt["loss"][0] > learnt["loss"][-1]).all()
    assert (learnt["by_life"] <= 20).all() and (learnt["by_comparison"] <= 15).all()
    np.testing.assert_allclose(learnt["alike"], 12 / 15)  # each of a dozen has its opposite, three stand alone
    for theme in THEMES:
        assert_readable(dictionary.draw(learnt, theme))


def test_verdicts_on_dictionaries_follow_the_numbers(learnt):
    ones, tens = np.ones((1, 3)), np.full(3, 10.0)
    good = changed(learnt, coding=ones, found=ones[0], alike=ones[0], by_loss=tens, by_comparison=tens, truth=tens)
    assert set(verdicts(dictionary, good).values()) == {"reproduced"}
    bad = changed(learnt, coding=ones / 2, found=ones[0] / 2, alike=ones[0] / 9, by_loss=2 * tens, by_comparison=tens, truth=tens)
    assert set(verdicts(dictionary, bad).values()) == {"not reproduced"}


def test_features_in_proportion_to_dimensions_have_slope_one():
    def weights(run):
        length = dict(zip(compressed_sensing.DENSITIES, (0.4, 0.6, 0.8, 1.0), strict=True)).get(run.distribution.density, 1.0)
        return length * turned(blocks(run.n_features, *[PAIR] * run.n_hidden), run.seed)

    data = results(compressed_sensing, weights)
    np.testing.assert_allclose(data["slope"], 1.0, atol=1e-5)
    np.testing.assert_allclose(data["worst_pair"], 1.0, atol=1e-6)  # what stands back to back cancels
    assert verdicts(compressed_sensing, data) == {"C90": "reproduced", "C92": "reproduced"}
    for theme in THEMES:
        assert_readable(compressed_sensing.draw(data, theme))

    def root(run):  # features grow with the square root of the dimensions, all with a dimension of their own
        return np.eye(run.n_hidden, run.n_features) * (np.arange(run.n_features) < 2 * np.sqrt(run.n_hidden))

    assert verdicts(compressed_sensing, results(compressed_sensing, root))["C90"] == "not reproduced"
