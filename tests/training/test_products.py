"""The kernel's matrix products, over all terms and over nonzero ones alone, have the bits of sums in the plain order."""

import numpy as np
import pytest
from numba import njit

from sup.constants import LANES
from sup.training.kernel.network import to_lanes, to_rows
from sup.training.kernel.products import (
    add_outer,
    add_outer_by_lanes,
    add_two_outers_by_lanes,
    lane_sum,
    to_hidden,
    to_output,
)
from sup.training.kernel.sparse import add_outer_active, count_active, to_hidden_rows
from tests.training import twin

f32 = np.float32
SHAPES = [(1, 1), (5, 2), (3, 17), (7, 24), (13, 33), (25, 49), (30, 6), (9, 100)]  # remainders of every kind, 1 to 7 vectors


def make(n, m):
    """Every product of one shape, compiled: each writes at S[T...]."""
    padded = -(-m // 16) * 16
    X, H, R = 0, n * LANES, (n + m) * LANES
    T = R + padded * LANES

    @njit
    def products(S, W, WT, b, which):
        if which == 0:
            to_hidden(S, n, m, X, T, W)
        elif which == 1:
            to_output(S, n, m, H, T, W, b)
        elif which == 2:
            to_rows(S, m, padded, H, T)
        elif which == 3:
            to_lanes(S, m, padded, R, T)
        elif which == 4:
            to_hidden_rows(S, n, padded, X, T, WT)
        elif which == 5:
            add_outer(S, n, padded, X, R, T)
        elif which == 6:
            add_outer_active(S, n, padded, X, R, T)
        elif which == 7:
            add_outer_by_lanes(S, n, m, H, X, T)
        elif which == 8:
            add_two_outers_by_lanes(S, n, m, H, X, H, X, T)
        return count_active(S, n, X), lane_sum(S, X)

    return products, padded, T


@pytest.mark.parametrize(("n", "m"), SHAPES)
@pytest.mark.parametrize("density", [1.0, 0.03])
def test_products_have_the_bits_of_plain_sums(n, m, density):
    products, padded, T = make(n, m)
    rng = np.random.default_rng(n * m)
    x = np.where(rng.random((n, LANES)) < density, rng.normal(size=(n, LANES)), 0).astype(f32)
    h, W, b = (rng.normal(size=shape).astype(f32) for shape in ((m, LANES), (m, n), n))
    rows, WT = np.zeros((LANES, padded), f32), np.zeros((n, padded), f32)
    rows[:, :m], WT[:, :m] = h.T, W.T
    before = rng.normal(size=n * max(m, 1) * LANES + padded * LANES + n * padded).astype(f32)

    def run(which, shape):
        S = np.concatenate([x.ravel(), h.ravel(), rows.ravel(), before])
        counts = products(S, W, WT.ravel(), b, which)
        assert counts == (np.count_nonzero(x), twin.lane_sum(x[0]))
        return S[T : T + np.prod(shape)].reshape(shape)

    def old(shape):
        return before[: np.prod(shape)].reshape(shape)

    hidden = twin.to_hidden(W, x)
    assert np.array_equal(run(0, (m, LANES)), hidden)
    assert np.array_equal(run(1, (n, LANES)), twin.to_output(W, b, h))
    assert np.array_equal(run(2, (LANES, padded))[:, :m], h.T)
    assert np.array_equal(run(3, (m, LANES)), h)
    assert np.array_equal(run(4, (LANES, padded))[:, :m], hidden.T)
    sums = twin.row_by_row(h, x, np.ascontiguousarray(old((n, padded))[:, :m].T))
    assert np.array_equal(run(5, (n, padded))[:, :m], sums.T)
    assert np.array_equal(run(6, (n, padded))[:, :m], sums.T)
    lanes = twin.outer(h, x, old((m, n, LANES)))
    assert np.array_equal(run(7, (m, n, LANES)), lanes)
    assert np.array_equal(run(8, (m, n, LANES)), twin.outer(h, x, lanes))
