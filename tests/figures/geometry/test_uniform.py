"""The figures about uniform superposition, on models with the paper's shapes and on models without."""

from dataclasses import replace

import numpy as np
import pytest

from figures.base import FIRST_SEED, Size, judge
from figures.geometry import dimension_curve, feature_dimensions, leverage, pressure
from figures.shared import uniform
from figures.style import THEMES
from sup.polytopes import SHAPES, polygon, simplex, tegum
from tests.figures.models import changed, nth, padded, trained, turned
from tests.figures.pictures import assert_readable

SIZE = Size(steps=10, seeds=4)
BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def level(run):
    return round(-(uniform.LEVELS - 1) * np.log10(run.distribution.density))


def cloud(hidden, features, seed):
    """Columns spread evenly over the dimensions, with W W^T the identity: no direction is a feature's."""
    rows, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(features, hidden)))
    return rows.T


def as_on_the_curve(run):
    """Unit features, or nearly so, as many as the paper's curve has; noise of a hundredth between seeds."""
    wanted = run.n_hidden / np.interp(level(run), dimension_curve.PAPER_LEVELS, dimension_curve.PAPER)
    kept = min(round(wanted), run.n_features)
    rng = np.random.default_rng(run.seed)
    W = rng.normal(size=(run.n_hidden, kept))
    length = np.sqrt(wanted / kept) * (1 + 0.001 * nth(run))
    return padded(length * W / np.linalg.norm(W, axis=0), run.n_features)


def ideal(run):
    """The paper's shapes at each level, as many as fit; before them an even cloud, after them heptagons, which have no name."""
    at, m = level(run), run.n_hidden
    if at <= 2:
        return cloud(m, run.n_features, run.seed)
    if at <= 8:
        parts = [simplex(3)] * (m // 3)
    elif at <= 11:
        parts = [simplex(2)] * (m // 2)
    elif at <= 25:
        parts = [simplex(1)] * m
    elif at <= 31:
        several = [polygon(5)] * 2 + [SHAPES["square antiprism"]] * 2 + [simplex(1)] * (m - 10)
        parts = several if m > 10 else [polygon(5)] * (m // 2)
    else:
        parts = [polygon(7)] * (m // 2)
    return turned(padded(tegum(*parts), run.n_features), run.seed)


def runs(module, weights, size=SIZE):
    return {name: trained(sweep, weights) for name, sweep in module.needs(size).items()}


@pytest.fixture(scope="module")
def curve():
    return dimension_curve.reduce(runs(dimension_curve, as_on_the_curve))


@pytest.fixture(scope="module")
def dimensions():
    return feature_dimensions.reduce(runs(feature_dimensions, ideal))


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def test_laptop_and_paper_have_their_sizes_and_the_figures_share_their_models():
    small, full = uniform.models(SIZE), uniform.models(replace(SIZE, full=True))
    assert (small.shape.n_features, small.shape.n_hidden, len(small.runs)) == (128, 12, 68)
    assert (full.shape.n_features, full.shape.n_hidden, len(full.runs)) == (400, 30, 200)
    for module in (dimension_curve, feature_dimensions, leverage, pressure):
        assert module.needs(SIZE)["base"].spec_digest == small.spec_digest
    assert set(feature_dimensions.INSETS) | set(uniform.PROBES) <= set(uniform.CHOSEN)
    wide, half = (dimension_curve.needs(SIZE)[name].shape for name in ("wide", "half"))
    assert (wide.n_features, wide.n_hidden, half.n_features, half.n_hidden) == (256, 12, 64, 6)


def test_levels_run_evenly_from_one_to_ten_and_are_found_again():
    densities = [uniform.density(k) for k in range(uniform.LEVELS)]
    np.testing.assert_allclose(1 / np.array(densities), np.logspace(0, 1, 50))
    assert uniform.levels_of(trained(uniform.models(SIZE), ideal)) == uniform.CHOSEN


def test_the_paper_s_curve_is_recognised(curve):
    assert verdicts(dimension_curve, curve) == dict.fromkeys(("C28", "C29", "C30", "C39"), "reproduced")
    assert curve.values["from_paper"].value < 0.02


def test_a_curve_that_falls_steadily_does_not_stick():
    def steady(run):
        return np.sqrt(10 ** (0.7 * level(run) / 49)) * cloud(run.n_hidden, run.n_features, run.seed)

    data = dimension_curve.reduce(runs(dimension_curve, steady))
    assert verdicts(dimension_curve, data) == {
        "C28": "reproduced",
        "C29": "not reproduced",
        "C30": "not reproduced",
        "C39": "not reproduced",
    }


@pytest.mark.parametrize("name", ["wide_squares", "half_squares"])
def test_sizes_that_differ_are_seen_whichever_they_are(curve, name):
    data = changed(curve, **{name: curve[name] * [[1], [1.3], [1], [1]]})
    assert verdicts(dimension_curve, data)["C28"] == "not reproduced"


def test_staying_and_falling_on_simple_curves():
    places = np.linspace(0, 1, 10_001)
    assert dimension_curve.stay(1 - places, 0.5) == pytest.approx(1, rel=0.01)
    assert dimension_curve.stay(np.where(places < 0.5, 1.0, 0.0), 1.0) == pytest.approx(0.5 / 0.03, rel=0.01)
    assert np.isnan(dimension_curve.stay(np.ones(5), 0.5))
    assert dimension_curve.fall(places, 1 - places, 0.25) == pytest.approx(0.75)
    assert np.isnan(dimension_curve.fall(places, 1 + places, 0.5))


def test_the_paper_s_shapes_are_recognised(dimensions):
    assert verdicts(feature_dimensions, dimensions) == dict.fromkeys(("C31", "C33", "C34", "C37", "C38"), "reproduced")
    assert dimensions.values["digon_22"].value == 12 and dimensions.values["pentagon_31"].value == 2


def test_models_without_shapes_reproduce_none_of_it():
    data = feature_dimensions.reduce(runs(feature_dimensions, lambda run: cloud(run.n_hidden, run.n_features, run.seed) * 4))
    found = verdicts(feature_dimensions, data)
    assert {id for id, verdict in found.items() if verdict == "reproduced"} == {"C34", "C38"}
    rows = {claim.id: claim.rows(data) for claim in feature_dimensions.CLAIMS if claim.rows}
    assert rows["C37"][0]["found"] == "nowhere" and rows["C37"][0]["middle, by seed"] == "none, none, none, none"


def test_features_of_their_own_on_dense_features_are_seen():
    data = feature_dimensions.reduce(runs(feature_dimensions, lambda run: padded(np.eye(run.n_hidden), run.n_features)))
    assert verdicts(feature_dimensions, data)["C38"] == "not reproduced"


def test_the_drawn_model_is_the_one_with_the_lowest_loss():
    sweep = uniform.models(SIZE)
    data = feature_dimensions.reduce({"base": trained(sweep, ideal, losses=lambda run: abs(nth(run) - 2))})
    assert (data["drawn"] == FIRST_SEED + 2).all()


def test_sums_and_leverage_hold_for_even_columns_and_sums_fail_for_uneven_ones():
    assert verdicts(leverage, leverage.reduce(runs(leverage, ideal))) == {"C32": "reproduced", "C-Z1": "reproduced"}

    def uneven(run):
        return cloud(run.n_hidden, run.n_features, run.seed) * np.geomspace(0.1, 1, run.n_hidden)[:, None]

    data = leverage.reduce(runs(leverage, uneven))
    assert verdicts(leverage, data) == {"C32": "not reproduced", "C-Z1": "reproduced"}
    assert verdicts(leverage, changed(data, even=data["even"] + 1e-3))["C-Z1"] == "not reproduced"


def blurred(run):
    """Ideal shapes, but noise where there are few features, or few steps; enough that the census finds fewer shapes."""
    noise = 0.1 * (run.n_features <= 64 or run.recipe.steps < SIZE.steps)
    return ideal(run) + noise * np.random.default_rng(run.seed).normal(size=(run.n_hidden, run.n_features))


def test_pressure_is_seen_where_it_is_and_not_where_it_is_not():
    assert verdicts(pressure, pressure.reduce(runs(pressure, blurred))) == {"C-P1": "reproduced", "C-P2": "reproduced"}
    same = verdicts(pressure, pressure.reduce(runs(pressure, ideal)))
    assert same == {"C-P1": "not reproduced", "C-P2": "not reproduced"}


def nearly_nothing(run):
    """Weights so small that no feature is represented."""
    return 0.01 * cloud(run.n_hidden, run.n_features, run.seed)


@BY_THEME
@pytest.mark.parametrize("weights", [ideal, as_on_the_curve, nearly_nothing], ids=lambda weights: weights.__name__)
@pytest.mark.parametrize("module", [dimension_curve, feature_dimensions, leverage, pressure], ids=lambda m: m.__name__)
def test_pictures_are_readable_whatever_was_learned(module, weights, theme):
    assert_readable(module.draw(module.reduce(runs(module, weights, Size(steps=10, seeds=1))), theme))
