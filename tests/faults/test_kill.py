"""A build that is killed at any change of its folder, once or again and again, ends with the bytes of one that was not."""

import random
import threading

import pytest

from tests.faults.builds import HOW, assert_same, processes, tiny


def resume(folder, moments, how, undisturbed):
    """Kills a build in `folder` at the moments, one after the other, and then lets it end and compares."""
    for moment in moments:
        tiny(folder).run(moment, how)
    tiny(folder).run()
    assert_same(folder, undisturbed)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("part", range(5))
def test_killed_once(tmp_path, tiny_build, part, how):
    moment = random.Random(f"{part} {how}").randrange(1, tiny_build.changes + 1)
    resume(tmp_path / "built", [moment], how, tiny_build)


@pytest.mark.parametrize("part", range(2))
def test_killed_again_and_again(tmp_path, tiny_build, part):
    assert tiny_build.changes > 40
    chance = random.Random(part)
    moments = [chance.randrange(1, tiny_build.changes // 2) for _ in range(4)]
    resume(tmp_path / "built", moments, chance.choice(list(HOW)), tiny_build)


@pytest.mark.soak
@pytest.mark.parametrize("how", HOW)
def test_killed_at_every_change(tmp_path, tiny_build, how, ledger):
    for moment in range(1, tiny_build.changes + 1):
        resume(tmp_path / str(moment), [moment], how, tiny_build)
        ledger("Builds of two figures killed before each change of their folder", HOW[how])


def test_builds_at_once_on_one_store_end_alike(tmp_path, tiny_build):
    """All train what is missing and publish it under the same names; a reader never sees half a file."""
    folder = tmp_path / "built"
    builds = [threading.Thread(target=tiny(folder).run) for _ in range(3)]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    assert_same(folder, tiny_build)
    assert not processes(f"FAULT_UNDER={folder}")
