"""Draws of independent features, a block of LANES samples at a time (the law is in `sup.sampling`)."""

from numba import njit

from sup.draws import PARITY
from sup.training.kernel.arithmetic import LANES, f32, i32, madd, u32


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
