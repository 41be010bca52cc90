"""The fused training loop: draw, forward, analytic gradient, AdamW, for one run after another, each alone."""

from functools import lru_cache

import numpy as np
from numba import njit

from sup.training.kernel.arithmetic import LANES, f32, lane_sum, u32
from sup.training.kernel.network import (
    block_loss,
    mask,
    outer_by_features,
    outer_by_lanes,
    output_gradient,
    rectify,
    tied_gradient_by_lanes,
    to_hidden,
    transpose,
)
from sup.training.kernel.optimiser import adamw, schedule_factor, update_weights
from sup.training.kernel.sampler import draw_words, sample

SMALL = 100  # up to this many weights, a weight gradient keeps a sum per lane


@lru_cache
def make_loop(n, m, columns, kind, hidden_relu, output_relu, absolute):
    """Compiles `advance` and `evaluate` for models of n features and m hidden dimensions, drawn from `columns` words a sample.

    The shape and the kind of model are constants of the compiled code. Only integers and flags are closed over: numba's disk
    cache then knows a specialisation by their values in the next process too.
    """
    small, tied = n * m <= SMALL, not absolute
    pairs = columns * LANES // 2
    weights = n * m * (LANES if small else 1)
    X, H = 0, n * LANES
    Z = H + m * LANES
    D = Z + n * LANES
    XT = D + m * LANES
    ZT = XT if small else XT + n * LANES
    GB = ZT if small else ZT + n * LANES
    GW = GB + n * LANES
    GV = GW if tied else GW + weights
    SIZE = GV + weights

    @njit(cache=True, nogil=True, error_model="numpy")
    def advance(W, V, b, mW, vW, mV, vV, mb, vb, power, keys, threshold, scale, low, sizes, importance, optimiser, knots, steps,
                blocks, start, stop):  # fmt: skip
        for i in range(W.shape[0]):
            S, U = np.zeros(SIZE, np.float32), np.zeros(2 * pairs, np.uint32)
            lr, decay = optimiser[i, 0], optimiser[i, 1]
            b1, a1 = f32(optimiser[i, 2]), f32(1.0 - optimiser[i, 2])
            b2, a2 = f32(optimiser[i, 3]), f32(1.0 - optimiser[i, 3])
            epsilon = f32(optimiser[i, 4])
            factor = f32(2.0 / (blocks * LANES * n))
            for step in range(start, stop):
                for q in range(GB, SIZE):
                    S[q] = f32(0)
                for block in range(blocks):
                    draw_words(U, pairs, keys[i, 0], keys[i, 1], u32(block * pairs), u32(step))
                    sample(S, U, n, X, kind, threshold[i], scale[i], low[i], sizes)
                    to_hidden(S, n, m, X, H, W[i])
                    if hidden_relu:
                        rectify(S, m, H)
                    output_gradient(S, n, m, output_relu, absolute, X, H, Z, GB, V[i], b[i], importance[i])
                    to_hidden(S, n, m, Z, D, V[i])
                    if hidden_relu:
                        mask(S, m, D, H)
                    if small and tied:
                        tied_gradient_by_lanes(S, n, m, X, H, Z, D, GW)
                    elif small:
                        outer_by_lanes(S, n, m, H, Z, GV)
                        outer_by_lanes(S, n, m, D, X, GW)
                    else:
                        transpose(S, n, Z, ZT)
                        transpose(S, n, X, XT)
                        outer_by_features(S, n, m, H, ZT, GV)
                        outer_by_features(S, n, m, D, XT, GW)
                power[i, 0] *= optimiser[i, 2]
                power[i, 1] *= optimiser[i, 3]
                c1, c2 = f32(1.0 / (1.0 - power[i, 0])), f32(1.0 / (1.0 - power[i, 1]))
                now = lr * schedule_factor(knots[i], step / steps)
                rate, keep = f32(now), f32(1.0 - now * decay)
                update_weights(W[i], mW[i], vW[i], S, GW, small, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon)
                if not tied:
                    update_weights(V[i], mV[i], vV[i], S, GV, small, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon)
                for j in range(n):
                    g = lane_sum(S, GB + j * LANES) * factor
                    b[i, j], mb[i, j], vb[i, j] = adamw(
                        b[i, j], g, mb[i, j], vb[i, j], rate, keep, b1, a1, b2, a2, c1, c2, epsilon
                    )

    @njit(cache=True, nogil=True, error_model="numpy")
    def evaluate(W, V, b, loss, keys, threshold, scale, low, sizes, importance, blocks):
        for i in range(W.shape[0]):
            S, U = np.zeros(SIZE + LANES, np.float32), np.zeros(2 * pairs, np.uint32)
            total = 0.0
            for block in range(blocks):
                draw_words(U, pairs, keys[i, 0], keys[i, 1], u32(block * pairs), u32(0))
                sample(S, U, n, X, kind, threshold[i], scale[i], low[i], sizes)
                to_hidden(S, n, m, X, H, W[i])
                if hidden_relu:
                    rectify(S, m, H)
                for r in range(LANES):
                    S[SIZE + r] = f32(0)
                block_loss(S, n, m, output_relu, absolute, X, H, Z, SIZE, V[i], b[i], importance[i])
                total += np.float64(lane_sum(S, SIZE))
            loss[i] = total / (blocks * LANES * n)

    return advance, evaluate
