"""The fused training loop: draw, forward, analytic gradient, AdamW, for one run after another, each alone."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from sup.training.kernel.arithmetic import LANES, f32, u32
from sup.training.kernel.network import block_loss, mask, output_gradient, rectify, to_lanes, to_rows
from sup.training.kernel.optimiser import gather, schedule_factor, transpose_weights, update
from sup.training.kernel.products import add_outer, add_outer_by_lanes, add_two_outers_by_lanes, lane_sum, to_hidden
from sup.training.kernel.sampler import draw_words, sample
from sup.training.kernel.sparse import add_outer_active, count_active, to_hidden_rows
from sup.training.kernel.vectors import WIDTH

SMALL = 100  # up to this many weights, a weight gradient keeps a sum per lane
SPARSE = 4  # of so many samples or output gradients, at most one may be active for a term each to be faster


class Layout(NamedTuple):
    """Where in the scratch array things stand, in numbers.

    Attributes:
        padded: Numbers in a row of hidden dimensions: m, to whole vectors.
        size: Numbers in all.
        X: Samples (feature lane).
        H: Hidden layer (hidden lane).
        Z: Outputs, then gradients before the ReLU (feature lane).
        D: Gradients of the hidden layer (hidden lane).
        HR: Hidden layer (lane hidden), for large shapes.
        DR: Gradients of the hidden layer (lane hidden), for large shapes.
        GB: Bias gradient (feature lane).
        GV: Gradient of the way out, (hidden feature lane), for large shapes (feature hidden); tied: of both ways.
        GW: Gradient of the way in, likewise.
    """

    padded: int
    size: int
    X: int
    H: int
    Z: int
    D: int
    HR: int
    DR: int
    GB: int
    GV: int
    GW: int


def layout(n: int, m: int, tied: bool) -> Layout:
    """The scratch array of a model of n features and m hidden dimensions."""
    small, padded = n * m <= SMALL, -(-m // WIDTH) * WIDTH
    rows, weights = (0, n * m * LANES) if small else (padded * LANES, n * padded)
    sizes = (n * LANES, m * LANES, n * LANES, m * LANES, rows, rows, n * LANES, 0 if tied else weights, weights)
    *starts, size = np.cumsum([0, *sizes]).tolist()
    return Layout(padded, size, *starts)


@njit(error_model="numpy", inline="always")
def hidden_layer(S, n, m, padded, small, relu, X, H, HR, W, T):
    """The hidden layer of a block at S[H...], for large shapes also at S[HR...]; true where most samples are zero."""
    sparse = False
    if small:
        to_hidden(S, n, m, X, H, W)
    else:
        sparse = SPARSE * count_active(S, n, X) < n * LANES
        if sparse:
            to_hidden_rows(S, n, padded, X, HR, T)
            to_lanes(S, m, padded, HR, H)
        else:
            to_hidden(S, n, m, X, H, W)
            to_rows(S, m, padded, H, HR)
    if relu:
        rectify(S, m * LANES, H)
        if not small:
            rectify(S, padded * LANES, HR)
    return sparse


@njit(error_model="numpy", inline="always")
def backward(S, n, m, padded, small, tied, relu, sparse, X, H, Z, D, HR, DR, GV, GW, V, T):
    """Adds the weight gradients of a block, whose gradient at the output is at S[Z...]."""
    if small:
        to_hidden(S, n, m, Z, D, V)
        if relu:
            mask(S, m * LANES, D, H)
        if tied:
            add_two_outers_by_lanes(S, n, m, D, X, H, Z, GW)
        else:
            add_outer_by_lanes(S, n, m, H, Z, GV)
            add_outer_by_lanes(S, n, m, D, X, GW)
    else:
        if SPARSE * count_active(S, n, Z) < n * LANES:
            to_hidden_rows(S, n, padded, Z, DR, T)
            add_outer_active(S, n, padded, Z, HR, GV)
        else:
            to_hidden(S, n, m, Z, D, V)
            to_rows(S, m, padded, D, DR)
            add_outer(S, n, padded, Z, HR, GV)
        if relu:
            mask(S, padded * LANES, DR, HR)
        if sparse:
            add_outer_active(S, n, padded, X, DR, GW)
        else:
            add_outer(S, n, padded, X, DR, GW)


@njit(error_model="numpy", inline="always")
def gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden_relu, output_relu, absolute, places, W, V, b, WT, VT,
              key0, key1, block, step, threshold, scale, low, sizes, importance):  # fmt: skip
    """Draws a block of samples and adds its gradients, before the common factor, to those in S."""
    X, H, Z, D, HR, DR, GB, GV, GW = places
    draw_words(U, pairs, key0, key1, u32(block * pairs), u32(step))
    sample(S, U, n, X, kind, threshold, scale, low, sizes)
    sparse = hidden_layer(S, n, m, padded, small, hidden_relu, X, H, HR, W, WT)
    output_gradient(S, n, m, output_relu, absolute, X, H, Z, GB, V, b, importance)
    backward(S, n, m, padded, small, tied, hidden_relu, sparse, X, H, Z, D, HR, DR, GV, GW, V, VT)


@lru_cache
def make_loop(n, m, columns, kind, hidden_relu, output_relu, absolute):
    """Compiles the loop for models of n features and m hidden dimensions, drawn from `columns` words a sample.

    The shape and the kind of model are constants of the compiled code. Only integers and flags are closed over: numba's disk
    cache then knows a specialisation by their values in the next process too.

    Returns:
        `advance` trains runs from one step to another, `evaluate` measures their losses, `first` takes a run's first block apart.
    """
    small, tied = n * m <= SMALL, not absolute
    pairs, weights = columns * LANES // 2, n * m
    padded, size, *rest = layout(n, m, tied)
    places = X, H, Z, _, HR, _, GB, GV, GW = tuple(rest)
    rows = 0 if small else n * padded

    @njit(cache=True, nogil=True, error_model="numpy")
    def advance(W, V, b, mW, vW, mV, vV, mb, vb, power, keys, threshold, scale, low, sizes, importance, optimiser, knots, steps,
                blocks, start, stop):  # fmt: skip
        for i in range(W.shape[0]):
            S, U, G = np.zeros(size, np.float32), np.zeros(2 * pairs, np.uint32), np.zeros(weights + n, np.float32)
            WT = np.zeros(rows, np.float32)
            VT = WT if tied else np.zeros(rows, np.float32)
            lr, decay = optimiser[i, 0], optimiser[i, 1]
            b1, a1 = f32(optimiser[i, 2]), f32(1.0 - optimiser[i, 2])
            b2, a2 = f32(optimiser[i, 3]), f32(1.0 - optimiser[i, 3])
            epsilon = f32(optimiser[i, 4])
            factor = f32(2.0 / (blocks * LANES * n))
            for step in range(start, stop):
                for q in range(GB, size):
                    S[q] = f32(0)
                if not small:
                    transpose_weights(W[i], WT, padded)
                    if not tied:
                        transpose_weights(V[i], VT, padded)
                for block in range(blocks):
                    gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden_relu, output_relu, absolute, places,
                              W[i], V[i], b[i], WT, VT, keys[i, 0], keys[i, 1], block, step,
                              threshold[i], scale[i], low[i], sizes, importance[i])  # fmt: skip
                power[i, 0] *= optimiser[i, 2]
                power[i, 1] *= optimiser[i, 3]
                c1, c2 = f32(1.0 / (1.0 - power[i, 0])), f32(1.0 / (1.0 - power[i, 1]))
                now = lr * schedule_factor(knots[i], step / steps)
                rate, keep = f32(now), f32(1.0 - now * decay)
                gather(G, S, GW, weights, small, m, padded)
                update(W[i].ravel(), mW[i].ravel(), vW[i].ravel(), G, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon)
                if not tied:
                    gather(G, S, GV, weights, small, m, padded)
                    update(V[i].ravel(), mV[i].ravel(), vV[i].ravel(), G, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon)
                gather(G, S, GB, n, True, m, padded)
                update(b[i], mb[i], vb[i], G, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon)

    @njit(cache=True, nogil=True, error_model="numpy")
    def evaluate(W, V, b, loss, keys, threshold, scale, low, sizes, importance, blocks):
        for i in range(W.shape[0]):
            S, U = np.zeros(size + LANES, np.float32), np.zeros(2 * pairs, np.uint32)
            WT, total = np.zeros(rows, np.float32), 0.0
            if not small:
                transpose_weights(W[i], WT, padded)
            for block in range(blocks):
                draw_words(U, pairs, keys[i, 0], keys[i, 1], u32(block * pairs), u32(0))
                sample(S, U, n, X, kind, threshold[i], scale[i], low[i], sizes)
                hidden_layer(S, n, m, padded, small, hidden_relu, X, H, HR, W[i], WT)
                for r in range(LANES):
                    S[size + r] = f32(0)
                block_loss(S, n, m, output_relu, absolute, X, H, Z, size, V[i], b[i], importance[i])
                total += np.float64(lane_sum(S, size))
            loss[i] = total / (blocks * LANES * n)

    @njit(cache=True, nogil=True, error_model="numpy")
    def first(W, V, b, keys, threshold, scale, low, sizes, importance, S, U, gW, gV, gb):
        WT = np.zeros(rows, np.float32)
        VT = WT if tied else np.zeros(rows, np.float32)
        if not small:
            transpose_weights(W, WT, padded)
            if not tied:
                transpose_weights(V, VT, padded)
        gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden_relu, output_relu, absolute, places, W, V, b, WT, VT,
                  keys[0, 0], keys[0, 1], 0, 0, threshold[0], scale[0], low[0], sizes, importance[0])  # fmt: skip
        gather(gW, S, GW, weights, small, m, padded)
        gather(gV, S, GV, weights, small, m, padded)
        gather(gb, S, GB, n, True, m, padded)

    return advance, evaluate, first
