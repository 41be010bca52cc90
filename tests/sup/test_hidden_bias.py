"""The hidden bias: gradients against differences, the bias for a linear hidden layer, and training that lowers the loss."""

import numpy as np
import pytest

from sup import hidden_bias
from sup.specs import LINEAR_DECAY, Recipe, geometric

RNG = np.random.default_rng(0)
W, C, B = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3)), RNG.normal(size=(2, 4))
X = RNG.random((2, 20, 4))
IMPORTANCE = np.array(geometric(0.8, 4))


def loss(W: np.ndarray, c: np.ndarray, b: np.ndarray) -> float:
    """The loss by loops over runs, samples and features."""
    total = 0.0
    for run in range(len(X)):
        for x in X[run]:
            hidden = [max(0.0, float(w @ x) + bias) for w, bias in zip(W[run], c[run], strict=True)]
            for i in range(4):
                out = max(0.0, sum(h * W[run, a, i] for a, h in enumerate(hidden)) + b[run, i])
                total += IMPORTANCE[i] * (x[i] - out) ** 2 / (20 * 4)
    return total


def test_gradients_are_those_of_the_loss() -> None:
    gradients = hidden_bias.gradient(X, W, C, B, IMPORTANCE)
    for place, (array, slopes) in enumerate(zip((W, C, B), gradients, strict=True)):
        for at in np.ndindex(array.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = [W.copy(), C.copy(), B.copy()]
                moved[place][at] += step
                values.append(loss(*moved))
            assert slopes[at] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-7)


def test_a_large_enough_hidden_bias_makes_the_model_linear_inside() -> None:
    c = hidden_bias.linear_from(W)
    b = B - hidden_bias.output_bias(W, c, 0 * B)
    linear = np.maximum(X @ W.swapaxes(1, 2) @ W + B[:, None], 0)
    np.testing.assert_allclose(hidden_bias.hidden_bias_model(X, W, c, b), linear, atol=1e-12)
    less = 0.5 * c
    shifted = B - hidden_bias.output_bias(W, less, 0 * B)
    corners = np.broadcast_to(np.eye(4), (2, 4, 4))
    wrong = hidden_bias.hidden_bias_model(corners, W, less, shifted)
    assert np.abs(wrong - np.maximum(corners @ W.swapaxes(1, 2) @ W + B[:, None], 0)).max() > 0.01, "half of it is too little"


@pytest.mark.parametrize("density", [1.0, 0.1])
def test_the_mean_over_the_spread_is_that_of_samples(density: float) -> None:
    n, m, count = 40, 5, 40_000
    rows = np.sqrt(m / n) * np.kron(np.eye(m), np.ones(n // m))  # orthonormal, each with the sum sqrt(n / m)
    x = np.random.default_rng(1).random((count, n))
    h = np.where(np.random.default_rng(2).random(x.shape) < density, x, 0.0) @ rows.T
    ratio = h.mean() / h.std(axis=0).mean()
    # the ratio's relative error is about 1 / sqrt(5 * 40,000) = .002: five of them fail less than once in a million runs
    assert ratio == pytest.approx(hidden_bias.mean_over_spread(m, n, density), rel=0.012)


def test_training_goes_downhill_and_leaves_a_held_bias_alone() -> None:
    recipe = Recipe(steps=300, batch=64, learning_rate=0.01, schedule=LINEAR_DECAY)
    held, free = (hidden_bias.learn(2, IMPORTANCE, 0.3, recipe, range(3), bias=bias) for bias in (False, True))
    short = hidden_bias.learn(2, IMPORTANCE, 0.3, Recipe(steps=1, batch=64), range(3), bias=False)
    assert (held.loss < 0.7 * short.loss).all()
    assert (held.c == 0).all() and (free.c != 0).any(axis=1).all()
    last = hidden_bias.learn(2, IMPORTANCE, 0.3, recipe, [2], bias=True)
    np.testing.assert_allclose(last.W[0], free.W[2], atol=1e-9)  # its neighbours change nothing but the last bits of a sum
