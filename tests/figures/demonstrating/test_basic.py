import math

import numpy as np
import pytest

from figures.base import FIRST_SEED, Size, judge
from figures.demonstrating import basic, basic_large, basic_small
from figures.demonstrating.basic import DENSITIES
from figures.style import THEMES
from sup.geometry import gram, represented, superposition_score
from sup.specs import Recipe
from tests.figures.models import blocks, changed, circle, nth, plain, trained, turned
from tests.figures.pictures import assert_readable

ONE, PAIR, FIVE = np.eye(1), np.array([[1.0, -1.0]]), circle(90, 18, -54, 234, 162, length=1.1)


def kept(features, alone, pairs=0, fives=0):
    """W in which the first features are dedicated, the next ones form pairs, and the next ones pentagons."""
    return blocks(features, *[ONE] * alone, *[PAIR] * pairs, *[FIVE] * fives)


IDEAL = {
    1.0: kept(20, 5),
    0.3: kept(20, 3, 2),
    0.1: kept(20, 1, 4),
    0.03: kept(20, 0, 5),
    0.01: kept(20, 0, 1, 2),
    0.003: kept(20, 0, 1, 2),
    0.001: kept(20, 0, 1, 2),
}
"""Five hidden dimensions as the paper's F9 uses them, the sparsest columns made of pentagons."""


def weights(run):
    return turned(IDEAL[1.0] if run.model == "linear" else IDEAL[run.distribution.density], run.seed)


def biases(run):
    """p/2 for features that are not represented; for the others -0.2 in the sparsest models, else 0."""
    density = run.distribution.density
    there = represented(weights(run)[None])[0]
    return np.where(there, -0.2 if run.model != "linear" and density <= 0.01 else 0.0, density / 2)


def small_runs(seeds=16, weights=weights, biases=biases):
    sweeps = basic_small.needs(Size(steps=1, seeds=seeds))
    return {name: trained(sweep, weights, biases) for name, sweep in sweeps.items()}


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


@pytest.fixture(scope="module")
def small():
    return basic_small.reduce(small_runs())


@pytest.mark.parametrize(("module", "sizes"), [(basic_small, (20, 5, 0.7)), (basic_large, (80, 20, 0.9))])
def test_they_need_the_papers_models(module, sizes):
    sweeps = module.needs(Size(steps=9, seeds=7))
    features, hidden, decay = sizes
    ends = {basic_small: (1.0, 0.001), basic_large: (0.001,)}[module]
    for name, model, densities, seeds in (("relu", "relu-output", DENSITIES, 7), ("linear", "linear", ends, 5)):
        runs = sweeps[name].runs
        assert len(runs) == len(densities) * seeds
        assert {(run.model, run.n_features, run.n_hidden, run.recipe.steps) for run in runs} == {(model, features, hidden, 9)}
        assert {run.distribution.density for run in runs} == set(densities)
        assert runs[0].importance == pytest.approx(decay ** np.arange(features))


def test_the_large_figure_compares_its_models_with_those_of_the_small_one():
    """With eight times its seeds in `report.yml`, the small figure's models are the very same sweep and are trained once."""
    ours = basic_large.needs(Size(steps=9, seeds=2))["small"]
    assert ours.spec_digest == basic_small.needs(Size(steps=9, seeds=16))["relu"].spec_digest


def tally_by_loops(W):
    there, scores = represented(W[None])[0], superposition_score(W[None])[0]
    alone = [i for i in range(W.shape[1]) if there[i] and scores[i] < 0.5]
    shared = [i for i in range(W.shape[1]) if there[i] and scores[i] >= 0.5]
    return {
        "count": len(alone) + len(shared),
        "total": sum(min(1.0, math.hypot(*W[:, i])) for i in range(W.shape[1])),
        "dedicated": len(alone),
        "mean_alone": np.mean(alone) if alone else math.nan,
        "mean_shared": np.mean(shared) if shared else math.nan,
        "most_alone": 0 in alone,
    }


def test_tallies_equal_their_loops():
    rng = np.random.default_rng(0)
    random = {seed: rng.normal(0, 0.3, (5, 20)) * (rng.random(20) < 0.6) for seed in range(6)}
    runs = small_runs(6, weights=lambda run: weights(run) if run.seed % 2 else random[nth(run)])["relu"]
    counted = basic.tally(runs)
    for at, run in zip(np.ndindex(len(DENSITIES), 6), runs.runs, strict=True):
        expected = tally_by_loops(runs.where(density=run.distribution.density, seed=run.seed)["W"][0].astype(np.float64))
        for name, value in expected.items():
            np.testing.assert_allclose(counted[name].values[at], value, rtol=1e-6)


def test_interference_of_known_arrangements():
    W = np.stack([kept(20, 5), kept(20, 3, 2), kept(20, 0, 1, 2), np.zeros((5, 20))])
    b = np.full((4, 20), 0.3)
    b[2, :12] = -0.2
    found = basic.interference(W, b)
    np.testing.assert_allclose(found["paired"], [math.nan, 1, 2 / 12, math.nan])
    np.testing.assert_allclose(found["positive"], [0, 0, 1.1**2 * math.cos(math.radians(72)), math.nan], atol=1e-12)
    np.testing.assert_allclose(found["bias"], [0.3, 0.3, -0.2, math.nan])


def test_a_pair_counts_as_antipodal_within_ten_degrees():
    b = np.zeros((1, 2))
    for degrees, share in ((171, 1), (169, 0)):
        assert basic.interference(circle(0, degrees)[None], b)["paired"].tolist() == [share]


def test_distance_from_the_linear_solution():
    def bent(run):
        return weights(run) * np.where(np.arange(20) == 4, math.sqrt(0.8), 1.0)

    runs = small_runs(weights=bent, biases=lambda run: biases(run) + 0.05)["linear"]
    products, off = basic.from_linear(runs, basic.SMALL, 1.0)
    np.testing.assert_allclose(products, 0.2, rtol=1e-5)
    np.testing.assert_allclose(off, 0.05, rtol=1e-5)


def test_the_drawn_models_are_the_best(small):
    assert small["drawn"].tolist() == [FIRST_SEED] * 8
    assert small["density"].tolist() == [0.001, *DENSITIES]
    assert small["represented"].tolist() == [5, 5, 7, 9, 10, 12, 12, 12]
    assert small["superposed"].tolist() == [0, 0, 4, 8, 10, 12, 12, 12]
    assert small["paired"].tolist() == [0, 0, 4, 8, 10, 2, 2, 2]
    np.testing.assert_allclose(small["products"][2], gram(IDEAL[0.3][None])[0], atol=1e-4)


def test_values_are_means_with_intervals(small):
    assert small.values["count_0.03"].value == 10
    assert small.values["count_0.03"].interval == (10, 10)
    assert small.values["total_0.01"].value == pytest.approx(12)
    assert small.values["count_linear"].value == 5
    alone = basic_small.reduce(small_runs(seeds=1))
    assert alone.values["count_0.03"].interval is None
    assert alone.values.keys() == small.values.keys()


def test_claims_of_the_small_figure_hold_for_the_papers_arrangements(small):
    assert verdicts(basic_small, small) == dict.fromkeys(("C6", "C7", "C10", "C11", "C12"), "reproduced")


def without_the_fifth(run):
    return weights(run) * (np.arange(20) != 4) if run.model == "linear" else weights(run)


def everywhere(W):
    """The same weights for every ReLU model."""
    return small_runs(weights=lambda run: IDEAL[1.0] if run.model == "linear" else W)


@pytest.mark.parametrize(
    ("found", "failing"),
    [
        (lambda: small_runs(weights=without_the_fifth), {"C6", "C7"}),
        (lambda: small_runs(biases=lambda run: biases(run) + (run.model == "linear")), {"C7"}),
        (lambda: everywhere(kept(20, 0, 5)), {"C10", "C12"}),  # the most important share from the start
        (lambda: everywhere(kept(20, 3, 2)), {"C10", "C12"}),  # and here they never do
        (lambda: everywhere(kept(20, 1, 0, 2)), {"C10", "C11", "C12"}),  # pentagons at once
        (lambda: small_runs(biases=lambda run: 0 * biases(run) + 0.1), {"C7", "C12"}),  # no negative biases
    ],
)
def test_claims_of_the_small_figure_fail_on_other_arrangements(found, failing):
    found = verdicts(basic_small, basic_small.reduce(found()))
    assert {claim for claim, verdict in found.items() if verdict != "reproduced"} == failing
    assert {found[claim] for claim in failing} == {"not reproduced"}


def test_claims_of_the_small_figure_are_undecided_when_seeds_disagree():
    def mixed(run):
        return weights(run) if run.seed % 2 else np.zeros((5, 20)) if run.model == "linear" else kept(20, 3, 0, 1)

    assert set(verdicts(basic_small, basic_small.reduce(small_runs(weights=mixed))).values()) == {"undecided"}


def test_pairs_count_by_models_and_equal_models_leave_an_interval(small):
    c11 = next(claim for claim in basic_small.CLAIMS if claim.id == "C11")
    some = small["seed_paired"].copy()
    some[1, :6] = [1, 1, 0.75, np.nan, 0.5, 1]  # a model counts only if all of its features are paired
    e = c11.measure(changed(small, seed_paired=some))
    assert (e.value, e.models) == (13 / 15, 15)
    assert 0.75 < c11.measure(small).low < 1
    few = basic_small.reduce(small_runs(seeds=6))
    assert judge(c11, few, decides=True).verdict == "undecided"


def test_no_superposition_at_all_leaves_its_claims_without_a_number():
    found = verdicts(basic_small, basic_small.reduce(everywhere(kept(20, 5))))
    assert (found["C10"], found["C11"], found["C12"]) == ("not reproduced", "undecided", "not reproduced")


def test_rows_have_a_line_per_density(small):
    rows = {claim.id: claim.rows(small) for claim in basic_small.CLAIMS if claim.rows}
    assert [row["density"] for row in rows["C11"]] == ["1", "0.3", "0.1", "0.03", "0.01", "0.003", "0.001"]
    assert [list(row.values())[1] for row in rows["C11"]] == ["none", "100%", "100%", "100%", "17%", "17%", "17%"]
    assert rows["C12"][6]["their median bias"] == "-0.20"


@pytest.fixture(scope="module")
def large():
    """Sums as the paper has them, in models of both sizes that hardly differ."""
    rng = np.random.default_rng(0)
    totals = {
        f"{name}_total": np.array(paper)[:, None] * (1 + 0.002 * rng.standard_normal((7, seeds)))
        for (name, paper), seeds in zip(basic_large.PAPER.items(), (16, 4), strict=True)
    }
    notebook = {f"notebook_{name}": np.array(paper)[:, None] + [[-1.0, 0.0, 2.0]] for name, paper in basic_large.PAPER.items()}
    return plain(**totals, **notebook, dense_small=np.full(16, 0.01), dense_large=np.full(4, 0.02))


def test_claims_of_the_large_figure_hold_for_the_papers_numbers(large):
    assert verdicts(basic_large, large) == dict.fromkeys(("C8", "C9", "C9-N", "C13"), "reproduced")
    assert [claim.measure(large).models for claim in basic_large.CLAIMS] == [20, 140, 140, 140]


def at(places, amount):
    """Zeros for the seven densities, but `amount` at some places."""
    column = np.zeros((7, 1))
    column[places] = amount
    return column


MIXED = np.tile([1, -1], 8)


@pytest.mark.parametrize(
    ("name", "change", "failing", "verdict"),
    [
        ("dense_large", lambda a: a + 0.2, {"C8"}, "not reproduced"),
        ("dense_small", lambda a: a * np.where(np.arange(16) == 5, 100, 1), {"C8"}, "undecided"),
        ("small_total", lambda a: a[[0, 1, 2, 3, 4, 5, 5]], {"C9"}, "not reproduced"),  # no rise at the end
        ("small_total", lambda a: a - at(6, 1.0) * (np.arange(16) < 12), {"C9"}, "not reproduced"),  # a fall in most rows
        ("small_total", lambda a: a - at(6, 1.0) * (np.arange(16) < 4), {"C9"}, "undecided"),  # and in a quarter
        ("small_total", lambda a: a * (1 - at(2, 0.08)), set(), ""),
        ("small_total", lambda a: a * (1 - at(2, 0.15)), {"C9-N"}, "not reproduced"),
        ("small_total", lambda a: a * (1 + at(2, 0.1) + at(2, 0.01) * MIXED), {"C9-N"}, "undecided"),
        ("seed_total", lambda a: a * (1 + at(3, 0.12)), {"C9-N"}, "not reproduced"),
        ("seed_total", lambda a: a * (1 + at(6, 0.3)), {"C9-N", "C13"}, "not reproduced"),
        ("seed_total", lambda a: a * (1 + at(6, 0.2) + at(6, 0.1) * [1, -1, 1, -1]), {"C9-N", "C13"}, "undecided"),
    ],
)
def test_claims_of_the_large_figure_can_fail(large, name, change, failing, verdict):
    found = verdicts(basic_large, changed(large, **{name: change(large[name])}))
    assert {claim for claim, said in found.items() if said != "reproduced"} == failing
    assert {found[claim] for claim in failing} <= {verdict}


def test_many_more_features_than_dimensions_means_more_than_pairs(large):
    """Sums that rise all the way to one pair for each dimension are not enough."""
    few = {name: large[name] * 0.66 for name in ("small_total", "seed_total")}
    assert verdicts(basic_large, changed(large, **few))["C9"] == "not reproduced"


def test_the_tables_list_both_figures_and_the_paper(large):
    rows = {claim.id: claim.rows(large) for claim in basic_large.CLAIMS if claim.rows}
    assert rows["C9"][1] == {
        "models": "F10",
        "rows": "4",
        "rise at every step": "4",
        "step with the fewest rises": "to density 0.3, 100%",
    }
    assert rows["C9-N"][1] == {
        "density": "0.3",
        "F9, sum of min(norm, 1)": "6.9 [6.9, 6.9]",
        "F9, the notebook's way": "7.3",
        "paper's F9": "6.93",
        "F10, sum of min(norm, 1)": "25.9 [25.8, 25.9]",
        "F10, the notebook's way": "26.1",
        "paper's F10": "25.8",
    }
    assert (rows["C13"][2]["F10 / F9"][:4], rows["C13"][2]["paper's F10 / F9"]) == ("0.89", "0.89")


def test_the_notebook_starts_the_larger_model_at_a_quarter_of_the_usual_size():
    """Xavier's rule for a tensor of seven models, each 80 by 20, gives sqrt(2 / ((80 + 7) 20)) in place of sqrt(2 / 100)."""
    needed = basic_large.needs(Size(steps=5000, seeds=4))
    recipes = {name: {run.recipe for run in needed[f"notebook_{name}"].runs} for name in ("small", "seed")}
    assert recipes == {"small": {Recipe(init_scale=0.4303)}, "seed": {Recipe(init_scale=0.2397)}}
    assert len(needed["notebook_seed"].runs) == 3 * 7
    np.testing.assert_allclose(0.2397 * np.sqrt(2 / 100), np.sqrt(2 / ((80 + 7) * 20)), rtol=1e-3)


def quadrupled(run):
    """The same arrangement four times over: 80 features in 20 dimensions, each feature's copies side by side in importance."""
    if run.n_features == 20:
        return weights(run)
    W = IDEAL[1.0] if run.model == "linear" else IDEAL[run.distribution.density]
    return np.kron(W, np.eye(4))


def test_the_large_figure_from_models():
    sweeps = basic_large.needs(Size(steps=1, seeds=2))
    data = basic_large.reduce({name: trained(sweep, quadrupled) for name, sweep in sweeps.items()})
    assert data["represented"].tolist() == [20, 20, 28, 36, 40, 48, 48, 48]
    np.testing.assert_allclose(data["dense_large"], 0.5, rtol=1e-6)  # no biases here, the solution's are 1/2
    assert verdicts(basic_large, data)["C13"] == "reproduced"
    for theme in THEMES:
        assert_readable(basic_large.draw(data, theme))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_pictures_are_readable_whatever_was_learned(small, theme):
    assert_readable(basic_small.draw(small, theme))
    assert_readable(basic_small.draw(basic_small.reduce(everywhere(np.zeros((5, 20)))), theme))


def test_the_picture_says_what_the_data_say(small):
    def words(data):
        return [text.get_text() for axes in basic_small.draw(data, THEMES[0]).axes for text in axes.texts]

    said = words(small)
    assert "12 features" in said and "22 of 22 superposed features in antipodal pairs" in said
    assert "products up to 0.37, biases down to −0.20" in said
    fewer = changed(small, represented=np.arange(8))
    assert "7 features" in words(fewer)
