"""Draws: published test vectors, the quantiles of the normal distribution, and independence of keys and positions."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup.draws import ln, normals, stream_key, stream_keys, threefry, words
from sup.features import Independent
from sup.initial import initial_parameters
from sup.specs import Run
from sup.sweeps import vary

RUN = Run(model="relu-output", n_features=5, n_hidden=2, distribution=Independent(density=0.1))


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [  # from the test vectors published with the generator (Random123, kat_vectors, threefry2x32 13)
        ((0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xBA3E4725, 0xF27D669E)),
    ],
)
def test_published_vectors(key, counter, expected):
    low, high = (np.array([word], np.uint32) for word in counter)
    assert tuple(int(word[0]) for word in threefry(np.array(key, np.uint32), low, high)) == expected


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_normals_are_quantiles(bits):
    ours = normals(np.array(bits, np.uint32))
    theirs = [statistics.NormalDist().inv_cdf((bit + 0.5) / 2**32) for bit in bits]
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-15)


@given(st.floats(1e-300, 1e300))
def test_logarithm(u):
    assert math.isclose(ln(np.array([u]))[0], math.log(u), rel_tol=1e-14, abs_tol=1e-15)


def test_normals_have_mean_zero_and_variance_one():
    """A million of them; each bound is five standard errors, so it fails by chance less than once in a million."""
    z = normals(words(stream_keys([RUN], "init"), 0, 0, 1_000_000)[0])
    assert abs(z.mean()) < 5 / 1000
    assert abs(z.var() - 1) < 5 * math.sqrt(2) / 1000


def test_streams_and_runs_have_keys_of_their_own():
    other = vary(RUN, seed=1)
    assert len({stream_key(run, stream) for run in (RUN, other) for stream in ("train", "init")}) == 4


def test_runs_of_one_task_are_judged_on_the_same_draws():
    assert stream_key(RUN, "eval") == stream_key(vary(RUN, seed=1, steps=7, importance=0.5), "eval")
    assert stream_key(RUN, "eval") != stream_key(vary(RUN, density=0.2), "eval")


def test_words_are_a_function_of_key_step_and_position():
    keys = stream_keys([RUN, vary(RUN, seed=1)], "train")
    both = words(keys, 3, 0, 128)
    assert np.array_equal(both[1], words(keys[1:], 3, 0, 128)[0])
    assert not np.array_equal(both, words(keys, 4, 0, 128))
    assert np.array_equal(both[:, 32:64], words(keys, 3, 32, 64)[:, :32])  # first words of the later counters


@pytest.mark.parametrize(("model", "names"), [("relu-hidden", ["W", "b"]), ("absolute", ["W1", "W2", "b"])])
def test_initial_weights_have_the_stated_spread(model, names):
    """Sample deviation of 200 models' weights within five standard errors of init_scale * sqrt(2 / (n + m))."""
    runs = [vary(RUN, model=model, seed=seed, init_scale=0.5) for seed in range(200)]
    start = initial_parameters(runs)
    assert list(start) == names
    assert not start["b"].any()
    for name in names[:-1]:
        count, expected = start[name].size, 0.5 * math.sqrt(2 / 7)
        assert abs(start[name].std() - expected) < 5 * expected / math.sqrt(2 * count)
    alone = initial_parameters(runs[7:8])
    assert all(np.array_equal(alone[name][0], start[name][7]) for name in names)
