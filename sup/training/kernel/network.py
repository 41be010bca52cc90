"""Forward and backward pass of the models, one block of LANES samples at a time.

With V = W in the tied models and V = W2^T in the absolute value model, h = phi(W x) and x' = psi(V^T h + b), where phi and
psi are an activation or nothing. Lanes of feature j of a block are S[X + j * LANES ...], of hidden dimension a
S[H + a * LANES ...]. With e = x' - target, g = I e psi' and d = (V g + p sign h) phi', where p is l1 n / 2, and up to the
common factor 2 / (batch n) that the optimiser applies, the gradients summed over the batch are g for b, h g^T for V and
d x^T for W.
"""

from numba import njit

from sup.constants import LANES
from sup.training.kernel.activation import RELU, activate, multiply
from sup.training.kernel.arithmetic import f32, madd
from sup.training.kernel.products import to_output


@njit(error_model="numpy", inline="always")
def rectify(S, count, values):
    """Applies ReLU to `count` numbers at S[values...]."""
    for q in range(values, values + count):
        S[q] = S[q] if S[q] > f32(0) else f32(0)


@njit(error_model="numpy")
def penalise(S, count, D, H, penalty):
    """Adds the slope of penalty * |h| to `count` gradients of the hidden layer."""
    for q in range(count):
        h = S[H + q]
        S[D + q] += penalty if h > f32(0) else (-penalty if h < f32(0) else f32(0))


@njit(error_model="numpy", inline="always")
def through_hidden(S, count, activation, curved, penalised, D, H, KH, penalty):
    """Turns `count` gradients of the hidden layer, with the penalty's slope added, into gradients before its activation."""
    if penalised:
        penalise(S, count, D, H, penalty)
    if activation == RELU:
        for q in range(count):
            S[D + q] = S[D + q] if S[H + q] > f32(0) else f32(0)
    elif curved:
        multiply(S, count, D, KH)


@njit(error_model="numpy", inline="always")
def output_gradient(S, n, m, activation, curved, absolute, fixed, at, model, importance, live):
    """Turns the hidden layer into d loss / d pre-activation at S[Z...], and adds it to the bias gradient's lanes.

    Of the last block of a fixed data set, only the first `live` lanes count.
    """
    to_output(S, n, m, at.H, at.Z, model.V, model.b)
    if curved:
        activate(S, n * LANES, at.Z, at.KZ, activation)
    for j in range(n):
        z0, x0, g0 = at.Z + j * LANES, at.X + j * LANES, at.GB + j * LANES
        weight = importance[j]
        for r in range(LANES):
            z, x = S[z0 + r], S[x0 + r]
            if absolute:
                x = x if x > f32(0) else -x
            if activation == RELU:
                off = not z > f32(0)
                g = weight * ((f32(0) if off else z) - x)
                g = f32(0) if off else g
            else:
                g = weight * (z - x)
            if curved:
                g = g * S[at.KZ + j * LANES + r]
            if fixed:
                g = g if r < live else f32(0)
            S[z0 + r] = g
            S[g0 + r] += g


@njit(error_model="numpy", inline="always")
def block_loss(S, n, m, activation, curved, absolute, at, model, importance):
    """Adds I_j (x'_j - target_j)^2 of every feature, in order, to the loss lanes at S[Q...]."""
    to_output(S, n, m, at.H, at.Z, model.V, model.b)
    if curved:
        activate(S, n * LANES, at.Z, at.KZ, activation)
    for j in range(n):
        z0, x0 = at.Z + j * LANES, at.X + j * LANES
        weight = importance[j]
        for r in range(LANES):
            z, x = S[z0 + r], S[x0 + r]
            if absolute:
                x = x if x > f32(0) else -x
            if activation == RELU:
                z = z if z > f32(0) else f32(0)
            e = z - x
            S[at.Q + r] = madd(weight * e, e, S[at.Q + r])


@njit(error_model="numpy", inline="always")
def to_rows(S, m, padded, source, target):
    """S[target + r, a] = S[source + a, r]: from a row for each hidden dimension to a row of `padded` numbers for each sample."""
    for r in range(LANES):
        for a in range(m):
            S[target + r * padded + a] = S[source + a * LANES + r]


@njit(error_model="numpy", inline="always")
def to_lanes(S, m, padded, source, target):
    """S[target + a, r] = S[source + r, a]: the inverse of `to_rows`."""
    for a in range(m):
        for r in range(LANES):
            S[target + a * LANES + r] = S[source + r * padded + a]
