import numpy as np
import pytest

from figures.base import Size, judge
from figures.phase_change import loss_surfaces, phase_crossing, phase_three, phase_two
from figures.shared import phases
from figures.style import LIGHT, THEMES
from sup.phases import phase, solutions
from tests.figures.models import changed, nth, trained
from tests.figures.pictures import assert_readable

SIZE = Size(steps=1, seeds=3, grid=8)


def at(run):
    return run.distribution.density, run.importance[-1]


def ideal(run):
    """The idealised solution with the theory's outcome for the run's setting."""
    said = phase(run.n_features, *at(run))
    return next(np.array(one.W, float) for one in solutions(run.n_features) if one.outcome == said)


def biases(run):
    W = ideal(run)
    return np.where((W == 0).all(axis=0), at(run)[0] / 2, 0.0)


def made(features, weights=ideal, size=SIZE):
    return trained(phases.models(features, size), weights, biases)


@pytest.fixture(scope="module")
def two():
    return phase_two.reduce({"models": made(2)})


@pytest.fixture(scope="module")
def three():
    return phase_three.reduce({"models": made(3), "small": made(2)})


@pytest.fixture(scope="module")
def crossing():
    return phase_crossing.reduce({"models": made(2)})


@pytest.fixture(scope="module")
def surfaces():
    return loss_surfaces.reduce({})


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def filled(data, name, value):
    """`data` with an array of the same shape that is all `value`."""
    return changed(data, **{name: np.full_like(data[name], value)})


@pytest.mark.parametrize(("features", "module"), [(2, phase_two), (3, phase_three)])
def test_each_cell_of_the_map_has_its_fits(features, module):
    sweep = module.needs(SIZE)["models"]
    assert len(sweep.runs) == 8 * 8 * 3
    run = sweep.runs[0]
    assert (run.n_features, run.n_hidden, run.recipe.steps, run.importance[:-1]) == (
        features,
        features - 1,
        1,
        (1.0,) * (features - 1),
    )
    settings = {at(run) for run in sweep.runs}
    assert len(settings) == 64 and all(0.01 < p < 1 and 0.1 < r < 10 for p, r in settings)


def test_the_fits_of_a_cell_are_counted_by_outcome(two):
    ideal_alone = two["best_found"][:, :, None] == np.arange(3)  # the made-up fits of a cell are all alike
    np.testing.assert_array_equal(two["ended"], 3 * ideal_alone)
    assert two["steps"] == SIZE.steps


def test_the_figures_share_their_models():
    small = phase_two.needs(SIZE)["models"].spec_digest
    assert small == phase_crossing.needs(SIZE)["models"].spec_digest == phase_three.needs(SIZE)["small"].spec_digest


def test_cells_are_in_the_middle_of_even_parts_of_the_axes():
    np.testing.assert_allclose(phases.importances(2), [10**-0.5, 10**0.5])
    np.testing.assert_allclose(phases.densities(2), [10**-1.5, 10**-0.5])


def test_ideal_models_agree_everywhere(two, three):
    for data in (two, three):
        for found in ("found", "most_found", "best_found"):
            np.testing.assert_array_equal(data[found], data["theory"])
        assert data.values["agreement"].value == 100 and data.values["strayed"].value == 0


def test_the_worst_fit_is_left_out_and_the_best_one_stands_alone():
    """Of three fits the first is ideal, the second half as long, the third zero: averages are of the first two."""
    data = phases.maps(made(2, lambda run: ideal(run) * (1.0, 0.5, 0.0)[nth(run)]))
    norm = np.abs(np.where(data["theory"] > 0, 1.0, 0.0))
    np.testing.assert_allclose(data["best_norm"], norm)
    np.testing.assert_allclose(data["norm"], 0.75 * norm)


def test_away_from_the_boundary_means_a_factor_in_each_direction(two):
    away = two["away"]
    for i, p in enumerate(two["density"]):
        for j, r in enumerate(two["importance"]):
            around = {int(phase(2, min(p * up, 1.0), r * right)) for up in (0.8, 1, 1.25) for right in (0.8, 1, 1.25)}
            assert away[i, j] == (len(around) == 1)


def test_claims_hold_for_ideal_models(two, three):
    expected = {"C21": "reproduced", "C22": "reproduced", "C25": "undecided", "C27": "reproduced"}  # dense cells are few
    assert verdicts(phase_two, two) == expected
    larger = phase_two.reduce({"models": made(2, size=Size(steps=1, seeds=1, grid=36))})
    assert set(verdicts(phase_two, larger).values()) == {"reproduced"}
    assert verdicts(phase_three, three) == {"C24": "reproduced", "C26": "reproduced"}


def test_claims_fail_for_other_models(two, three):
    halfway = np.array([[0.6, -0.6]])
    spoilt = phase_two.reduce({"models": made(2, lambda run: halfway)})
    assert verdicts(phase_two, spoilt)["C21"] == "not reproduced"
    assert verdicts(phase_two, filled(two, "found", 2))["C25"] == "not reproduced"
    assert verdicts(phase_two, filled(two, "closed", 1e-9))["C22"] == "not reproduced"
    assert verdicts(phase_two, filled(two, "degenerate", 0.084))["C27"] == "not reproduced"
    assert verdicts(phase_three, filled(three, "found", 0))["C24"] == "not reproduced"
    assert verdicts(phase_three, filled(three, "small_found", 0))["C24"] == "not reproduced"
    assert verdicts(phase_three, filled(three, "sides", False))["C26"] == "not reproduced"


def test_a_jump_is_needed_nearly_everywhere_along_the_boundary(crossing):
    left = crossing["along_left"]
    for jumping, expected in ((20, "reproduced"), (18, "reproduced"), (17, "differs"), (0, "not reproduced")):
        right = np.where(np.arange(20) < jumping, left - 0.11 * crossing["along_importance"] / 3, left)
        assert verdicts(phase_crossing, changed(crossing, along_right=right)) == {"C23": expected}
    assert phase_crossing._jump(
        changed(crossing, along_right=left - crossing["along_importance"] / 3), "along_"
    ) == pytest.approx(1)


def test_the_jump_ends_before_the_apex(crossing):
    """Far from the apex the slope falls and the weight is long; at an importance of 0.9 neither holds."""
    jump, weight = phase_crossing._jump(crossing), crossing["pair_weight"]
    assert jump[0] > 0.5 and weight[0] > 0.5 and abs(jump[-1]) < 0.02 and weight[-1] < 0.2
    assert 0.5 < crossing.values["jumps_up_to"].value < 0.9
    assert len(next(claim for claim in phase_crossing.CLAIMS).rows(crossing)) == len(phase_crossing.LISTED)


def test_corners_are_counted_near_the_boundary_and_away_from_it(two):
    c21 = next(claim for claim in phase_two.CLAIMS if claim.id == "C21")
    near = np.where(two["away"], 1.0, 0.5)  # cells near a boundary have half the norm
    rows = c21.rows(
        changed(two, best_norm=near, norm=np.ones_like(near), best_score=two["theory"] == 2, score=two["theory"] == 2)
    )
    assert [row["cells"] for row in rows] == ["away from a boundary", "near one", "all"]
    assert [row["one of the three, best model"] for row in rows[:2]] == ["100.0%", "0.0%"]
    assert sum(int(row["number"]) for row in rows[:2]) == int(rows[2]["number"]) == 64


def test_strayed_fits_are_those_unlike_the_best():
    """Of three fits the first is ideal and the last zero, which is another phase unless the feature is to be dropped."""
    data = phases.maps(made(2, lambda run: ideal(run) * (1.0, 1.0, 0.0)[nth(run)]))
    np.testing.assert_allclose(data["strayed"], np.where(data["theory"] > 0, 1 / 3, 0))
    assert data.values["strayed"].value == pytest.approx(100 * data["strayed"].mean())


def test_the_crossing_of_the_exact_losses_is_near_the_idealised_one(crossing):
    assert (crossing["crossing"] > crossing["ideal_crossing"]).all()
    np.testing.assert_allclose(crossing["crossing"][:4], crossing["ideal_crossing"][:4], rtol=0.15)
    assert (crossing["lowest"] <= np.minimum(crossing["alone"], crossing["pair"]) + 1e-12).all()
    differences = np.diff(crossing["lowest"]) / np.diff(crossing["density"])
    between = (crossing["slope"][1:] + crossing["slope"][:-1]) / 2
    assert np.median(np.abs(differences - between)) < 1e-4


def test_everything_that_mcgrath_saw_is_found(surfaces):
    assert set(verdicts(loss_surfaces, surfaces).values()) == {"reproduced"}


@pytest.mark.parametrize(
    ("claim", "array", "value"),
    [
        ("C-M1", "jump", 0.5),
        ("C-M3", "smooth_left", 0.7),
        ("C-M4", "free_count", 1),
        ("C-M5", "basin_lowest", 0.5),
        ("C-M6", "jump_left", 0.01),
        ("C-M2", "free_q", [1.0, -1.0, 0.0, 0.0]),
    ],
)
def test_each_of_mcgraths_statements_can_fail(surfaces, claim, array, value):
    assert verdicts(loss_surfaces, filled(surfaces, array, value))[claim] == "not reproduced"


@pytest.mark.parametrize("points", [7, 61])
def test_what_is_left_of_a_change_tells_a_jump_from_a_slope_on_any_grid(points):
    def path(jump):
        return lambda x: np.stack([np.ones(len(x)), np.tanh(20 * (x - 0.37)) / 4 + jump * (x > 0.37)], axis=1)

    settings = np.linspace(0, 1, points)
    assert loss_surfaces._left(path(0.0), settings) < 0.01
    assert loss_surfaces._left(path(0.6), settings) == pytest.approx(0.6, abs=0.01)


def test_with_biases_the_mixture_is_never_lowest(surfaces):
    equal = surfaces["biased_q"][:, -1]
    assert loss_surfaces._mixed(surfaces["free_q"]).any()
    assert loss_surfaces._mixed(surfaces["biased_q"])[:, :-1].sum() == 0
    assert (equal[:-1, 0] * equal[:-1, 1] < 0).all()  # at density 1 both signs cost the same


def test_colours_are_those_of_the_outcomes_at_the_corners():
    from matplotlib.colors import to_rgb

    found = phases.colours(np.array([0.0, 1.0, 1.0]), np.array([1.0, 0.0, 2.0]), LIGHT)
    np.testing.assert_allclose(found, [to_rgb(c) for c in (LIGHT.zero, LIGHT.dedicated, LIGHT.superposed)])


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_pictures_are_readable(two, three, crossing, surfaces, theme):
    for module, data in ((phase_two, two), (phase_three, three), (phase_crossing, crossing), (loss_surfaces, surfaces)):
        assert_readable(module.draw(data, theme))
