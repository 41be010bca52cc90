"""The loss of the best constant outputs is the variance of the target, on samples of every distribution."""

import math

import numpy as np
import pytest

from sup.baseline import constant_loss
from sup.features import Anticorrelated, Correlated, Independent
from sup.models import target
from sup.sampling import examples
from sup.specs import Recipe, Run

SAMPLES = 65_536


@pytest.mark.parametrize("model", ["relu-output", "absolute"])
@pytest.mark.parametrize(
    "features",
    [
        Independent(density=(1.0, 0.5, 0.1, 0.3)),
        Independent(density=0.5, low=-1.0),
        Independent(density=0.5, low=0.5, high=2.0),
        Independent(density=0.5, low=(-1.0, -0.5, 0.0, -2.0), high=(1.0, 1.0, 2.0, -1.0)),
        Correlated(sizes=(2, 2), density=(0.6, 0.2)),
        Anticorrelated(sizes=(1, 3), density=(0.5, 0.9)),
    ],
)
def test_it_is_the_variance_of_the_target(model, features):
    """Off by six standard errors less than once in a hundred million; the largest value of a fourth moment bounds the error."""
    importance = (1.0, 0.5, 2.0, 0.25)
    recipe = Recipe(batch=SAMPLES, dataset=0)
    run = Run(model=model, n_features=4, n_hidden=2, distribution=features, importance=importance, recipe=recipe)
    wanted = target(model, examples([run]).double())[0].numpy()
    errors = np.array(importance) * (wanted - wanted.mean(axis=0)) ** 2
    assert abs(errors.mean() - constant_loss(run)) < 6 * errors.mean(axis=1).std() / math.sqrt(len(errors))


def test_features_of_unit_norm_have_none():
    features = Independent(density=0.5, unit_norm=True)
    assert math.isnan(constant_loss(Run(model="linear", n_features=3, n_hidden=1, distribution=features)))
