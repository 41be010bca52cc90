"""A build that is killed at any change of its folder, once or again and again, ends with the bytes of one that was not."""

import random

import pytest

from tests.faults.builds import HOW, TINY, Build, contents, processes
from tests.report.workbench import tree

NOT_COMPARED = ("store/timings.json", "store/drawn.jsonl", "store/index.jsonl", "store/damaged", "code/")
"""Seconds; the history of drawings, which has a line for each time a figure was drawn, and none for a build killed before it;
the index, in the order in which shards came. Nor are leftovers of killed builds, which are removed an hour later."""


def tiny(folder, workers=2):
    """The build of two figures with a few runs that are not really trained."""
    if not folder.exists():
        tree(folder / "code")
    return Build(folder, ("-c", TINY, "{folder}", str(workers)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a build that nothing disturbs, and how many changes it makes."""
    folder = tmp_path_factory.mktemp("whole") / "built"
    changes = tiny(folder).run()
    assert changes > 40
    return contents(folder, NOT_COMPARED), changes


def resumed(folder, moments, how, workers=2):
    """The files after a build in `folder` was killed at the moments, one after the other, and then ended."""
    for moment in moments:
        tiny(folder, workers).run(moment, how)
    tiny(folder, workers).run()
    return contents(folder, NOT_COMPARED)


@pytest.mark.parametrize("how", ["one", "group"])
@pytest.mark.parametrize("part", range(5))
def test_killed_once(tmp_path, whole, part, how):
    expected, changes = whole
    moment = random.Random(f"{part} {how}").randrange(1, changes + 1)
    assert resumed(tmp_path / "built", [moment], how) == expected, moment


@pytest.mark.parametrize("part", range(2))
def test_killed_again_and_again(tmp_path, whole, part):
    expected, changes = whole
    chance = random.Random(part)
    moments = [chance.randrange(1, changes // 2) for _ in range(4)]
    assert resumed(tmp_path / "built", moments, chance.choice(["one", "group"])) == expected, moments


@pytest.mark.soak
@pytest.mark.parametrize("how", ["one", "group"])
def test_killed_at_every_change(tmp_path, whole, how, ledger):
    expected, changes = whole
    for moment in range(1, changes + 1):
        assert resumed(tmp_path / str(moment), [moment], how) == expected, moment
        ledger("builds of two figures killed, at each change of their folder", HOW[how])


def test_two_builds_at_once_on_one_store_end_alike(tmp_path, whole):
    """Both train what is missing and publish it under the same names; a reader never sees half a file."""
    import threading

    folder = tmp_path / "built"
    builds = [threading.Thread(target=tiny(folder).run) for _ in range(3)]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    assert contents(folder, NOT_COMPARED) == whole[0] and not processes(f"FAULT_UNDER={folder}")
