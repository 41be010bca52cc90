"""The expected loss against samples, closed forms and finite differences, and its minima against known ones."""

import math

import numpy as np
import pytest

from sup.errors import SpecError
from sup.expected_loss import Task, activation_law, descend, expected_loss
from sup.features import Anticorrelated, Correlated, Independent
from sup.sampling import Sampler
from sup.sparse_loss import losses_by_active_count, parts_by_active_count
from sup.specs import Run
from sup.sweeps import vary

DISTRIBUTIONS = [
    (Independent(density=(0.3, 0.1, 0.5, 0.2, 0.7)), 5),
    (Correlated(sizes=(2, 3), density=(0.4, 0.3)), 5),
    (Anticorrelated(sizes=(2, 3), density=0.6), 5),
    (Correlated(sizes=(2, 2, 2), density=0.75), 6),
    (Independent(density=1.0), 3),
]


def run(distribution, features, importance=1.0):
    return Run(model="relu-output", n_features=features, n_hidden=2, distribution=distribution, importance=importance)


def model(features, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.7, (2, features)), rng.normal(-0.05, 0.2, features), tuple(rng.uniform(0.3, 1, features).tolist())


@pytest.mark.parametrize(("distribution", "features"), DISTRIBUTIONS, ids=str)
def test_it_is_the_mean_over_the_samples_that_training_draws(distribution, features):
    """Five standard errors, five fixed seeds: another sampling law would fail; chance fails once in a million."""
    W, b, importance = model(features)
    spec = run(distribution, features, importance)
    x = Sampler([spec], "eval").draw(0, 2**19)[0].numpy().astype(np.float64)
    losses = (np.array(importance) * (x - np.maximum(x @ W.T @ W + b, 0)) ** 2).mean(axis=1)
    assert abs(expected_loss(W, b, Task.of(spec))[0] - losses.mean()) < 5 * losses.std() / math.sqrt(len(losses))


@pytest.mark.parametrize(("distribution", "features"), DISTRIBUTIONS, ids=str)
def test_its_gradients_are_those_of_finite_differences(distribution, features):
    W, b, importance = model(features, 1)
    task, like = Task.of(run(distribution, features, importance)), W.T @ W
    loss, by_w, by_b = expected_loss(W, b, task)
    assert loss == expected_loss(W, b, task, like)[0]
    step = 1e-5
    for at in np.ndindex(W.shape):
        move = np.zeros_like(W)
        move[at] = step
        slope = (expected_loss(W + move, b, task, like)[0] - expected_loss(W - move, b, task, like)[0]) / (2 * step)
        assert by_w[at] == pytest.approx(slope, abs=1e-7)
    for j in range(features):
        move = np.zeros_like(b)
        move[j] = step
        slope = (expected_loss(W, b + move, task, like)[0] - expected_loss(W, b - move, task, like)[0]) / (2 * step)
        assert by_b[j] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("density", [0.05, 0.4])
def test_one_density_gives_what_losses_by_active_count_add_up_to(density):
    W, b, importance = model(4, 2)
    parts = parts_by_active_count(losses_by_active_count(W, b, np.array(importance)), density)
    task = Task.of(run(Independent(density=density), 4, importance))
    assert expected_loss(W, b, task)[0] == pytest.approx(parts.sum() / 4, rel=1e-5)


def test_a_digon_costs_the_square_of_the_smaller_value_when_both_are_active():
    """x1 - ReLU(x1 - x2) = min(x1, x2), whose mean square is 1/6; both are active with chance p^2."""
    W = np.array([[1.0, -1.0], [0.0, 0.0]])
    assert expected_loss(W, np.zeros(2), Task.of(run(Independent(density=0.3), 2)))[0] == pytest.approx(0.3**2 / 6)
    assert expected_loss(W, np.zeros(2), Task.of(run(Anticorrelated(sizes=(2,), density=0.3), 2)))[0] == 0


@pytest.mark.parametrize(("distribution", "features"), DISTRIBUTIONS, ids=str)
def test_chances_of_active_sets_add_up_to_one_and_to_the_densities(distribution, features):
    law = activation_law(distribution, features)
    assert sum(law.values()) == pytest.approx(1)
    chance = [sum(p for active, p in law.items() if i in active) for i in range(features)]
    if isinstance(distribution, Independent):
        expected = np.broadcast_to(distribution.density, features)
    else:
        densities = np.broadcast_to(distribution.density, len(distribution.sizes))
        share = np.array(distribution.sizes) if isinstance(distribution, Anticorrelated) else np.ones(len(distribution.sizes))
        expected = np.repeat(densities / share, distribution.sizes)
    np.testing.assert_allclose(chance, expected)


def test_in_the_sparse_limit_the_pentagon_has_its_known_length_and_bias():
    """Chen et al. 2023, arXiv 2310.06301: l* = 1.17046, b* = -0.28230; at density 0.0001 pairs weigh next to nothing."""
    angles = 2 * np.pi * np.arange(5) / 5
    minimum = descend(np.stack([np.cos(angles), np.sin(angles)]), np.full(5, -0.1), Task.of(run(Independent(density=1e-4), 5)))
    np.testing.assert_allclose(np.linalg.norm(minimum.W, axis=0), 1.17046, atol=1e-3)
    np.testing.assert_allclose(minimum.b, -0.28230, atol=1e-3)


def test_a_descent_keeps_absent_features_at_zero_and_gives_their_mean_as_bias():
    angles = np.pi / 2 * np.arange(4)
    W = np.concatenate([np.zeros((2, 1)), np.stack([np.cos(angles), np.sin(angles)])], axis=1)
    minimum = descend(W, np.array([0.02, 0, 0, 0, 0]), Task.of(run(Independent(density=0.1), 5)), absent=(0,))
    assert (minimum.W[:, 0] == 0).all() and minimum.b[0] == pytest.approx(0.05, abs=1e-4)
    assert minimum.loss < expected_loss(W, np.zeros(5), Task.of(run(Independent(density=0.1), 5)))[0]


def test_what_cannot_be_integrated_is_refused_with_a_way_out():
    with pytest.raises(SpecError, match=r"low and high are 0 and 1, the range .*; got .*Leave them out of the distribution"):
        activation_law(Independent(density=0.5, low=-1.0), 2)
    with pytest.raises(SpecError, match=r"unit_norm is False, .*; got .*Measure such a model's loss on samples"):
        activation_law(Independent(density=0.5, unit_norm=True), 2)
    with pytest.raises(SpecError, match=r"activation is relu, .*; got 'gelu'\. Measure such a model's loss on samples"):
        Task.of(vary(run(Independent(density=0.5), 2), activation="gelu"))
    with pytest.raises(SpecError, match=r"over at most 6 active features, .* with chance 0\.00781\. Measure .* on samples"):
        Task.of(run(Independent(density=0.5), 7))
    with pytest.raises(SpecError, match=r"model is relu-output, .*; got 'linear'\. Measure another model's loss on samples"):
        Task.of(Run(model="linear", n_features=2, n_hidden=1, distribution=Independent(density=0.5)))


def test_many_rarely_active_features_are_integrated():
    W, b, _ = model(9, 3)
    task = Task.of(run(Independent(density=0.02), 9))
    assert max(len(active) for active, _ in task.law) == 6
    assert sum(chance for _, chance in task.law) == pytest.approx(1, abs=1e-6)
    assert expected_loss(W, b, task)[0] > 0
