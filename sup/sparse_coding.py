"""Recovering features from superposition by sparse coding: codes solve a minimisation, without an encoder.

    codes: a(h) = argmin over a >= 0 of |h - D a|^2 + l1 sum_k a_k,   dictionary: argmin over D of its mean, columns of length 1.

Slower than the one layer of `sup.dictionary`, and better where directions are close: a code weighs all of them against each
other. Sources: Beck and Teboulle 2009 (FISTA) for the codes, Mairal et al. 2009, "Online dictionary learning for sparse
coding", for the dictionary. Everything is NumPy in float64, from a seed; the dictionaries of several runs are learnt side by
side.
"""

import numpy as np
from jaxtyping import Float, Float64

from sup.errors import SpecError
from sup.geometry import unit_columns

MEMORY = 0.98
"""Share of the past that the running means of the dictionary's statistics keep from batch to batch."""


def sparse_codes(
    h: Float[np.ndarray, "run sample hidden"], D: Float[np.ndarray, "run hidden unit"], *, l1: float, iterations: int = 100
) -> Float64[np.ndarray, "run sample unit"]:
    """The codes a(h), by accelerated proximal gradient steps of the length that the largest eigenvalue of D^T D allows.

    Example: with orthogonal directions, the length along one of them less half the penalty.
        >>> sparse_codes(np.array([[[0.5, 0.0]]]), np.eye(2)[None], l1=0.2).round(9).tolist()
        [[[0.4, 0.0]]]
    """
    products = D.transpose(0, 2, 1) @ D
    step = 0.5 / np.linalg.norm(products, 2, axis=(1, 2))[:, None, None]
    linear = h @ D - l1 / 2  # the gradient at a is 2 (a D^T D - linear)
    a = ahead = np.zeros_like(linear)
    pace = 1.0
    for _ in range(iterations):
        new = np.maximum(ahead - 2 * step * (ahead @ products - linear), 0.0)
        next_pace = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        ahead, a, pace = new + (pace - 1) / next_pace * (new - a), new, next_pace
    return a


def coding_loss(
    h: Float[np.ndarray, "run sample hidden"], D: Float[np.ndarray, "run hidden unit"], a: np.ndarray, l1: float
) -> Float64[np.ndarray, " run"]:
    """The mean over samples of |h - D a|^2 + l1 sum_k a_k.

    Example:
        >>> coding_loss(np.array([[[0.5]]]), np.ones((1, 1, 1)), np.array([[[0.4]]]), 0.2).round(9).tolist()
        [0.09]
    """
    return (((a @ D.transpose(0, 2, 1) - h) ** 2).sum(axis=2) + l1 * a.sum(axis=2)).mean(axis=1)


def learn_dictionary(
    h: Float[np.ndarray, "run sample hidden"], units: int, *, l1: float, steps: int, batch: int = 256, seed: int = 0
) -> Float64[np.ndarray, "run hidden unit"]:
    """Learns a dictionary of `units` directions for each run's hidden vectors, from running means of a a^T and h a^T.

    After each batch, columns are updated one by one. Directions start at random, evenly on the sphere; batches are drawn with
    replacement.

    Raises:
        SpecError: if `units` or `steps` is below 1, or `l1` is not above 0.

    Example: three directions in a plane, one active at a time.
        >>> W = np.array([[[1.0, -0.5, -0.5], [0.0, 0.75**0.5, -(0.75**0.5)]]])
        >>> h = (W[0].T[np.arange(600) % 3] * np.linspace(0.1, 1, 600)[:, None])[None]
        >>> from sup.dictionary import matches
        >>> matches(W, learn_dictionary(h, 6, l1=0.1, steps=60)).round(1).tolist()
        [[1.0, 1.0, 1.0]]
    """
    if units < 1 or steps < 1 or l1 <= 0:
        raise SpecError(f"a dictionary has units >= 1, steps >= 1 and l1 > 0; got {units=}, {steps=}, {l1=}. Try l1=0.1.")
    h = np.asarray(h, np.float64)
    rng = np.random.default_rng(seed)
    D = unit_columns(rng.normal(size=(len(h), h.shape[2], units)))
    aa, ha = np.zeros((len(h), units, units)), np.zeros_like(D)
    for step in range(steps):
        sample = h[:, rng.integers(0, h.shape[1], batch)]
        a = sparse_codes(sample, D, l1=l1, iterations=20)
        memory = min(MEMORY, 1 - 1 / (step + 1))
        aa = memory * aa + a.transpose(0, 2, 1) @ a / batch
        ha = memory * ha + sample.transpose(0, 2, 1) @ a / batch
        for k in range(units):
            use = np.maximum(aa[:, k, k], 1e-9)[:, None]  # an unused direction stays as it is
            D[:, :, k] += (ha[:, :, k] - (D @ aa[:, :, k, None])[:, :, 0]) / use
            D[:, :, k] /= np.linalg.norm(D[:, :, k], axis=1, keepdims=True)
    return D
