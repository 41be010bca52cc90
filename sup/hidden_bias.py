"""The ReLU hidden model with a bias inside the ReLU: what it can do, and what it learns.

    h = ReLU(W x + c),   x' = ReLU(W^T h + b)

With c = 0 it is the ReLU hidden model of `sup.models`. With c large enough no neuron is ever off, and the model is the ReLU
output model with another output bias: the hidden bias is a way around the privileged basis. Training here is a few lines of
NumPy for small models, not an engine: it stores no artifacts, and its bits may differ between machines.
Source: Elhage et al. 2022, "Superposition in a Privileged Basis", footnote on biases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from sup.adam import Adam
from sup.specs import Recipe


def hidden_bias_model(
    x: Float[np.ndarray, "run batch feature"],
    W: Float[np.ndarray, "run hidden feature"],
    c: Float[np.ndarray, "run hidden"],
    b: Float[np.ndarray, "run feature"],
) -> Float64[np.ndarray, "run batch feature"]:
    """The output x' = ReLU(W^T ReLU(W x + c) + b).

    Example: at c = 1 the neuron is on although its weight is negative, and b = 1 cancels the W^T c = -1 that c adds.
        >>> one = np.ones((1, 1))
        >>> hidden_bias_model(np.array([[[0.5]]]), -one[None], one, one).tolist()
        [[[0.5]]]
    """
    hidden = np.maximum(x @ W.swapaxes(1, 2) + c[:, None], 0.0)
    return np.maximum(hidden @ W + b[:, None], 0.0)


def linear_from(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run hidden"]:
    """The least hidden bias at which no neuron is ever off for x in [0, 1]^n: c_a = sum_i max(0, -W_ai).

    At this bias and above, the model equals ReLU(W^T W x + b') exactly, with b' = `output_bias`.

    Example:
        >>> linear_from(np.array([[[1.0, -0.5, -0.25]]])).tolist()
        [[0.75]]
    """
    return np.maximum(-np.asarray(W, np.float64), 0.0).sum(axis=2)


def output_bias(
    W: Float[np.ndarray, "run hidden feature"], c: Float[np.ndarray, "run hidden"], b: Float[np.ndarray, "run feature"]
) -> Float64[np.ndarray, "run feature"]:
    """The bias b + W^T c of the ReLU output model that equals this one when no neuron is ever off.

    Example:
        >>> output_bias(np.array([[[1.0, -0.5]]]), np.array([[2.0]]), np.array([[0.0, 1.0]])).tolist()
        [[2.0, 0.0]]
    """
    return np.asarray(b, np.float64) + np.einsum("rhf,rh->rf", np.asarray(W, np.float64), c)


def mean_over_spread(hidden: int, features: int, density: float) -> float:
    """How many standard deviations lie between a neuron's mean input and 0, without any bias: sqrt(n/m) mu / sigma.

    Rows of W are m orthonormal vectors as close to the direction (1, ..., 1) as they can all be at once: each has the sum
    sqrt(n / m). W x then has the mean mu sqrt(n / m) and the standard deviation sigma, where mu = p / 2 and
    sigma^2 = p / 3 - p^2 / 4 are those of one feature. Above about 3 the neuron is almost never off: the hidden layer is linear.

    Example: at density 1 it is sqrt(3 n / m).
        >>> round(mean_over_spread(5, 75, 1.0) ** 2, 6)
        45.0
    """
    mean, variance = density / 2, density / 3 - density**2 / 4
    return float(np.sqrt(features / hidden) * mean / np.sqrt(variance))


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Models with a hidden bias after training, each array with a leading run axis.

    Attributes:
        W: Weights (run, hidden, feature).
        c: Hidden bias (run, hidden); zeros if it was not trained.
        b: Output bias (run, feature).
        loss: Importance-weighted loss on 16,384 fresh samples (run).
        off: Share of the samples with an active feature in which the ReLU of a neuron is off (run, hidden).
    """

    W: np.ndarray
    c: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    off: np.ndarray


def learn(
    hidden: int, importance: Float[np.ndarray, " feature"], density: float, recipe: Recipe, seeds: Sequence[int], *, bias: bool
) -> Learned:
    """Trains a model for each seed on independent features, uniform on [0, 1) when active, with AdamW and fresh batches.

    Args:
        hidden: Width of the hidden layer.
        importance: Loss weight of each feature.
        density: Chance that a feature is active.
        recipe: As for `sup.train`, but `l1`, `attack` and `dataset` are ignored.
        seeds: One per model; its start and its samples depend on its seed alone.
        bias: Whether the hidden bias is trained; otherwise it stays zero.
    """
    rngs = [np.random.default_rng(seed) for seed in seeds]
    runs, features, (share, factor) = len(rngs), len(importance), np.array(recipe.schedule).T
    spread = recipe.init_scale * np.sqrt(2 / (features + hidden))
    start = np.stack([rng.normal(size=(hidden, features)) for rng in rngs])
    parts = [spread * start, np.zeros((runs, hidden)), np.zeros((runs, features))]
    adams = [Adam(part, recipe.beta1, recipe.beta2, recipe.epsilon) for part in parts]
    for step in range(recipe.steps):
        x = _samples(rngs, (recipe.batch, features), density)
        rate = recipe.learning_rate * float(np.interp(step / recipe.steps, share, factor))
        for k, slope in enumerate(gradient(x, parts[0], parts[1], parts[2], importance)):
            if k == 1 and not bias:
                continue
            parts[k] -= rate * (recipe.weight_decay * parts[k] + adams[k].direction(slope))
    x = _samples(rngs, (16_384, features), density)
    W, c, b = parts
    loss = ((hidden_bias_model(x, W, c, b) - x) ** 2 @ importance).mean(axis=1) / features
    off = x @ W.swapaxes(1, 2) + c[:, None] <= 0
    some = (x > 0).any(axis=2, keepdims=True)  # without an active feature, a neuron at zero does no harm
    return Learned(W=W, c=c, b=b, loss=loss, off=(off & some).sum(axis=1) / some.sum(axis=1))


def _samples(rngs: Sequence[np.random.Generator], shape: tuple[int, int], density: float) -> np.ndarray:
    drawn = np.stack([rng.random(shape) for rng in rngs])
    return np.where(drawn < density, drawn / density, 0.0)


def gradient(
    x: Float[np.ndarray, "run batch feature"],
    W: Float[np.ndarray, "run hidden feature"],
    c: Float[np.ndarray, "run hidden"],
    b: Float[np.ndarray, "run feature"],
    importance: Float[np.ndarray, " feature"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients in W, c and b of the mean over batch and features of I_i (x_i - x'_i)^2.

    Example: zero where the output is the target.
        >>> one = np.ones((1, 1))
        >>> [float(g.sum()) for g in gradient(one[None], one[None], 0 * one, 0 * one, np.ones(1))]
        [0.0, 0.0, 0.0]
    """
    hidden = np.maximum(x @ W.swapaxes(1, 2) + c[:, None], 0.0)
    out = np.maximum(hidden @ W + b[:, None], 0.0)
    at_output = (out > 0) * (out - x) * (2 * importance / (x.shape[1] * x.shape[2]))
    at_hidden = (hidden > 0) * (at_output @ W.swapaxes(1, 2))
    return hidden.swapaxes(1, 2) @ at_output + at_hidden.swapaxes(1, 2) @ x, at_hidden.sum(axis=1), at_output.sum(axis=1)
