from dataclasses import replace

import numpy as np
import pytest

from figures.base import Value
from figures.demonstrating import reading_norms, reading_products
from figures.style import LIGHT
from sup.geometry import REPRESENTED
from tests.figures.pictures import texts


def words(module, data):
    return "\n".join(text.get_text() for text, _ in texts(module.draw(data, LIGHT)))


def test_the_ideal_products_are_the_identity_on_what_is_learned():
    data = reading_products.reduce({})
    assert data["products"].tolist() == np.diag([1.0] * 5 + [0.0] * 15).tolist()
    assert data["bias"].tolist() == [0.0] * 5 + [0.5] * 15
    assert (data.values["learned"].value, data.values["mean"].value) == (5, 0.5)


def test_the_ideal_solution_is_a_least_squares_optimum():
    """No small change of W or b lowers the loss of the linear model."""
    data = reading_products.reduce({})
    rng = np.random.default_rng(0)
    importance = 0.7 ** np.arange(20)
    w = np.eye(5, 20)

    def loss(w, bias):  # exact for independent uniform inputs: variance 1/12 each, mean 1/2
        rest = np.eye(20) - w.T @ w
        return float(importance @ ((rest**2).sum(axis=1) / 12 + (rest @ np.full(20, 0.5) - bias) ** 2))

    best = loss(w, data["bias"])
    for _ in range(200):
        assert loss(w + 0.01 * rng.standard_normal(w.shape), data["bias"] + 0.01 * rng.standard_normal(20)) > best


def test_the_numbers_written_beside_the_products_are_those_of_the_data():
    data = reading_products.reduce({})
    assert "0.50 for dense inputs" in words(reading_products, data)
    changed = replace(data, values={"learned": Value(value=4), "mean": Value(value=0.25)})
    assert "0.25 for dense inputs" in words(reading_products, changed)
    assert "feature 4 on: not learned" in words(reading_products, changed)


def test_scores_of_the_arrangements_are_those_of_their_closed_forms():
    data = reading_norms.reduce({})
    expected = {"dedicated": 0, "triangle": 1 / 2, "pair": 1, "pentagon": 3 / 2, "faint": 0}
    for k, (name, score) in enumerate(expected.items()):
        assert data["scores"][data["group"] == k] == pytest.approx(score, abs=1e-12), name
        assert data.values[name].value == pytest.approx(score, abs=1e-12)


def test_all_but_the_last_group_are_represented_in_full():
    data = reading_norms.reduce({})
    faint = data["group"] == data["group"].max()
    assert data["norms"][~faint] == pytest.approx(1)
    assert (data["norms"][faint] < REPRESENTED).all()


def test_groups_do_not_interfere_with_each_other():
    data = reading_norms.reduce({})
    w, group = data["W"], data["group"]
    assert (w.T @ w)[group[:, None] != group[None]] == pytest.approx(0)


def test_the_scores_written_beside_the_bars_are_those_of_the_data():
    data = reading_norms.reduce({})
    assert [f"score {score}" in words(reading_norms, data) for score in ("0.0", "0.5", "1.0", "1.5")] == [True] * 4
    changed = replace(data, values={**data.values, "pentagon": Value(value=2.25)})
    assert "score 2.2" in words(reading_norms, changed)
