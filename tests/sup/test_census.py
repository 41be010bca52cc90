"""The census of shapes: it names every ideal shape, in any position, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup.census import EDGE, TOLERANCE, Component, components, joined, named
from sup.geometry import unit_columns
from sup.polytopes import SHAPES, polygon, simplex, tegum

SEEDS = st.integers(0, 2**32 - 1)
NAMES = st.lists(st.sampled_from(list(SHAPES)), min_size=1, max_size=5)


def turned(W: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    turn, _ = np.linalg.qr(rng.normal(size=(len(W), len(W))))
    return turn @ W


def components_by_flooding(W: np.ndarray) -> list[tuple[int, ...]]:
    """Each component by spreading along edges until nothing is added; represented features only."""
    norms = [float(np.sqrt((W[:, i] ** 2).sum())) for i in range(W.shape[1])]
    remaining = [i for i, norm in enumerate(norms) if norm >= 0.5]
    groups = []
    while remaining:
        group, grown = {remaining[0]}, True
        while grown:
            near = {j for j in remaining for i in group if abs(float(W[:, i] @ W[:, j])) >= EDGE * norms[i] * norms[j]}
            group, grown = group | near, not near <= group
        groups.append(tuple(sorted(group)))
        remaining = [i for i in remaining if i not in group]
    return groups


@given(NAMES, SEEDS)
def test_every_shape_is_found_whatever_the_rotation_the_order_and_the_lengths(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    W = tegum(*(SHAPES[name] * rng.uniform(0.6, 1.3) for name in names))
    order = rng.permutation(W.shape[1])
    census = components(turned(W, rng)[:, order])
    label = np.repeat(np.arange(len(names)), [SHAPES[name].shape[1] for name in names])[order]
    assert sorted(c.shape for c in census) == sorted(names)
    for component in census:
        assert len(set(label[list(component.features)])) == 1


@given(SEEDS)
def test_components_equal_those_of_a_flood_fill(seed: int) -> None:
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(4, 9)) * rng.choice([0.1, 0.6], size=9) * rng.choice([0.0, 1.0], size=(4, 9), p=[0.6, 0.4])
    assert [c.features for c in components(W)] == components_by_flooding(W)


@pytest.mark.parametrize("W", [polygon(6), polygon(8), simplex(4), simplex(2) * [[1.0], [0.6]], np.ones((1, 2))], ids=str)
def test_a_shape_without_a_name_is_other(W: np.ndarray) -> None:
    assert named(unit_columns(W[None])[0]) == "other"


def test_the_names_hold_up_to_the_tolerance() -> None:
    def digon(cosine: float) -> np.ndarray:
        return np.array([[1.0, cosine], [0.0, np.sqrt(1 - cosine**2)]])

    assert named(digon(-1 + 0.99 * TOLERANCE)) == "digon"
    assert named(digon(-1 + 1.01 * TOLERANCE)) == "other"


def test_edges_begin_at_the_threshold_and_skip_features_that_are_not_represented() -> None:
    for cosine, edge in ((EDGE + 0.01, True), (-EDGE - 0.01, True), (EDGE - 0.01, False)):
        W = np.array([[1.0, cosine], [0.0, np.sqrt(1 - cosine**2)]])
        assert joined(W)[0, 1] == joined(W)[1, 0] == edge
        assert not joined(W * [1.0, 0.4]).any()


def test_a_model_that_represents_nothing_has_no_components() -> None:
    assert components(np.zeros((2, 3))) == ()
    assert components(np.array([[1.0, 0.0]])) == (Component("dedicated dimension", (0,)),)
