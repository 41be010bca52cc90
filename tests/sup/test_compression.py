import numpy as np
import pytest

from sup.compression import LINEAR, compression_error, relus, staircase, through_one_number
from sup.errors import SpecError


def by_samples(segments, width, count=997):
    """Mean error on a fine grid of midpoints, the floor written as a loop over risers."""
    at = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(at, at, indexing="ij")

    def floor(u):
        return sum(np.interp(u, (k - width / 2, k + width / 2), (0.0, 1.0)) for k in range(1, segments))

    v = floor(segments * x) + y
    level = floor(v)
    return float((((x - (level + 0.5) / segments) ** 2 + (y - (v - level)) ** 2) / 2).mean())


@pytest.mark.parametrize("segments", [2, 3, 5])
@pytest.mark.parametrize("width", [0.05, 0.3, 0.5, 0.9, 1.0])
def test_the_exact_error_is_that_of_a_fine_grid(segments, width):
    assert compression_error(segments, width) == pytest.approx(by_samples(segments, width), rel=3e-3)


@pytest.mark.parametrize("segments", [1, 2, 3, 7])
def test_without_width_only_the_segment_of_x_is_lost(segments):
    assert compression_error(segments, 0.0) == pytest.approx(1 / (24 * segments**2), rel=1e-12)
    assert compression_error(segments, 1e-9) == pytest.approx(compression_error(segments, 0.0), rel=1e-6)


def test_one_segment_is_the_best_linear_code():
    assert compression_error(1, 0.3) == pytest.approx(LINEAR)
    x = np.random.default_rng(0).random((100_000, 2))
    left = np.linalg.eigvalsh(np.cov(x.T))[0] / 2
    assert left == pytest.approx(LINEAR, rel=0.02)  # about five standard errors


@pytest.mark.parametrize("segments", [2, 3, 4])
def test_the_stated_number_of_relus_is_enough(segments):
    """The code as a network of two layers of ReLUs around one number; a layer's units are counted as they are built."""
    width, units = 0.2, []

    def relu(z):
        units.append(z)
        return np.maximum(z, 0.0)

    def floor(u):
        risers = range(1, segments)
        return sum((relu(u - k + width / 2) - relu(u - k - width / 2)) / width for k in risers)

    x, y = np.random.default_rng(1).random((2, 1000))
    v = floor(segments * x) + relu(y)
    level, passed = floor(v), relu(v)
    assert len(units) == relus(segments)
    expected = through_one_number(x, y, segments, width)
    np.testing.assert_allclose(((level + 0.5) / segments, passed - level), expected, atol=1e-12)


def test_the_staircase_without_width_is_the_floor():
    u = np.linspace(0, 3.99, 100)
    np.testing.assert_array_equal(staircase(u, 4, 0.0), np.floor(u))


@pytest.mark.parametrize(("segments", "width"), [(0, 0.1), (3, -0.1), (3, 1.2)])
def test_impossible_stairs_are_refused(segments, width):
    with pytest.raises(SpecError, match=rf"got segments={segments}, width={width}\. For a width in units of x, pass width"):
        compression_error(segments, width)
