"""Expected losses of two and three features against enumeration and sampling, their gradients, and the minima."""

import numpy as np
import pytest

from sup.sparse_loss import losses_by_active_count, parts_by_active_count
from sup.three_features import three_feature_loss
from sup.two_features import active_moments, square_moments, two_feature_loss, two_feature_slope
from sup.two_minima import basin, crossing, descend, minima


def enumerated(W, b, density, importance):
    """The loss by the slow general way, whose quadrature has only a few correct digits."""
    weights = np.array([1.0] * (W.shape[1] - 1) + [importance])
    return parts_by_active_count(losses_by_active_count(W, b, weights, nodes=40), density).sum()


def models(count, hidden, features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(0, 0.9, (count, hidden, features)), rng.normal(-0.1, 0.4, (count, features))
    return W, b, rng.uniform(0.02, 1, count), rng.uniform(0.1, 5, count)


def test_two_features_equal_the_general_loss():
    W, b, p, r = models(30, 1, 2, seed=1)
    expected = [enumerated(W[k], b[k], p[k], r[k]) for k in range(30)]
    np.testing.assert_allclose(two_feature_loss(W[:, 0], b, p, r), expected, atol=2e-6)


def test_three_features_equal_the_general_loss():
    W, b, p, r = models(8, 2, 3, seed=2)
    expected = [enumerated(W[k], b[k], p[k], r[k]) for k in range(8)]
    np.testing.assert_allclose(three_feature_loss(W, b, p, r), expected, atol=1e-5)


@pytest.mark.parametrize("line", [(0, 0, 1), (0, 0, -1), (1, 0, -0.25), (0, -1, 0.5), (1, 1, -1), (-1, 1, 0), (3, -0.1, -1)])
def test_moments_of_the_cut_square_equal_sums_over_a_fine_grid(line):
    """Midpoints of 1000 x 1000 cells: the error is at most the cells that the line cuts, some 2000 of a million."""
    at = (np.arange(1000) + 0.5) / 1000
    x, y = np.meshgrid(at, at, indexing="ij")
    on = line[0] * x + line[1] * y + line[2] > 0
    sums = [(on * part).mean() for part in (np.ones_like(x), x, y, x * x, x * y, y * y)]
    np.testing.assert_allclose(square_moments(*map(np.array, map(float, line))), sums, atol=2e-3)


def test_moments_of_an_output_that_is_always_on_are_those_of_the_features():
    M = active_moments(np.array([0.0, 0.0, 1.0]), 0.3)
    mean, square = 0.15, 0.1
    np.testing.assert_allclose(M, [[square, mean**2, mean], [mean**2, square, mean], [mean, mean, 1]], atol=1e-15)


def test_gradients_equal_differences():
    W, b, p, r = models(40, 1, 2, seed=3)
    q = np.concatenate([W[:, 0], b], axis=1)
    steps = 1e-6 * np.eye(4)
    differences = [(two_feature_slope(q + e, p, r).loss - two_feature_slope(q - e, p, r).loss) / 2e-6 for e in steps]
    np.testing.assert_allclose(two_feature_slope(q, p, r).gradient, np.stack(differences, axis=1), atol=1e-7)


def test_swapping_the_features_scales_the_loss():
    W, b, p, r = models(20, 1, 2, seed=4)
    swapped = r * two_feature_loss(W[:, 0, ::-1], b[:, ::-1], p, 1 / r)
    np.testing.assert_allclose(two_feature_loss(W[:, 0], b, p, r), swapped, rtol=1e-12)


@pytest.mark.parametrize("biased", [False, True])
def test_descents_end_where_nothing_near_is_lower(biased):
    W, b, p, r = models(30, 1, 2, seed=5)
    start = np.concatenate([W[:, 0], b * biased], axis=1)
    q, loss = descend(start, p, r, biased=biased)
    assert (loss <= two_feature_loss(start[:, :2], start[:, 2:], p, r)).all()
    rest = two_feature_slope(q, p, r)
    np.testing.assert_array_equal(rest.loss, loss)
    still = np.abs(rest.gradient[:, : 4 if biased else 2]).max(axis=1) < 1e-5
    assert still.mean() > 0.8  # the others lie at a kink, or in a valley too flat for so many steps
    assert biased or (q[:, 2:] == start[:, 2:]).all()


def test_known_minima():
    result = minima(np.array([0.3, 1.0, 0.05]), np.array([1.0, 1.0, 0.1]), biased=False)
    assert result.distinct.sum(axis=1).tolist() == [2, 2, 1]
    kinds = result.q[0, result.distinct[0], :2]
    np.testing.assert_allclose(np.abs(kinds), [[1.024] * 2, [np.sqrt(0.5)] * 2], atol=2e-3)
    assert np.sign(kinds.prod(axis=1)).tolist() == [-1, 1]
    np.testing.assert_allclose(result.q[1, 0, :2], np.sqrt(0.5), atol=1e-4)
    assert (np.diff(result.loss, axis=1) >= 0).all()


def test_no_grid_point_is_lower_than_the_lowest_minimum():
    side = np.linspace(-1.3, 1.3, 40)
    W = np.stack(np.meshgrid(side, side), axis=-1)
    for p, r in ((0.1, 0.3), (0.5, 0.6), (0.9, 0.9)):
        for biased, biases in ((False, [0.0]), (True, np.linspace(-0.2, 0.5, 6))):
            lowest = minima(np.array([p]), np.array([r]), biased=biased).loss[0, 0]
            grid = min(two_feature_loss(W, np.array([b1, b2]), p, r).min() for b1 in biases for b2 in biases)
            assert lowest <= grid + 1e-12


def test_at_the_crossing_the_pair_costs_what_dropping_costs():
    r = np.array([0.15, 0.4])
    p, pair = crossing(r)
    np.testing.assert_allclose(two_feature_loss(pair[:, :2], pair[:, 2:], p, r), r * (p / 3 - p * p / 4), rtol=2e-3)
    assert (pair[:, 1] < -0.5).all()


def test_basins_are_those_of_random_starts():
    """Against descents from 3,000 random weights: five standard errors, passed by chance in all but one seed in a million."""
    density, importance = np.array([0.3, 0.4]), np.array([1.0, 0.5])
    q = np.zeros((3000, 4))
    for chance, p, r in zip(basin(density, importance), density, importance, strict=True):
        q[:, :2] = np.random.default_rng(7).normal(0, np.sqrt(2 / 3), (3000, 2))
        for _ in range(300):
            q[:, :2] -= 0.1 / p * np.clip(two_feature_slope(q, p, r).gradient[:, :2], -p, p)
        assert abs((q[:, :2].prod(axis=1) < 0).mean() - chance) < 5 * np.sqrt(0.25 / 3000)
