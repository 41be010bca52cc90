"""The linear model's loss: exact enumeration, sampling and descent against the closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup import linear_loss as ll
from sup.geometry import superposition_score


@st.composite
def models(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W, b and importances of one small model."""
    hidden, features = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(size=(1, hidden, features)), rng.normal(size=(1, features)), rng.uniform(0, 2, features)


def linear_error(W: np.ndarray, b: np.ndarray, importance: np.ndarray, x: np.ndarray) -> float:
    return float((importance * (x - W[0].T @ (W[0] @ x) - b[0]) ** 2).sum())


def enumerated(W: np.ndarray, b: np.ndarray, importance: np.ndarray, states: list[tuple[float, float]]) -> float:
    """Mean over independent features of the same few (value, chance) states: exact for squares if the moments are."""
    loss = 0.0
    for combination in itertools.product(states, repeat=W.shape[2]):
        values, chances = zip(*combination, strict=True)
        loss += math.prod(chances) * linear_error(W, b, importance, np.array(values))
    return loss


def sparse_uniform(density: float) -> list[tuple[float, float]]:
    """Three states with the first two moments of a feature: zero, and the two Gauss-Legendre nodes of [0, 1]."""
    spread = math.sqrt(1 / 12)
    return [(0.0, 1 - density), (0.5 - spread, density / 2), (0.5 + spread, density / 2)]


@given(models(), st.floats(0.01, 1.0))
def test_expected_loss_equals_its_enumeration(model: tuple[np.ndarray, np.ndarray, np.ndarray], density: float) -> None:
    W, b, importance = model
    expected = enumerated(W, b, importance, sparse_uniform(density))
    assert ll.expected_linear_loss(W, b, importance, density)[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(models())
def test_two_parts_are_the_loss_on_gaussian_features(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, b, importance = model
    gauss_hermite = [(0.0, 2 / 3), (math.sqrt(3), 1 / 6), (-math.sqrt(3), 1 / 6)]
    expected = enumerated(W, 0 * b, importance, gauss_hermite)
    assert ll.linear_terms(W, importance).total[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(models())
def test_terms_equal_their_loops(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, _, importance = model
    n, benefit, interference = W.shape[2], 0.0, 0.0
    for i in range(n):
        benefit += importance[i] * (1 - W[0, :, i] @ W[0, :, i]) ** 2
        for j in range(n):
            interference += importance[j] * (W[0, :, j] @ W[0, :, i]) ** 2 if i != j else 0.0
    terms = ll.linear_terms(W, importance)
    assert terms.benefit[0] == pytest.approx(benefit, rel=1e-9)
    assert terms.interference[0] == pytest.approx(interference, rel=1e-9, abs=1e-12)


@given(models())
def test_gradient_equals_differences(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, _, importance = model
    gradient = ll.linear_gradient(W, importance)
    for at in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[at] = 1e-5
        up, down = (ll.linear_terms(W + sign * step, importance).total[0] for sign in (1, -1))
        assert gradient[at] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-5)


@given(models(), st.floats(0.01, 1.0), st.integers(0, 2**32 - 1))
def test_no_bias_beats_the_best_bias(model: tuple[np.ndarray, np.ndarray, np.ndarray], density: float, seed: int) -> None:
    W, _, importance = model
    best = ll.best_linear_bias(W, density)
    other = best + 0.1 * np.random.default_rng(seed).normal(size=best.shape)
    losses = [ll.expected_linear_loss(W, bias, importance, density)[0] for bias in (best, other)]
    assert losses[0] <= losses[1]
    _, variance = ll.uniform_moments(density)
    assert losses[0] == pytest.approx(variance * ll.linear_terms(W, importance).total[0], rel=1e-9)


@given(models())
def test_no_weights_beat_the_most_important_features(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, _, importance = model
    floor = ll.lowest_linear_terms(W.shape[1], importance)
    assert ll.linear_terms(W, importance).total[0] >= floor - 1e-12
    best, bias = ll.best_linear_solution(W.shape[1], importance, 0.3)
    assert ll.linear_terms(best, importance).total[0] == pytest.approx(floor, abs=1e-12)
    assert superposition_score(best).max() == 0
    _, variance = ll.uniform_moments(0.3)
    assert ll.expected_linear_loss(best, bias, importance, 0.3)[0] == pytest.approx(variance * floor, abs=1e-12)


def test_expected_loss_agrees_with_sampling() -> None:
    """Five standard errors: fails by chance less than once in a million seeds; the seed is fixed."""
    rng = np.random.default_rng(7)
    W, b, importance = rng.normal(size=(1, 2, 5)), rng.normal(size=(1, 5)), rng.uniform(0.1, 1, 5)
    x = rng.random((200_000, 5)) * (rng.random((200_000, 5)) < 0.3)
    losses = ((x - x @ W[0].T @ W[0] - b[0]) ** 2) @ importance
    error = losses.std() / math.sqrt(len(losses))
    assert abs(losses.mean() - ll.expected_linear_loss(W, b, importance, 0.3)[0]) < 5 * error


def test_more_dimensions_than_features_leave_nothing_over() -> None:
    W, b = ll.best_linear_solution(4, np.array([1.0, 2.0]), 0.5)
    assert W.shape == (1, 4, 2)
    assert ll.lowest_linear_terms(4, np.array([1.0, 2.0])) == 0
    assert ll.expected_linear_loss(W, b, np.array([1.0, 2.0]), 0.5)[0] == pytest.approx(0, abs=1e-15)


@given(models())
def test_coherence_and_interference_are_two_norms_of_the_same_numbers(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W = model[0] / np.linalg.norm(model[0], axis=1, keepdims=True)
    n = W.shape[2]
    products = [W[0, :, i] @ W[0, :, j] for i in range(n) for j in range(n) if i != j]
    assert ll.coherence(model[0])[0] == pytest.approx(np.linalg.norm(products, np.inf), rel=1e-9)
    assert ll.linear_terms(W, np.ones(n)).interference[0] == pytest.approx(np.linalg.norm(products) ** 2, rel=1e-9)


def test_coherence_of_too_few_directions_is_zero() -> None:
    assert ll.coherence(np.array([[[2.0, 0.0, 0.0]]])).tolist() == [0.0]
    assert ll.coherence(np.zeros((1, 2, 3))).tolist() == [0.0]


@given(models())
def test_pair_energy_equals_its_loops(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W = model[0].copy()
    W[0, :, -1] = 0.0
    energy = 0.0
    for i in range(W.shape[2] - 1):
        for j in range(W.shape[2] - 1):
            if i != j:
                cosine = W[0, :, i] @ W[0, :, j] / np.linalg.norm(W[0, :, i]) / np.linalg.norm(W[0, :, j])
                energy += max(0.0, cosine) ** 2
    assert ll.pair_energy(W)[0] == pytest.approx(energy, rel=1e-9, abs=1e-12)


def test_pair_energy_falls_with_distance_and_ends_at_a_right_angle() -> None:
    angles = np.radians(np.arange(0, 181, 5.0))
    W = np.stack([np.array([[1.0, math.cos(a)], [0.0, math.sin(a)]]) for a in angles])
    energies = ll.pair_energy(W)
    assert (np.diff(energies[:18]) < 0).all()
    np.testing.assert_allclose(energies[18:], 0, atol=1e-15)
