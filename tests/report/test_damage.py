"""Whatever happens to a file of the store, the next build finds it, makes it again, and ends with the same bytes."""

import os
import shutil

import pytest

from report.errors import StoreError
from tests.report.test_workshop import artifacts
from tests.report.workbench import FakeEngine, shop

FILES = (
    "shards/*.safetensors",
    "index.jsonl",
    "figures/*/record.json",
    "figures/*/data.json",
    "figures/*/findings.json",
    "figures/*/light.svg",
    "figures/*/dark.webp",
    "drawn.jsonl",
    "sweeps/*.json",
    "sweeps/*.safetensors",
    "timings.json",
)


def rewritten(change):
    return lambda path, other: path.write_bytes(change(path.read_bytes()))


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x80]) + data[middle + 1 :]


def as_folder(path, other):
    path.unlink()
    (path / "inside").mkdir(parents=True)


def as_link(target):
    def damage(path, other):
        path.unlink()
        path.symlink_to(target)

    return damage


DAMAGES = {
    "cut short": rewritten(lambda data: data[: len(data) // 2]),
    "a flipped bit": rewritten(flipped),
    "emptied": rewritten(lambda data: b""),
    "longer": rewritten(lambda data: data + b"{}\n"),
    "another of its kind": lambda path, other: shutil.copy(other, path),
    "gone": lambda path, other: path.unlink(),
    "a folder": as_folder,
    "a link to nothing": as_link("nowhere"),
    "a link to itself": lambda path, other: as_link(path.name)(path, other),
    "a link to a folder": as_link(".."),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A folder with a store to damage, and one whose files are of the same kinds and differ."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    shop(one).make()
    shop(two, seeds=4).make()
    return one, two


@pytest.mark.parametrize("pattern", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again_to_the_same_bytes(stores, tmp_path, pattern, damage):
    before, folder = artifacts(stores[0]), tmp_path / "copy"
    shutil.copytree(stores[0], folder)
    (path,), (other,) = (list((root / "store").glob(pattern)) for root in (folder, stores[1]))
    DAMAGES[damage](path, other)
    warnings, engine = [], FakeEngine()
    records = shop(folder, engine, warn=warnings.append).make()
    assert artifacts(folder) == before
    assert [record.key for record in records] == [record.key for record in shop(stores[0]).make()]
    assert len(engine.calls) == (pattern.startswith("shards/")), "nothing but a lost shard is trained"
    if pattern.startswith(("shards/", "figures/")) and damage != "gone":
        assert len(warnings) == 1 and "is damaged" in warnings[0] and "it is made again" in warnings[0]
    assert not shop(folder, FakeEngine(fail_after=0)).plan()[0].reason, "a second build has nothing to do"


@pytest.mark.parametrize("pattern", FILES[:2])
def test_a_file_that_may_not_be_read_is_named_and_left_alone(stores, tmp_path, pattern):
    folder = tmp_path / "copy"
    shutil.copytree(stores[0], folder)
    (path,) = (folder / "store").glob(pattern)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(StoreError, match=rf"cannot read .*{path.name}: reading there is not allowed\. Fix it, or pass STORE="):
        shop(folder, FakeEngine(fail_after=0)).make()
    path.chmod(0o644)
    shop(folder, FakeEngine(fail_after=0)).make()
    assert artifacts(folder) == artifacts(stores[0])
