"""Draws of features, a block of LANES samples at a time (the law is in `sup.law`)."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils

from sup.constants import LANES
from sup.draws import PARITY, ROUNDS
from sup.training.kernel.arithmetic import f32, i32, u32
from sup.training.kernel.vectors import FLOAT, INDEX, VECTOR, WIDTH, WORD, WORDS, at, emitted, load, madd, splat, store

UNIT = f32(2.0**-31)
INDEPENDENT, CORRELATED, ANTICORRELATED = 0, 1, 2


@emitted(types.void)
def draw_words(builder: Any, U: Any, pairs: int, key0: Any, key1: Any, low: Any, high: Any) -> None:
    """Fills U with the words of the counters (low, high), (low + 1, high), ...: `pairs` first words, then `pairs` second words.

    Threefry as in `sup.draws.threefry`, in 32 bits: numba would compute sums of words in 64, at half the speed.
    """
    rotate = cgutils.get_or_insert_function(builder.module, ir.FunctionType(WORDS, [WORDS] * 3), f"llvm.fshl.v{WIDTH}i32")
    keys = [splat(builder, key) for key in (key0, key1, builder.xor(builder.xor(key0, key1), WORD(PARITY)))]
    ascending = ir.Constant(WORDS, list(range(WIDTH)))
    with cgutils.for_range(builder, INDEX(pairs // WIDTH)) as loop:
        first = builder.mul(loop.index, INDEX(WIDTH))
        x0 = builder.add(builder.add(splat(builder, builder.add(low, builder.trunc(first, WORD))), ascending), keys[0])
        x1 = builder.add(splat(builder, high), keys[1])
        for number, rotations in enumerate(ROUNDS):
            for rotation in rotations:
                x0 = builder.add(x0, x1)
                x1 = builder.xor(builder.call(rotate, [x1, x1, ir.Constant(WORDS, [rotation] * WIDTH)]), x0)
            if len(rotations) == 4:
                x0 = builder.add(x0, keys[(number + 1) % 3])
                x1 = builder.add(builder.add(x1, keys[(number + 2) % 3]), ir.Constant(WORDS, [number + 1] * WIDTH))
        store(builder, x0, at(builder, U, first, kind=WORD))
        store(builder, x1, at(builder, U, first, pairs, kind=WORD))


@emitted(types.void)
def sample_independent(builder: Any, S: Any, U: Any, n: int, X: int, threshold: Any, scale: Any, low: Any) -> None:
    """Writes the values of n independent features to S[X...]."""
    one, zero = ir.Constant(WORDS, [1] * WIDTH), ir.Constant(VECTOR, [0.0] * WIDTH)
    with cgutils.for_range(builder, INDEX(n)) as feature:
        top = splat(builder, load(builder, at(builder, threshold, feature.index, kind=WORD), WORD))
        by, base = (splat(builder, load(builder, at(builder, array, feature.index), FLOAT)) for array in (scale, low))
        for lane in range(0, LANES, WIDTH):
            here = builder.add(builder.mul(feature.index, INDEX(LANES)), INDEX(lane))
            v = builder.lshr(load(builder, at(builder, U, here, kind=WORD), WORDS), one)
            value = madd(builder, builder.sitofp(v, VECTOR), by, base)
            store(builder, builder.select(builder.icmp_unsigned("<", v, top), value, zero), at(builder, S, X, here))


@njit(error_model="numpy", inline="always")
def sample_correlated(S, U, n, X, threshold, sizes):
    """Writes the values of features in sets that are active together; the words of the sets follow those of the features."""
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
    """Writes the values of features in sets with at most one active: member c of s if c T <= v s < (c + 1) T."""
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
def sample(S, U, n, X, kind, task):
    """Writes the values of n features of the given kind to S[X...], from the block's words."""
    if kind == INDEPENDENT:
        sample_independent(S, U, n, X, task.threshold, task.scale, task.low)
    elif kind == CORRELATED:
        sample_correlated(S, U, n, X, task.threshold, task.sizes)
    else:
        sample_anticorrelated(S, U, n, X, task.threshold, task.sizes)
