"""Optional inputs of training: samples of unit norm, of a fixed data set, and under attack.

Every function works on a block of LANES samples, feature by feature. Little of it is inlined (see
`sup.training.kernel.activation`).
"""

import numpy as np
from numba import njit

from sup.constants import LANES
from sup.training.kernel.arithmetic import f32, madd, u32
from sup.training.kernel.products import to_features
from sup.training.kernel.sampler import draw_words

PAIRS = LANES // 2  # counters of a block with one word per sample


@njit(error_model="numpy")
def norms(S, n, X, Q):
    """S[Q...] = the norm of each sample: the root of the sum over n features, in order, of squares."""
    for r in range(LANES):
        S[Q + r] = f32(0)
    for j in range(n):
        for r in range(LANES):
            x = S[X + j * LANES + r]
            S[Q + r] = madd(x, x, S[Q + r])
    for r in range(LANES):
        S[Q + r] = f32(np.sqrt(S[Q + r]))


@njit(error_model="numpy")
def to_unit_norm(S, n, X, Q):
    """Divides the samples by their norms, except samples of norm zero; leaves the norms at S[Q...]."""
    norms(S, n, X, Q)
    for j in range(n):
        for r in range(LANES):
            S[X + j * LANES + r] /= S[Q + r] if S[Q + r] > f32(0) else f32(1)


@njit(error_model="numpy")
def store_block(S, room, n, X, live):
    """Copies the first `live` samples of a block to `room`, with zeros in place of the others."""
    for j in range(n):
        for r in range(LANES):
            room[j * LANES + r] = S[X + j * LANES + r] if r < live else f32(0)


@njit(error_model="numpy")
def load_block(S, room, X):
    """Loads a stored block."""
    for q in range(len(room)):
        S[X + q] = room[q]


@njit(error_model="numpy")
def aim(S, U, n, m, D, V):
    """S[D + a] = V[a, i] for every lane, where i is the attacked feature, from the sample's word in U."""
    for r in range(LANES):
        feature = np.int64(u32(U[r] >> u32(1))) * n >> 31
        for a in range(m):
            S[D + a * LANES + r] = V[a, feature]


@njit(error_model="numpy")
def perturb(S, U, n, X, A, Q, norm, live):
    """Turns directions at S[A...] into the samples at S[X...], the first `live` moved along them by `norm` with a word's sign."""
    norms(S, n, A, Q)
    for r in range(LANES):
        signed = -norm if U[r] & u32(1) else norm
        S[Q + r] = signed / S[Q + r] if S[Q + r] > f32(0) and r < live else f32(0)
    for j in range(n):
        for r in range(LANES):
            S[A + j * LANES + r] = madd(S[Q + r], S[A + j * LANES + r], S[X + j * LANES + r])


@njit(error_model="numpy", inline="always")
def attack_block(S, U, n, m, at, model, objective, block, step, live):
    """Writes the samples at S[X...], each under its attack, to S[A...]."""
    draw_words(U, PAIRS, objective.keys[0], objective.keys[1], u32(block * PAIRS), u32(step))
    aim(S, U, n, m, at.D, model.V)
    to_features(S, n, m, at.D, at.A, model.W)
    perturb(S, U, n, at.X, at.A, at.Q, objective.norm, live)
