"""The fused training loop: draw, forward, analytic gradient, AdamW, for one run after another, each alone."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from sup.training.kernel.activation import RELU, bend
from sup.training.kernel.arithmetic import LANES, f32, u32
from sup.training.kernel.inputs import aim, bring, keep, perturb, to_unit_norm
from sup.training.kernel.network import block_loss, output_gradient, rectify, through_hidden, to_lanes, to_rows
from sup.training.kernel.optimiser import gather, schedule_factor, transpose_weights, update
from sup.training.kernel.products import add_outer, add_outer_by_lanes, add_two_outers_by_lanes, lane_sum, to_features, to_hidden
from sup.training.kernel.sampler import draw_words, sample
from sup.training.kernel.sparse import add_outer_active, count_active, to_hidden_rows
from sup.training.kernel.vectors import WIDTH

SMALL = 100  # up to this many weights, a weight gradient keeps a sum per lane
PAIRS = LANES // 2  # counters of one word a sample
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
        KH: Slopes of the hidden layer's activation, where it is no ReLU: like DR for large shapes, else like D.
        KZ: Slopes of the output's activation, where it is no ReLU (feature lane).
        A: Attacked samples (feature lane), where there are any.
        Q: Room for a row of lanes.
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
    KH: int
    KZ: int
    A: int
    Q: int
    GB: int
    GV: int
    GW: int


def layout(n: int, m: int, tied: bool, hidden: int, output: int, attacked: bool) -> Layout:
    """The scratch array of a model of n features and m hidden dimensions with those activations."""
    small, padded = n * m <= SMALL, -(-m // WIDTH) * WIDTH
    rows, weights = (0, n * m * LANES) if small else (padded * LANES, n * padded)
    sizes = {"X": n * LANES, "H": m * LANES, "Z": n * LANES, "D": m * LANES, "HR": rows, "DR": rows,
             "KH": (rows or m * LANES) if hidden > RELU else 0, "KZ": n * LANES if output > RELU else 0,
             "A": n * LANES if attacked else 0, "Q": LANES, "GB": n * LANES, "GV": 0 if tied else weights,
             "GW": weights}  # fmt: skip
    *starts, size = np.cumsum([0, *sizes.values()]).tolist()
    return Layout(padded, size, *starts)


@njit(error_model="numpy", inline="always")
def hidden_layer(S, n, m, padded, small, activation, X, H, HR, KH, W, T):
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
    if activation == RELU:
        rectify(S, m * LANES, H)
        if not small:
            rectify(S, padded * LANES, HR)
    elif activation > RELU:
        bend(S, m * LANES, H, KH, activation)
        if not small:
            bend(S, padded * LANES, HR, KH, activation)
    return sparse


@njit(error_model="numpy", inline="always")
def backward(S, n, m, padded, small, tied, activation, penalised, sparse, X, H, Z, D, HR, DR, KH, GV, GW, V, T, penalty):
    """Adds the weight gradients of a block, whose gradient at the output is at S[Z...]."""
    if small:
        to_hidden(S, n, m, Z, D, V)
        through_hidden(S, m * LANES, activation, penalised, D, H, KH, penalty)
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
        through_hidden(S, padded * LANES, activation, penalised, DR, HR, KH, penalty)
        if sparse:
            add_outer_active(S, n, padded, X, DR, GW)
        else:
            add_outer(S, n, padded, X, DR, GW)


@njit(error_model="numpy", inline="always")
def gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden, output, absolute, unit_norm, penalised, attacked, fixed,
              places, model, task, importance, attack_keys, strengths, data, block, step, start, live):  # fmt: skip
    """Adds the gradients of a block, before the common factor, to those in S; a data set is drawn at step `start` and kept."""
    W, V, b, WT, VT = model
    X, H, Z, D, HR, DR, KH, KZ, A, Q, GB, GV, GW = places
    keys, threshold, scale, low, sizes = task
    if step == start or not fixed:
        draw_words(U, pairs, keys[0], keys[1], u32(block * pairs), u32(0 if fixed else step))
        sample(S, U, n, X, kind, threshold, scale, low, sizes)
        if unit_norm:
            to_unit_norm(S, n, X, Q)
    if fixed:
        if step == start:
            keep(S, data[block], n, X, live)
        bring(S, data[block], X)
    seen = X
    if attacked:
        seen = A
        draw_words(U, PAIRS, attack_keys[0], attack_keys[1], u32(block * PAIRS), u32(step))
        aim(S, U, n, m, D, V)
        to_features(S, n, m, D, A, W)
        perturb(S, U, n, X, A, Q, strengths[1], live)
    sparse = hidden_layer(S, n, m, padded, small, hidden, seen, H, HR, KH, W, WT)
    output_gradient(S, n, m, output, absolute, fixed, X, H, Z, KZ, GB, V, b, importance, live)
    backward(S, n, m, padded, small, tied, hidden, penalised, sparse, seen, H, Z, D, HR, DR, KH, GV, GW, V, VT, strengths[0])


@lru_cache
def make_loop(n, m, columns, kind, hidden, output, absolute, unit_norm, penalised, attacked, fixed):
    """Compiles the loop for models of n features and m hidden dimensions, drawn from `columns` words a sample.

    The shape, the kind of model and its options are constants of the compiled code, which holds nothing of an option that is
    off. Only integers and flags are closed over: numba's disk cache then knows a specialisation by their values in the next
    process too.

    Returns:
        `advance` trains runs from one step to another, `evaluate` measures their losses, `first` takes a run's first block apart.
    """
    small, tied = n * m <= SMALL, not absolute
    pairs, weights = columns * LANES // 2, n * m
    padded, size, *starts = layout(n, m, tied, hidden, output, attacked)
    places = X, H, Z, _, HR, _, KH, KZ, _, Q, GB, GV, GW = tuple(starts)
    rows = 0 if small else n * padded

    @njit(cache=True, nogil=True, error_model="numpy")
    def advance(W, V, b, mW, vW, mV, vV, mb, vb, power, keys, threshold, scale, low, sizes, importance, attack_keys, strengths,
                optimiser, knots, steps, batch, start, stop):  # fmt: skip
        blocks = (batch + LANES - 1) // LANES
        for i in range(W.shape[0]):
            task = (keys[i], threshold[i], scale[i], low[i], sizes)
            S, U, G = np.zeros(size, np.float32), np.zeros(2 * pairs, np.uint32), np.zeros(weights + n, np.float32)
            WT = np.zeros(rows, np.float32)
            VT = WT if tied else np.zeros(rows, np.float32)
            data = np.zeros((blocks if fixed else 0, n * LANES), np.float32)
            lr, decay = optimiser[i, 0], optimiser[i, 1]
            b1, a1 = f32(optimiser[i, 2]), f32(1.0 - optimiser[i, 2])
            b2, a2 = f32(optimiser[i, 3]), f32(1.0 - optimiser[i, 3])
            epsilon = f32(optimiser[i, 4])
            factor = f32(2.0 / (batch * n))
            for step in range(start, stop):
                for q in range(GB, size):
                    S[q] = f32(0)
                if not small:
                    transpose_weights(W[i], WT, padded)
                    if not tied:
                        transpose_weights(V[i], VT, padded)
                for block in range(blocks):
                    gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden, output, absolute, unit_norm, penalised,
                              attacked, fixed, places, (W[i], V[i], b[i], WT, VT), task, importance[i], attack_keys[i],
                              strengths[i], data, block, step, start, batch - block * LANES)  # fmt: skip
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
            S, U = np.zeros(size, np.float32), np.zeros(2 * pairs, np.uint32)
            WT, total = np.zeros(rows, np.float32), 0.0
            if not small:
                transpose_weights(W[i], WT, padded)
            for block in range(blocks):
                draw_words(U, pairs, keys[i, 0], keys[i, 1], u32(block * pairs), u32(0))
                sample(S, U, n, X, kind, threshold[i], scale[i], low[i], sizes)
                if unit_norm:
                    to_unit_norm(S, n, X, Q)
                hidden_layer(S, n, m, padded, small, hidden, X, H, HR, KH, W[i], WT)
                for r in range(LANES):
                    S[Q + r] = f32(0)
                block_loss(S, n, m, output, absolute, X, H, Z, KZ, Q, V[i], b[i], importance[i])
                total += np.float64(lane_sum(S, Q))
            loss[i] = total / (blocks * LANES * n)

    @njit(cache=True, nogil=True, error_model="numpy")
    def first(W, V, b, keys, threshold, scale, low, sizes, importance, attack_keys, strengths, batch, S, U, gW, gV, gb):
        task = (keys[0], threshold[0], scale[0], low[0], sizes)
        WT = np.zeros(rows, np.float32)
        VT = WT if tied else np.zeros(rows, np.float32)
        data = np.zeros((1 if fixed else 0, n * LANES), np.float32)
        if not small:
            transpose_weights(W, WT, padded)
            if not tied:
                transpose_weights(V, VT, padded)
        gradients(S, U, n, m, pairs, padded, kind, small, tied, hidden, output, absolute, unit_norm, penalised, attacked, fixed,
                  places, (W, V, b, WT, VT), task, importance[0], attack_keys[0], strengths[0], data, 0, 0, 0, batch)  # fmt: skip
        gather(gW, S, GW, weights, small, m, padded)
        gather(gV, S, GV, weights, small, m, padded)
        gather(gb, S, GB, n, True, m, padded)

    return advance, evaluate, first
