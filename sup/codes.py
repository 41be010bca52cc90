"""The codes in which a ReLU hidden model writes its features: the neurons that each feature switches on, and names for codes.

In x' = ReLU(W^T ReLU(W x) + b) with x >= 0 a feature that is active alone switches on the neurons in which its weight is
positive, and no others; these neurons are its *word*. How strongly negative the other weights are matters little as long as the
neuron stays off. Source: Elhage et al. 2022, "Superposition in a Privileged Basis", whose figure shows six codes.
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

    Active alone, the feature comes back times sum_a ReLU(W_ai)^2; negative weights, which may be large, add nothing to it.

    Example: one neuron; a feature of weight 1, one of -2, one of 0.4.
        >>> recovered(np.array([[[1.0, -2.0, 0.4]]])).tolist()
        [[True, False, False]]
    """
    positive = np.maximum(np.asarray(W, np.float64), 0.0)
    found: np.ndarray = np.sqrt((positive * positive).sum(axis=1)) >= REPRESENTED
    return found


def code_words(W: Float[np.ndarray, "run hidden feature"], share: float = SHARE) -> Int[np.ndarray, "run hidden feature"]:
    """The code of a model: 1 where a feature has a weight of its word, -1 where it has as strong a negative one, else 0.

    Strong means at least `share` of the feature's largest weight. The column of a feature that is not recovered is zero.

    Example: a neuron for the first feature; the second on both, the third on the second and against the first.
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
    counts: np.ndarray = (code > 0).sum(axis=2)
    return counts


def reading_order(code: Int[np.ndarray, "hidden feature"]) -> Int[np.ndarray, " hidden"]:
    """The order in which neurons are drawn: monosemantic ones, then those with negative weights, the rest, unused ones.

    Those of a kind are ordered by what they answer to, the most important feature first.

    Example: the last neuron has one word, the second a negative weight.
        >>> reading_order(np.array([[0, 1, 1, 0], [0, 1, 1, -1], [1, 0, 0, 0]])).tolist()
        [2, 1, 0]
    """
    words = (code > 0).sum(axis=1)
    kind = np.select([words == 0, words == 1, (code < 0).any(axis=1)], [3, 0, 1], 2)
    return np.lexsort((*(code.T[::-1] <= 0), kind))


def blocks(code: Int[np.ndarray, "hidden feature"]) -> list[tuple[list[int], list[int]]]:
    """Neurons and features that belong together, because words share a neuron. Ordered by their first feature.

    Features without a word and neurons in none are in no block.

    Example: the second and third feature share the second neuron.
        >>> blocks(np.array([[1, 0, 0], [0, 1, 1], [0, 1, 0]]))
        [([0], [0]), ([1, 2], [1, 2])]
    """
    on = code > 0
    groups = connected(on.T @ on, on.sum(axis=0) > 0)
    return [(np.flatnonzero(on[:, group].any(axis=1)).tolist(), group.tolist()) for group in groups]


def code_name(code: Int[np.ndarray, "hidden feature"]) -> str:
    """The name of a code, the same whatever the order of its neurons and features: those of its blocks, joined.

    dedicated: a neuron for a feature alone. two signs: three features on two neurons, one on both and one on each. all
    pairs of k: every two of k neurons are a word; pairs of k: some two. hub of k: k words of all but one of k neurons, k words of
    one of them and a further neuron, the hub; with k = 3 these are all pairs of 4. f in k: f features in k neurons and none
    of these. nothing: no word at all.

    Example:
        >>> code_name(np.array([[1, 0, 0, 0], [0, 1, 1, -1], [0, 1, -1, 1]]))
        '1 dedicated + two signs'
    """
    names = [_block_name(code[np.ix_(neurons, features)] > 0) for neurons, features in blocks(code)]
    alone = names.count("dedicated")
    rest = sorted(name for name in names if name != "dedicated")
    return " + ".join([f"{alone} dedicated"] * bool(alone) + rest) or "nothing"


def _block_name(on: np.ndarray) -> str:
    """The name of one block, whose neurons are on (neuron, feature)."""
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
    """The words around neuron `hub`: each other neuron with the hub, and all others but it without the hub."""
    others = frozenset(range(neurons)) - {hub}
    return {frozenset({hub, a}) for a in others} | {others - {a} for a in others}
