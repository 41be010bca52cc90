"""Activations, penalty, attack, fixed data sets and unit norms, on every model and distribution: both engines and their twin."""

from itertools import combinations

import numpy as np
import pytest

from sup.canonical import content_digest
from sup.specs import TRAITS
from sup.sweeps import shape_of, vary
from sup.training import train
from tests.training import twin
from tests.training.runs import ACTIVATIONS, MIXED, OPTIONS

KEYS = ("unit_norm", "penalised", "attacked", "fixed")


def test_the_mixed_runs_have_every_option_on_every_model_and_distribution_and_beside_every_other():
    shapes = [shape_of(run) for run in MIXED.values()]
    kinds = 3 * len(TRAITS)
    assert len(shapes) == len(MIXED) == kinds * len(ACTIVATIONS)
    for key in KEYS:
        for value in (True, False):
            assert len({(s.model, s.distribution) for s in shapes if getattr(s, key) == value}) == kinds
            assert {s.activation for s in shapes if getattr(s, key) == value} == set(ACTIVATIONS)
    for pair in combinations(KEYS, 2):
        assert len({tuple(getattr(shape, key) for key in pair) for shape in shapes}) == 4
    assert {name.split("-")[-1] for name in MIXED} >= {OPTIONS[-1]}


def test_runs_of_another_data_set_or_strength_train_side_by_side_and_learn_differently():
    """Three runs with options have the same bits side by side, in another order and alone, and differ from each other."""
    base, strengths = MIXED["relu-output-anticorrelated-relu-l1-attack-dataset-large"], ((0.1, 0.2), (0.2, 0.1), (0.1, 0.2))
    runs = [vary(base, l1=l1, attack=attack, dataset=min(i, 1)) for i, (l1, attack) in enumerate(strengths)]
    together, backwards = train(runs), train(runs[::-1])
    for i, run in enumerate(runs):
        alone = train([run])
        for name in together:
            assert np.array_equal(together[name][i], alone[name][0]) and np.array_equal(backwards[name][2 - i], alone[name][0])
    assert len({W.tobytes() for W in together["W"]}) == 3


def test_a_snapshot_changes_nothing_with_a_data_set():
    run = MIXED["relu-output-anticorrelated-relu-l1-attack-dataset-large"]
    assert np.array_equal(train([run], (0, 5, 7))["W"], train([run])["W"])


def kernel_gives_the_bits_of_the_specification(run):
    result = {name: np.asarray(array[0]) for name, array in train([run]).items()}
    return content_digest(result) == content_digest({name: np.asarray(array) for name, array in twin.train(run).items()})


@pytest.mark.parametrize("name", list(MIXED)[::9] + list(MIXED)[4::9] + list(MIXED)[8::9])
def test_the_kernel_gives_the_bits_of_the_specification(name):
    """One run of each model on each distribution, each with another activation; a kernel takes seconds to compile."""
    assert kernel_gives_the_bits_of_the_specification(MIXED[name])


@pytest.mark.soak
@pytest.mark.parametrize("name", MIXED)
def test_the_kernel_gives_the_bits_of_the_specification_in_every_mixture(name, ledger):
    assert kernel_gives_the_bits_of_the_specification(MIXED[name])
    ledger("Mixtures of options trained by kernel and specification to the same bits", "the kernel")


@pytest.mark.parametrize("name", MIXED)
def test_torch_agrees_with_the_specification(name):
    """Up to rounding, since they add up in different orders."""
    run = MIXED[name]
    expected, result = twin.train(run), train([run], engine="torch")
    assert expected.keys() == result.keys()
    for part in expected:
        np.testing.assert_allclose(result[part][0], expected[part], rtol=0, atol=2e-5)
