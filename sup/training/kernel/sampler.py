"""Draws of features, a block of LANES samples at a time (the law is in `sup.law`)."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from sup.draws import PARITY
from sup.training.kernel.arithmetic import LANES, f32, i32, madd, u32

UNIT = f32(2.0**-31)
WORD = ir.IntType(32)
INDEPENDENT, CORRELATED, ANTICORRELATED = 0, 1, 2


def _add(context, a, b):
    """Sum of two 32-bit words, modulo 2^32. Written as `a + b`, it would be computed in 64 bits, at half the speed."""

    def generate(target, builder, signature, arguments):
        return builder.add(*arguments)

    return types.uint32(types.uint32, types.uint32), generate


def _mix(context, x0, x1, rotation):
    """One round of Threefry on 32-bit words: x0 + x1, and x1 rotated to the left and xored with it."""

    def generate(target, builder, signature, arguments):
        x0, x1, rotation = arguments
        rotate = builder.module.declare_intrinsic("llvm.fshl", [WORD], ir.FunctionType(WORD, [WORD] * 3))
        total = builder.add(x0, x1)
        mixed = builder.xor(builder.call(rotate, [x1, x1, rotation]), total)
        return target.make_tuple(builder, signature.return_type, [total, mixed])

    pair = types.UniTuple(types.uint32, 2)  # type: ignore[no-untyped-call]  # numba has no annotations
    return pair(types.uint32, types.uint32, types.uint32), generate


add: Any = intrinsic(_add)
mix: Any = intrinsic(_mix)


@njit(error_model="numpy", inline="always")
def draw_words(U, pairs, key0, key1, low, high):
    """Fills U with the words of the counters (low, high), (low + 1, high), ...: `pairs` first words, then second words."""
    key2 = u32(u32(key0 ^ key1) ^ u32(PARITY))
    first, second = add(low, key0), add(high, key1)
    inject1, inject2, inject3 = add(key2, u32(1)), add(key0, u32(2)), add(key1, u32(3))
    for i in range(pairs):
        x0, x1 = mix(add(u32(i), first), second, u32(13))
        x0, x1 = mix(x0, x1, u32(15))
        x0, x1 = mix(x0, x1, u32(26))
        x0, x1 = mix(x0, x1, u32(6))
        x0, x1 = mix(add(x0, key1), add(x1, inject1), u32(17))
        x0, x1 = mix(x0, x1, u32(29))
        x0, x1 = mix(x0, x1, u32(16))
        x0, x1 = mix(x0, x1, u32(24))
        x0, x1 = mix(add(x0, key2), add(x1, inject2), u32(13))
        x0, x1 = mix(x0, x1, u32(15))
        x0, x1 = mix(x0, x1, u32(26))
        x0, x1 = mix(x0, x1, u32(6))
        x0, x1 = mix(add(x0, key0), add(x1, inject3), u32(17))
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
