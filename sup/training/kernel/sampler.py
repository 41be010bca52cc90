"""Draws of features, a block of LANES samples at a time (the law is in `sup.law`)."""

import numpy as np
from numba import njit

from sup.draws import PARITY
from sup.training.kernel.arithmetic import LANES, f32, i32, madd, u32

UNIT = f32(2.0**-31)
INDEPENDENT, CORRELATED, ANTICORRELATED = 0, 1, 2


@njit(error_model="numpy", inline="always")
def mix(x0, x1, rotation):
    """One round of Threefry."""
    x0 = u32(x0 + x1)
    x1 = u32(x1 << u32(rotation)) | u32(x1 >> u32(32 - rotation))
    return x0, x1 ^ x0


@njit(error_model="numpy", inline="always")
def draw_words(U, pairs, key0, key1, low, high):
    """Fills U with the words of the counters (low, high), (low + 1, high), ...: `pairs` first words, then second words."""
    key2 = u32(key0 ^ key1 ^ u32(PARITY))
    for i in range(pairs):
        x0, x1 = u32(u32(low + u32(i)) + key0), u32(high + key1)
        x0, x1 = mix(x0, x1, 13)
        x0, x1 = mix(x0, x1, 15)
        x0, x1 = mix(x0, x1, 26)
        x0, x1 = mix(x0, x1, 6)
        x0, x1 = u32(x0 + key1), u32(x1 + key2 + u32(1))
        x0, x1 = mix(x0, x1, 17)
        x0, x1 = mix(x0, x1, 29)
        x0, x1 = mix(x0, x1, 16)
        x0, x1 = mix(x0, x1, 24)
        x0, x1 = u32(x0 + key2), u32(x1 + key0 + u32(2))
        x0, x1 = mix(x0, x1, 13)
        x0, x1 = mix(x0, x1, 15)
        x0, x1 = mix(x0, x1, 26)
        x0, x1 = mix(x0, x1, 6)
        x0, x1 = u32(x0 + key0), u32(x1 + key1 + u32(3))
        x0, x1 = mix(x0, x1, 17)
        U[i], U[pairs + i] = x0, x1


@njit(error_model="numpy", inline="always")
def sample_independent(S, U, n, X, threshold, scale, low):
    """Values of n features at S[X...], lanes of one feature together."""
    for j in range(n):
        t, s, base = threshold[j], scale[j], low[j]
        for r in range(LANES):
            v = u32(U[j * LANES + r] >> u32(1))
            S[X + j * LANES + r] = madd(f32(i32(v)), s, base) if v < t else f32(0)


@njit(error_model="numpy", inline="always")
def sample_correlated(S, U, n, X, threshold, sizes):
    """Values of features in sets that are active together; the words of the sets follow those of the features."""
    j = 0
    for k in range(sizes.shape[0]):
        t, w = threshold[k], (n + k) * LANES
        for _ in range(sizes[k]):
            for r in range(LANES):
                value = f32(i32(u32(U[j * LANES + r] >> u32(1)))) * UNIT
                S[X + j * LANES + r] = value if u32(U[w + r] >> u32(1)) < t else f32(0)
            j += 1


@njit(error_model="numpy", inline="always")
def sample_anticorrelated(S, U, n, X, threshold, sizes):
    """Values of features in sets of which one is active at a time: member c of s when c T <= v s < (c + 1) T."""
    j, sets = 0, sizes.shape[0]
    for k in range(sets):
        t, s = np.uint64(threshold[k]), np.uint64(sizes[k])
        for c in range(sizes[k]):
            start, stop = np.uint64(c) * t, np.uint64(c + 1) * t
            for r in range(LANES):
                v = np.uint64(u32(U[k * LANES + r] >> u32(1))) * s
                value = f32(i32(u32(U[(sets + k) * LANES + r] >> u32(1)))) * UNIT
                S[X + j * LANES + r] = value if v >= start and v < stop else f32(0)
            j += 1


@njit(error_model="numpy", inline="always")
def sample(S, U, n, X, kind, threshold, scale, low, sizes):
    """Values of n features of the given kind at S[X...], from the block's words."""
    if kind == INDEPENDENT:
        sample_independent(S, U, n, X, threshold, scale, low)
    elif kind == CORRELATED:
        sample_correlated(S, U, n, X, threshold, sizes)
    else:
        sample_anticorrelated(S, U, n, X, threshold, sizes)
