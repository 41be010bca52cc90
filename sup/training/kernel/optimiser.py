"""AdamW (Loshchilov and Hutter 2019) and piecewise-linear schedules: float64 scalars, float32 parameters."""

import numpy as np
from numba import njit

from sup.constants import LANES
from sup.training.kernel.arithmetic import f32
from sup.training.kernel.products import lane_sum
from sup.training.kernel.records import Scalars


@njit(error_model="numpy", inline="always")
def schedule_factor(knots, share):
    """The factor on the learning rate when `share` of the steps are done; knots (share, factor) rise from 0 to 1."""
    k = 0
    while k < knots.shape[0] - 2 and share >= knots[k + 1, 0]:
        k += 1
    slope = (knots[k + 1, 1] - knots[k, 1]) / (knots[k + 1, 0] - knots[k, 0])
    return knots[k, 1] + slope * (share - knots[k, 0])


@njit(error_model="numpy", inline="always")
def next_scalars(constants, knots, power, share, factor):
    """The scalars of the update when `share` of the steps are done; also multiplies `power` by the betas."""
    power[0] *= constants[2]
    power[1] *= constants[3]
    rate = constants[0] * schedule_factor(knots, share)
    keep = 1.0 - rate * constants[1]
    b1, b2, epsilon = constants[2], constants[3], constants[4]
    c1, c2 = 1.0 / (1.0 - power[0]), 1.0 / (1.0 - power[1])
    return Scalars(factor, f32(rate), f32(keep), f32(b1), f32(1.0 - b1), f32(b2), f32(1.0 - b2), f32(c1), f32(c2), f32(epsilon))


@njit(error_model="numpy", inline="always")
def adamw(w, g, mean, square, scalars):
    """One parameter's update: decay, then the mean of its gradients over the root of their squares' mean, both unbiased."""
    mean = f32(scalars.b1 * mean) + f32(scalars.a1 * g)
    square = f32(scalars.b2 * square) + f32(f32(scalars.a2 * g) * g)
    step = f32(scalars.rate * f32(mean * scalars.c1)) / f32(f32(np.sqrt(f32(square * scalars.c2))) + scalars.epsilon)
    return f32(w * scalars.keep) - step, mean, square


@njit(error_model="numpy", inline="always")
def update(P, mean, square, G, scalars):
    """AdamW on the parameters P, whose gradient, before the common factor, is G; all flat."""
    for k in range(len(P)):
        g = f32(G[k] * scalars.factor)
        P[k], mean[k], square[k] = adamw(P[k], g, mean[k], square[k], scalars)


@njit(error_model="numpy", inline="always")
def gather(G, S, start, count, small, m, padded):
    """Copies the gradient of `count` parameters from S[start...] to G: the sum of its lanes if `small`, else transposed."""
    if small:
        for k in range(count):
            G[k] = lane_sum(S, start + k * LANES)
    else:
        n = count // m
        for a in range(m):
            for j in range(n):
                G[a * n + j] = S[start + j * padded + a]


@njit(error_model="numpy", inline="always")
def transpose_weights(P, T, padded):
    """T[j, a] = P[a, j], in rows of `padded` numbers; the padding at the end of a row stays zero."""
    m, n = P.shape
    for a in range(m):
        for j in range(n):
            T[j * padded + a] = P[a, j]
