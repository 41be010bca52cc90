"""The closed losses of the phase diagrams against integration, their boundaries, and the classification of features."""

import numpy as np
import pytest

from sup import phases
from sup.errors import SpecError
from sup.sparse_loss import losses_by_active_count, parts_by_active_count


@pytest.mark.parametrize("features", [2, 3])
@pytest.mark.parametrize(("density", "importance"), [(0.03, 0.2), (0.4, 1.0), (0.9, 5.0), (1.0, 0.5)])
def test_closed_losses_equal_integrated_ones(features, density, importance):
    closed = phases.solution_losses(features, density, importance)
    weights = np.array([1.0] * (features - 1) + [importance])
    for solution, expected in zip(phases.solutions(features), closed, strict=True):
        b = np.where(np.arange(features) == solution.dropped, density / 2, 0.0)
        losses = losses_by_active_count(np.array(solution.W, float), b, weights)
        assert parts_by_active_count(losses, density).sum() == pytest.approx(expected, abs=1e-12), solution.name


@pytest.mark.parametrize("features", [2, 3])
@pytest.mark.parametrize("importance", [0.1, 0.5, 0.99, 1.01, 2.0, 10.0])
def test_just_below_the_boundary_there_is_a_pair_and_just_above_there_is_none(features, importance):
    boundary = float(phases.boundary_density(features, importance))
    pairs = [solution.dropped is None for solution in phases.solutions(features)]
    for density, paired in ((boundary - 1e-6, True), (boundary + 1e-6, False)):
        assert pairs[phases.solution_losses(features, density, importance).argmin()] is paired


def test_above_the_apex_nothing_is_superposed_and_just_below_it_something_is():
    r = np.logspace(-1, 1, 201)
    for features in (2, 3):
        assert not (phases.phase(features, phases.APEX + 1e-6, r) == phases.SUPERPOSED).any()
        assert phases.phase(features, phases.APEX - 1e-3, 0.999) == phases.SUPERPOSED


def test_the_diagram_of_two_features_is_its_own_mirror_image():
    p, r = np.meshgrid(np.linspace(0.013, 0.97, 20), np.logspace(-1, -0.01, 20))
    np.testing.assert_allclose(phases.solution_losses(2, p, r)[[1, 0, 2]], r * phases.solution_losses(2, p, 1 / r))


def test_outcomes_at_their_limits():
    assert phases.outcome(np.array([0.49, 0.5, 0.5]), np.array([1.0, 0.49, 0.5])).tolist() == [0, 1, 2]


def test_only_the_papers_diagrams_have_solutions():
    with pytest.raises(SpecError, match=r"features is 2 or 3, for the paper's two phase diagrams; got 4\. Pass 2 or 3\."):
        phases.solutions(4)
