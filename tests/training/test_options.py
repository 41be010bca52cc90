"""Activations, penalty, attack, fixed data sets and unit norms, on every model and distribution: both engines and their twin."""

from itertools import combinations

import numpy as np
import pytest

from sup.sweeps import shape_of
from sup.training import train
from tests.training import twin
from tests.training.runs import ACTIVATIONS, MIXED, OPTIONS

KEYS = ("unit_norm", "penalised", "attacked", "fixed")


def test_the_mixed_runs_have_every_option_on_every_model_and_distribution_and_beside_every_other():
    shapes = [shape_of(run) for run in MIXED.values()]
    assert len(shapes) == len(MIXED) == 4 * 3 * 3
    for key in KEYS:
        for value in (True, False):
            assert len({(s.model, s.distribution) for s in shapes if getattr(s, key) == value}) == 12
            assert {s.activation for s in shapes if getattr(s, key) == value} == set(ACTIVATIONS)
    for pair in combinations(KEYS, 2):
        assert len({tuple(getattr(shape, key) for key in pair) for shape in shapes}) == 4
    assert {name.split("-")[-1] for name in MIXED} >= {OPTIONS[-1]}


@pytest.mark.parametrize("name", MIXED)
def test_torch_agrees_with_the_specification(name):
    """They add up in different orders, so by rounding only."""
    run = MIXED[name]
    expected, found = twin.train(run), train([run], engine="torch")
    assert expected.keys() == found.keys()
    for part in expected:
        np.testing.assert_allclose(found[part][0], expected[part], rtol=0, atol=2e-5)
