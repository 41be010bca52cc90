"""F23 and F24 on trajectories that are written by hand."""

import numpy as np
import pytest

from figures.base import Size, judge
from figures.learning_dynamics import energy_levels, octahedron
from figures.style import THEMES
from sup.results import Trained
from sup.trajectories import Stages
from tests.figures.models import changed, turned
from tests.figures.pictures import assert_legible, assert_readable
from tests.sup.test_trajectories import PATH, cone


def decided(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def digons(features, hidden):
    """W (hidden, feature): the first 2 m features are digons, the others zero."""
    W = np.zeros((hidden, features))
    for k in range(hidden):
        W[k, 2 * k], W[k, 2 * k + 1] = 1, -1
    return W


def levels(seeds=8, *, jump_at=40, falls=True):
    """Trajectories that settle early; in each, one digon swaps a member late, and the loss falls then or earlier."""
    sweeps = energy_levels.needs(Size(steps=10_000, seeds=seeds))
    return energy_levels.reduce({name: _levels(sweep, jump_at, falls) for name, sweep in sweeps.items()})


def _levels(sweep, jump_at, falls):
    runs, count = sweep.runs, len(sweep.snapshots)
    n, m = runs[0].n_features, runs[0].n_hidden
    weights, losses = [], []
    for run in runs:
        rng = np.random.default_rng(run.seed)
        path = np.stack([digons(n, m)] * count)
        path[:5] = rng.normal(0, 0.3, (5, m, n))
        for t in range(count):
            done = np.clip((t - jump_at) / 4, 0, 1)
            path[t, 0, 0], path[t, 0, -1] = (1 - done) ** 0.5, done**0.5
        loss = np.where(np.arange(count) > (jump_at + 2 if falls else 20), 0.05, 0.06)
        loss[:5] = 0.07
        weights.append(path)
        losses.append(loss)
    W = np.array(weights)
    return Trained(
        runs,
        {
            "W": W[:, -1],
            "b": np.zeros((len(runs), n)),
            "final_loss": np.arange(len(runs), dtype=float),
            "snapshot_W": W,
            "snapshot_loss": np.array(losses),
        },
    )


def test_late_jumps_are_found_with_their_fall():
    data = levels()
    assert data["count"].tolist() == [1] * 8
    np.testing.assert_allclose(data["fall"], 1)
    assert (data["time"] < 0.3).all()
    assert data["bands"].shape == (1, 2) and data["last"][0] == data["bands"][0, 1]
    assert decided(energy_levels, data)["C61"] == "reproduced"


def test_a_loss_that_falls_elsewhere_is_no_evidence():
    assert decided(energy_levels, levels(falls=False))["C61"] == "not reproduced"


def test_without_late_jumps_nothing_is_decided():
    data = levels(jump_at=1000)
    assert data["count"].sum() == 0 and np.isnan(data["fall"]).all()
    finding = judge(energy_levels.CLAIMS[0], data, decides=True)
    assert (finding.verdict, finding.estimate.models) == ("undecided", 8)


def test_late_falls_that_many_jumps_share_are_smoother():
    data = levels()
    assert data["largest_models"].tolist() == data["largest_small"].tolist() == [1] * 8
    assert decided(energy_levels, data)["C62"] == "undecided", "all alike"
    many = changed(data, largest_models=np.linspace(0.2, 0.4, 8), count_models=np.full(8, 5))
    assert decided(energy_levels, many)["C62"] == "reproduced"
    turned_round = changed(data, largest_small=np.linspace(0.2, 0.4, 8))
    assert decided(energy_levels, turned_round)["C62"] == "not reproduced"
    without = changed(data, largest_small=np.full(8, np.nan), count_small=np.zeros(8))
    assert decided(energy_levels, without)["C62"] == "undecided"
    rows = energy_levels.CLAIMS[1].rows(without)
    assert [row["models with late jumps"] for row in rows] == ["0 of 8", "8 of 8", "8 of 8"]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("jump_at", [40, 1000])
def test_levels_are_readable(theme, jump_at):
    drawn = energy_levels.draw(levels(2, jump_at=jump_at), theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)


def paths(path, seeds=20, odd=None):
    """All models on one path, stretched over the snapshots; models of odd seeds on another."""
    sweep = octahedron.needs(Size(steps=2000, seeds=seeds))["sets"]
    count = len(sweep.snapshots)
    at = np.arange(count) * len(path) // count
    W = np.stack([turned_path((odd if odd is not None and run.seed % 2 else path)[at], run.seed) for run in sweep.runs])
    loss = np.geomspace(1e-3, 1e-5, count) * np.ones((len(W), 1))
    return octahedron.reduce(
        {
            "sets": Trained(
                sweep.runs,
                {
                    "W": W[:, -1],
                    "b": np.zeros((len(W), 6)),
                    "final_loss": np.array([run.seed + 1.0 for run in sweep.runs]),
                    "snapshot_W": W,
                    "snapshot_b": np.zeros((len(W), count, 6)),
                    "snapshot_loss": loss,
                },
            )
        }
    )


def turned_path(path, seed):
    return np.stack([turned(W, seed) for W in path])


APART = np.stack([PATH[0], PATH[1], PATH[1], PATH[1], *PATH[2:]])


def one_after_the_other():
    """The second set opens when the first is open."""
    mixed = cone(0.5, 0.7)
    mixed[:, 3:] = cone(0.1, 0.6)[:, 3:]
    first = cone(1, 1)
    first[:, 3:] = cone(0.1, 0.6)[:, 3:]
    return np.stack([PATH[0], PATH[1], PATH[1], PATH[1], mixed, first, *PATH[4:]])


def test_an_octahedron_learned_in_stages_is_recognised():
    data = paths(APART, odd=one_after_the_other())
    assert decided(octahedron, data) == dict.fromkeys(("C63", "C64", "C65"), "reproduced")
    assert data.values["octahedra"].value == data.values["usual"].value == 100
    assert set(data["kind"].tolist()) == {0, 1}
    rows = octahedron.CLAIMS[1].rows(data)
    assert [row["models"] for row in rows] == ["10 of 20", "10 of 20"]


def test_claims_fail_on_other_paths():
    same = paths(APART)
    assert decided(octahedron, same)["C64"] == "undecided"
    opening_at_once = decided(octahedron, paths(np.stack([PATH[0], *PATH[3:]])))
    assert opening_at_once["C63"] == "not reproduced" and opening_at_once["C65"] == "not reproduced"
    rest = paths(PATH[:4])
    assert decided(octahedron, rest)["C63"] == "not reproduced"
    assert octahedron.CLAIMS[1].rows(rest)[0]["trajectory"] == "does not get as far"


def test_the_plateau_is_that_of_the_linear_solution():
    data = paths(APART)
    np.testing.assert_allclose(data["plateau"], 1, atol=0.05)  # without biases, two active sets interfere with each other
    assert data.values["linear"].value == pytest.approx(1 / 6)
    for plateau, verdict in (((0.7, 0.8), "not reproduced"), ((1.2, 1.3), "not reproduced"), ((0.5, 1.4), "undecided")):
        assert decided(octahedron, changed(data, plateau=np.linspace(*plateau, 20)))["C65"] == verdict


def test_ways_to_open_that_nearly_all_share_are_no_variety():
    data = paths(APART)
    kinds = np.where(np.arange(20) < 3, 1, 0)
    assert decided(octahedron, changed(data, kind=kinds))["C64"] == "undecided"
    assert decided(octahedron, changed(data, kind=np.zeros(100)))["C64"] == "not reproduced"
    only_stage_b = np.where(np.arange(20) < 10, 4, 2)
    assert decided(octahedron, changed(data, kind=only_stage_b))["C64"] == "undecided"
    assert decided(octahedron, changed(data, kind=np.full(20, -1)))["C64"] == "undecided"


def test_a_trajectory_is_turned_without_changing_a_product():
    turned_path_ = octahedron.aligned(turned_path(PATH, 3))
    np.testing.assert_allclose(turned_path_.transpose(0, 2, 1) @ turned_path_, PATH.transpose(0, 2, 1) @ PATH, atol=1e-12)
    assert turned_path_[-1, 2, :3] == pytest.approx(3**-0.5) and turned_path_[-1, 1, 0] == pytest.approx(0)


def test_stages_that_are_missing_show_the_end():
    assert octahedron.shown(Stages(8, -1, -1, -1), 20).tolist() == [2, 19, 19, 19]
    assert octahedron.trajectory(PATH, Stages(1, 3, -1, -1)) == -1


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_octahedron_is_readable(theme):
    drawn = octahedron.draw(paths(APART, 3), theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)
