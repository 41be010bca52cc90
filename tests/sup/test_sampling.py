"""Samples of the three kinds of features follow their stated laws, run by run."""

import numpy as np
import pytest
import torch

from sup.features import Anticorrelated, Correlated, Independent
from sup.law import LANES, thresholds
from sup.sampling import Sampler
from sup.specs import Run
from tests.training import twin

SIZE = 65_536


def draw(distribution, n=4, seed=0):
    run = Run(model="linear", n_features=n, n_hidden=2, distribution=distribution, seed=seed)
    return Sampler([run], "train").draw(3, SIZE)[0].numpy()


def close(rate, p, count):
    """Five standard errors of a share: each such check fails by chance less than once in a million."""
    return abs(rate - p) <= 5 * np.sqrt(p * (1 - p) / count)


def uniform(values, low=0.0, high=1.0):
    """Mean and variance of uniform values within five standard errors."""
    width, count = high - low, len(values)
    mean = abs(values.mean() - (low + high) / 2) < 5 * width / np.sqrt(12 * count)
    return mean and abs(values.var() - width**2 / 12) < 5 * width**2 * np.sqrt(1 / 180 / count)


def test_independent_features():
    density, low, high = (1.0, 0.3, 0.01, 0.2), (0.0, -1.0, 0.0, 2.0), (1.0, 1.0, 0.5, 3.0)
    x = draw(Independent(density=density, low=low, high=high))
    for j in range(4):
        active = x[:, j][x[:, j] != 0]
        assert close(len(active) / SIZE, density[j], SIZE) or density[j] == 1.0
        assert uniform(active, low[j], high[j])
    both = ((x[:, 1] != 0) & (x[:, 3] != 0)).mean()
    assert close(both, 0.06, SIZE)


def test_correlated_features():
    x = draw(Correlated(sizes=(3, 1), density=(0.2, 0.5)))
    active = x[:, :3] != 0
    assert (active.all(axis=1) == active.any(axis=1)).mean() > 1 - 1e-4  # a value of exactly 0 has chance 2^-31
    assert close(active[:, 0].mean(), 0.2, SIZE)
    assert close((x[:, 3] != 0).mean(), 0.5, SIZE)
    together = x[active[:, 0]][:, :3]
    assert all(uniform(together[:, j]) for j in range(3))
    assert abs(np.corrcoef(together.T)[0, 1]) < 5 / np.sqrt(len(together))


def test_anticorrelated_features():
    x = draw(Anticorrelated(sizes=(3, 1), density=(0.6, 0.5)))
    assert ((x[:, :3] != 0).sum(axis=1) <= 1).all()
    for j in range(3):
        assert close((x[:, j] != 0).mean(), 0.2, SIZE)
        assert uniform(x[:, j][x[:, j] != 0])
    assert close((x[:, 3] != 0).mean(), 0.5, SIZE)


def test_the_smallest_densities_keep_many_levels():
    x = draw(Independent(density=1e-4), n=50)
    active = x[x != 0]
    assert len(np.unique(active)) > 0.99 * len(active)


def test_torch_draws_the_bits_of_the_kernel():
    run = Run(model="linear", n_features=7, n_hidden=2, distribution=Independent(density=0.4, low=-0.3))
    x = Sampler([run], "train").draw(5, 3 * LANES)[0].numpy()
    for block in range(3):
        assert np.array_equal(x[block * LANES : (block + 1) * LANES].T, twin.sample(run, "train", 5, block))


def test_a_part_of_a_batch_is_that_part_of_it():
    run = Run(model="linear", n_features=6, n_hidden=2, distribution=Anticorrelated(sizes=(2, 4), density=0.4))
    sampler = Sampler([run], "eval")
    assert torch.equal(sampler.draw(0, 128, 192), sampler.draw(0, 512)[:, 192:320])


def test_a_neighbour_changes_nothing():
    runs = [
        Run(model="linear", n_features=4, n_hidden=2, distribution=Correlated(sizes=(2, 2), density=0.5), seed=s) for s in (0, 1)
    ]
    assert torch.equal(Sampler(runs, "train").draw(1, 64)[1], Sampler(runs[1:], "train").draw(1, 64)[0])


@pytest.mark.parametrize(("density", "expected"), [(1.0, 2**31), (0.5, 2**30), (1e-12, 1)])
def test_thresholds(density, expected):
    run = Run(model="linear", n_features=4, n_hidden=2, distribution=Independent(density=density))
    assert thresholds(run).tolist() == [expected] * 4
