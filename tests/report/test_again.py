"""Runs that a page offers to train again: spread over their sweep, with programs that give the published digests."""

import subprocess
import sys
from dataclasses import replace

import pytest

from report.again import choose
from sup.features import Independent
from sup.saved import run_digests
from sup.sweeps import Sweep
from sup.training import train
from tests.report import fakes, workbench


def test_runs_are_spread_over_a_sweep_and_have_their_digests():
    sweep = workbench.runs(seeds=10)  # of two densities each
    digests = [f"{i:064x}" for i in range(len(sweep.runs))]
    again = choose(sweep, digests)
    assert len(again) == 8 and (again[0].digest, again[-1].digest) == (digests[0], digests[-1])
    assert [one.words for one in (again[0], again[-1])] == ["density 1, seed 0", "density 0.1, seed 9"]
    assert len(choose(workbench.runs(seeds=1), digests)) == 2


def test_a_program_prints_the_digest_of_the_run():
    sweep = Sweep((fakes.RUN,), snapshots=(7, 48))
    (digest,) = run_digests(train(sweep.runs, snapshots=sweep.snapshots))
    (one,) = choose(sweep, [digest])
    assert subprocess.run([sys.executable, "-c", one.program], capture_output=True, text=True, check=True).stdout == f"{digest}\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"n_features": 51, "importance": 1.0},
        {"activation": "gelu"},
        {"recipe": replace(fakes.RUN.recipe, l1=0.1)},
        {"recipe": replace(fakes.RUN.recipe, attack=0.1)},
        {"recipe": replace(fakes.RUN.recipe, dataset=0)},
        {"distribution": Independent(density=0.1, unit_norm=True)},
    ],
)
def test_what_the_twin_cannot_train_is_not_offered(changes):
    assert choose(Sweep((fakes.RUN,)), ["d"])
    assert choose(Sweep((replace(fakes.RUN, **changes),)), ["d"]) == ()
