"""Whole builds of the smoke profile, killed at random moments, from the first shard to the last page."""

import random

import pytest

from tests.faults.builds import HOW, assert_same, smoke

ROUNDS, KILLS = 10, 5

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_build_that_is_killed_ends_with_the_same_bytes(tmp_path, smoke_build, turn, ledger):
    changes = smoke_build.changes
    chance, build = random.Random(turn), smoke(tmp_path / "built")
    for _ in range(KILLS):
        moment = int(changes ** chance.random()) if chance.random() < 0.5 else chance.randrange(1, changes)  # early ones as well
        build.run(moment, how := chance.choice(list(HOW)))
        ledger("Whole builds killed before random changes of their folder", HOW[how])
    build.run()
    assert_same(build.folder, smoke_build)
