"""Samples of the three kinds of features follow their stated laws, run by run."""

import numpy as np
import pytest
import torch

from sup.constants import LANES
from sup.errors import SpecError
from sup.features import Anticorrelated, Correlated, Independent, one_hot
from sup.law import thresholds
from sup.sampling import Attacks, Sampler, examples
from sup.specs import Recipe, Run
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
        assert close(len(active) / SIZE, density[j], SIZE)
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


def test_one_active_feature():
    x = draw(one_hot(4))
    assert ((x != 0).sum(axis=1) == 1).mean() > 1 - 1e-4  # a value of exactly 0 has chance 2^-31
    for j in range(4):
        assert close((x[:, j] != 0).mean(), 0.25, SIZE)
        assert uniform(x[:, j][x[:, j] != 0])


def test_one_active_feature_of_value_one():
    """Within the last bit: where torch's square root is not correctly rounded, one value in 65,536 misses 1 by it."""
    x = draw(one_hot(4, binary=True))
    np.testing.assert_allclose(x, np.sign(x), rtol=2**-23)


@pytest.mark.parametrize("kind", [Independent(density=0.3, low=-1.0), Correlated(sizes=(3, 1), density=0.4)])
def test_unit_norm_keeps_directions_and_empty_samples(kind):
    whole = type(kind)(**{name: getattr(kind, name) for name in kind.__slots__} | {"unit_norm": True})
    run = Run(model="linear", n_features=4, n_hidden=2, distribution=whole, seed=1)
    x = Sampler([run], "train").draw(3, SIZE)[0].numpy()
    norms = np.linalg.norm(x.astype("f8"), axis=1)
    assert np.allclose(norms[norms > 0], 1.0, rtol=0, atol=3e-7)
    assert close((norms == 0).mean(), 0.7**4 if isinstance(kind, Independent) else 0.36, SIZE)
    alone = (x != 0).sum(axis=1) == 1
    assert alone.any() and set(np.unique(x[alone])) <= {-1.0, 0.0, 1.0}


def fixed(batch, dataset=3, **changes):
    recipe = Recipe(batch=batch, dataset=dataset)
    fields = {"model": "linear", "n_features": 4, "n_hidden": 2, "distribution": Independent(density=0.5), "recipe": recipe}
    return Run(**fields | changes)


def test_a_data_set_is_shared_and_the_beginning_of_a_larger_one():
    few, many = examples([fixed(3)]), examples([fixed(100)])
    assert (few.shape, many.shape) == ((1, 3, 4), (1, 100, 4))
    assert torch.equal(few, many[:, :3])
    assert torch.equal(many, examples([fixed(100, seed=9, n_hidden=3, model="absolute")]))
    assert not torch.equal(few, examples([fixed(3, dataset=4)]))


def test_examples_of_fresh_samples_are_refused():
    with pytest.raises(SpecError, match=r"examples are of a fixed data set, and these runs .* dataset is None\. Pass dataset=0"):
        examples([fixed(64, dataset=None)])


def test_attacks_are_uniform_and_those_of_the_specification():
    runs = [fixed(64, seed=seed, recipe=Recipe(attack=0.5 + seed)) for seed in range(2)]
    feature, strength = (part.numpy() for part in Attacks(runs).draw(7, SIZE))
    assert np.array_equal(np.unique(np.abs(strength[1])), [1.5])
    assert close((strength[0] > 0).mean(), 0.5, SIZE)
    for i in range(4):
        assert close((feature[0] == i).mean(), 0.25, SIZE)
        assert close((strength[0][feature[0] == i] > 0).mean(), 0.5, (feature[0] == i).sum())
    words = twin.attack_words(runs[1], 7, 2)
    assert np.array_equal(feature[1, 128:192], words[0]) and np.array_equal(strength[1, 128:192], words[1])


def test_the_smallest_densities_keep_many_levels():
    x = draw(Independent(density=1e-4), n=50)
    active = x[x != 0]
    assert len(np.unique(active)) > 0.99 * len(active)


def test_torch_draws_the_bits_of_the_kernel():
    run = Run(model="linear", n_features=7, n_hidden=2, distribution=Independent(density=0.4, low=-0.3))
    x = Sampler([run], "train").draw(5, 3 * LANES)[0].numpy()
    for block in range(3):
        assert np.array_equal(x[block * LANES : (block + 1) * LANES].T, twin.sample(run, "train", 5, block))


def test_part_of_a_batch_is_drawn_as_in_the_whole_batch():
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
