"""Shared by the figures of the absolute value model: their runs, and the scale and order of a model's neurons.

Not a figure itself. Recipes were chosen by final loss at equal samples, on seeds that no figure uses. For 100 features: two
fits of 5,000 steps at densities 1, 0.03 and 0.001 for constant rates of 0.001, rates of 0.003 and 0.01 that fall to zero, an
epsilon of 1e-12, and starts of 1, 0.3 and 0.1 times the usual spread. The small start decides: it lowers the loss at density
0.03 about thirty times. With larger weights and sparse features, an output that starts below zero stays there, since its ReLU
passes no gradient; with small ones the bias rises first. For 3 and 6 features: 24 fits, and 0.01 falling to zero with the small
start was best.
"""

from collections.abc import Sequence

import numpy as np

from figures.base import Size, replicates
from sup.features import Independent
from sup.neurons import ALIVE, neuron_order
from sup.specs import LINEAR_DECAY, Recipe, Run, geometric
from sup.sweeps import Sweep, sweep

NOTE = (
    "The paper gives no recipe. Here weights start at 0.3 times the usual spread and AdamW's rate falls to zero from "
    "{rate:g}, which gave the lowest final loss among several recipes on other seeds; with the usual start many outputs are "
    "dead from the beginning."
)


def fits(features: int, hidden: int, decay: float, densities: Sequence[float], size: Size, rate: float) -> Sweep:
    """Models of |x| for features uniform on [-1, 1), importance falling by `decay`, the learning rate from `rate` to zero."""
    recipe = Recipe(steps=size.steps, learning_rate=rate, schedule=LINEAR_DECAY, init_scale=0.3)
    base = Run(
        model="absolute",
        n_features=features,
        n_hidden=hidden,
        distribution=Independent(density=1.0, low=-1.0),
        importance=geometric(decay, features),
        recipe=recipe,
    )
    return sweep(base, density=densities, seed=replicates(size.seeds))


def rescaled(W1: np.ndarray, W2: np.ndarray, *, balanced: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The same model with each neuron scaled so that its largest weight in has size 1, and its neurons in the order of drawing.

    Args:
        W1: Weights in, shape (hidden, feature).
        W2: Weights out, shape (feature, hidden).
        balanced: Whether to give each neuron's largest weights in and out the same size instead.

    Returns:
        Weights in and weights out, both (hidden, feature).

    Example:
        >>> [w.tolist() for w in rescaled(np.array([[4.0, -1.0]]), np.array([[0.25], [1.0]]))]
        [[[1.0, -0.25]], [[1.0, 4.0]]]
        >>> [w.tolist() for w in rescaled(np.array([[4.0, -1.0]]), np.array([[0.25], [1.0]]), balanced=True)]
        [[[2.0, -0.5]], [[0.5, 2.0]]]
    """
    order = neuron_order(W1[None])[0]
    into, out = np.asarray(W1, np.float64)[order], np.asarray(W2, np.float64).T[order]
    largest_in, largest_out = np.abs(into).max(axis=1), np.abs(out).max(axis=1)
    target = np.sqrt(largest_in * largest_out) if balanced else np.ones(len(into))
    alive = (largest_in >= ALIVE) & (target > 0)
    factor = np.divide(target, largest_in, out=np.ones(len(into)), where=alive)[:, None]
    return into * factor, out / factor
