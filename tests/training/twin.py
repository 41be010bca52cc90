"""The kernel's specification: the same training in plain NumPy, float32 arrays, one rounded operation after another.

Axes: feature, hidden, lane (64 samples of a block). Everything the kernel may reorder for speed is here in its one order.
"""

import numpy as np

from sup.draws import stream_keys, words
from sup.initial import initial_parameters
from sup.law import LANES, scale_and_low, thresholds

f32 = np.float32
EVAL_SAMPLES = 65_536


def sample(run, stream, step, block):
    """One block of samples, (feature, lane)."""
    n = run.n_features
    w = words(stream_keys([run], stream), step, block * n * LANES // 2, n * LANES)[0]
    v = (w >> np.uint32(1)).reshape(n, LANES)
    scale, low = scale_and_low(run)
    value = v.astype(np.int32).astype(f32) * scale[:, None]
    value = value + low[:, None]
    return np.where(v < thresholds(run)[:, None], value, f32(0))


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


def to_output(W, b, h):
    """Bias plus the sum over hidden dimensions, in order, of W[a, j] * h[a, lane]."""
    total = np.repeat(b[:, None], LANES, axis=1)
    for a in range(W.shape[0]):
        product = W[a, :, None] * h[a]
        total = product + total
    return total


def output(run, W, b, h):
    """The model's output and where its ReLU is on."""
    z = to_output(W, b, h)
    on = z > 0 if run.model == "relu-output" else np.ones_like(z, bool)
    return np.where(on, z, f32(0)), on


def importance(run):
    return np.array(run.importance if isinstance(run.importance, tuple) else [run.importance] * run.n_features, f32)[:, None]


def gradients(run, W, b, step):
    """Gradients of W and b before the common factor."""
    n, m = run.n_features, run.n_hidden
    small = n * m <= 100
    gW = np.zeros((m, n, LANES) if small else (m, n), f32)
    gb = np.zeros((n, LANES), f32)
    for block in range(run.recipe.batch // LANES):
        x = sample(run, "train", step, block)
        h = to_hidden(W, x)
        out, on = output(run, W, b, h)
        error = out - x
        g = importance(run) * error
        g = np.where(on, g, f32(0))
        gb = gb + g
        d = to_hidden(W, g)
        if small:
            inner = d[:, None] * x[None]
            inner = inner + gW
            outer = h[:, None] * g[None]
            gW = outer + inner
        else:
            for left, right in ((h, g), (d, x)):
                for lane in range(LANES):
                    product = left[:, lane, None] * right[None, :, lane]
                    gW = product + gW
    return lane_sum(gW) if small else gW, lane_sum(gb)


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


def loss(run, W, b):
    """Importance-weighted loss on the fixed draws: lanes in float32, blocks in float64."""
    total = 0.0
    for block in range(EVAL_SAMPLES // LANES):
        x = sample(run, "eval", 0, block)
        out, _ = output(run, W, b, to_hidden(W, x))
        lanes = np.zeros(LANES, f32)
        for j in range(run.n_features):
            error = out[j] - x[j]
            weighted = importance(run)[j] * error
            product = weighted * error
            lanes = product + lanes
        total += float(lane_sum(lanes))
    return total / (EVAL_SAMPLES * run.n_features)


def train(run):
    """W, b and the final loss of one run."""
    start = initial_parameters([run])
    W, b = start["W"][0], start["b"][0]
    memory = [np.zeros_like(W), np.zeros_like(W), np.zeros_like(b), np.zeros_like(b)]
    recipe, power1, power2 = run.recipe, 1.0, 1.0
    factor = f32(2.0 / (recipe.batch * run.n_features))
    for step in range(recipe.steps):
        gW, gb = gradients(run, W, b, step)
        power1 *= recipe.beta1
        power2 *= recipe.beta2
        rate = recipe.learning_rate * factor_at(recipe.schedule, step / recipe.steps)
        W, *memory[:2] = adamw(W, gW * factor, *memory[:2], recipe, rate, power1, power2)
        b, *memory[2:] = adamw(b, gb * factor, *memory[2:], recipe, rate, power1, power2)
    return {"W": W, "b": b, "final_loss": loss(run, W, b)}
