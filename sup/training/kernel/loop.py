"""The fused training loop: draw, forward, analytic gradient, AdamW, for one run after another."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sup.constants import LANES, SMALL
from sup.training.kernel.activation import RELU, activate, is_curved
from sup.training.kernel.arithmetic import f32, u32
from sup.training.kernel.inputs import attack_block, load_block, store_block, to_unit_norm
from sup.training.kernel.network import block_loss, output_gradient, rectify, through_hidden, to_lanes, to_rows
from sup.training.kernel.optimiser import gather, next_scalars, transpose_weights, update
from sup.training.kernel.products import add_outer, add_outer_by_lanes, add_two_outers_by_lanes, lane_sum, to_hidden
from sup.training.kernel.records import Constants, Model, Objective, Task, layout
from sup.training.kernel.sampler import draw_words, sample
from sup.training.kernel.sparse import add_outer_active, count_active, to_hidden_rows

SPARSE = 4  # where fewer than one in so many samples or output gradients is active, the sparse products are faster


@njit(error_model="numpy", inline="always")
def task_of(task, i):
    """The task of run i."""
    return Task(task.keys[i], task.threshold[i], task.scale[i], task.low[i], task.sizes, task.importance[i])


@njit(error_model="numpy", inline="always")
def draw_block(S, U, n, pairs, kind, unit_norm, at, task, block, step):
    """Draws the samples of a block to S[X...]."""
    draw_words(U, pairs, task.keys[0], task.keys[1], u32(block * pairs), u32(step))
    sample(S, U, n, at.X, kind, task)
    if unit_norm:
        to_unit_norm(S, n, at.X, at.Q)


@njit(error_model="numpy", inline="always")
def hidden_layer(S, n, m, padded, small, activation, curved, at, model, source):
    """Writes the hidden layer of the samples at S[source...] to S[H...], and returns whether sparse products serve these samples.

    Large shapes have it at S[HR...] too; for small shapes the result is always False.
    """
    sparse = False
    if small:
        to_hidden(S, n, m, source, at.H, model.W)
    else:
        sparse = SPARSE * count_active(S, n, source) < n * LANES
        if sparse:
            to_hidden_rows(S, n, padded, source, at.HR, model.WT)
            to_lanes(S, m, padded, at.HR, at.H)
        else:
            to_hidden(S, n, m, source, at.H, model.W)
            to_rows(S, m, padded, at.H, at.HR)
    if activation == RELU:
        rectify(S, m * LANES, at.H)
        if not small:
            rectify(S, padded * LANES, at.HR)
    elif curved:
        activate(S, m * LANES, at.H, at.KH, activation)
        if not small:
            activate(S, padded * LANES, at.HR, at.KH, activation)
    return sparse


@njit(error_model="numpy", inline="always")
def backward(S, n, m, padded, small, tied, activation, curved, penalised, sparse, at, model, source, penalty):
    """Adds the weight gradients of a block of samples at S[source...], whose gradient at the output is at S[Z...]."""
    if small:
        to_hidden(S, n, m, at.Z, at.D, model.V)
        through_hidden(S, m * LANES, activation, curved, penalised, at.D, at.H, at.KH, penalty)
        if tied:
            add_two_outers_by_lanes(S, n, m, at.D, source, at.H, at.Z, at.GW)
        else:
            add_outer_by_lanes(S, n, m, at.H, at.Z, at.GV)
            add_outer_by_lanes(S, n, m, at.D, source, at.GW)
    else:
        if SPARSE * count_active(S, n, at.Z) < n * LANES:
            to_hidden_rows(S, n, padded, at.Z, at.DR, model.VT)
            add_outer_active(S, n, padded, at.Z, at.HR, at.GV)
        else:
            to_hidden(S, n, m, at.Z, at.D, model.V)
            to_rows(S, m, padded, at.D, at.DR)
            add_outer(S, n, padded, at.Z, at.HR, at.GV)
        through_hidden(S, padded * LANES, activation, curved, penalised, at.DR, at.HR, at.KH, penalty)
        if sparse:
            add_outer_active(S, n, padded, source, at.DR, at.GW)
        else:
            add_outer(S, n, padded, source, at.DR, at.GW)


class Loop(NamedTuple):
    """The compiled functions of one kind of model; neither returns a value.

    Attributes:
        advance: (state, task, objective, optimiser, scratch, steps, batch, start, stop) updates `state` from step `start` up to,
            but not including, `stop`, of `steps`.
        evaluate: (parameters, task, scratch, loss, blocks) fills `loss` (run) with the mean loss on that many blocks.
    """

    advance: Any
    evaluate: Any


@lru_cache
def make_loop(constants: Constants) -> Loop:
    """Compiles the loop for one kind of model.

    The shape, the kind of model and its options are constants of the compiled code, which has no code for an option that is
    off. The functions close over integers, flags and the layout alone, so that numba's disk cache recognises a specialisation
    by their values in another process too.
    """
    n, m, columns, kind, hidden, output, tied, absolute, unit_norm, penalised, attacked, fixed = constants
    curved_hidden, curved_output = is_curved(hidden), is_curved(output)
    small, weights, pairs = n * m <= SMALL, n * m, columns * LANES // 2
    at = layout(constants)
    padded = at.padded
    rows = 0 if small else n * padded

    @njit(cache=True, nogil=True, error_model="numpy")
    def advance(state, task, objective, optimiser, scratch, steps, batch, start, stop):
        S, U, G = scratch
        parameters, mean, square, power = state
        blocks, factor = (batch + LANES - 1) // LANES, f32(2.0 / (batch * n))
        for i in range(power.shape[0]):
            one_task = task_of(task, i)
            one_objective = Objective(objective.keys[i], objective.norm[i], objective.penalty[i])
            WT = np.zeros(rows, np.float32)
            model = Model(parameters.W[i], parameters.V[i], parameters.b[i], WT, WT if tied else np.zeros(rows, np.float32))
            data = np.zeros((blocks if fixed else 0, n * LANES), np.float32)
            for step in range(start, stop):
                for q in range(at.GB, at.size):
                    S[q] = f32(0)
                if not small:
                    transpose_weights(model.W, model.WT, padded)
                    if not tied:
                        transpose_weights(model.V, model.VT, padded)
                for block in range(blocks):
                    live = batch - block * LANES
                    if fixed:
                        if step == start:
                            draw_block(S, U, n, pairs, kind, unit_norm, at, one_task, block, 0)
                            store_block(S, data[block], n, at.X, live)
                        load_block(S, data[block], at.X)
                    else:
                        draw_block(S, U, n, pairs, kind, unit_norm, at, one_task, block, step)
                    source = at.X
                    if attacked:
                        attack_block(S, U, n, m, at, model, one_objective, block, step, live)
                        source = at.A
                    sparse = hidden_layer(S, n, m, padded, small, hidden, curved_hidden, at, model, source)
                    output_gradient(S, n, m, output, curved_output, absolute, fixed, at, model, one_task.importance, live)
                    penalty = one_objective.penalty
                    backward(S, n, m, padded, small, tied, hidden, curved_hidden, penalised, sparse, at, model, source, penalty)
                scalars = next_scalars(optimiser.constants[i], optimiser.knots[i], power[i], step / steps, factor)
                gather(G.W, S, at.GW, weights, small, m, padded)
                update(model.W.ravel(), mean.W[i].ravel(), square.W[i].ravel(), G.W, scalars)
                if not tied:
                    gather(G.V, S, at.GV, weights, small, m, padded)
                    update(model.V.ravel(), mean.V[i].ravel(), square.V[i].ravel(), G.V, scalars)
                gather(G.b, S, at.GB, n, True, m, padded)
                update(model.b, mean.b[i], square.b[i], G.b, scalars)

    @njit(cache=True, nogil=True, error_model="numpy")
    def evaluate(parameters, task, scratch, loss, blocks):
        S, U = scratch.S, scratch.U
        for i in range(loss.shape[0]):
            one_task = task_of(task, i)
            WT, total = np.zeros(rows, np.float32), 0.0
            model = Model(parameters.W[i], parameters.V[i], parameters.b[i], WT, WT)
            if not small:
                transpose_weights(model.W, model.WT, padded)
            for block in range(blocks):
                draw_block(S, U, n, pairs, kind, unit_norm, at, one_task, block, 0)
                hidden_layer(S, n, m, padded, small, hidden, curved_hidden, at, model, at.X)
                for r in range(LANES):
                    S[at.Q + r] = f32(0)
                block_loss(S, n, m, output, curved_output, absolute, at, model, one_task.importance)
                total += np.float64(lane_sum(S, at.Q))
            loss[i] = total / (blocks * LANES * n)

    return Loop(advance, evaluate)
