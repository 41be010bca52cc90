"""The kernel's specification: the same training in plain NumPy, float32 arrays, one rounded operation after another.

Axes: feature, hidden, lane (a sample of a block). The kernel may reorder operations for speed; the order here defines its bits.
"""

import numpy as np

from sup.constants import EVAL_SAMPLES, LANES, SMALL
from sup.draws import stream_keys, words
from sup.features import Anticorrelated, Independent
from sup.initial import initial_parameters
from sup.law import columns, scale_and_low, thresholds

f32 = np.float32


def sample(run, stream, step, block):
    """One block of samples, (feature, lane); a fixed data set is the same at every step."""
    x = values(run, stream, 0 if run.recipe.dataset is not None else step, block)
    if not run.distribution.unit_norm:
        return x
    square = np.zeros(LANES, f32)
    for j in range(run.n_features):
        product = x[j] * x[j]
        square = product + square
    norm = np.sqrt(square)
    return np.where(norm > 0, x / np.where(norm > 0, norm, f32(1)), x)


def values(run, stream, step, block):
    """One block of samples before they are divided by their norms."""
    n, count = run.n_features, columns(run) * LANES
    w = words(stream_keys([run], stream), step, block * count // 2, count)[0].reshape(-1, LANES)
    v, t = w >> np.uint32(1), thresholds(run)
    if isinstance(run.distribution, Independent):
        scale, low = scale_and_low(run)
        value = v.astype(np.int32).astype(f32) * scale[:, None]
        value = value + low[:, None]
        return np.where(v < t[:, None], value, f32(0))
    sizes = run.distribution.sizes
    sets, x = len(sizes), np.zeros((n, LANES), f32)
    members = [(k, c) for k in range(sets) for c in range(sizes[k])]
    for j, (k, c) in enumerate(members):
        if isinstance(run.distribution, Anticorrelated):
            chosen = v[k].astype(np.int64) * sizes[k] // int(t[k]) == c
            value = v[sets + k].astype(np.int32).astype(f32) * f32(2.0**-31)
            x[j] = np.where((v[k] < t[k]) & chosen, value, f32(0))
        else:
            value = v[j].astype(np.int32).astype(f32) * f32(2.0**-31)
            x[j] = np.where(v[n + k] < t[k], value, f32(0))
    return x


def lane_sum(lanes):
    """Sum over the last axis, halving it."""
    while lanes.shape[-1] > 1:
        half = lanes.shape[-1] // 2
        lanes = lanes[..., :half] + lanes[..., half:]
    return lanes[..., 0]


def to_hidden(W, source):
    """Sum over features, in order, of W[a, j] * source[j, lane]."""
    total = np.zeros((W.shape[0], LANES), f32)
    for j in range(W.shape[1]):
        product = W[:, j, None] * source[j]
        total = product + total
    return total


def to_output(V, b, h):
    """Bias plus the sum over hidden dimensions, in order, of V[a, j] * h[a, lane]."""
    total = np.repeat(b[:, None], LANES, axis=1)
    for a in range(V.shape[0]):
        product = V[a, :, None] * h[a]
        total = product + total
    return total


def tanh(u):
    """Lambert's continued fraction at a quarter of u, cut after the fifth power, then doubled twice; 1 beyond 9."""
    u = np.minimum(np.maximum(u, f32(-9)), f32(9))
    y = u * f32(0.25)
    s = y * y
    over = s + f32(105)
    over = over * s
    over = over + f32(945)
    under = f32(15) * s
    under = under + f32(420)
    under = under * s
    under = under + f32(945)
    t = y * over
    t = t / under
    for _ in range(2):
        over = t + t
        under = t * t
        under = under + f32(1)
        t = over / under
    return t


def activate(run, z):
    """The activation and its slope."""
    if run.activation == "relu":
        return np.where(z > 0, z, f32(0)), np.where(z > 0, f32(1), f32(0))
    s = z * z
    if run.activation == "quadratic":
        return s, z + z
    root, cubic = f32(0.7978845608028654), f32(0.044715)
    bend = cubic * s
    bend = bend + f32(1)
    u = root * z
    t = tanh(u * bend)
    half, on = f32(0.5) * z, f32(1) + t
    off = t * t
    off = f32(1) - off
    bend = f32(3 * 0.044715) * s
    bend = bend + f32(1)
    rise = root * bend
    slope = half * off
    slope = slope * rise
    slope = slope + f32(0.5) * on
    return half * on, slope


def hidden(run, W, x):
    """The hidden layer and the slope of its activation."""
    h = to_hidden(W, x)
    return activate(run, h) if run.traits.hidden else (h, np.ones_like(h))


def output(run, V, b, h):
    """The model's output and the slope of its activation."""
    z = to_output(V, b, h)
    return activate(run, z) if run.traits.output else (z, np.ones_like(z))


def attack_words(run, step, block):
    """The attacked feature of each sample of a block, and the norm of the attack with its sign."""
    w = words(stream_keys([run], "attack"), step, block * LANES // 2, LANES)[0]
    feature = (w >> np.uint32(1)).astype(np.int64) * run.n_features >> 31
    return feature, np.where(w & np.uint32(1), -f32(run.recipe.attack), f32(run.recipe.attack))


def attacked(run, W, V, x, step, block):
    """The samples, each perturbed along the direction in which the open model's output of its drawn feature grows."""
    feature, strength = attack_words(run, step, block)
    delta = to_output(W, np.zeros(run.n_features, f32), V[:, feature])
    square = np.zeros(LANES, f32)
    for j in range(run.n_features):
        product = delta[j] * delta[j]
        square = product + square
    norm = np.sqrt(square)
    strength = np.where(norm > 0, strength / np.where(norm > 0, norm, f32(1)), f32(0))
    product = strength * delta
    return product + x


def target(run, x):
    return np.where(x > 0, x, -x) if run.traits.target == "|x|" else x


def importance(run):
    return np.array(run.importance if isinstance(run.importance, tuple) else [run.importance] * run.n_features, f32)[:, None]


def gradients(run, W, V, b, step):
    """Gradients of W, V and b before the common factor; in the tied models V is W, and W's gradient is that of both."""
    n, m, tied = run.n_features, run.n_hidden, run.traits.tied
    small = n * m <= SMALL
    gW, gV = (np.zeros((m, n, LANES) if small else (m, n), f32) for _ in range(2))
    gb = np.zeros((n, LANES), f32)
    penalty = f32(run.recipe.l1 * n / 2)
    for block in range(-(-run.recipe.batch // LANES)):
        x = sample(run, "train", step, block)
        seen = attacked(run, W, V, x, step, block) if run.recipe.attack else x
        h, bend = hidden(run, W, seen)
        out, slope = output(run, V, b, h)
        error = out - target(run, x)
        g = importance(run) * error
        g = g * slope
        live = np.arange(LANES) < run.recipe.batch - block * LANES  # samples of the data set in its last block
        g = np.where(live, g, f32(0))
        gb = gb + g
        d = to_hidden(V, g)
        d = np.where(live, d + penalty * np.sign(h), f32(0))
        d = d * bend
        if small and tied:
            gW = outer(h, g, outer(d, seen, gW))
        elif small:
            gV, gW = outer(h, g, gV), outer(d, seen, gW)
        elif tied:
            gW = row_by_row(d, seen, row_by_row(h, g, gW))
        else:
            gV, gW = row_by_row(h, g, gV), row_by_row(d, seen, gW)
    return *(lane_sum(total) if small else total for total in (gW, gV)), lane_sum(gb)


def outer(left, right, total):
    """Products of hidden dimensions and features added to the total of each lane."""
    product = left[:, None] * right[None]
    return product + total


def row_by_row(left, right, total):
    """Products of hidden dimensions and features added to one total, lane after lane."""
    for lane in range(LANES):
        product = left[:, lane, None] * right[None, :, lane]
        total = product + total
    return total


def factor_at(schedule, share):
    """The schedule's piecewise-linear factor."""
    k = 0
    while k < len(schedule) - 2 and share >= schedule[k + 1][0]:
        k += 1
    (x0, y0), (x1, y1) = schedule[k], schedule[k + 1]
    return y0 + (y1 - y0) / (x1 - x0) * (share - x0)


def adamw(p, g, mean, square, recipe, rate, power1, power2):
    """New parameter, mean and square."""
    b1, a1, b2, a2 = f32(recipe.beta1), f32(1.0 - recipe.beta1), f32(recipe.beta2), f32(1.0 - recipe.beta2)
    old = b1 * mean
    new = a1 * g
    mean = old + new
    old = b2 * square
    new = a2 * g
    new = new * g
    square = old + new
    over = mean * f32(1.0 / (1.0 - power1))
    over = f32(rate) * over
    under = square * f32(1.0 / (1.0 - power2))
    under = np.sqrt(under)
    under = under + f32(recipe.epsilon)
    update = over / under
    p = p * f32(1.0 - rate * recipe.weight_decay)
    return p - update, mean, square


def loss(run, W, V, b):
    """Importance-weighted loss on the fixed draws: lanes in float32, blocks in float64."""
    total = 0.0
    for block in range(EVAL_SAMPLES // LANES):
        x = sample(run, "eval", 0, block)
        out, _ = output(run, V, b, hidden(run, W, x)[0])
        lanes = np.zeros(LANES, f32)
        for j in range(run.n_features):
            error = out[j] - target(run, x[j])
            weighted = importance(run)[j] * error
            product = weighted * error
            lanes = product + lanes
        total += float(lane_sum(lanes))
    return total / (EVAL_SAMPLES * run.n_features)


def train(run):
    """The parameters and the final loss of one run."""
    start = {name: array[0] for name, array in initial_parameters([run]).items()}
    tied, b = "W" in start, start["b"]
    W = start["W" if tied else "W1"]
    V = W if tied else start["W2"].T
    memories = {name: [np.zeros_like(p), np.zeros_like(p)] for name, p in (("W", W), ("V", V), ("b", b))}
    recipe, power1, power2 = run.recipe, 1.0, 1.0
    factor = f32(2.0 / (recipe.batch * run.n_features))
    for step in range(recipe.steps):
        gW, gV, gb = gradients(run, W, V, b, step)
        power1 *= recipe.beta1
        power2 *= recipe.beta2
        rate = recipe.learning_rate * factor_at(recipe.schedule, step / recipe.steps)
        now = (recipe, rate, power1, power2)
        W, *memories["W"] = adamw(W, gW * factor, *memories["W"], *now)
        if tied:
            V = W
        else:
            V, *memories["V"] = adamw(V, gV * factor, *memories["V"], *now)
        b, *memories["b"] = adamw(b, gb * factor, *memories["b"], *now)
    weights = {"W": W} if tied else {"W1": W, "W2": np.ascontiguousarray(V.T)}
    return {**weights, "b": b, "final_loss": loss(run, W, V, b)}
