"""Geometry: closed forms, naive twins with nested loops, and laws for random inputs."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup import geometry

POLYGON = [2 * math.pi * k / 5 for k in range(5)]
PENTAGON = np.array([[np.cos(POLYGON), np.sin(POLYGON)]])
DIGONS = np.array([[[1.0, -1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0, 0.0]]])


@st.composite
def weights(draw: st.DrawFn) -> np.ndarray:
    """W of any small shape, with zero columns, equal columns and very different lengths among them."""
    runs, hidden, features = (draw(st.integers(1, k)) for k in (3, 4, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    W = rng.normal(size=(runs, hidden, features))
    W *= rng.choice([0.0, 1e-3, 1.0, 30.0], size=(runs, 1, features), p=[0.15, 0.15, 0.6, 0.1])
    if features > 1 and draw(st.booleans()):
        W[:, :, -1] = -W[:, :, 0]
    return W


def dot(W: np.ndarray, run: int, i: int, j: int) -> float:
    return sum(float(W[run, h, i]) * float(W[run, h, j]) for h in range(W.shape[1]))


def score_by_loops(W: np.ndarray) -> np.ndarray:
    runs, _, features = W.shape
    out = np.zeros((runs, features))
    for run in range(runs):
        for i in range(features):
            for j in range(features):
                if j != i and dot(W, run, i, i) > 0:
                    out[run, i] += dot(W, run, i, j) ** 2 / dot(W, run, i, i)
    return out


def dimensionality_by_loops(W: np.ndarray) -> np.ndarray:
    runs, _, features = W.shape
    out = np.zeros((runs, features))
    for run in range(runs):
        for i in range(features):
            square = dot(W, run, i, i)
            if square > 0:
                out[run, i] = square / sum(dot(W, run, i, j) ** 2 / square for j in range(features))
    return out


@given(weights())
def test_vectorised_measures_equal_their_loops(W: np.ndarray) -> None:
    np.testing.assert_allclose(geometry.superposition_score(W), score_by_loops(W), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(geometry.feature_dimensionality(W), dimensionality_by_loops(W), rtol=1e-9, atol=1e-12)
    runs, hidden, features = W.shape
    for run in range(runs):
        for i in range(features):
            for j in range(features):
                assert geometry.gram(W)[run, i, j] == pytest.approx(dot(W, run, i, j), rel=1e-9, abs=1e-12)
        squares = sum(dot(W, run, i, i) for i in range(features))
        assert geometry.dimensions_per_feature(W)[run] == pytest.approx(hidden / squares if squares else math.inf)


@given(weights(), st.integers(0, 2**32 - 1))
def test_rotating_the_hidden_space_changes_nothing(W: np.ndarray, seed: int) -> None:
    hidden = W.shape[1]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(hidden, hidden)))
    for measure in (
        geometry.gram,
        geometry.feature_norms,
        geometry.superposition_score,
        geometry.feature_dimensionality,
        geometry.dimensions_per_feature,
    ):
        np.testing.assert_allclose(measure(rotation @ W), measure(W), rtol=1e-9, atol=1e-9)


@given(weights(), st.randoms(use_true_random=False))
def test_reordering_features_reorders_the_measures(W: np.ndarray, random: Random) -> None:
    order = list(range(W.shape[2]))
    random.shuffle(order)
    for measure in (geometry.feature_norms, geometry.superposition_score, geometry.feature_dimensionality):
        np.testing.assert_allclose(measure(W[:, :, order]), measure(W)[:, order], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(geometry.represented(W[:, :, order]), geometry.represented(W)[:, order])


@given(weights())
def test_shares_are_shares_and_add_up_to_at_most_the_rank(W: np.ndarray) -> None:
    shares = geometry.feature_dimensionality(W)
    assert (shares >= 0).all() and (shares <= 1 + 1e-12).all()
    for run in range(len(W)):
        assert shares[run].sum() <= np.linalg.matrix_rank(W[run], tol=1e-9) + 1e-9


@given(weights())
def test_score_and_dimensionality_are_one_fact_in_two_scales(W: np.ndarray) -> None:
    norms, scores = geometry.feature_norms(W), geometry.superposition_score(W)
    embedded = norms > 0
    expected = norms[embedded] ** 2 / (norms[embedded] ** 2 + scores[embedded])
    np.testing.assert_allclose(geometry.feature_dimensionality(W)[embedded], expected, rtol=1e-9)


@given(weights(), st.floats(0.1, 10.0))
def test_scaling_all_weights_scales_each_measure_by_its_power(W: np.ndarray, factor: float) -> None:
    np.testing.assert_allclose(geometry.feature_dimensionality(factor * W), geometry.feature_dimensionality(W), rtol=1e-9)
    np.testing.assert_allclose(geometry.superposition_score(factor * W), factor**2 * geometry.superposition_score(W), rtol=1e-9)


@given(weights())
def test_leverage_is_the_largest_share_of_any_direction(W: np.ndarray) -> None:
    """No direction, drawn or the feature's own, gives more; (W W^T)^+ W_i gives just that much; the scores add up to the rank."""
    scores, shares = geometry.leverage_scores(W), geometry.feature_dimensionality(W)
    assert (shares <= scores + 1e-9).all() and (scores <= 1 + 1e-9).all()
    for run, columns in enumerate(W):
        projections = (np.random.default_rng(0).normal(size=(50, len(columns))) @ columns) ** 2
        total = projections.sum(axis=1, keepdims=True)
        assert (np.divide(projections, total, out=np.zeros_like(projections), where=total > 0) <= scores[run] + 1e-9).all()
        best = np.linalg.pinv(columns, rcond=max(columns.shape) * np.finfo(float).eps) @ columns
        for i in range(columns.shape[1]):
            reached = best[i, i] ** 2 / (best[i] ** 2).sum() if columns[:, i].any() else 0.0
            assert reached == pytest.approx(scores[run, i], abs=1e-6)
        assert scores[run].sum() == pytest.approx(np.linalg.matrix_rank(columns), abs=1e-9)


def test_closed_forms() -> None:
    np.testing.assert_allclose(geometry.feature_dimensionality(PENTAGON), np.full((1, 5), 2 / 5))
    np.testing.assert_allclose(geometry.superposition_score(PENTAGON), np.full((1, 5), 3 / 2))
    np.testing.assert_allclose(geometry.dimensions_per_feature(PENTAGON), [2 / 5])
    np.testing.assert_allclose(geometry.feature_dimensionality(DIGONS), [[0.5, 0.5, 0.5, 0.5, 0.0]])
    np.testing.assert_allclose(geometry.superposition_score(DIGONS), [[1, 1, 1, 1, 0]])
    np.testing.assert_array_equal(geometry.represented(DIGONS), [[True, True, True, True, False]])


def test_a_model_without_weights_is_defined() -> None:
    nothing = np.zeros((2, 3, 4), np.float32)
    for measure in (
        geometry.feature_norms,
        geometry.superposition_score,
        geometry.feature_dimensionality,
        geometry.leverage_scores,
    ):
        np.testing.assert_array_equal(measure(nothing), np.zeros((2, 4)))
    np.testing.assert_array_equal(geometry.dimensions_per_feature(nothing), [math.inf, math.inf])
    assert not geometry.represented(nothing).any()


def test_the_affine_view_holds_products_and_bias() -> None:
    b = np.arange(5.0)[None]
    view = geometry.affine(PENTAGON, b)
    np.testing.assert_array_equal(view[:, :, :5], geometry.gram(PENTAGON))
    np.testing.assert_array_equal(view[:, :, 5], b)


def test_float32_weights_are_measured_in_float64_and_left_alone() -> None:
    W = PENTAGON.astype(np.float32)
    W.setflags(write=False)
    assert geometry.feature_dimensionality(W).dtype == np.float64
    np.testing.assert_array_equal(W, PENTAGON.astype(np.float32))
