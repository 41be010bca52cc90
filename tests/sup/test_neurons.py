"""Neurons: a loop for each measure, and laws on what scaling or reordering neurons may change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup import neurons


@st.composite
def weights(draw: st.DrawFn) -> np.ndarray:
    """W of any small shape, with dead neurons and ones of a single feature among them."""
    runs, hidden, features = (draw(st.integers(1, k)) for k in (3, 5, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    W = rng.normal(size=(runs, hidden, features))
    W *= rng.choice([0.0, 0.01, 1.0, 5.0], size=(runs, hidden, 1), p=[0.1, 0.1, 0.6, 0.2])
    return W * (rng.random(W.shape) < 0.6)


@given(weights(), st.sampled_from([0.1, 0.2, 0.5]))
def test_answers_equal_their_loops(W: np.ndarray, present: float) -> None:
    answers = neurons.answers(W, present)
    for at in np.ndindex(W.shape):
        largest = max(abs(w) for w in W[at[:2]])
        assert answers[at] == (largest >= neurons.ALIVE and abs(W[at]) >= present * largest)
    counts = answers.sum(axis=2)
    assert (neurons.monosemantic(W, present) == (counts == 1)).all()
    assert (neurons.polysemantic(W, present) == (counts >= 2)).all()


@given(weights(), st.floats(1.0, 100.0))
def test_scaling_living_neurons_up_changes_nothing_but_their_scale(W: np.ndarray, factor: float) -> None:
    W = W * (np.abs(W).max(axis=2, keepdims=True) >= neurons.ALIVE)
    np.testing.assert_allclose(neurons.unit_rows(factor * W), neurons.unit_rows(W), rtol=1e-12)
    np.testing.assert_allclose(neurons.row_scores(factor * W), neurons.row_scores(W), rtol=1e-9, atol=1e-12)
    assert (neurons.primary_features(factor * W) == neurons.primary_features(W)).all()


@given(weights())
def test_the_order_holds_all_neurons_and_rises_by_primary_feature(W: np.ndarray) -> None:
    for w, order in zip(W, neurons.neuron_order(W), strict=True):
        assert sorted(order) == list(range(len(w)))
        alive = [k for k in order if np.abs(w[k]).max() >= neurons.ALIVE]
        assert list(order[: len(alive)]) == alive, "dead neurons come last"
        primary = [int(np.abs(w[k]).argmax()) for k in alive]
        assert primary == sorted(primary)


def test_a_threshold_decides_what_counts() -> None:
    W = np.array([[[1.0, 0.15, -0.4]]])
    assert [int(neurons.answers(W, present).sum()) for present in (0.1, 0.2, 0.5)] == [3, 2, 1]


@pytest.mark.parametrize(("W", "scores"), [([[5.0, 0.0], [0.0, 0.3]], [0, 0]), ([[4.0, -4.0]], [1, 1])])
def test_scores_after_scaling(W: list[list[float]], scores: list[float]) -> None:
    np.testing.assert_allclose(neurons.row_scores(np.array([W]))[0], scores)
