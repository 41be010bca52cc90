"""Whole builds of the smoke profile, killed at random moments, from the first shard to the last page."""

import random

import pytest

from tests.faults.builds import HOW, Build, contents

NOT_COMPARED = (
    *("store/timings.json", "store/drawn.jsonl", "store/index.jsonl", "store/damaged", ".site-"),
    *("store/docs/smoke/costs.md", "site/costs.html", "site/.stamp"),  # seconds, and a digest of them
)
ROUNDS, KILLS = 10, 5

pytestmark = pytest.mark.soak


def smoke(folder):
    """The build of the smoke profile into a folder."""
    options = ["--profile", "smoke", "--device", "cpu", "--store", "{folder}/store", "--out", "{folder}/site"]
    folder.mkdir(exist_ok=True)
    return Build(folder, ("-m", "report", "build", *options))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a build that nothing disturbs, and how many changes it makes."""
    folder = tmp_path_factory.mktemp("whole") / "built"
    changes = smoke(folder).run()
    return contents(folder, NOT_COMPARED), changes


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_build_that_is_killed_ends_with_the_same_bytes(tmp_path, whole, turn, ledger):
    expected, changes = whole
    chance, build = random.Random(turn), smoke(tmp_path / "built")
    for _ in range(KILLS):
        moment = int(changes ** chance.random()) if chance.random() < 0.5 else chance.randrange(1, changes)  # early ones as well
        build.run(moment, how := chance.choice(["one", "group"]))
        ledger("whole builds killed, at random changes of their folder", HOW[how])
    build.run()
    found = contents(build.folder, NOT_COMPARED)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
