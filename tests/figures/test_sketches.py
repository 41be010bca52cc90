from itertools import pairwise

import numpy as np
import pytest

import figures
from figures.base import About, Size
from figures.shared.strokes import SHEET
from figures.style import THEMES
from tests.figures.pictures import assert_legible, assert_readable, assert_same_bytes, texts

NAMES = (
    "privileged_basis_sketch",
    "polysemanticity_sketch",
    "interference_sketch",
    "simulation_sketch",
    "setup_sketch",
    "reading_products",
    "reading_norms",
)
PHONE = 343.0  # width in CSS pixels that a phone leaves for a picture
ALL = pytest.mark.parametrize("name", NAMES)
BY_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def data_of(name):
    return figures.module(name).reduce({})


@ALL
def test_it_says_what_it_shows_and_needs_no_run(name):
    module = figures.module(name)
    assert isinstance(module.ABOUT, About)
    assert module.ABOUT.title and module.ABOUT.source
    assert 80 < len(module.ABOUT.alt) < 400
    assert module.needs(Size(steps=1, seeds=1)) == {}
    assert all(claim.not_testable for claim in module.CLAIMS)


def test_labels_follow_the_order_of_the_paper():
    assert [figures.module(name).ABOUT.label for name in NAMES] == [f"F{k}" for k in range(2, 9)]


@ALL
@BY_THEME
def test_words_are_inside_apart_and_legible_on_a_phone(name, theme):
    fig = figures.module(name).draw(data_of(name), theme)
    assert_readable(fig)
    assert_legible(fig, theme)
    assert fig.get_size_inches()[0] * 72 == pytest.approx(SHEET)
    for text, _ in texts(fig):
        assert text.get_fontsize() * PHONE / SHEET >= 7, text.get_text()


@ALL
@BY_THEME
def test_drawing_twice_gives_the_same_bytes(name, theme):
    assert_same_bytes(figures.module(name).draw, data_of(name), theme)


@ALL
def test_drawing_leaves_the_data_alone(name):
    module, data = figures.module(name), data_of(name)
    for array in data.arrays.values():
        array.values.setflags(write=False)
    module.draw(data, THEMES[0])


def test_without_a_privileged_basis_a_rotation_keeps_every_product():
    data = data_of("privileged_basis_sketch")
    for name in ("free", "turned"):
        assert np.linalg.norm(data[name], axis=1) == pytest.approx(1)
    assert data["turned"] @ data["turned"].T == pytest.approx(data["free"] @ data["free"].T)
    assert np.abs(data["free"]).min() > 0.1, "the free features are off the axes"
    assert data["aligned"] == pytest.approx(np.eye(2))


def test_neurons_are_polysemantic_with_and_without_superposition():
    data = data_of("polysemanticity_sketch")
    askew, crowded = data["askew"], data["crowded"]
    assert askew @ askew.T == pytest.approx(np.eye(2))
    assert crowded @ crowded.T == pytest.approx(1.5 * np.eye(3) - 0.5)
    for features in (askew, crowded):
        assert np.abs(features).min() > 0.2, "each neuron answers to each feature"


def test_two_active_features_of_a_pentagon_look_like_a_third():
    data = data_of("interference_sketch")
    features, golden = data["features"], (1 + np.sqrt(5)) / 2
    assert data["alone"] @ features == pytest.approx(data["two"] @ features)
    assert data.values["same"].value == pytest.approx(1 / golden)
    assert data.values["leak"].value == pytest.approx(np.cos(2 * np.pi / 5))
    signs = np.sign(data["read"])
    assert signs.tolist() == [1, 1, -1, -1, 1], "b and e leak, a ReLU cuts c and d"


def test_every_feature_of_the_large_network_is_a_pair_of_neurons_of_the_small_one():
    data = data_of("simulation_sketch")
    codes = data["codes"]
    assert (codes.sum(axis=1) == 2).all()
    assert (codes.sum(axis=0) == data.values["shared"].value).all()
    assert len(np.unique(codes, axis=0)) == len(codes) == data.values["features"].value
    assert (data["on"] == codes[data["active"]]).all()
    steps = {(source, target) for source, *targets in data["edges"].tolist() for target in targets}
    active = data["active"].tolist()
    assert set(pairwise(active)) <= steps, "the active path runs along connections"


def test_the_setup_shows_one_feature_recovered_with_interference():
    data = data_of("setup_sketch")
    products = data["W"].T @ data["W"]
    assert np.diag(products) == pytest.approx(1)
    assert np.abs(products[~np.eye(6, dtype=bool)]) == pytest.approx(1 / np.sqrt(5))
    assert data["recovered"] == pytest.approx(np.maximum(products @ data["x"], 0))
    assert (data["recovered"][data["x"] == 0] > 0).any()
