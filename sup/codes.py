"""The codes of ReLU hidden models: which neurons each feature switches on, and names for codes.

In x' = ReLU(W^T ReLU(W x) + b) with x >= 0, a feature that is active alone switches on the neurons in which its weight is
positive, and no others; these neurons are its *word*. Its negative weights matter little, since they leave their neurons off.
Source: Elhage et al. 2022, "Superposition in a Privileged Basis", whose figure shows six codes.
"""

from math import comb

import numpy as np
from jaxtyping import Bool, Float, Int

from sup.census import connected
from sup.geometry import REPRESENTED

SHARE = 0.5
"""A weight belongs to a word if it is at least this share of the feature's largest weight."""


def recovered(W: Float[np.ndarray, "run hidden feature"]) -> Bool[np.ndarray, "run feature"]:
    """Whether a ReLU hidden model represents a feature: the norm of its positive weights is at least one half.

    Without bias, a feature x_i that is active alone gives x'_i = x_i sum_a ReLU(W_ai)^2. Negative weights, however large, add
    nothing to it.

    Example: one neuron; a feature of weight 1, one of -2, one of 0.4.
        >>> recovered(np.array([[[1.0, -2.0, 0.4]]])).tolist()
        [[True, False, False]]
    """
    positive = np.maximum(np.asarray(W, np.float64), 0.0)
    return np.sqrt((positive * positive).sum(axis=1)) >= REPRESENTED


def code_words(W: Float[np.ndarray, "run hidden feature"], share: float = SHARE) -> Int[np.ndarray, "run hidden feature"]:
    """The code of a model: 1 where a feature's weight is strong and positive, -1 where it is strong and negative, else 0.

    A weight is strong if its size is at least `share` of the feature's largest weight. The column of a feature that is not
    `recovered` is zero.

    Example: the first feature on one neuron, the second on both, the third on the second neuron and against the first.
        >>> code_words(np.array([[[1.0, 0.7, -0.6], [0.1, 0.7, 0.9]]]))[0].tolist()
        [[1, 1, -1], [0, 1, 1]]
    """
    wide = np.asarray(W, np.float64)
    least = share * wide.max(axis=1, keepdims=True)
    strong = (np.abs(wide) >= least) & recovered(W)[:, None, :]
    return np.where(strong, np.sign(wide), 0).astype(np.int64)


def words_per_neuron(code: Int[np.ndarray, "run hidden feature"]) -> Int[np.ndarray, "run hidden"]:
    """How many words a neuron is part of: 1 for a monosemantic neuron, more for a polysemantic one, 0 for an unused one.

    Example:
        >>> words_per_neuron(np.array([[[1, 0, -1], [0, 1, 1], [0, 0, 0]]])).tolist()
        [[1, 2, 0]]
    """
    return (code > 0).sum(axis=2)


def reading_order(code: Int[np.ndarray, "hidden feature"]) -> Int[np.ndarray, " hidden"]:
    """The order in which neurons are drawn: monosemantic ones, then those with negative weights, then the rest, then unused ones.

    Within a kind they are ordered by the features that they answer to: those on the first feature come first.

    Example: the last neuron has one word, the second a negative weight.
        >>> reading_order(np.array([[0, 1, 1, 0], [0, 1, 1, -1], [1, 0, 0, 0]])).tolist()
        [2, 1, 0]
    """
    words = (code > 0).sum(axis=1)
    kind = np.select([words == 0, words == 1, (code < 0).any(axis=1)], [3, 0, 1], 2)
    return np.lexsort((*(code.T[::-1] <= 0), kind))


def blocks(code: Int[np.ndarray, "hidden feature"]) -> list[tuple[list[int], list[int]]]:
    """Pairs (neurons, features) that belong together because words share a neuron, ordered by their first feature.

    A feature without a word and a neuron without one are in no block.

    Example: the second and third feature share the second neuron.
        >>> blocks(np.array([[1, 0, 0], [0, 1, 1], [0, 1, 0]]))
        [([0], [0]), ([1, 2], [1, 2])]
    """
    on = code > 0
    groups = connected(on.T @ on, on.sum(axis=0) > 0)
    return [(np.flatnonzero(on[:, group].any(axis=1)).tolist(), group.tolist()) for group in groups]


def code_name(code: Int[np.ndarray, "hidden feature"]) -> str:
    """The name of a code: the names of its blocks, joined. The order of neurons and features does not change it.

    - dedicated: one neuron for one feature alone.
    - two signs: three features on two neurons, one on both and one on each.
    - all pairs of k: every two of k neurons are a word; pairs of k: some of these pairs are.
    - hub of k: a neuron, the hub, and k others. k words are the hub with one of the others; k words are all but one of the
      others. With k = 3 these are all pairs of 4.
    - f in k: any other block, of f features in k neurons.
    - nothing: no word at all.

    Example:
        >>> code_name(np.array([[1, 0, 0, 0], [0, 1, 1, -1], [0, 1, -1, 1]]))
        '1 dedicated + two signs'
    """
    names = [_block_name(code[np.ix_(neurons, features)] > 0) for neurons, features in blocks(code)]
    alone = names.count("dedicated")
    rest = sorted(name for name in names if name != "dedicated")
    return " + ".join([f"{alone} dedicated"] * bool(alone) + rest) or "nothing"


def _block_name(on: np.ndarray) -> str:
    """The name of one block; `on` (neuron, feature) tells which neurons each feature switches on."""
    neurons, features = on.shape
    words = [frozenset(np.flatnonzero(column).tolist()) for column in on.T]
    sizes = sorted(map(len, words))
    if (neurons, features) == (1, 1):
        return "dedicated"
    if len(set(words)) == len(words):
        if neurons == 2 and sizes == [1, 1, 2]:
            return "two signs"
        if neurons >= 3 and set(sizes) == {2}:
            return f"all pairs of {neurons}" if features == comb(neurons, 2) else f"pairs of {neurons}"
        if any(set(words) == _hub_words(hub, neurons) for hub in range(neurons)):
            return f"hub of {neurons - 1}"
    return f"{features} in {neurons}"


def _hub_words(hub: int, neurons: int) -> set[frozenset[int]]:
    """The words around neuron `hub`: the hub with each other neuron, and all others but each one of them."""
    others = frozenset(range(neurons)) - {hub}
    return {frozenset({hub, a}) for a in others} | {others - {a} for a in others}
