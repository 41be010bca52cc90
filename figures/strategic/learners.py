"""Ways to make dictionaries of a model's hidden vectors.

Not a figure itself.
"""

from collections.abc import Callable

import numpy as np

from sup.dictionary import alive, learn
from sup.features import Independent
from sup.geometry import unit_columns
from sup.results import Trained
from sup.sparse_coding import learn_dictionary

HIDDEN, FEATURES = 5, 20
SAMPLES, CHANCE_SEED = 12_000, 7
L1 = {"coding": 0.3, "autoencoder": 0.2}
STEPS = {"coding": 150, "autoencoder": 3000}


def hidden_vectors(trained: Trained) -> np.ndarray:
    """The vectors h = W x (run, sample, hidden) for samples with an active feature; x is the same for all models."""
    run = trained.runs[0]
    assert isinstance(run.distribution, Independent) and isinstance(run.distribution.density, float)
    rng = np.random.default_rng(round(1 / run.distribution.density))
    shape = (SAMPLES, run.n_features)
    x = rng.random(shape) * (rng.random(shape) < run.distribution.density)
    return np.einsum("sf,rhf->rsh", x[x.any(axis=1)], np.asarray(trained["W"], np.float64))


def learning_steps(trained: Trained, name: str) -> int:
    """Steps of a learner, at most as many as the models were trained for, so that small profiles are quick."""
    return min(STEPS[name], trained.runs[0].recipe.steps)


def _coding(trained: Trained) -> np.ndarray:
    return learn_dictionary(hidden_vectors(trained), 2 * FEATURES, l1=L1["coding"], steps=learning_steps(trained, "coding"))


def _autoencoder(trained: Trained) -> np.ndarray:
    h = hidden_vectors(trained)
    autoencoders = learn(h, 2 * FEATURES, l1=L1["autoencoder"], steps=learning_steps(trained, "autoencoder"))
    return autoencoders.decoder * alive(autoencoders, h)[:, None]


def _chance(trained: Trained) -> np.ndarray:
    random = np.random.default_rng(CHANCE_SEED).normal(size=(len(trained), HIDDEN, 2 * FEATURES))
    return unit_columns(random)


LEARNERS: dict[str, Callable[[Trained], np.ndarray]] = {"coding": _coding, "autoencoder": _autoencoder, "chance": _chance}
"""Dictionaries (run hidden unit) of twice as many directions as there are features, by the way they are made."""
