"""Ideal shapes: closed forms, and coordinates from any matrix of products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup.errors import SpecError
from sup.geometry import feature_dimensionality
from sup.polytopes import SHAPES, SHARES, embed, polygon, simplex, tegum


@st.composite
def shapes(draw: st.DrawFn) -> np.ndarray:
    """W (hidden feature) of any small shape, with zero and equal columns among them."""
    hidden, features = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    W = rng.normal(size=(hidden, features)) * rng.choice([0.0, 1.0], size=features, p=[0.2, 0.8])
    if features > 1:
        W[:, -1] = -W[:, 0]
    return W


@given(shapes())
def test_coordinates_have_the_given_products_in_the_fewest_dimensions(W: np.ndarray) -> None:
    again = embed(W.T @ W)
    np.testing.assert_allclose(again.T @ again, W.T @ W, atol=1e-7)
    assert len(again) == np.linalg.matrix_rank(W, tol=1e-6)


@pytest.mark.parametrize(
    ("products", "left"),
    [(np.array([[1.0, 2.0], [2.0, 1.0]]), "-3"), (np.array([[0.0, 1.0], [1.0, 0.0]]), "-1"), (np.array([[-1.0]]), "-1")],
)
def test_a_matrix_that_cannot_hold_products_is_refused(products: np.ndarray, left: str) -> None:
    with pytest.raises(SpecError, match=rf"eigenvalues is below 0; got \S+ \S+ with {left} left over\. Pass W\.T @ W"):
        embed(products)


def test_a_matrix_that_is_not_symmetric_is_refused() -> None:
    with pytest.raises(SpecError, match=r"is symmetric"):
        embed(np.array([[1.0, 0.5], [0.0, 1.0]]))


@pytest.mark.parametrize("dimensions", range(1, 8))
def test_a_simplex_has_equal_products_and_shares(dimensions: int) -> None:
    W = simplex(dimensions)
    assert W.shape == (dimensions, dimensions + 1)
    np.testing.assert_allclose(W.T @ W, np.where(np.eye(dimensions + 1), 1, -1 / dimensions), atol=1e-12)
    np.testing.assert_allclose(feature_dimensionality(W[None])[0], dimensions / (dimensions + 1))
    np.testing.assert_allclose(W.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("count", range(3, 9))
def test_a_polygon_turns_by_equal_angles(count: int) -> None:
    W = polygon(count)
    turn = 2 * np.pi * (np.arange(count)[:, None] - np.arange(count)) / count
    np.testing.assert_allclose(W.T @ W, np.cos(turn), atol=1e-12)


def test_named_shapes_lie_evenly_in_their_dimensions_so_their_shares_are_dimensions_over_features() -> None:
    assert list(SHARES.values()) == [1, 3 / 4, 2 / 3, 1 / 2, 2 / 5, 3 / 8]
    for name, W in SHAPES.items():
        hidden, features = W.shape
        np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1, atol=1e-12)
        np.testing.assert_allclose(W @ W.T, features / hidden * np.eye(hidden), atol=1e-12)
        np.testing.assert_allclose(feature_dimensionality(W[None])[0], SHARES[name], atol=1e-12)


def test_factors_of_a_tegum_product_keep_their_shares() -> None:
    """Thomson's five points, a triangular bipyramid: 2/3 around the middle and 1/2 at the ends, not 3/5 for all."""
    shares = feature_dimensionality(tegum(simplex(2), simplex(1))[None])[0]
    np.testing.assert_allclose(shares, [2 / 3] * 3 + [1 / 2] * 2)
    np.testing.assert_allclose(feature_dimensionality(tegum(polygon(5), simplex(1))[None])[0], [2 / 5] * 5 + [1 / 2] * 2)
