"""Recovering features from superposition: a sparse autoencoder learns an overcomplete dictionary of hidden vectors.

    a = ReLU(E h + c),  h' = D a,  loss = mean over samples of |h - h'|^2 + l1 sum_k |a_k|,  columns of D of length 1.

The features of a toy model are known, so they can be compared with the dictionary.
Sources: Sharkey, Braun and Millidge 2022, "Taking features out of superposition with sparse autoencoders"; Elhage et al.
2022, its sections on ways out and the comment by these authors. Everything is NumPy in float64, from a seed; the dictionaries
of several runs are learnt side by side.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from sup.adam import Adam
from sup.errors import SpecError
from sup.geometry import unit_columns
from sup.sparse_coding import coding_loss


class Dictionaries(NamedTuple):
    """Learnt dictionaries, one per run.

    Attributes:
        encoder: E (run, unit, hidden).
        bias: c (run, unit).
        decoder: D (run, hidden, unit), columns of length 1.
    """

    encoder: Float64[np.ndarray, "run unit hidden"]
    bias: Float64[np.ndarray, "run unit"]
    decoder: Float64[np.ndarray, "run hidden unit"]


def learn(
    h: Float[np.ndarray, "run sample hidden"],
    units: int,
    *,
    l1: float,
    steps: int,
    batch: int = 256,
    rate: float = 3e-3,
    seed: int = 0,
) -> Dictionaries:
    """Learns a dictionary of `units` directions for each run's hidden vectors, by Adam on batches drawn with replacement.

    The learning rate falls linearly to zero. Directions start at random, evenly on the sphere, and the encoder starts as their
    transpose. After each step the directions are rescaled to length 1, so that a long D and a small a cannot evade the penalty.

    Raises:
        SpecError: if `units` or `steps` is below 1, or `l1` is negative.

    Example: two directions at a right angle, one active at a time, in a dictionary of four.
        >>> h = np.eye(2)[np.arange(400) % 2][None] * np.linspace(0.1, 1, 400)[None, :, None]
        >>> dictionaries = learn(h, 4, l1=0.02, steps=3000, seed=1)
        >>> matches(np.eye(2)[None], dictionaries.decoder).round(1).tolist()
        [[1.0, 1.0]]
    """
    if units < 1 or steps < 1 or l1 < 0:
        raise SpecError(
            f"a dictionary has units >= 1, steps >= 1 and l1 >= 0; got {units=}, {steps=}, {l1=}. For no penalty, pass l1=0.0."
        )
    h = np.asarray(h, np.float64)
    rng = np.random.default_rng(seed)
    D = unit_columns(rng.normal(size=(len(h), h.shape[2], units)))
    parts = [D.transpose(0, 2, 1).copy(), np.zeros((len(h), units)), D]
    adams = [Adam(part) for part in parts]
    for step in range(steps):
        sample = h[:, rng.integers(0, h.shape[1], batch)]
        gradients = _gradients(sample, parts[0], parts[1], parts[2], l1)
        for part, adam, gradient in zip(parts, adams, gradients, strict=True):
            part -= rate * (1 - step / steps) * adam.direction(gradient)
        parts[2] = unit_columns(parts[2])
    return Dictionaries(*parts)


def _gradients(h: np.ndarray, E: np.ndarray, c: np.ndarray, D: np.ndarray, l1: float) -> tuple[np.ndarray, ...]:
    """Gradients of the mean loss on h (run, batch, hidden) in E, c and D."""
    a = np.maximum(h @ E.transpose(0, 2, 1) + c[:, None], 0.0)
    miss = (a @ D.transpose(0, 2, 1) - h) * (2 / h.shape[1])
    back = np.where(a > 0, miss @ D + l1 / h.shape[1], 0.0).transpose(0, 2, 1)
    return back @ h, back.sum(axis=2), miss.transpose(0, 2, 1) @ a


def codes(dictionaries: Dictionaries, h: Float[np.ndarray, "run sample hidden"]) -> Float64[np.ndarray, "run sample unit"]:
    """How strongly each unit answers to each hidden vector: a = ReLU(E h + c).

    Example:
        >>> one = Dictionaries(np.ones((1, 1, 1)), np.full((1, 1), -0.5), np.ones((1, 1, 1)))
        >>> codes(one, np.array([[[0.25], [1.0]]])).tolist()
        [[[0.0], [0.5]]]
    """
    return np.maximum(h @ dictionaries.encoder.transpose(0, 2, 1) + dictionaries.bias[:, None], 0.0)


def dictionary_loss(
    dictionaries: Dictionaries, h: Float[np.ndarray, "run sample hidden"], l1: float
) -> Float64[np.ndarray, " run"]:
    """The loss that `learn` lowers: the mean over samples of |h - D a|^2 + l1 sum_k a_k.

    Example:
        >>> one = Dictionaries(np.ones((1, 1, 1)), np.full((1, 1), -0.5), np.ones((1, 1, 1)))
        >>> dictionary_loss(one, np.array([[[1.0]]]), 0.1).round(9).tolist()
        [0.3]
    """
    return coding_loss(h, dictionaries.decoder, codes(dictionaries, h), l1)


def alive(
    dictionaries: Dictionaries, h: Float[np.ndarray, "run sample hidden"], least: float = 1e-3
) -> Float64[np.ndarray, "run unit"]:
    """1 for a unit that answers to at least the share `least` of the nonzero samples, 0 for a dead one.

    Example:
        >>> one = Dictionaries(np.array([[[1.0], [-1.0]]]), np.zeros((1, 2)), np.array([[[1.0, -1.0]]]))
        >>> alive(one, np.array([[[0.5], [0.0]]])).tolist()
        [[1.0, 0.0]]
    """
    answers = (codes(dictionaries, h) > 0).sum(axis=1)
    nonzero = np.maximum(np.any(h != 0, axis=2).sum(axis=1), 1)
    return np.asarray(answers >= least * nonzero[:, None], np.float64)


def matches(
    W: Float[np.ndarray, "run hidden feature"], D: Float[np.ndarray, "run hidden unit"]
) -> Float64[np.ndarray, "run feature"]:
    """How well D recovers each column of W: its largest cosine with a column of D; 0 for a column that is zero.

    The mean over features is Sharkey et al.'s mean max cosine similarity.

    Example: one direction recovered, one missed by 45 degrees.
        >>> (matches(np.array([[[1.0, 1.0], [0.0, 1.0]]]), np.array([[[2.0], [0.0]]])) ** 2).round(9).tolist()
        [[1.0, 0.5]]
    """
    cosines = unit_columns(W).transpose(0, 2, 1) @ unit_columns(D)
    return cosines.max(axis=2)


def distinct(D: Float[np.ndarray, "hidden unit"], alike: float = 0.95) -> Float64[np.ndarray, "hidden direction"]:
    """The columns of one dictionary without repeats: a column is left out if its cosine with an earlier one is at least `alike`.

    Example:
        >>> distinct(np.array([[1.0, 2.0, 0.0], [0.0, 0.1, 1.0]])).shape
        (2, 2)
    """
    units = unit_columns(D[None])[0]
    columns: list[int] = []
    for k in range(units.shape[1]):
        if all(units[:, k] @ units[:, j] < alike for j in columns):
            columns.append(k)
    return units[:, columns]
