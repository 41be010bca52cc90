"""The figures about uniform superposition, on models with the paper's shapes and on models without."""

from dataclasses import replace

import numpy as np
import pytest

from figures.base import FIRST_SEED, Size, judge
from figures.geometry import dimension_curve, feature_claims, feature_dimensions, graphs, leverage, pressure
from figures.shared import uniform
from figures.style import THEMES
from sup.polytopes import SHAPES, polygon, simplex, tegum
from sup.results import Trained
from tests.figures.models import changed, nth, padded, trained, turned
from tests.figures.pictures import assert_readable

SIZE = Size(steps=10, seeds=4)
BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def level(run):
    return round(-(uniform.LEVELS - 1) * np.log10(run.distribution.density))


def cloud(hidden, features, seed):
    """Columns spread evenly over the dimensions, with W W^T the identity: no direction belongs to one feature."""
    rows, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(features, hidden)))
    return rows.T


def as_on_the_curve(run):
    """Features of about unit length, as many as the paper's curve has, with small differences between seeds."""
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
    small, full = uniform.models(SIZE), uniform.models(replace(SIZE, full=True, grid=uniform.LEVELS))
    assert (small.shape.n_features, small.shape.n_hidden, len(small.runs)) == (128, 12, SIZE.seeds * len(uniform.CHOSEN))
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


def test_models_whose_dimensions_per_feature_still_change_decide_nothing():
    still = trained(uniform.models(SIZE), ideal)

    def after(factor):
        before = np.repeat(factor * still["W"][:, None], 2, axis=1)
        return Trained(still.runs, {**still.arrays, "snapshot_W": before}, snapshots=(0, 8))

    assert uniform.drifting(still) == uniform.drifting(after(1.004)) == ()  # D* goes with the square
    assert uniform.drifting(after(1.006)) == uniform.drifting(after(0.99)) == ("base",)
    tenth = len(still) // 10
    few, many = (np.where(np.arange(len(still)) < count, 1.1, 1.0)[:, None, None, None] for count in (tenth, 2 * tenth))
    assert uniform.drifting(after(few)) == () and uniform.drifting(after(many)) == ("base",)


def test_the_papers_curve_is_recognised(curve):
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
def test_a_size_that_differs_is_noticed_whichever_it_is(curve, name):
    assert verdicts(dimension_curve, changed(curve, **{name: curve[name] * 1.3}))["C28"] == "not reproduced"
    one_level = changed(curve, **{name: curve[name] * [[1], [1.3], [1], [1]]})
    assert verdicts(dimension_curve, one_level)["C28"] == "undecided"
    assert dimension_curve.CLAIMS[0].rows(one_level)[-1]["1/(1-S)"] == "largest difference"


def test_one_model_a_level_is_enough_for_the_curve():
    data = dimension_curve.reduce(runs(dimension_curve, as_on_the_curve, Size(steps=10, seeds=1)))
    assert verdicts(dimension_curve, data) == dict.fromkeys(("C28", "C29", "C30", "C39"), "reproduced")
    stay, place = dimension_curve.CLAIMS[2].rows(data), dimension_curve.CLAIMS[3].rows(data)
    assert [row["D* near"] for row in stay] == ["1", "1/2"] and "inf" not in str(stay) + str(place)
    noisy = changed(data, stay_changes=data["stay_changes"] + 1)
    assert verdicts(dimension_curve, noisy)["C30"] == "undecided"
    far = changed(data, place=data["place"] + [0, 5, 0])
    assert verdicts(dimension_curve, far)["C39"] == "not reproduced"


def test_a_value_of_d_star_above_one_does_not_widen_the_plateau():
    levels = np.arange(50)
    curve = np.interp(levels, dimension_curve.PAPER_LEVELS, dimension_curve.PAPER)
    above = curve + 0.01 * (levels < 3)
    stays = [dimension_curve._course(one[:, None], tuple(levels))["stay"].values for one in (curve, above)]
    np.testing.assert_allclose(*stays)


def test_the_number_of_features_is_compared_at_all_levels(curve):
    """Where no feature is represented, as at high density, the squared norm is not a number of features."""
    gaps = dimension_curve._count_gaps(changed(curve, count=curve["count"] * (curve["level"] > 30)[:, None]))
    assert (gaps[curve["level"] <= 30] == 1).all() and (gaps[curve["level"] > 30] < 0.1).all()
    assert verdicts(dimension_curve, changed(curve, count=curve["count"] * 0.5))["C29"] == "not reproduced"
    dense = changed(curve, count=curve["count"] * (curve["level"] > 15)[:, None])
    assert verdicts(dimension_curve, dense)["C29"] == "not reproduced", "16 of 50 levels are too many"
    uneven = changed(curve, count=curve["count"] * np.where(np.arange(len(curve["level"])) % 3, 1, 0.4)[:, None])
    assert verdicts(dimension_curve, uneven)["C29"] == "undecided"
    assert sum(int(row["levels"]) for row in dimension_curve.CLAIMS[1].rows(curve)) == len(curve["level"])


def test_staying_and_falling_on_simple_curves():
    places = np.linspace(0, 1, 10_001)
    assert dimension_curve.stay(1 - places, 0.5) == pytest.approx(1, rel=0.01)
    assert dimension_curve.stay(np.where(places < 0.5, 1.0, 0.0), 1.0) == pytest.approx(0.5 / 0.03, rel=0.01)
    assert np.isnan(dimension_curve.stay(np.ones(5), 0.5)) and dimension_curve.stay(np.full(5, 0.2), 1.0) == 0
    assert dimension_curve.fall(places, 1 - places, 0.25) == pytest.approx(0.75)
    assert np.isnan(dimension_curve.fall(places, 1 + places, 0.5))


def test_the_papers_shapes_are_recognised(dimensions):
    assert verdicts(feature_dimensions, dimensions) == dict.fromkeys(("C31", "C33", "C34", "C37", "C38"), "reproduced")
    assert dimensions.values["digon_22"].value == 12 and dimensions.values["pentagon_31"].value == 2


def test_models_without_shapes_reproduce_none_of_it():
    data = feature_dimensions.reduce(runs(feature_dimensions, lambda run: cloud(run.n_hidden, run.n_features, run.seed) * 4))
    found = verdicts(feature_dimensions, data)
    assert {id for id, verdict in found.items() if verdict == "reproduced"} == {"C34", "C38"}
    rows = {claim.id: claim.rows(data) for claim in feature_dimensions.CLAIMS if claim.rows}
    assert rows["C37"][0]["found"] == "nowhere" and rows["C37"][0]["median"] == "none"


def test_lines_are_counted_with_their_uncertainty(dimensions):
    """A line counts as distinct with confidence only if it has many features; a line without features nearby may be distinct."""
    rest = {"on": dimensions["on"].copy(), "beside": dimensions["beside"].copy()}
    rest["on"][0], rest["beside"][0] = 6, 2
    estimate = feature_claims.distinct(changed(dimensions, **rest))
    assert (estimate.value, estimate.low, estimate.high) == (6, 5, 6)
    assert verdicts(feature_dimensions, changed(dimensions, **rest))["C33"] == "undecided"
    rest["on"][0], rest["beside"][0] = 0, 0
    estimate = feature_claims.distinct(changed(dimensions, **rest))
    assert (estimate.value, estimate.low, estimate.high) == (5, 5, 6)
    rest["on"][0], rest["beside"][0] = 100, 100
    assert verdicts(feature_dimensions, changed(dimensions, **rest))["C33"] == "not reproduced"


def test_shapes_elsewhere_are_noticed(dimensions):
    census = dimensions["census"].copy()
    census[:, :, 1] = 4 * (dimensions["level"] == 13)[:, None]
    assert verdicts(feature_dimensions, changed(dimensions, census=np.repeat(census, 5, axis=1)))["C37"] == "not reproduced"
    census[:, :, 1] = 4 * np.isin(dimensions["level"], (7, 13))[:, None]
    assert verdicts(feature_dimensions, changed(dimensions, census=census))["C37"] == "undecided"


def test_digons_are_counted_on_the_whole_plateau(dimensions):
    one_level = dimensions["census"] * (dimensions["level"] != 22)[:, None, None]
    assert verdicts(feature_dimensions, changed(dimensions, census=one_level))["C31"] == "undecided"
    assert verdicts(feature_dimensions, changed(dimensions, census=dimensions["census"] // 2))["C31"] == "not reproduced"


def test_one_model_a_level_is_enough_for_shapes():
    data = feature_dimensions.reduce(runs(feature_dimensions, ideal, Size(steps=10, seeds=1)))
    found = verdicts(feature_dimensions, data)
    assert {found[id] for id in ("C31", "C33", "C34", "C38")} == {"reproduced"} and found["C37"] == "reproduced"


def test_dedicated_dimensions_of_dense_features_are_noticed():
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


def test_sums_within_a_percent_are_needed_at_all_levels():
    data = leverage.reduce(runs(leverage, ideal, Size(steps=10, seeds=1)))
    sums = data["total_shares"]
    assert (data["random"] < 0.97).all() and leverage.CLAIMS[0].rows(data)[1]["models"].startswith("random")
    assert verdicts(leverage, changed(data, total_shares=sums - 0.03))["C32"] == "not reproduced"
    assert verdicts(leverage, changed(data, total_shares=sums - 0.1 * (data["level"] == 5)[:, None]))["C32"] == "undecided"


def blurred(run):
    """Ideal shapes, with noise where features or steps are few: enough that the census finds fewer shapes."""
    noise = 0.1 * (run.n_features <= 64 or run.recipe.steps < SIZE.steps)
    return ideal(run) + noise * np.random.default_rng(run.seed).normal(size=(run.n_hidden, run.n_features))


def test_pressure_is_found_where_it_exists_and_nowhere_else():
    assert verdicts(pressure, pressure.reduce(runs(pressure, blurred))) == {"C-P1": "reproduced", "C-P2": "reproduced"}
    same = verdicts(pressure, pressure.reduce(runs(pressure, ideal)))
    assert same == {"C-P1": "undecided", "C-P2": "undecided"}


def test_bars_of_pressure_count_what_the_claims_count():
    data = pressure.reduce(runs(pressure, blurred))
    for name in NAMED:
        shapes, one = data[name.replace("named", "shapes")], name.removesuffix("_named")
        assert shapes.sum(axis=1).tolist() == data[f"{one}_represented"].sum(axis=1).tolist()
        assert shapes[:, :-1].sum(axis=1).tolist() == data[name].sum(axis=1).tolist()
        assert set(np.flatnonzero(shapes[1])) == (
            {graphs.NAMES.index("digon")} if one in ("base", "wide") else {len(graphs.NAMES) - 1}
        )


def test_pressure_is_judged_where_shapes_can_still_be_cleaner():
    data = pressure.reduce(runs(pressure, ideal))
    half = {name: data[name] // 2 * (np.arange(4) == 2)[:, None] + data[name] * (np.arange(4) != 2)[:, None] for name in NAMED}
    worse = {"C-P1": changed(data, wide_named=half["wide_named"]), "C-P2": changed(data, base_named=half["base_named"])}
    better = {"C-P1": changed(data, narrow_named=half["narrow_named"]), "C-P2": changed(data, short_named=half["short_named"])}
    for id in ("C-P1", "C-P2"):
        assert verdicts(pressure, worse[id])[id] == "not reproduced"
        assert verdicts(pressure, better[id])[id] == "reproduced"
    rows = pressure.CLAIMS[1].rows(better["C-P2"])
    assert [row["compared"] for row in rows] == ["no, saturated"] * 2 + ["yes", "no, saturated"]


NAMED = ("wide_named", "narrow_named", "base_named", "short_named")


def nearly_nothing(run):
    """Weights so small that no feature is represented."""
    return 0.01 * cloud(run.n_hidden, run.n_features, run.seed)


@BY_THEME
@pytest.mark.parametrize("weights", [ideal, as_on_the_curve, nearly_nothing], ids=lambda weights: weights.__name__)
@pytest.mark.parametrize("module", [dimension_curve, feature_dimensions, leverage, pressure], ids=lambda m: m.__name__)
def test_pictures_are_readable_whatever_was_learned(module, weights, theme):
    assert_readable(module.draw(module.reduce(runs(module, weights, Size(steps=10, seeds=1))), theme))
