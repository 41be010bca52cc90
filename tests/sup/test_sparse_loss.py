"""The sparse ReLU loss: adaptive quadrature and sampling against the closed forms."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad

from sup import sparse_loss as sl
from sup.errors import SpecError
from sup.geometry import gram
from sup.linear_loss import pair_energy

slopes, offsets = st.floats(-3, 3), st.floats(-3, 3)


def integral(f: object, slope: float, offset: float) -> float:
    """Adaptive quadrature over [0, 1] with the zero of the line as a break point."""
    root = -offset / slope if slope else -1.0
    value, _ = quad(f, 0, 1, points=[root] if 0 < root < 1 else None, epsabs=1e-13, epsrel=1e-12)
    return float(value)


@given(slopes, offsets)
@example(0.0, 0.0)
@example(0.0, 0.5)
@example(-0.0, -0.5)
@example(5e-324, -1.0)
@example(1e-300, 1e-300)
@example(1.0, -1.0)
@example(-1.0, 1.0)
@example(-2.0, 1.0)
def test_moments_equal_quadrature(slope: float, offset: float) -> None:
    def relu(x: float) -> float:
        return max(0.0, slope * x + offset)

    moments = sl.relu_moments(np.array(slope), np.array(offset))
    assert moments.first == pytest.approx(integral(relu, slope, offset), rel=1e-9, abs=1e-12)
    assert moments.cross == pytest.approx(integral(lambda x: x * relu(x), slope, offset), rel=1e-9, abs=1e-12)
    assert moments.square == pytest.approx(integral(lambda x: relu(x) ** 2, slope, offset), rel=1e-9, abs=1e-12)
    assert sl.own_error(np.array(slope), np.array(offset)) == pytest.approx(
        integral(lambda x: (x - relu(x)) ** 2, slope, offset), rel=1e-8, abs=1e-12
    )
    assert min(moments) >= 0


@given(st.floats(-2, 0), st.floats(-3, 3))
def test_interference_is_free_exactly_where_the_bias_outweighs_it(bias: float, slope: float) -> None:
    leaked = float(sl.leaked_error(np.array(slope), np.array(bias)))
    assert leaked == 0 or slope > -bias
    assert leaked > 0 or slope < -bias + 1e-4


@st.composite
def models(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W, b and importances of one small model."""
    hidden, features = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(size=(1, hidden, features)), rng.normal(-0.2, 0.4, (1, features)), rng.uniform(0, 2, features)


@given(models())
def test_one_sparse_terms_equal_loops_of_quadrature(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, b, importance = model
    G, n, benefit, interference = gram(W)[0], W.shape[2], 0.0, 0.0
    for i in range(n):
        for j in range(n):
            slope, offset = float(G[j, i]), float(b[0, j])
            if i == j:
                benefit += importance[j] * integral(lambda x, s=slope, o=offset: (x - max(0, s * x + o)) ** 2, slope, offset)
            else:
                interference += importance[j] * integral(lambda x, s=slope, o=offset: max(0, s * x + o) ** 2, slope, offset)
    terms = sl.one_sparse_terms(W, b, importance)
    assert terms.benefit[0] == pytest.approx(benefit, rel=1e-9, abs=1e-12)
    assert terms.interference[0] == pytest.approx(interference, rel=1e-9, abs=1e-12)


@given(models())
def test_fully_active_terms_are_the_loss_of_unit_inputs(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, b, importance = model
    total = 0.0
    for x in np.eye(W.shape[2]):
        total += float((importance * (x - np.maximum(W[0].T @ (W[0] @ x) + b[0], 0)) ** 2).sum())
    assert sl.fully_active_terms(W, b, importance).total[0] == pytest.approx(total, rel=1e-9, abs=1e-12)


@given(models())
def test_interference_of_unit_features_is_the_pair_energy(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W = model[0] / np.linalg.norm(model[0], axis=1, keepdims=True)
    W[:, :, -1] = 0.0
    n = W.shape[2]
    no_bias, ones = np.zeros((1, n)), np.ones(n)
    assert sl.fully_active_terms(W, no_bias, ones).interference[0] == pytest.approx(pair_energy(W)[0], rel=1e-9, abs=1e-12)
    assert sl.one_sparse_terms(W, no_bias, ones).interference[0] == pytest.approx(pair_energy(W)[0] / 3, rel=1e-9, abs=1e-12)


def relu_losses(W: np.ndarray, b: np.ndarray, importance: np.ndarray, x: np.ndarray) -> np.ndarray:
    return ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2) @ importance


@pytest.mark.parametrize("density", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_parts_by_active_count_add_up_to_the_sampled_loss(density: float, seed: int) -> None:
    """Five standard errors: fails by chance less than once in a hundred thousand seeds; the seeds are fixed."""
    rng = np.random.default_rng(seed)
    W, b, importance = rng.normal(size=(2, 4)) * 0.8, rng.normal(-0.1, 0.2, 4), rng.uniform(0.2, 1, 4)
    x = rng.random((400_000, 4)) * (rng.random((400_000, 4)) < density)
    sampled = relu_losses(W, b, importance, x)
    losses = sl.losses_by_active_count(W, b, importance)
    parts = sl.parts_by_active_count(losses, density)
    assert abs(parts.sum() - sampled.mean()) < 5 * sampled.std() / math.sqrt(len(sampled))
    counts = (x > 0).sum(axis=1)
    for k in range(1, 5):
        part = np.where(counts == k, sampled, 0.0)
        assert abs(parts[k] - part.mean()) <= 5 * part.std() / math.sqrt(len(part))


def test_quadrature_has_converged_with_the_default_nodes() -> None:
    rng = np.random.default_rng(5)
    for _ in range(3):
        W, b, importance = rng.normal(size=(2, 3)), rng.normal(-0.1, 0.2, 3), rng.uniform(0.2, 1, 3)
        few, many = (sl.losses_by_active_count(W, b, importance, nodes) for nodes in (16, 60))
        np.testing.assert_allclose(few, many, rtol=1e-3)


@given(models())
def test_first_two_losses_are_the_closed_forms(model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    W, b, importance = model
    losses = sl.losses_by_active_count(W[0], b[0], importance, nodes=1)
    assert losses[0] == pytest.approx(sl.empty_loss(b, importance)[0])
    assert losses[1] == pytest.approx(sl.one_sparse_terms(W, b, importance).total[0], rel=1e-9)


def test_parts_of_a_constant_loss_are_the_binomial_law() -> None:
    parts = sl.parts_by_active_count(np.array([math.comb(4, k) for k in range(5)], float), 0.3)
    assert parts.sum() == pytest.approx(1)
    assert parts[2] == pytest.approx(6 * 0.3**2 * 0.7**2)


def test_too_many_features_are_refused_with_a_way_out() -> None:
    with pytest.raises(SpecError, match=r"at most 7; got 8\. For more, use the loss of one active feature, one_sparse_terms"):
        sl.losses_by_active_count(np.zeros((2, 8)), np.zeros(8), np.ones(8))
