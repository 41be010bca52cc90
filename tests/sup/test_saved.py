"""Saved models come back as they were, with their specs, and changed files are refused."""

import numpy as np
import pytest
import safetensors.numpy

import figures
from report import profiles
from sup.errors import SupError
from sup.features import Correlated, Independent
from sup.results import Trained
from sup.saved import load, to_bytes
from sup.specs import Recipe, Run, geometric
from sup.sweeps import sweep
from sup.training import train

BASE = Run(
    model="relu-output",
    n_features=3,
    n_hidden=2,
    distribution=Independent(density=0.1),
    importance=geometric(0.9, 3),
    recipe=Recipe(steps=3, batch=64, schedule=((0.0, 1.0), (0.5, 0.25), (1.0, 0.0))),
)


@pytest.fixture(scope="module")
def trained():
    runs = sweep(BASE, density=(1.0, 0.1), seed=(0, 2**63 - 1)).runs
    return Trained(runs, train(runs, snapshots=(2,)), snapshots=(2,))


def equal(one, other):
    assert (
        one.runs == other.runs and one.snapshots == other.snapshots and list(one.arrays) and set(one.arrays) == set(other.arrays)
    )
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other[name])
        assert array.dtype == other[name].dtype


def test_saved_models_come_back_as_they_were(trained):
    back = load(to_bytes(trained))
    equal(back, trained)
    assert to_bytes(back) == to_bytes(trained)
    assert len(back.where(density=0.1)) == 2


def test_another_program_sees_arrays_and_what_differs_between_runs(trained):
    arrays = safetensors.numpy.load(to_bytes(trained))
    np.testing.assert_array_equal(arrays["W"], trained["W"])
    assert arrays["spec.seed"].tolist() == [run.seed for run in trained.runs]
    assert arrays["spec.distribution.density"].tolist() == [run.distribution.density for run in trained.runs]


@pytest.mark.parametrize("name", figures.NAMES)
def test_the_specs_of_every_figure_come_back(name):
    for sweep_of in figures.module(name).needs(profiles.get("smoke").size(name)).values():
        fake = Trained(sweep_of.runs, {"final_loss": np.arange(len(sweep_of.runs), dtype=np.float64)})
        equal(load(to_bytes(fake)), fake)


def test_sets_of_features_come_back():
    run = Run(model="absolute", n_features=6, n_hidden=2, distribution=Correlated(sizes=(2, 4), density=(0.5, 0.1)))
    fake = Trained((run,), {"final_loss": np.zeros(1)})
    equal(load(to_bytes(fake)), fake)


@pytest.mark.parametrize(("old", "new"), [(b'recipe.steps\\":3', b'recipe.steps\\":4'), (b'snapshots\\":[2', b'snapshots\\":[1')])
def test_a_changed_spec_is_found(trained, old, new):
    data = to_bytes(trained)
    assert data.count(old) == 1
    with pytest.raises(SupError, match="arrays and specs of a file have the digests that it states; these were changed"):
        load(data.replace(old, new))


def test_a_changed_weight_is_found(trained):
    data = bytearray(to_bytes(trained))
    data[-1] ^= 1
    with pytest.raises(SupError, match="these were changed"):
        load(bytes(data))


@pytest.mark.parametrize("data", [b"", b"{}", b"\x02\x00\x00\x00\x00\x00\x00\x00{}", bytes(100)])
def test_a_file_of_another_kind_is_refused(data):
    with pytest.raises(SupError, match="load reads trained models that this project saved"):
        load(data)


def test_a_file_that_is_cut_short_is_refused(trained):
    data = to_bytes(trained)
    for length in range(0, len(data), 41):
        with pytest.raises(SupError, match="load reads"):
            load(data[:length])


def test_models_of_two_kinds_need_two_files():
    runs = (BASE, Run(model="linear", n_features=3, n_hidden=2, distribution=Independent(density=0.1)))
    with pytest.raises(SupError, match="got linear, relu-output"):
        to_bytes(Trained(runs, {"final_loss": np.zeros(2)}))
