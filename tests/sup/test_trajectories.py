import numpy as np
import pytest

from sup.trajectories import (
    Stages,
    gathered,
    jumps,
    log_steps,
    settled_from,
    stages,
    within_cosines,
)

SETS = ((0, 1, 2), (3, 4, 5))


def ramp(start, end, count):
    return np.linspace(start, end, count)


def levels(*paths):
    """Dimensionalities (snapshot, feature) from one path per feature."""
    return np.stack(paths, axis=1)


def test_a_swap_is_one_jump_with_its_feature_and_size():
    rest = np.full(5, 0.5)
    up = np.concatenate([np.zeros(5), ramp(0.1, 0.5, 5), rest])
    down = np.concatenate([rest, ramp(0.4, 0.1, 5), np.zeros(5)])
    (jump,) = jumps(levels(up, down, np.full(15, 0.5)))
    assert (jump.start, jump.end) == (4, 10)
    assert jump.size == pytest.approx(0.5) and jump.feature in (0, 1)


def test_two_separate_moves_are_two_jumps_and_earlier_ones_do_not_count():
    one = np.concatenate([np.zeros(4), ramp(0.25, 0.5, 2), np.full(9, 0.5)])
    two = np.concatenate([np.zeros(10), ramp(0.25, 0.5, 2), np.full(3, 0.5)])
    assert [jump.feature for jump in jumps(levels(one, two))] == [0, 1]
    assert [jump.feature for jump in jumps(levels(one, two), start=7)] == [1]


def test_drift_and_there_and_back_are_no_jumps():
    drift = np.linspace(0, 0.5, 60)
    there_and_back = np.concatenate([np.zeros(5), [0.15, 0.3, 0.15], np.zeros(5)])
    assert jumps(levels(drift)) == [] and jumps(levels(there_and_back)) == []


def test_a_model_has_settled_when_nine_in_ten_rest():
    dims = np.full((4, 10), 0.25)
    dims[2:, :9] = 0.5
    assert settled_from(dims) == 2
    assert settled_from(np.full((4, 10), 0.25)) == 3


def test_steps_rise_and_end_where_asked():
    assert log_steps(100, 10_000, 30)[0] == 100 and log_steps(100, 10_000, 30)[-1] == 10_000
    assert len(log_steps(100, 10_000, 30)) == 61
    assert log_steps(100, 50, 30) == (50,)


def cone(opening, length, twist=0.0):
    """Two sets (3, feature) around opposite axes: `opening` 0 is collapsed, 1 is an octahedron when `twist` is 60 degrees."""
    tilt = opening * np.arccos(3**-0.5)
    columns = []
    for side, turn in ((1, 0.0), (-1, twist)):
        for k in range(3):
            angle = 2 * np.pi * k / 3 + np.radians(turn)
            columns.append([np.sin(tilt) * np.cos(angle), np.sin(tilt) * np.sin(angle), side * np.cos(tilt)])
    return length * np.array(columns).T


PATH = np.stack([cone(0, 0.01), cone(0, 0.58), cone(0.1, 0.58), cone(0.6, 0.8), cone(1, 1), cone(1, 1, 30), cone(1, 1, 60)])


def test_the_stages_of_an_ideal_path():
    assert stages(PATH, SETS) == Stages(collapsed=1, expanding=3, expanded=4, opposed=6)


def test_stages_that_are_not_reached_are_missing():
    assert stages(PATH[:4], SETS) == Stages(1, 3, -1, -1)
    assert stages(PATH[:1], SETS) == Stages(-1, -1, -1, -1)
    within_one_set = np.stack([*PATH[:4], np.concatenate([np.eye(3), np.eye(3)], axis=1)])
    assert stages(within_one_set, SETS).opposed == -1


def test_shares_and_cosines_equal_loops():
    W = np.random.default_rng(0).normal(size=(4, 3, 6))
    for t, w in enumerate(W):
        along = sum((w[:, s] @ np.ones(3) / 3**0.5) @ (w[:, s] @ np.ones(3) / 3**0.5) for s in map(list, SETS))
        assert gathered(W, SETS)[t] == pytest.approx(along / (w**2).sum())
        for k, s in enumerate(SETS):
            pairs = [w[:, i] @ w[:, j] / np.linalg.norm(w[:, i]) / np.linalg.norm(w[:, j]) for i in s for j in s if i < j]
            assert within_cosines(W, SETS)[t, k] == pytest.approx(np.mean(pairs))
    assert gathered(np.zeros((1, 3, 6)), SETS).tolist() == [0.0]
