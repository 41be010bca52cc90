"""The store: arrays come back as written, damage is never read, and a failed write is an error."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from report import ROOT, files
from report.errors import PipelineError, StoreError
from report.store import index
from report.store.artifacts import Store
from report.store.shard_file import Damaged, decode, encode
from sup.canonical import content_digest
from sup.saved import results_digest, run_digests
from tests.report.workbench import KERNEL, arrays_of, runs, shard


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def store(tmp_path, warnings):
    return Store(tmp_path / "store", warnings.append)


def fill(store, one):
    """Writes a trained shard; returns the store, reopened."""
    store.write(one, arrays_of(one.runs, one.snapshots), "smoke/tiny/models")
    return Store(store.root, store.warn)


kinds = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_])
inner = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@settings(max_examples=40)
@given(data=st.data())
def test_arrays_come_back_bit_for_bit(data):
    one = shard(data.draw(st.integers(1, 3)))
    arrays = {
        name: data.draw(hnp.arrays(data.draw(kinds), (len(one.runs), *data.draw(inner))))
        for name in data.draw(st.lists(st.text("abcW_", min_size=1), min_size=1, max_size=3, unique=True))
    }
    content, digests = encode(one, arrays)
    back, again = decode(one, content)
    assert digests == again == tuple(content_digest({name: a[i] for name, a in arrays.items()}) for i in range(len(one.runs)))
    assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()} == {
        name: (a.dtype, a.shape, a.tobytes()) for name, a in back.items()
    }
    assert encode(one, dict(reversed(arrays.items())))[0] == content, "the same results give the same bytes"


def test_loaded_arrays_cannot_be_written_to(store):
    one = shard()
    arrays, _ = fill(store, one).read(one)
    with pytest.raises(ValueError, match="read-only"):
        arrays["W"][0] = 0


def test_an_engine_that_forgets_the_run_axis_is_refused(store):
    with pytest.raises(PipelineError, match=r"gave W of shape \(2, 5\) for 6 runs; its first axis is the run"):
        store.write(shard(), {"W": np.zeros((2, 5), np.float32)}, "x")


def test_the_digest_of_results_is_of_the_runs_in_order():
    digests = run_digests(arrays_of(shard().runs))
    assert len(set(digests)) == 6
    assert results_digest(digests) != results_digest(digests[::-1])


def described(change):
    """Damages a file by changing the JSON of its header, which keeps its form."""

    def damage(data):
        end = 8 + int.from_bytes(data[:8], "little")
        text = json.dumps(change(json.loads(data[8:end]))).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text + data[end:]

    return damage


DEEP = 200_000
DAMAGES = {
    "a deep header": lambda data: (2 * DEEP).to_bytes(8, "little") + b"[" * DEEP + b"]" * DEEP,
    "a deep description": described(lambda header: header | {"__metadata__": {"sup": "[" * DEEP + "]" * DEEP}}),
    "no description": described(lambda header: header | {"__metadata__": {"sup": "{}"}}),
    "a description that is no text": described(lambda header: header | {"__metadata__": {}}),
    "cut short": lambda data: data[:-1],
    "empty": lambda data: b"",
    "cut in the header": lambda data: data[:40],
    "foreign": lambda data: b"%PDF-1.7 " + data[9:],
    "a flipped bit in an array": lambda data: data[:-3] + bytes([data[-3] ^ 4]) + data[-2:],
    "a longer file": lambda data: data + b"\0",
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "index lost"])
def test_a_damaged_file_is_found_moved_aside_and_reported_once(store, warnings, damage, indexed):
    one = shard()
    path = store.path(one.key)
    store = fill(store, one)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    if not indexed:
        store.index.path.unlink()
    assert store.find(one, "smoke/tiny/models", thorough=True) is None
    assert store.find(one, "smoke/tiny/models", thorough=True) is None
    assert not path.exists() and (store.root / "damaged" / path.name).exists()
    assert len(warnings) == 1 and "is damaged" in warnings[0] and "it is made again" in warnings[0]
    assert one.key in store.damaged


@settings(max_examples=150)
@given(st.data())
def test_any_flipped_bit_is_noticed(data):
    one = shard(1)
    content, _ = encode(one, arrays_of(one.runs))
    position, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    altered = bytearray(content)
    altered[position] ^= 1 << bit
    with pytest.raises(Damaged):
        arrays, _ = decode(one, bytes(altered))
        # spaces that pad the header mean nothing: only the file's digest in the index notices a flip there
        assert {name: a.tobytes() for name, a in arrays.items()} == {name: a.tobytes() for name, a in arrays_of(one.runs).items()}
        raise Damaged("nothing that is read was altered")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (shard(first=7), "other runs"),
        (shard(snapshots=(0, 5)), "snapshots"),
        (shard(engine=type(KERNEL)(name="kernel", device="cpu", code="d" * 64)), "code"),
    ],
)
def test_a_file_of_other_runs_under_this_name_is_refused(store, warnings, other, words):
    one = shard()
    fill(store, other)
    os.rename(store.path(other.key), store.path(one.key))
    store = Store(store.root, warnings.append)
    assert store.find(one, "smoke/tiny/models") is None
    assert words in warnings[0]


def test_moving_aside_never_overwrites_what_was_moved_before(store):
    one = shard()
    for _ in range(3):
        opened = fill(store, one)
        opened.path(one.key).write_bytes(b"x")
        opened.find(one, "x", thorough=True)
    assert len(list((store.root / "damaged").iterdir())) == 3


def test_planning_reads_the_index_and_not_the_files(store, monkeypatch):
    one = shard()
    store = fill(store, one)
    monkeypatch.setattr(Store, "_load", lambda *_: pytest.fail("a file was read"))
    entry = store.find(one, "smoke/tiny/models")
    assert entry and entry.runs == 6 and entry.results_digest == results_digest(run_digests(arrays_of(one.runs)))


def test_a_lost_index_is_made_again_from_the_files(store):
    one = shard()
    store = fill(store, one)
    before = store.find(one, "smoke/tiny/models")
    store.index.path.unlink()
    again = Store(store.root)
    assert again.find(one, "smoke/tiny/models") == before
    assert Store(store.root).index.lines == [before]


@pytest.mark.parametrize(
    "line",
    ["", "{", '{"key": 3}', "[]", '{"key": "k", "runs": "six"}', "\udcff not utf-8", "null", "[" * DEEP, "NaN", "1" * 5000],
)
def test_lines_that_are_not_entries_are_skipped(store, line):
    one = shard()
    store = fill(store, one)
    text = store.index.path.read_text()
    store.index.path.write_bytes(f"{line}\n{text}{text[:50]}".encode(errors="surrogateescape"))
    assert [entry.key for entry in Store(store.root).index.lines] == [one.key]


def test_the_index_is_read_even_if_annotations_are_texts(store, monkeypatch):
    entry = fill(store, one := shard()).find(one, "smoke/tiny/models")
    source = Path(index.__file__).read_text(encoding="utf-8")
    module = ModuleType("report.store.index_of_texts")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(f"from __future__ import annotations\n{source}", index.__file__, "exec"), vars(module))
    assert [asdict(line) for line in module.Index(store.index.path).lines] == [asdict(entry)]


def test_an_index_line_without_a_file_counts_as_absent(store):
    one = shard()
    store = fill(store, one)
    store.path(one.key).unlink()
    assert Store(store.root).find(one, "x") is None


def test_a_file_that_another_build_wrote_anew_is_adopted(store, warnings):
    one = shard()
    store = fill(store, one)
    other = {name: a + 1 for name, a in arrays_of(one.runs).items()}
    store.path(one.key).write_bytes(encode(one, other)[0])
    entry = Store(store.root, warnings.append).find(one, "x", thorough=True)
    assert entry and entry.results_digest == results_digest(run_digests(other)) and not warnings


# root may write anywhere, so a read-only store is one whose system calls fail, or whose folder is a file
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "not allowed"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
    ],
)
def test_a_store_that_cannot_be_written_says_so_and_leaves_nothing(store, monkeypatch, number, words):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    one = shard()
    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(StoreError, match=rf"cannot write .*{one.key}.*{words}.*pass STORE=another folder, and run again"):
        store.write(one, arrays_of(one.runs), "x")
    assert list(store.shards.iterdir()) == []


def test_a_file_in_place_of_the_store_is_reported(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for store in (Store(tmp_path / "file"), Store(tmp_path / "file" / "below")):
        with pytest.raises(StoreError, match=r"a file is in the place of a folder.*STORE=another folder"):
            store.probe()


def test_a_full_disk_leaves_no_partial_file(tmp_path):
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from report.store.artifacts import Store\n"
        "from report.errors import StoreError\n"
        "from tests.report.workbench import arrays_of, shard\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "one = shard(40)\n"
        "try: Store(Path(sys.argv[1])).write(one, arrays_of(one.runs), 'x')\n"
        "except StoreError as problem: print(problem); sys.exit(2)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2, ran.stderr
    assert "a file cannot grow that large here. Finished work is kept. Free some space" in ran.stdout
    assert list((tmp_path / "shards").iterdir()) == []


def test_leftovers_of_killed_builds_are_removed_when_they_are_old(store):
    names = ("shards/x.safetensors", "figures/key", "sweeps/key.json", "notebooks/key", "index.jsonl")
    old, new = ([files.temporary_name(store.root / name) for name in names] for _ in range(2))
    for path in (*old, *new):
        path.mkdir(parents=True) if path.parent.name == "figures" else path.parent.mkdir(parents=True, exist_ok=True)
        (path / "light.svg" if path.is_dir() else path).write_bytes(b"half")
    for path in old:
        os.utime(path, (0, 0))
    assert store.sizes == {} and all(path.exists() for path in old), "looking removes nothing"
    store.tidy()
    assert all(path.exists() for path in new) and not any(path.exists() for path in old)


def test_files_that_already_hold_the_bytes_are_left_alone(tmp_path):
    path = tmp_path / "deep" / "file"
    assert files.write_if_changed(path, b"one")
    os.utime(path, (1, 1))
    assert not files.write_if_changed(path, b"one")
    assert path.stat().st_mtime == 1
    assert files.write_if_changed(path, b"two") and path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_shard_files_hold_what_a_stranger_needs_to_check_them(store):
    from safetensors import safe_open

    one = shard(snapshots=(0, 1000))
    fill(store, one)
    with safe_open(store.path(one.key), framework="np") as opened:
        facts = json.loads(opened.metadata()["sup"])
        assert sorted(opened.keys()) == ["W", "b", "final_loss", "snapshot_W", "snapshot_loss"]
    assert facts["key"] == one.key and facts["snapshots"] == [0, 1000] and facts["engine"] == "kernel"
    assert len(facts["specs"]) == len(facts["digests"]) == len(runs().runs)


def test_a_folder_in_place_of_a_file_is_moved_aside(store, warnings):
    one = shard()
    store.path(one.key).mkdir(parents=True)
    assert store.find(one, "x") is None and "it is not a file" in warnings[0]
    assert not store.path(one.key).exists()
