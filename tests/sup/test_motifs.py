"""The asymmetric motif: found at any scale and in any order of neurons, and not found where a part of it is missing."""

import numpy as np
import pytest

from sup import motifs

W1 = np.array([[2.0, -0.5, 0.0], [1.0, 0.0, 4.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
W2 = np.array([[0.5, 0.0, 1.0, 0.0], [2.0, -4.0, 0.0, 1.0], [0.0, 0.25, 0.0, 0.0]])
"""The paper's pair: the first neuron shared, the second inhibits and serves a third feature; the others serve the other sides."""


def response(W1: np.ndarray, W2: np.ndarray, x: np.ndarray) -> list[float]:
    hidden = [max(0.0, sum(w * v for w, v in zip(row, x, strict=True))) for row in W1]
    return [max(0.0, sum(w * h for w, h in zip(row, hidden, strict=True))) for row in W2]


def test_the_papers_motif_is_found_with_its_numbers() -> None:
    (motif,) = motifs.motifs(W1, W2, np.zeros(3))
    assert (motif.neuron, motif.primary, motif.secondary, motif.inhibitor) == (0, 0, 1, 1)
    assert motif.weight_in == (2.0, -0.5) and motif.weight_out == (0.5, 2.0)
    assert (motif.strength, motif.leak, motif.left) == (2.0, 4.0, 0.0)


def test_scaling_and_reordering_neurons_changes_nothing_but_their_places() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        order, factor, sign = rng.permutation(4), np.exp(rng.normal(size=(4, 1))), rng.choice([-1, 1], size=3)
        moved = motifs.motifs((factor * W1 * sign)[order], (W2 / factor.T)[:, order], np.zeros(3))
        assert [(order[m.neuron], m.primary, m.secondary, order[m.inhibitor]) for m in moved] == [(0, 0, 1, 1)]
        np.testing.assert_allclose([moved[0].strength, moved[0].leak], [2.0, 4.0])
        np.testing.assert_allclose(np.abs(moved[0].weight_in), [2.0, 0.5])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({("W2", 1, 1): 0.0}, "no inhibitor"),
        ({("W2", 1, 1): -1.9}, "an inhibitor that takes away less than half"),
        ({("W1", 0, 0): 0.9, ("W2", 0, 0): 1.0, ("W2", 1, 1): -9.0}, "nearly equal weights"),
        ({("W2", 0, 0): 0.2}, "a primary feature that is not returned"),
        ({("W1", 0, 1): -0.2}, "a secondary feature that is not returned"),
        ({("W2", 1, 3): 1.0, ("W1", 3, 0): 3.0}, "another neuron that brings the leak back"),
    ],
)
def test_without_one_of_its_parts_there_is_no_motif(changes: dict[tuple[str, int, int], float], why: str) -> None:
    model = {"W1": W1.copy(), "W2": W2.copy()}
    for (name, row, column), value in changes.items():
        model[name][row, column] = value
    assert motifs.motifs(model["W1"], model["W2"], np.zeros(3)) == [], why


def test_a_bias_counts_among_what_is_left() -> None:
    assert motifs.motifs(W1, W2, np.array([0.0, 2.5, 0.0])) == []
    assert motifs.motifs(W1, W2, np.array([0.0, 1.5, 0.0]))[0].left == 1.5


def test_two_dedicated_neurons_per_feature_are_no_motif() -> None:
    both = np.concatenate([np.eye(3), -np.eye(3)])
    assert motifs.motifs(both, both.T.__abs__(), np.zeros(3)) == []
    np.testing.assert_allclose(motifs.half_features(both, np.abs(both.T), np.zeros(3)), 1.0)


def test_single_responses_equal_the_model_on_single_features() -> None:
    rng = np.random.default_rng(1)
    W1, W2 = rng.normal(size=(4, 3)), rng.normal(size=(3, 4))
    responses = motifs.single_responses(W1, W2, np.zeros(3))
    for s, sign in enumerate((1.0, -1.0)):
        for i in range(3):
            np.testing.assert_allclose(responses[s, :, i], response(W1, W2, sign * np.eye(3)[i]))
    np.testing.assert_allclose(motifs.half_features(W1, W2, np.zeros(3)), responses[:, range(3), range(3)])
