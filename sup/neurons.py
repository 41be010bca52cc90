"""Which features the neurons of a model with a privileged basis answer to.

Row a of the weights W (hidden, feature) into the hidden layer is neuron a. A ReLU in the hidden layer gives each entry a
meaning of its own, so the measures here, unlike those of `sup.geometry`, change when the hidden space is rotated.
Source: Elhage et al. 2022, "Superposition in a Privileged Basis" and "Computation in Superposition".
"""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from sup.geometry import superposition_score

PRESENT = 0.2
"""A neuron answers to a feature if the feature's weight is at least this share of the neuron's largest one."""
ALIVE = 0.1
"""A neuron whose largest weight is below this is dead: it answers to nothing."""


def answers(W: Float[np.ndarray, "run hidden feature"], present: float = PRESENT) -> Bool[np.ndarray, "run hidden feature"]:
    """Whether neuron a answers to feature i: |W_ai| is at least `present` times the neuron's largest |W_aj|.

    A dead neuron, with all |W_aj| < ALIVE, answers to none.

    Example: a neuron for one feature, one for two, and a dead one.
        >>> answers(np.array([[[1.0, 0.1], [1.0, -0.5], [0.0, 0.05]]]))[0].tolist()
        [[True, False], [True, True], [False, False]]
    """
    sizes = np.abs(np.asarray(W, np.float64))
    largest = sizes.max(axis=2, keepdims=True)
    return (sizes >= present * largest) & (largest >= ALIVE)


def monosemantic(W: Float[np.ndarray, "run hidden feature"], present: float = PRESENT) -> Bool[np.ndarray, "run hidden"]:
    """Whether a neuron answers to exactly one feature. A dead neuron is neither monosemantic nor polysemantic.

    Example:
        >>> monosemantic(np.array([[[1.0, 0.1], [1.0, -0.5], [0.0, 0.05]]])).tolist()
        [[True, False, False]]
    """
    return answers(W, present).sum(axis=2) == 1


def polysemantic(W: Float[np.ndarray, "run hidden feature"], present: float = PRESENT) -> Bool[np.ndarray, "run hidden"]:
    """Whether a neuron answers to several features.

    Example:
        >>> polysemantic(np.array([[[1.0, 0.1], [1.0, -0.5], [0.0, 0.05]]])).tolist()
        [[False, True, False]]
    """
    return answers(W, present).sum(axis=2) > 1


def unit_rows(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run hidden feature"]:
    """Each neuron's weights divided by the largest |W_ai|; those of a dead neuron as they are.

    In a model with separate matrices, a neuron's weights in can be scaled by any positive factor if those out are divided by
    it, so only these ratios are meaningful.

    Example:
        >>> unit_rows(np.array([[[4.0, -1.0], [0.0, 0.0]]])).tolist()
        [[[1.0, -0.25], [0.0, 0.0]]]
    """
    wide = np.asarray(W, np.float64)
    largest = np.abs(wide).max(axis=2, keepdims=True)
    return np.divide(wide, largest, out=wide.copy(), where=largest >= ALIVE)


def primary_features(W: Float[np.ndarray, "run hidden feature"]) -> Int[np.ndarray, "run hidden"]:
    """The feature with the largest |W_ai| for each neuron (the first of equals).

    Example:
        >>> primary_features(np.array([[[0.2, -1.0], [0.5, 0.5]]])).tolist()
        [[1, 0]]
    """
    return np.abs(W).argmax(axis=2)


def neuron_order(W: Float[np.ndarray, "run hidden feature"]) -> Int[np.ndarray, "run hidden"]:
    """The order in which neurons are drawn: by primary feature, positive before negative, dead ones last.

    Example: the primary feature of the second and fourth neuron is the first feature; the third is dead.
        >>> neuron_order(np.array([[[0.1, 1.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]])).tolist()
        [[3, 1, 0, 2]]
    """
    first = primary_features(W)
    weight = np.take_along_axis(np.asarray(W, np.float64), first[:, :, None], axis=2)[:, :, 0]
    orders = [np.lexsort((w < 0, i, np.abs(w) < ALIVE)) for i, w in zip(first, weight, strict=True)]
    return np.stack(orders)


def row_scores(W: Float[np.ndarray, "run hidden feature"]) -> Float64[np.ndarray, "run feature"]:
    """Superposition scores of features after each neuron is divided by its largest weight.

    The score of `sup.geometry.superposition_score` depends on the arbitrary scale of each neuron where weights in and out are
    separate; with `unit_rows` it does not. Zero for a feature that shares no neuron.

    Example: two neurons of one feature, one for each sign.
        >>> row_scores(np.array([[[3.0, 0.0], [-0.5, 0.0], [0.0, 1.0]]])).tolist()
        [[0.0, 0.0]]
    """
    return superposition_score(unit_rows(W))
