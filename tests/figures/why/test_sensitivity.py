"""The table of key numbers under recipes and sizes: its numbers on models written by hand, and its cells."""

import re

import numpy as np
import pytest

import figures
from figures.base import Size
from figures.style import THEMES
from figures.why import sensitivity
from figures.why.key_numbers import NUMBERS
from report import ROOT
from tests.figures.models import blocks, trained
from tests.figures.pictures import assert_readable

SIZE = Size(steps=10, seeds=2)
PAIR = np.array([[1.0, -1.0]])


def results(weights):
    return sensitivity.reduce({name: trained(sweep, weights) for name, sweep in sensitivity.needs(SIZE).items()})


def one_each(run):
    """The first features have dimensions of their own, and the others are dropped."""
    return np.eye(run.n_hidden, run.n_features)


def two_each(run):
    return blocks(run.n_features, *[PAIR] * run.n_hidden)


@pytest.fixture(scope="module")
def apart():
    return results(one_each)


def column(data, name):
    """The distinct values of a number over all models."""
    return np.unique(data["number"][list(NUMBERS).index(name)].round(6)).tolist()


def test_models_without_superposition_have_the_numbers_that_follow_from_their_weights(apart):
    for name in ("dense", "sparse", "linear", "plateau", "beyond", "aligned", "shared", "absolute"):
        assert column(apart, name) == [1.0], name
    assert column(apart, "paired") == [0.0]


def test_models_of_opposite_pairs_have_half_a_dimension_for_each_feature():
    paired = results(two_each)
    assert column(paired, "sparse") == [2.0] and column(paired, "plateau") == [0.5] and column(paired, "paired") == [1.0]
    ratio = np.array(column(paired, "harm"))
    assert (ratio > 0).all() and (ratio < 3).all()


def test_a_mean_counts_as_inside_where_its_statement_holds(apart):
    values = {name: value.value for name, value in apart.values.items()}
    cells = len(sensitivity.SIZES) * len(sensitivity.RECIPES)
    assert values["cells"] == 10 * cells == 150
    inside = {name: values[f"{name}_inside"] for name in NUMBERS}
    assert inside == dict.fromkeys(("dense", "linear", "aligned", "absolute"), cells) | dict.fromkeys(
        ("sparse", "plateau", "paired", "beyond", "harm", "shared"), 0
    )
    assert values["inside"] == 4 * cells and sum(values[f"inside_{name}"] for name in sensitivity.RECIPES) == 4 * cells


def test_all_recipes_and_sizes_are_trained_on_equally_many_samples():
    sweeps = sensitivity.needs(SIZE)
    recipes = {
        (run.recipe.learning_rate, run.recipe.weight_decay, run.recipe.init_scale, run.recipe.schedule)
        for sweep in sweeps.values()
        for run in sweep.runs
    }
    assert len(recipes) == 5 and {run.recipe.steps * run.recipe.batch for s in sweeps.values() for run in s.runs} == {10240}
    assert {sweep.shape.words for sweep in sweeps.values()} >= {"linear 40x10, independent", "absolute 50x20, independent"}


def test_every_number_names_a_claim_of_the_paper():
    known = {claim.id for name in figures.NAMES for claim in figures.module(name).CLAIMS}
    assert {number.claim for number in NUMBERS.values()} <= known


def test_the_figure_is_readable(apart):
    for theme in THEMES:
        assert_readable(sensitivity.draw(apart, theme))


def test_the_table_on_the_page_has_every_number_with_its_claim_and_range():
    page = (ROOT / "templates/why.md").read_text()
    rows = re.findall(r'\("(\w+)", "[^"]+", "([\w-]+)", "([^"]+)"\)', page)
    assert [(name, claim) for name, claim, _ in rows] == [(name, number.claim) for name, number in NUMBERS.items()]
    for (_, _, words), number in zip(rows, NUMBERS.values(), strict=True):
        ends = [float(end) for end in re.findall(r"[\d.]+", words)]
        assert ends == ([number.low, number.high] if " to " in words else [number.low if "more" in words else number.high])
