"""Getting features back out of superposition: a sparse autoencoder learns an overcomplete dictionary of hidden vectors.

    a = ReLU(E h + c),  h' = D a,  loss = mean over samples of |h - h'|^2 + l1 sum_k |a_k|,  columns of D of length 1.

The features of a toy model are known, so what the dictionary finds can be held against them.
Sources: Sharkey, Braun and Millidge 2022, "Taking features out of superposition with sparse autoencoders"; Elhage et al.
2022, its sections on ways out and the comment by these authors. NumPy, float64, from a seed; dictionaries are learnt side by
side.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from sup.adam import Adam
from sup.errors import SpecError
from sup.geometry import unit_columns
from sup.sparse_coding import coding_loss


class Dictionaries(NamedTuple):
    """Learnt dictionaries, one a run.

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
    """A dictionary of `units` directions for each run's hidden vectors, by Adam on batches of samples taken with replacement.

    The learning rate falls linearly to zero. Directions start at random, evenly on the sphere, and the encoder as their
    transpose. After each step the directions are brought back to length 1, so that the penalty cannot be evaded by a long D
    and a small a.

    Raises:
        SpecError: for no units or steps, or a negative penalty.

    Example: two directions at a right angle, one active at a time, in a dictionary of four.
        >>> h = np.eye(2)[np.arange(400) % 2][None] * np.linspace(0.1, 1, 400)[None, :, None]
        >>> found = learn(h, 4, l1=0.02, steps=3000, seed=1)
        >>> matches(np.eye(2)[None], found.decoder).round(1).tolist()
        [[1.0, 1.0]]
    """
    if units < 1 or steps < 1 or l1 < 0:
        raise SpecError(
            f"a dictionary has units >= 1, steps >= 1 and l1 >= 0; got {units=}, {steps=}, {l1=}. Pass l1=0.0 for none."
        )
    h = np.asarray(h, np.float64)
    rng = np.random.default_rng(seed)
    D = unit_columns(rng.normal(size=(len(h), h.shape[2], units)))
    learnt = [D.transpose(0, 2, 1).copy(), np.zeros((len(h), units)), D]
    adams = [Adam(part) for part in learnt]
    for step in range(steps):
        sample = h[:, rng.integers(0, h.shape[1], batch)]
        gradients = _gradients(sample, learnt[0], learnt[1], learnt[2], l1)
        for part, adam, gradient in zip(learnt, adams, gradients, strict=True):
            part -= rate * (1 - step / steps) * adam.direction(gradient)
        learnt[2] = unit_columns(learnt[2])
    return Dictionaries(*learnt)


def _gradients(h: np.ndarray, E: np.ndarray, c: np.ndarray, D: np.ndarray, l1: float) -> tuple[np.ndarray, ...]:
    """Gradients of the mean loss on h (run, batch, hidden) in E, c and D."""
    a = np.maximum(h @ E.transpose(0, 2, 1) + c[:, None], 0.0)
    miss = (a @ D.transpose(0, 2, 1) - h) * (2 / h.shape[1])
    back = np.where(a > 0, miss @ D + l1 / h.shape[1], 0.0).transpose(0, 2, 1)
    return back @ h, back.sum(axis=2), miss.transpose(0, 2, 1) @ a


def codes(found: Dictionaries, h: Float[np.ndarray, "run sample hidden"]) -> Float64[np.ndarray, "run sample unit"]:
    """How strongly each unit answers to each hidden vector: a = ReLU(E h + c).

    Example:
        >>> one = Dictionaries(np.ones((1, 1, 1)), np.full((1, 1), -0.5), np.ones((1, 1, 1)))
        >>> codes(one, np.array([[[0.25], [1.0]]])).tolist()
        [[[0.0], [0.5]]]
    """
    answers: np.ndarray = np.maximum(h @ found.encoder.transpose(0, 2, 1) + found.bias[:, None], 0.0)
    return answers


def dictionary_loss(found: Dictionaries, h: Float[np.ndarray, "run sample hidden"], l1: float) -> Float64[np.ndarray, " run"]:
    """The loss that is learnt: the mean over samples of |h - D a|^2 + l1 sum_k a_k.

    Example:
        >>> one = Dictionaries(np.ones((1, 1, 1)), np.full((1, 1), -0.5), np.ones((1, 1, 1)))
        >>> dictionary_loss(one, np.array([[[1.0]]]), 0.1).round(9).tolist()
        [0.3]
    """
    return coding_loss(h, found.decoder, codes(found, h), l1)


def alive(found: Dictionaries, h: Float[np.ndarray, "run sample hidden"], least: float = 1e-3) -> Float64[np.ndarray, "run unit"]:
    """1 for a unit that answers to at least the share `least` of the samples with h other than zero, 0 for a dead one.

    Example:
        >>> one = Dictionaries(np.array([[[1.0], [-1.0]]]), np.zeros((1, 2)), np.array([[[1.0, -1.0]]]))
        >>> alive(one, np.array([[[0.5], [0.0]]])).tolist()
        [[1.0, 0.0]]
    """
    answering = (codes(found, h) > 0).sum(axis=1)
    given = np.maximum(np.any(h != 0, axis=2).sum(axis=1), 1)
    return np.asarray(answering >= least * given[:, None], np.float64)


def matches(
    W: Float[np.ndarray, "run hidden feature"], D: Float[np.ndarray, "run hidden unit"]
) -> Float64[np.ndarray, "run feature"]:
    """How well each column of W is found in D: its largest cosine with a column of D; 0 for a column that is zero.

    The mean over features is Sharkey et al.'s mean max cosine similarity.

    Example: one direction found, one missed by 45 degrees.
        >>> (matches(np.array([[[1.0, 1.0], [0.0, 1.0]]]), np.array([[[2.0], [0.0]]])) ** 2).round(9).tolist()
        [[1.0, 0.5]]
    """
    cosines = unit_columns(W).transpose(0, 2, 1) @ unit_columns(D)
    best: np.ndarray = cosines.max(axis=2)
    return best


def distinct(D: Float[np.ndarray, "hidden unit"], alike: float = 0.95) -> Float64[np.ndarray, "hidden direction"]:
    """The columns of one dictionary without those that repeat an earlier one: whose cosine with it is `alike` or more.

    Example:
        >>> distinct(np.array([[1.0, 2.0, 0.0], [0.0, 0.1, 1.0]])).shape
        (2, 2)
    """
    units = unit_columns(D[None])[0]
    kept: list[int] = []
    for k in range(units.shape[1]):
        if all(units[:, k] @ units[:, j] < alike for j in kept):
            kept.append(k)
    directions: np.ndarray = units[:, kept]
    return directions
