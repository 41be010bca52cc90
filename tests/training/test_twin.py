"""The kernel gives the bits of its NumPy twin, whatever the neighbours, threads and snapshots."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sup.canonical import content_digest
from sup.features import Independent
from sup.specs import Recipe, Run
from sup.sweeps import vary
from sup.training import train
from tests.training import twin
from tests.training.runs import CASES, task, tiny


def same_bits(a, b):
    assert a.keys() == b.keys()
    assert content_digest(a) == content_digest(b)


def one(arrays, i):
    return {name: np.asarray(array[i]) for name, array in arrays.items()}


def twin_of(run):
    return {name: np.asarray(array) for name, array in twin.train(run).items()}


@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_bits_of_the_twin(run):
    same_bits(one(train([run]), 0), twin_of(run))


positive = st.floats(1e-4, 1.0)


@given(
    density=st.tuples(*[st.floats(1e-6, 1.0)] * 5),
    importance=st.tuples(*[st.floats(0.0, 10.0)] * 5),
    low=st.floats(-2.0, 0.0),
    scale=st.floats(0.0, 4.0),
    rate=positive,
    decay=st.floats(0.0, 0.5),
    beta1=st.floats(0.0, 0.99),
    beta2=st.floats(0.0, 0.9999),
    middle=st.floats(0.01, 0.99),
    factors=st.tuples(positive, positive, positive),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=25, deadline=None)
def test_bits_of_the_twin_for_any_recipe(density, importance, low, scale, rate, decay, beta1, beta2, middle, factors, seed):
    recipe = Recipe(
        steps=4,
        batch=64,
        learning_rate=min(rate, 0.5),
        weight_decay=decay,
        beta1=beta1,
        beta2=beta2,
        init_scale=scale,
        schedule=tuple(zip((0.0, middle, 1.0), factors, strict=True)),
    )
    features = Independent(density=density, low=low)
    run = Run(
        model="relu-output", n_features=5, n_hidden=2, distribution=features, importance=importance, recipe=recipe, seed=seed
    )
    same_bits(one(train([run]), 0), twin_of(run))


@pytest.mark.parametrize("name", ["relu-output-independent", "linear-large", "absolute-anticorrelated"])
def test_neighbours_and_order_change_nothing(name):
    runs = [vary(CASES[name], seed=seed) for seed in range(5)]
    together, backwards = train(runs), train(runs[::-1])
    for i, run in enumerate(runs):
        alone = one(train([run]), 0)
        same_bits(one(together, i), alone)
        same_bits(one(backwards, len(runs) - 1 - i), alone)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_change_nothing(threads):
    runs = [tiny(seed=seed) for seed in range(12)]
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(train, [runs[i : i + 3] for i in range(0, 12, 3)]))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    same_bits(joined, train(runs))


def test_schedules_of_unequal_length_change_nothing():
    short = tiny(schedule=((0.0, 1.0), (1.0, 0.5)))
    long = tiny(schedule=((0.0, 1.0), (0.2, 0.3), (0.5, 0.9), (1.0, 0.0)))
    both = train([short, long])
    same_bits(one(both, 0), one(train([short]), 0))
    same_bits(one(both, 1), twin_of(long))


def test_snapshots_observe_and_change_nothing():
    run = tiny()
    observed = train([run], (0, 3, 12))
    plain = train([run])
    assert all(np.array_equal(observed[name], plain[name]) for name in plain)
    assert np.array_equal(observed["snapshot_W"][:, -1], plain["W"])
    assert np.array_equal(observed["snapshot_loss"][:, -1], plain["final_loss"])
    assert not np.array_equal(observed["snapshot_W"][:, 0], observed["snapshot_W"][:, 1])
    assert observed["snapshot_b"].shape == (1, 3, 5) and not observed["snapshot_b"][:, 0].any()


def test_replicates_differ():
    a, b = train([task(steps=5, batch=64), task(steps=5, batch=64, seed=1)])["W"]
    assert not np.array_equal(a, b)
