"""Forward and backward pass of the four models, one block of LANES samples at a time.

With V = W in the tied models and V = W2^T in the absolute value model, h = phi(W x) and x' = psi(V^T h + b), where phi and
psi are ReLU or nothing. Lanes of feature j of a block are S[X + j * LANES ...], of hidden dimension a S[H + a * LANES ...].
With e = x' - target, g = I e (zero where psi is off) and d = V g (zero where phi is off), and up to the common factor
2 / (batch n) that the optimiser applies, the gradients summed over the batch are g for b, h g^T for V and d x^T for W.
"""

from numba import njit

from sup.training.kernel.arithmetic import LANES, f32, madd


@njit(error_model="numpy", inline="always")
def to_hidden(S, n, m, source, target, W):
    """S[target + a] = sum over features j, in order, of W[a, j] * S[source + j], for every lane."""
    whole = n // 8 * 8
    for a in range(m):
        t = target + a * LANES
        for r in range(LANES):
            S[t + r] = f32(0)
        for j in range(0, whole, 8):
            w0, w1, w2, w3 = W[a, j], W[a, j + 1], W[a, j + 2], W[a, j + 3]
            w4, w5, w6, w7 = W[a, j + 4], W[a, j + 5], W[a, j + 6], W[a, j + 7]
            for r in range(LANES):
                s = source + j * LANES + r
                z = madd(w1, S[s + LANES], madd(w0, S[s], S[t + r]))
                z = madd(w3, S[s + 3 * LANES], madd(w2, S[s + 2 * LANES], z))
                z = madd(w5, S[s + 5 * LANES], madd(w4, S[s + 4 * LANES], z))
                S[t + r] = madd(w7, S[s + 7 * LANES], madd(w6, S[s + 6 * LANES], z))
        for j in range(whole, n):
            w0 = W[a, j]
            for r in range(LANES):
                S[t + r] = madd(w0, S[source + j * LANES + r], S[t + r])


@njit(error_model="numpy", inline="always")
def to_output(S, m, j, source, target, V, bias):
    """S[target] = bias + sum over hidden dimensions a, in order, of V[a, j] * S[source + a], for every lane."""
    whole = m // 8 * 8
    for r in range(LANES):
        S[target + r] = bias
    for a in range(0, whole, 8):
        w0, w1, w2, w3 = V[a, j], V[a + 1, j], V[a + 2, j], V[a + 3, j]
        w4, w5, w6, w7 = V[a + 4, j], V[a + 5, j], V[a + 6, j], V[a + 7, j]
        for r in range(LANES):
            s = source + a * LANES + r
            z = madd(w1, S[s + LANES], madd(w0, S[s], S[target + r]))
            z = madd(w3, S[s + 3 * LANES], madd(w2, S[s + 2 * LANES], z))
            z = madd(w5, S[s + 5 * LANES], madd(w4, S[s + 4 * LANES], z))
            S[target + r] = madd(w7, S[s + 7 * LANES], madd(w6, S[s + 6 * LANES], z))
    for a in range(whole, m):
        w0 = V[a, j]
        for r in range(LANES):
            S[target + r] = madd(w0, S[source + a * LANES + r], S[target + r])


@njit(error_model="numpy", inline="always")
def rectify(S, count, values):
    """ReLU of `count` rows of lanes."""
    for q in range(values, values + count * LANES):
        S[q] = S[q] if S[q] > f32(0) else f32(0)


@njit(error_model="numpy", inline="always")
def mask(S, count, values, switch):
    """Zeros `count` rows of lanes where `switch` is not above zero."""
    for q in range(count * LANES):
        S[values + q] = S[values + q] if S[switch + q] > f32(0) else f32(0)


@njit(error_model="numpy", inline="always")
def output_gradient(S, n, m, relu, absolute, X, H, Z, GB, V, b, importance):
    """Turns the hidden layer into d loss / d pre-activation at S[Z...], and adds it to the bias gradient's lanes."""
    for j in range(n):
        z0, x0, g0 = Z + j * LANES, X + j * LANES, GB + j * LANES
        to_output(S, m, j, H, z0, V, b[j])
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
    for j in range(n):
        z0, x0 = Z + j * LANES, X + j * LANES
        to_output(S, m, j, H, z0, V, b[j])
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
def tied_gradient_by_lanes(S, n, m, X, H, Z, D, GW):
    """Adds h g^T + d x^T to the weight gradient, each lane by itself: for small shapes."""
    for a in range(m):
        for j in range(n):
            w0, x0, z0, h0, d0 = GW + (a * n + j) * LANES, X + j * LANES, Z + j * LANES, H + a * LANES, D + a * LANES
            for r in range(LANES):
                S[w0 + r] = madd(S[h0 + r], S[z0 + r], madd(S[d0 + r], S[x0 + r], S[w0 + r]))


@njit(error_model="numpy", inline="always")
def outer_by_lanes(S, n, m, hidden, features, G):
    """Adds the products of hidden dimensions and features to a gradient, each lane by itself: for small shapes."""
    for a in range(m):
        for j in range(n):
            w0, f0, h0 = G + (a * n + j) * LANES, features + j * LANES, hidden + a * LANES
            for r in range(LANES):
                S[w0 + r] = madd(S[h0 + r], S[f0 + r], S[w0 + r])


@njit(error_model="numpy", inline="always")
def transpose(S, n, source, target):
    """S[target + r n + j] = S[source + j LANES + r]: features become lanes; 64 at a time stay in the nearest cache."""
    whole = n // 64 * 64
    for start in range(0, whole, 64):
        for r in range(LANES):
            for j in range(64):
                S[target + r * n + start + j] = S[source + (start + j) * LANES + r]
    for r in range(LANES):
        for j in range(whole, n):
            S[target + r * n + j] = S[source + j * LANES + r]


@njit(error_model="numpy", inline="always")
def outer_by_features(S, n, m, hidden, features, G):
    """Adds, by sample, S[hidden + a, r] * S[features + r, j] to the weight gradient, features as lanes: for large shapes."""
    for a in range(m):
        w0 = G + a * n
        for r in range(0, LANES, 8):
            h, g0 = hidden + a * LANES + r, features + r * n
            h0, h1, h2, h3, h4, h5, h6, h7 = S[h], S[h + 1], S[h + 2], S[h + 3], S[h + 4], S[h + 5], S[h + 6], S[h + 7]
            for j in range(n):
                g = g0 + j
                z = madd(h1, S[g + n], madd(h0, S[g], S[w0 + j]))
                z = madd(h3, S[g + 3 * n], madd(h2, S[g + 2 * n], z))
                z = madd(h5, S[g + 5 * n], madd(h4, S[g + 4 * n], z))
                S[w0 + j] = madd(h7, S[g + 7 * n], madd(h6, S[g + 6 * n], z))
