"""AdamW (Loshchilov and Hutter 2019) and piecewise-linear schedules: float64 scalars, float32 parameters."""

import numpy as np
from numba import njit

from sup.training.kernel.arithmetic import LANES, f32, lane_sum


@njit(error_model="numpy", inline="always")
def schedule_factor(knots, share):
    """The factor on the learning rate when `share` of the steps are done; knots (share, factor) rise from 0 to 1."""
    k = 0
    while k < knots.shape[0] - 2 and share >= knots[k + 1, 0]:
        k += 1
    slope = (knots[k + 1, 1] - knots[k, 1]) / (knots[k + 1, 0] - knots[k, 0])
    return knots[k, 1] + slope * (share - knots[k, 0])


@njit(error_model="numpy", inline="always")
def adamw(w, g, mean, square, rate, keep, b1, a1, b2, a2, c1, c2, epsilon):
    """One parameter's update: decay, then the mean of its gradients over the root of their squares' mean, both unbiased."""
    mean = f32(b1 * mean) + f32(a1 * g)
    square = f32(b2 * square) + f32(f32(a2 * g) * g)
    step = f32(rate * f32(mean * c1)) / f32(f32(np.sqrt(f32(square * c2))) + epsilon)
    return f32(w * keep) - step, mean, square


@njit(error_model="numpy", inline="always")
def update_weights(P, mean, square, S, G, small, factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon):
    """AdamW on a weight matrix whose gradient, before `factor`, is at S[G...]: a sum per lane where `small`."""
    m, n = P.shape
    for a in range(m):
        for j in range(n):
            g = (lane_sum(S, G + (a * n + j) * LANES) if small else S[G + a * n + j]) * factor
            P[a, j], mean[a, j], square[a, j] = adamw(
                P[a, j], g, mean[a, j], square[a, j], rate, keep, b1, a1, b2, a2, c1, c2, epsilon
            )
