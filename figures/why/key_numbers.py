"""The ten key numbers of W7, each of models of some family at each of its densities.

Not a figure itself: `sensitivity` is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.pushes import harms
from sup.geometry import dimensions_per_feature, feature_dimensionality, feature_norms, represented
from sup.neurons import ALIVE, monosemantic
from sup.results import Trained

PUSH, SAMPLES = 0.1, 256
"""Norm of an attack over the mean input's, and the inputs that are attacked."""
PAIRED = 0.02
"""Largest distance of D_i from 1/2 of a feature that shares a dimension with one other."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A key number.

    Attributes:
        title: What the figure calls it.
        claim: The claim that it goes with, which has its own criterion.
        words: Its definition.
        part: Family and part of the models that it is measured on.
        measure: The number of each model (recipe, seed), from the models of each density.
        low: Least value that the statement leads one to expect.
        high: Largest such value.
    """

    title: str
    claim: str
    words: str
    part: str
    measure: Callable[[Sequence[Trained]], np.ndarray]
    low: float
    high: float


def _kept(trained: Trained) -> np.ndarray:
    """Features per hidden dimension: the sum over features of min(|W_i|, 1), over m."""
    W = trained["W"]
    return np.asarray(np.minimum(feature_norms(W), 1).sum(axis=1) / W.shape[1])


def _pairs(trained: Trained) -> np.ndarray:
    """The share of represented features that share a dimension with one other; 0 without any."""
    is_represented = represented(trained["W"])
    paired = is_represented & (np.abs(feature_dimensionality(trained["W"]) - 0.5) <= PAIRED)
    return np.asarray(paired.sum(axis=1) / np.maximum(is_represented.sum(axis=1), 1))


def _single(trained: Trained) -> np.ndarray:
    """The share of live neurons that answer to a single feature; 0 without live ones."""
    W = trained["W1"] if "W1" in trained.arrays else np.maximum(trained["W"], 0)
    alive = (np.abs(W).max(axis=2) >= ALIVE).sum(axis=1)
    return np.asarray(monosemantic(W).sum(axis=1) / np.maximum(alive, 1))


NUMBERS = {
    "dense": Number(
        title="features per dimension, dense",
        claim="C8",
        words="sum of min(|W_i|, 1) per hidden dimension at a density of 1",
        part="falling-relu",
        measure=lambda by: _kept(by[0]),
        low=0.9,
        high=1.1,
    ),
    "sparse": Number(
        title="features per dimension, sparse",
        claim="C9",
        words="the same at a density of 0.001",
        part="falling-relu",
        measure=lambda by: _kept(by[1]),
        low=2.0,
        high=np.inf,
    ),
    "linear": Number(
        title="features per dimension, linear models",
        claim="C6",
        words="the same of linear models at a density of 0.001",
        part="falling-linear",
        measure=lambda by: _kept(by[1]),
        low=0.9,
        high=1.1,
    ),
    "plateau": Number(
        title="D* where features pair up",
        claim="C30",
        words="dimensions per feature at a density of 0.35, features equally important",
        part="equal-relu",
        measure=lambda by: dimensions_per_feature(by[1]["W"]),
        low=0.45,
        high=0.55,
    ),
    "paired": Number(
        title="features in pairs",
        claim="C31",
        words="share of represented features with a D_i of 1/2 at a density of 0.35",
        part="equal-relu",
        measure=lambda by: _pairs(by[1]),
        low=0.75,
        high=1.0,
    ),
    "beyond": Number(
        title="D* of sparse features",
        claim="C39",
        words="dimensions per feature at a density of 0.1",
        part="equal-relu",
        measure=lambda by: dimensions_per_feature(by[2]["W"]),
        low=0.0,
        high=0.4,
    ),
    "harm": Number(
        title="vulnerability, sparse over dense",
        claim="C66",
        words="harm of the worst small push for each sample at a density of 0.1, over that at a density of 1",
        part="equal-relu",
        measure=lambda by: harms(by[2], PUSH, SAMPLES)[0] / harms(by[0], PUSH, SAMPLES)[0],
        low=3.0,
        high=np.inf,
    ),
    "aligned": Number(
        title="one-feature neurons, dense",
        claim="C71",
        words="share of live neurons of a ReLU hidden layer that answer to a single feature at a density of 1",
        part="privileged-relu",
        measure=lambda by: _single(by[0]),
        low=0.8,
        high=1.0,
    ),
    "shared": Number(
        title="one-feature neurons, sparse",
        claim="C72",
        words="the same at a density of 0.08",
        part="privileged-relu",
        measure=lambda by: _single(by[1]),
        low=0.0,
        high=0.6,
    ),
    "absolute": Number(
        title="one-feature neurons, computing |x|",
        claim="C79",
        words="share of live neurons that answer to a single feature, of models that compute |x|, at a density of 1",
        part="absolute-relu",
        measure=lambda by: _single(by[0]),
        low=0.8,
        high=1.0,
    ),
}
"""The ten numbers by name, in the figure's order."""
