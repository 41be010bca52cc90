import subprocess
import sys
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


def test_importing_them_loads_neither_matplotlib_nor_torch():
    loads = "; ".join(f"import {figures.home(name)}" for name in NAMES)
    code = f"import sys; {loads}; assert not {{'matplotlib', 'torch'}} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)


@ALL
def test_it_says_what_it_shows_and_needs_no_run(name):
    module = figures.module(name)
    assert isinstance(module.ABOUT, About)
    assert module.ABOUT.title and module.ABOUT.source
    assert 80 < len(module.ABOUT.alt) < 400
    assert module.needs(Size(steps=1, seeds=1)) == {}
    assert all(claim.untested for claim in module.CLAIMS)


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
        array.setflags(write=False)
    module.draw(data, THEMES[0])


def test_without_a_privileged_basis_a_rotation_keeps_every_product():
    arrays = data_of("privileged_basis_sketch").arrays
    for name in ("free", "turned"):
        assert np.linalg.norm(arrays[name], axis=1) == pytest.approx(1)
    assert arrays["turned"] @ arrays["turned"].T == pytest.approx(arrays["free"] @ arrays["free"].T)
    assert np.abs(arrays["free"]).min() > 0.1, "the free features are off the axes"
    assert arrays["aligned"] == pytest.approx(np.eye(2))


def test_neurons_are_polysemantic_with_and_without_superposition():
    arrays = data_of("polysemanticity_sketch").arrays
    askew, crowded = arrays["askew"], arrays["crowded"]
    assert askew @ askew.T == pytest.approx(np.eye(2))
    assert crowded @ crowded.T == pytest.approx(1.5 * np.eye(3) - 0.5)
    for features in (askew, crowded):
        assert np.abs(features).min() > 0.2, "each neuron answers to each feature"


def test_two_active_features_of_a_pentagon_look_like_a_third():
    data = data_of("interference_sketch")
    features, golden = data.arrays["features"], (1 + np.sqrt(5)) / 2
    assert data.arrays["alone"] @ features == pytest.approx(data.arrays["two"] @ features)
    assert data.values["same"].value == pytest.approx(1 / golden)
    assert data.values["leak"].value == pytest.approx(np.cos(2 * np.pi / 5))
    signs = np.sign(data.arrays["read"])
    assert signs.tolist() == [1, 1, -1, -1, 1], "b and e leak, a ReLU cuts c and d"


def test_every_feature_of_the_large_network_is_a_pair_of_neurons_of_the_small_one():
    data = data_of("simulation_sketch")
    codes = data.arrays["codes"]
    assert (codes.sum(axis=1) == 2).all()
    assert (codes.sum(axis=0) == data.values["shared"].value).all()
    assert len(np.unique(codes, axis=0)) == len(codes) == data.values["features"].value
    assert (data.arrays["on"] == codes[data.arrays["active"]]).all()
    steps = {(source, target) for source, *targets in data.arrays["edges"].tolist() for target in targets}
    active = data.arrays["active"].tolist()
    assert set(pairwise(active)) <= steps, "the active path runs along connections"


def test_the_setup_shows_one_feature_recovered_with_interference():
    arrays = data_of("setup_sketch").arrays
    products = arrays["W"].T @ arrays["W"]
    assert np.diag(products) == pytest.approx(1)
    assert np.abs(products[~np.eye(6, dtype=bool)]) == pytest.approx(1 / np.sqrt(5))
    assert arrays["recovered"] == pytest.approx(np.maximum(products @ arrays["x"], 0))
    assert (arrays["recovered"][arrays["x"] == 0] > 0).any()
