"""Forward and backward pass of the four models, one block of LANES samples at a time.

With V = W in the tied models and V = W2^T in the absolute value model, h = phi(W x) and x' = psi(V^T h + b), where phi and
psi are ReLU or nothing. Lanes of feature j of a block are S[X + j * LANES ...], of hidden dimension a S[H + a * LANES ...].
With e = x' - target, g = I e (zero where psi is off) and d = V g (zero where phi is off), and up to the common factor
2 / (batch n) that the optimiser applies, the gradients summed over the batch are g for b, h g^T for V and d x^T for W.
"""

from numba import njit

from sup.training.kernel.arithmetic import LANES, f32, madd
from sup.training.kernel.products import to_output


@njit(error_model="numpy", inline="always")
def rectify(S, count, values):
    """ReLU of `count` numbers."""
    for q in range(values, values + count):
        S[q] = S[q] if S[q] > f32(0) else f32(0)


@njit(error_model="numpy", inline="always")
def mask(S, count, values, switch):
    """Zeros `count` numbers where those at `switch` are not above zero."""
    for q in range(count):
        S[values + q] = S[values + q] if S[switch + q] > f32(0) else f32(0)


@njit(error_model="numpy", inline="always")
def output_gradient(S, n, m, relu, absolute, X, H, Z, GB, V, b, importance):
    """Turns the hidden layer into d loss / d pre-activation at S[Z...], and adds it to the bias gradient's lanes."""
    to_output(S, n, m, H, Z, V, b)
    for j in range(n):
        z0, x0, g0 = Z + j * LANES, X + j * LANES, GB + j * LANES
        weight = importance[j]
        for r in range(LANES):
            z, x = S[z0 + r], S[x0 + r]
            if absolute:
                x = x if x > f32(0) else -x
            if relu:
                off = not z > f32(0)
                g = weight * ((f32(0) if off else z) - x)
                g = f32(0) if off else g
            else:
                g = weight * (z - x)
            S[z0 + r] = g
            S[g0 + r] += g


@njit(error_model="numpy", inline="always")
def block_loss(S, n, m, relu, absolute, X, H, Z, L, V, b, importance):
    """Adds I_j (x'_j - target_j)^2 of every feature, in order, to the loss lanes at S[L...]."""
    to_output(S, n, m, H, Z, V, b)
    for j in range(n):
        z0, x0 = Z + j * LANES, X + j * LANES
        weight = importance[j]
        for r in range(LANES):
            z, x = S[z0 + r], S[x0 + r]
            if absolute:
                x = x if x > f32(0) else -x
            if relu:
                z = z if z > f32(0) else f32(0)
            e = z - x
            S[L + r] = madd(weight * e, e, S[L + r])


@njit(error_model="numpy", inline="always")
def to_rows(S, m, padded, source, target):
    """S[target + r, a] = S[source + a, r]: from a row for each hidden dimension to a row of `padded` numbers for each sample."""
    for r in range(LANES):
        for a in range(m):
            S[target + r * padded + a] = S[source + a * LANES + r]


@njit(error_model="numpy", inline="always")
def to_lanes(S, m, padded, source, target):
    """S[target + a, r] = S[source + r, a]: the way back."""
    for a in range(m):
        for r in range(LANES):
            S[target + a * LANES + r] = S[source + r * padded + a]
