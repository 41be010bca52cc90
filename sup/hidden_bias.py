"""The ReLU hidden model with a bias inside the ReLU: what it can do, and what it learns.

    h = ReLU(W x + c),   x' = ReLU(W^T h + b)

With c = 0 it is the ReLU hidden model of `sup.models`. With c large enough no neuron is ever off, and the model is the ReLU
output model with another output bias: the hidden bias is a way around the privileged basis. Training here is a few lines of
NumPy for models of this size, not an engine: it has no artifacts and promises no bits.
Source: Elhage et al. 2022, "Superposition in a Privileged Basis", footnote on biases.
"""

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

    Example: at c = 1 the neuron is on although its feature pulls it down, and b takes the 1 away again.
        >>> one = np.ones((1, 1))
        >>> hidden_bias_model(np.array([[[0.5]]]), -one[None], one, one).tolist()
        [[[0.5]]]
    """
    hidden = np.maximum(x @ W.swapaxes(1, 2) + c[:, None], 0.0)
    out: np.ndarray = np.maximum(hidden @ W + b[:, None], 0.0)
    return out


def linear_from(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run hidden"]:
    """The least hidden bias at which no neuron is ever off for x in [0, 1]^n: c_a = sum_i max(0, -W_ai).

    From there on the model equals ReLU(W^T W x + b') with b' = `output_bias`, exactly.

    Example:
        >>> linear_from(np.array([[[1.0, -0.5, -0.25]]])).tolist()
        [[0.75]]
    """
    least: np.ndarray = np.maximum(-np.asarray(W, np.float64), 0.0).sum(axis=2)
    return least


def output_bias(
    W: Float[np.ndarray, "run hidden feature"], c: Float[np.ndarray, "run hidden"], b: Float[np.ndarray, "run feature"]
) -> Float64[np.ndarray, "run feature"]:
    """The bias of the ReLU output model that a model with all neurons on equals: b + W^T c.

    Example:
        >>> output_bias(np.array([[[1.0, -0.5]]]), np.array([[2.0]]), np.array([[0.0, 1.0]])).tolist()
        [[2.0, 0.0]]
    """
    bias: np.ndarray = np.asarray(b, np.float64) + np.einsum("rhf,rh->rf", np.asarray(W, np.float64), c)
    return bias


def mean_over_spread(hidden: int, features: int, density: float) -> float:
    """How far a neuron can be kept from its ReLU without any bias, by averaging over many features: sqrt(n/m) mu / sigma.

    Rows of W are m orthonormal vectors as close to the direction (1, ..., 1) as they can all be at once: each has the sum
    sqrt(n / m). W x then has the mean mu sqrt(n / m) and the standard deviation sigma, where mu = p / 2 and
    sigma^2 = p / 3 - p^2 / 4 are those of one feature. Above 3 or so the neuron is practically never off, and the model linear.

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
        W: Shape (run, hidden, feature).
        c: Hidden bias (run, hidden); zeros where it was held at zero.
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
    hidden: int, importance: Float[np.ndarray, " feature"], density: float, recipe: Recipe, runs: int, *, bias: bool
) -> Learned:
    """Trains `runs` models on independent features, uniform on [0, 1) when active, with AdamW and fresh batches.

    Args:
        hidden: Width of the hidden layer.
        importance: Loss weights; their number is the width of the input.
        density: Chance that a feature is active.
        recipe: As for `sup.train`; schedule knots are joined by straight lines.
        runs: How many models, from different starts.
        bias: Whether the hidden bias is trained; otherwise it stays zero.
    """
    rng = np.random.default_rng(7)
    features, (share, factor) = len(importance), np.array(recipe.schedule).T
    spread = recipe.init_scale * np.sqrt(2 / (features + hidden))
    at = [spread * rng.normal(size=(runs, hidden, features)), np.zeros((runs, hidden)), np.zeros((runs, features))]
    adams = [Adam(a, recipe.beta1, recipe.beta2, recipe.epsilon) for a in at]
    for step in range(recipe.steps):
        x = _samples(rng, (runs, recipe.batch, features), density)
        rate = recipe.learning_rate * float(np.interp(step / recipe.steps, share, factor))
        for k, slope in enumerate(gradient(x, at[0], at[1], at[2], importance)):
            if k == 1 and not bias:
                continue
            at[k] -= rate * (recipe.weight_decay * at[k] + adams[k].direction(slope))
    x = _samples(rng, (runs, 16_384, features), density)
    loss = ((hidden_bias_model(x, *at) - x) ** 2 @ importance).mean(axis=1) / features
    off = x @ at[0].swapaxes(1, 2) + at[1][:, None] <= 0
    some = (x > 0).any(axis=2, keepdims=True)  # with no feature active and no bias a neuron stands at zero, which does no harm
    return Learned(W=at[0], c=at[1], b=at[2], loss=loss, off=(off & some).sum(axis=1) / some.sum(axis=1))


def _samples(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    drawn = rng.random(shape)
    return np.where(drawn < density, drawn / density, 0.0)


def gradient(
    x: Float[np.ndarray, "run batch feature"],
    W: Float[np.ndarray, "run hidden feature"],
    c: Float[np.ndarray, "run hidden"],
    b: Float[np.ndarray, "run feature"],
    importance: Float[np.ndarray, " feature"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients in W, c and b of the mean over batch and features of I_i (x_i - x'_i)^2.

    Example: nothing to gain at the target.
        >>> one = np.ones((1, 1))
        >>> [float(g.sum()) for g in gradient(one[None], one[None], 0 * one, 0 * one, np.ones(1))]
        [0.0, 0.0, 0.0]
    """
    hidden = np.maximum(x @ W.swapaxes(1, 2) + c[:, None], 0.0)
    out = np.maximum(hidden @ W + b[:, None], 0.0)
    at_output = (out > 0) * (out - x) * (2 * importance / (x.shape[1] * x.shape[2]))
    at_hidden = (hidden > 0) * (at_output @ W.swapaxes(1, 2))
    return hidden.swapaxes(1, 2) @ at_output + at_hidden.swapaxes(1, 2) @ x, at_hidden.sum(axis=1), at_output.sum(axis=1)
