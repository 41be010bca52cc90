import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sup.robustness import analytic_harm, directions, gradient_harm, mean_norm


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 6)) * 0.6, rng.normal(size=6) * 0.1


@pytest.fixture
def x():
    rng = np.random.default_rng(1)
    return rng.random((50, 6)) * (rng.random((50, 6)) < 0.4)


def loss(W, b, target, x):
    out = np.maximum(W.T @ (W @ x) + b, 0)
    return sum((target[i] - out[i]) ** 2 for i in range(len(out)))


def test_harm_equals_a_loop_over_attacks_and_samples(model, x):
    W, b = model
    G = W.T @ W
    pushes = [sign * 0.3 * G[i] / np.sqrt(sum(G[i] ** 2)) for i in range(6) for sign in (1, -1)]
    added = np.array([[loss(W, b, s, s + push) - loss(W, b, s, s) for s in x] for push in pushes])
    harm = analytic_harm(W, b, x, 0.3)
    assert harm.clean == pytest.approx(np.mean([loss(W, b, s, s) for s in x]))
    assert harm.universal == pytest.approx(added.mean(axis=1).max())
    assert harm.adaptive == pytest.approx(added.max(axis=0).mean())


def test_a_dedicated_dimension_is_harmed_by_the_square_of_the_push():
    """For any sample and number of dimensions, as long as features are represented exactly: this is the unit of vulnerability."""
    W = np.eye(4, 7)
    b = np.r_[np.zeros(4), np.full(3, 0.2)]
    x = np.random.default_rng(2).random((20, 7))
    harm = analytic_harm(W, b, x, 0.25)
    assert harm.universal == pytest.approx(0.0625) and harm.adaptive == pytest.approx(0.0625)


def test_rotating_the_hidden_space_changes_no_attack(model, x):
    W, b = model
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    np.testing.assert_allclose(directions((turn @ W)[None]), directions(W[None]), atol=1e-12)
    assert analytic_harm(turn @ W, b, x, 0.2).adaptive == pytest.approx(analytic_harm(W, b, x, 0.2).adaptive)


def test_a_feature_that_is_not_embedded_attacks_nothing():
    assert directions(np.array([[[1.0, 0.0]]])).tolist() == [[[1.0, 0.0], [0.0, 0.0]]]


def test_the_gradient_attack_climbs_and_stays_in_its_ball(model, x):
    """A single step is cut to the ball: the fast gradient method, computed here by differences."""
    W, b = model
    norm, one_step = 0.2, gradient_harm(*model, x, 0.2, steps=1)
    assert (one_step.added >= 0).all() and (gradient_harm(*model, x, norm).added >= 0.9 * one_step.added).all()
    for k in range(10):
        slope = approx_fprime(x[k], lambda point, k=k: loss(W, b, x[k], point), 1e-7)
        push = norm * slope / np.linalg.norm(slope)
        assert one_step.added[k] == pytest.approx(max(0.0, loss(W, b, x[k], x[k] + push) - loss(W, b, x[k], x[k])), abs=1e-4)


def test_no_gradient_attack_beats_a_search_of_the_circle(x):
    """Two features: the circle is searched in steps of a degree."""
    W, b, x = np.array([[1.0, -0.7]]), np.array([0.05, -0.1]), x[:, :2]
    circle = np.radians(np.arange(360))
    pushes = 0.3 * np.stack([np.cos(circle), np.sin(circle)], axis=1)
    for sample, added in zip(x, gradient_harm(W, b, x, 0.3).added, strict=True):
        best = max(loss(W, b, sample, sample + push) for push in pushes) - loss(W, b, sample, sample)
        assert added <= best + 1e-3


def test_closed_gates_blind_the_gradient():
    result = gradient_harm(np.eye(2), np.full(2, -0.5), np.array([[0.1, 0.2], [0.9, 0.0]]), 0.3)
    assert result.blind.tolist() == [True, False] and result.added[0] == 0 < result.added[1]


def test_a_step_of_a_part_of_the_norm_goes_no_farther(model, x):
    """Steps of a quarter, computed here by differences: the attack stops where they end, inside the ball."""
    W, b = model
    found = gradient_harm(W, b, x, 0.2, steps=1, stride=0.05).added
    for k in range(10):
        slope = approx_fprime(x[k], lambda point, k=k: loss(W, b, x[k], point), 1e-7)
        push = 0.05 * slope / np.linalg.norm(slope)
        assert found[k] == pytest.approx(max(0.0, loss(W, b, x[k], x[k] + push) - loss(W, b, x[k], x[k])), abs=1e-4)


def test_another_start_opens_a_closed_gate_and_counts_itself():
    W, b, x, start = np.eye(1), np.array([-0.5]), np.zeros((2, 1)), np.array([[0.6], [0.2]])
    result = gradient_harm(W, b, x, 1.0, start=start)
    assert result.blind.tolist() == [False, True]
    np.testing.assert_allclose(result.added, [0.25, 0.0])  # at 1, the surface of the ball, the output is 0.5
    assert gradient_harm(W, b, x, 1.0, steps=1, stride=0.0, start=start).added == pytest.approx([0.01, 0.0])
    assert start.tolist() == [[0.6], [0.2]]


@pytest.mark.parametrize(("n", "density"), [(1, 0.3), (5, 0.05), (80, 0.1), (80, 0.01), (20, 1.0)])
def test_the_mean_norm_is_that_of_samples(n, density):
    """Five standard errors: fails by chance less than once in a million seeds; the seed is fixed."""
    rng = np.random.default_rng(4)
    norms = np.linalg.norm(rng.random((100_000, n)) * (rng.random((100_000, n)) < density), axis=1)
    assert abs(mean_norm(n, density) - norms.mean()) < 5 * norms.std() / np.sqrt(len(norms))
    if n == 1:
        assert mean_norm(n, density) == pytest.approx(density / 2, abs=1e-9)
