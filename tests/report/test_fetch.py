"""Fetching from a packed store: the same bytes without training; a wrong, dead or slow store costs only time."""

import contextlib
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from report import ROOT, build, fetch, lock
from report.engines import Engine
from report.errors import Interrupted, StoreError
from report.pack import pack
from report.pages import render
from report.store import remote
from report.store.artifacts import Store
from report.store.index import Index
from tests.report.packs import HERE, Site, shard_files, train_and_pack, workers
from tests.report.workbench import FakeEngine, arrays_of, contents, runs


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(remote, "PAUSE", 0.01)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The lines of the lock: both figures were trained in the folder `trained` and packed into `packed`."""
    lines = train_and_pack(tmp_path)
    monkeypatch.setattr(lock, "read", lambda: list(lines))
    return lines


@pytest.fixture
def packed(trained, tmp_path):
    return tmp_path / "packed"


@pytest.fixture
def site(packed):
    site = Site(packed)
    yield site
    site.close()


def fetched(folder, address, **changes):
    """Trains in another folder with FETCH; returns the number of runs that were trained there."""
    trainer = FakeEngine()
    made = workers(folder, trainer, fetch=address, **changes)
    made.train(forced=made.forced)
    return sum(len(specs) for specs in trainer.calls)


def same(one, two, room="shards"):
    """Whether the stores of two folders have the same files in a room, and at least one."""
    return contents(one / "store" / room) == contents(two / "store" / room) != {}


def pages(folder, lines):
    """The pages of a build of `tiny`, by name, without the times."""
    made = workers(folder, names=("tiny",))
    templates = folder / "templates"
    (templates / "assets").mkdir(parents=True)
    for name in ("parts", "references.bib"):
        (templates / name).symlink_to(render.TEMPLATES / name)
    (folder / "mkdocs.yml").write_text("nav:\n  - Home: index.md\n")
    (templates / "index.md").write_text('# Home\n\n{{ figure("tiny", "A line.") }}\n\n{{ value("tiny.loss") }}\n')
    render.write(build.build_record(made, made.make(), lines), folder / "docs", templates=templates, config=folder / "mkdocs.yml")
    return contents(folder / "docs")


def test_a_build_that_fetches_trains_nothing_and_gives_the_same_bytes(trained, site, tmp_path, capsys):
    assert fetched(tmp_path / "there", site.address) == 0
    err = capsys.readouterr().err
    assert f"Fetched 20 runs from {site.address} in " in err and "s; artifacts.lock vouches for them.\n" in err
    assert "here" not in err and "Trained" not in err
    assert site.asked.count("index.jsonl") == 1 and len(site.shards()) == len(set(site.shards())) == 10
    assert same(tmp_path / "trained", tmp_path / "there")
    lines = [sorted(Index(tmp_path / name / "store/index.jsonl").path.read_text().split("\n")) for name in ("trained", "there")]
    assert lines[0] == lines[1]
    assert pages(tmp_path / "trained", trained) == pages(tmp_path / "there", trained) != {}
    assert same(tmp_path / "trained", tmp_path / "there", "figures")


@pytest.mark.parametrize("address", ["packed", "trained/store"], ids=["a packed store", "any store"])
def test_a_folder_is_an_address(packed, tmp_path, address):
    assert fetched(tmp_path / "there", str(tmp_path / address)) == 0
    assert same(tmp_path / "trained", tmp_path / "there")


def test_other_file_systems_of_fsspec_are_addresses(packed, tmp_path):
    import fsspec

    bucket = fsspec.filesystem("memory")
    bucket.put(str(packed), "/bucket/store", recursive=True)
    try:
        assert fetched(tmp_path / "there", "memory://bucket/store/") == 0
    finally:
        bucket.rm("/bucket", recursive=True)
    assert same(tmp_path / "trained", tmp_path / "there")


def test_a_build_with_nothing_missing_makes_no_request(site, tmp_path):
    fetched(tmp_path / "there", site.address)
    site.asked.clear()
    assert fetched(tmp_path / "there", site.address) == 0 and site.asked == []


def test_only_what_is_missing_is_fetched_and_what_is_here_is_checked_with_it(site, tmp_path, capsys):
    fetched(tmp_path / "there", site.address)
    gone = shard_files(tmp_path / "there/store")[:3]
    for path in gone:
        path.unlink()
    site.asked.clear()
    assert fetched(tmp_path / "there", site.address) == 0
    assert sorted(site.shards()) == [f"shards/{path.name}" for path in gone]
    assert same(tmp_path / "trained", tmp_path / "there")
    assert "Fetched 6 runs" in capsys.readouterr().err


def test_a_build_that_is_forced_trains(site, tmp_path):
    fetched(tmp_path / "there", site.address)
    assert fetched(tmp_path / "there", site.address, forced=True) == 20


def test_shards_that_two_sweeps_share_are_fetched_once(trained, site, tmp_path):
    def twice(made):
        made.module("tiny").needs = lambda size: {name: runs(size.seeds, steps=size.steps) for name in ("models", "again")}
        return made

    engine = FakeEngine()
    twice(workers(tmp_path / "there", engine, names=("tiny",), fetch=site.address)).train()
    assert engine.calls == [] and len(site.shards()) == 5


# What may go wrong: each case costs training, and none gives other numbers


def expect_training(tmp_path, address, count, *words, capsys, **changes):
    """A build trains `count` runs, says why, and its results are those of the store that trained everything."""
    assert fetched(tmp_path / "there", address, **changes) == count
    err = capsys.readouterr().err
    for text in words:
        assert text in err, err
    assert same(tmp_path / "trained", tmp_path / "there")
    assert not (tmp_path / "there/store/damaged").exists()
    assert "Traceback" not in err
    return err


def spoil(packed, change):
    """Changes the bytes of a shard of `tiny`; returns its name."""
    name = next(entry.key for entry in Index(packed / "index.jsonl").lines if entry.label == "smoke/tiny/models")
    path = packed / f"shards/{name}.safetensors"
    change(path)
    return f"shards/{path.name}"


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flip_a_bit, "the bytes of {} do not have the SHA-256 in the index there"),
        (lambda path: path.write_bytes(path.read_bytes()[:-7]), " bytes, and "),
        (lambda path: path.write_bytes(b"<html>It works!</html>"), "{} has 22 bytes, and "),
        (lambda path: path.unlink(), "{} is not there"),
    ],
    ids=["a flipped bit", "cut short", "another file", "a missing file"],
)
def test_a_sweep_with_a_wrong_file_is_trained(packed, site, tmp_path, capsys, change, words):
    name = spoil(packed, change)
    reason = "To train here: 10 runs, since smoke/tiny/models cannot be fetched: "
    err = expect_training(tmp_path, site.address, 10, "Fetched 10 runs", reason, words.format(name), capsys=capsys)
    assert err.count("To train here") == 1


@pytest.mark.parametrize("size", [10**15, 2**63, -1, 0])
def test_a_size_that_no_runs_have_is_refused_before_anything_is_read(packed, site, tmp_path, capsys, size):
    path = packed / "index.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row | {"size": size} if "/tiny/" in row["label"] else row) + "\n" for row in rows))
    words = f"{size:,} bytes in the index there, and its runs take at most 1,"
    expect_training(tmp_path, site.address, 10, "Fetched 10 runs", words, capsys=capsys)


def test_an_index_of_hostile_lines_writes_nothing_outside_the_store(packed, site, tmp_path, capsys):
    path, outside = packed / "index.jsonl", tmp_path / "there/outside.safetensors"
    row = json.loads(path.read_text().splitlines()[0])
    hostile = [row | {"key": key} for key in ("../../outside", str(outside).removesuffix(".safetensors"), "a/b", "", ".", "\0")]
    hostile += [row | {"file": "../x", "runs": 10**18, "part": -5}, row | {"label": "../../x"}]
    path.write_text("".join(json.dumps(each) + "\n" for each in hostile) + path.read_text())
    assert fetched(tmp_path / "there", site.address) == 0 and same(tmp_path / "trained", tmp_path / "there")
    assert {path.name for path in (tmp_path / "there").iterdir()} <= {"code", "store"}


def test_an_index_that_is_too_large_is_refused(packed, site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(remote, "MOST_INDEX", 100)
    expect_training(tmp_path, site.address, 20, "its index.jsonl has more than 100 bytes", capsys=capsys)


@pytest.mark.parametrize("what", ["index.jsonl", "shards/"])
def test_a_file_without_end_is_read_as_far_as_its_size_alone(packed, site, tmp_path, monkeypatch, capsys, what):
    monkeypatch.setattr(remote, "MOST_INDEX", max(10_000, (packed / "index.jsonl").stat().st_size))
    sent = []

    def endless(handler, name):
        if not name.startswith(what):
            return False
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(1000):
                handler.wfile.write(bytes(1_000_000))
                sent.append(name)
        handler.close_connection = True
        return True

    site.answers = endless
    words = "its index.jsonl has more than " if what == "index.jsonl" else " has more bytes, and "
    expect_training(tmp_path, site.address, 20, words, capsys=capsys)
    assert max(Counter(sent).values(), default=0) < 100, "much more was read than the file may have"


def test_a_file_system_that_gives_parts_alone_is_asked_for_one(monkeypatch):
    there, asked = remote.Remote("http://127.0.0.1:1/x"), []

    def cat_file(path, **limits):
        asked.append(limits)
        return b"part"

    async def open_async(*arguments, **options):
        raise NotImplementedError

    monkeypatch.setattr(there._place[0], "open_async", open_async, raising=False)
    monkeypatch.setattr(there._place[0], "cat_file", cat_file, raising=False)
    assert there.read("name", 100) == b"part"
    assert asked == [{"start": 0, "end": 101, "timeout": remote.PATIENCE + 100 / remote.SLOWEST}]


def test_a_file_that_the_server_refuses_counts_as_missing(site, tmp_path, capsys):
    first = f"shards/{Index(tmp_path / 'packed/index.jsonl').lines[0].key}"
    site.answers = lambda handler, name: name.startswith(first) and not handler.send_error(403, "Forbidden")
    expect_training(tmp_path, site.address, 10, "is not handed out (ClientResponseError: 403", capsys=capsys)


def relist(packed, change):
    """Rewrites the index of a packed store, as its owner could."""
    rows = [json.loads(line) for line in (packed / "index.jsonl").read_text().splitlines()]
    (packed / "index.jsonl").write_text("".join(f"{json.dumps(change(row))}\n" for row in rows))


def test_a_store_whose_files_and_index_agree_on_wrong_numbers_is_found_out(packed, site, tmp_path, capsys):
    """Arrays of another training, encoded under the right keys: only the lock can tell."""
    wrong = workers(tmp_path / "wrong", lambda specs, snapshots: {n: a / 2 for n, a in arrays_of(specs, snapshots).items()})
    wrong.make()
    pack(wrong, packed, [])
    words = (
        "since smoke/tiny/models cannot be fetched: with what came, its results have the digest ",
        " in artifacts.lock; what came is thrown away.",
        f"Fetched nothing from {site.address}.",
    )
    err = expect_training(tmp_path, site.address, 20, *words, capsys=capsys)
    assert err.count("is thrown away") == 2 and len(site.shards()) == 10


def test_one_wrong_shard_among_right_ones_is_found_out(trained, packed, site, tmp_path, capsys):
    wrong = workers(tmp_path / "wrong", lambda specs, snapshots: {n: a / 2 for n, a in arrays_of(specs, snapshots).items()})
    wrong.make()
    key = next(entry.key for entry in Index(packed / "index.jsonl").lines if entry.label == "smoke/other/models")
    (packed / f"shards/{key}.safetensors").write_bytes(wrong.store.path(key).read_bytes())
    other = {entry.key: entry for entry in Index(wrong.store.root / "index.jsonl").lines}[key]
    relist(packed, lambda row: row | {"file": other.file, "size": other.size} if row["key"] == key else row)
    expect_training(
        tmp_path, site.address, 10, "smoke/other/models cannot be fetched: with what came, its results", capsys=capsys
    )


def test_a_file_of_other_runs_under_a_right_name_is_damaged(packed, site, tmp_path, capsys):
    one, two = [entry for entry in Index(packed / "index.jsonl").lines if entry.label == "smoke/tiny/models"][:2]
    (packed / f"shards/{one.key}.safetensors").write_bytes((packed / f"shards/{two.key}.safetensors").read_bytes())
    relist(packed, lambda row: row | {"file": two.file, "size": two.size} if row["key"] == one.key else row)
    expect_training(tmp_path, site.address, 10, f"shards/{one.key}.safetensors is damaged: it holds other runs", capsys=capsys)


def test_a_sweep_that_the_lock_does_not_list_is_trained(trained, site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "read", lambda: [line for line in trained if line.name.startswith("tiny")])
    words = "To train here: 10 runs, since artifacts.lock does not list their sweeps, so nothing would vouch for what comes from"
    expect_training(tmp_path, site.address, 10, "Fetched 10 runs", words, capsys=capsys)
    assert len(site.shards()) == 5


def test_without_a_lock_no_request_is_made(site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "read", lambda: [])
    expect_training(tmp_path, site.address, 20, "Fetched nothing", "since artifacts.lock does not list", capsys=capsys)
    assert site.asked == []


def test_a_lock_of_other_specs_or_of_another_engine_vouches_for_nothing(site, trained, tmp_path, monkeypatch, capsys):
    others = [type(line)(line.name, line.profile, "0" * 64, line.engine, line.results_digest) for line in trained]
    others += [type(line)(line.name, line.profile, line.spec_digest, "torch", line.results_digest) for line in trained]
    monkeypatch.setattr(lock, "read", lambda: others)
    expect_training(tmp_path, site.address, 20, "since artifacts.lock does not list", capsys=capsys)
    assert site.asked == []


def test_a_store_packed_by_other_code_is_reported(site, tmp_path, capsys):
    newer = Engine(name="kernel", device="cpu", code="d" * 64)
    assert fetched(tmp_path / "there", site.address, engine=newer) == 20
    err = capsys.readouterr().err
    assert f"20 runs, since the store at {site.address} was packed by other code (" in err
    assert "(the kernel there is cccccccccccc, the kernel here dddddddddddd)." in err and site.shards() == []


def test_a_store_without_some_runs_gives_the_others(trained, packed, site, tmp_path, capsys):
    keys = {entry.key for entry in Index(packed / "index.jsonl").lines if entry.label == "smoke/other/models"}
    lines = (packed / "index.jsonl").read_text().splitlines(keepends=True)
    (packed / "index.jsonl").write_text("".join(line for line in lines if json.loads(line)["key"] not in keys))
    words = f"To train here: 10 runs, since the store at {site.address} does not hold their sweeps in full."
    expect_training(tmp_path, site.address, 10, "Fetched 10 runs", words, capsys=capsys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "since there is no packed store at {}: index.jsonl is not there."),
        ("<html>It works!</html>\n", "since the index.jsonl at {} lists nothing; `make pack` writes one that does."),
    ],
)
def test_an_address_without_a_packed_store_is_named(packed, site, tmp_path, capsys, text, words):
    (packed / "index.jsonl").unlink()
    if text:
        (packed / "index.jsonl").write_text(text)
    expect_training(tmp_path, site.address, 20, words.format(site.address), capsys=capsys)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1/store", "http://127.0.0.1:1/store cannot be reached: ClientConnectorError: Cannot connect to host"),
        ("nonsense://store", "nonsense://store cannot be reached: ValueError: Protocol not known: nonsense"),
        ("/nowhere/store", "there is no packed store at /nowhere/store: index.jsonl is not there"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(trained, tmp_path, capsys, address, words):
    expect_training(tmp_path, address, 20, f"Fetched nothing from {address}.", f"20 runs, since {words}", capsys=capsys)


def test_a_protocol_whose_package_is_missing_is_named(trained, tmp_path, monkeypatch, capsys):
    from fsspec.registry import known_implementations

    monkeypatch.setitem(known_implementations, "far", {"class": "no_such_package.Far", "err": "Install farfs to access Far"})
    words = "far://store cannot be reached: fsspec lacks a package for such an address (ImportError: Install farfs to access Far)"
    expect_training(tmp_path, "far://store", 20, words, capsys=capsys)


def test_a_server_that_dies_after_the_first_sweep_still_gives_that_one(packed, site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "THREADS", 1)

    def dies(handler, name):
        if len(site.shards()) > 5:
            handler.connection.close()
            raise ConnectionAbortedError
        return False

    site.answers = dies
    site.server.handle_error = lambda *_: None
    words = ("Fetched 10 runs", f"10 runs, since the store at {site.address} stopped answering: ")
    expect_training(tmp_path, site.address, 10, *words, capsys=capsys)


def test_a_server_that_cuts_a_file_short_is_asked_once_more(site, tmp_path, capsys):
    def cut(handler, name):
        if name.startswith("shards/") and site.asked.count(name) == 1:
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.wfile.write(b"half")
            handler.close_connection = True
            return True
        return False

    site.answers = cut
    assert fetched(tmp_path / "there", site.address) == 0
    assert len(site.shards()) == 20 and same(tmp_path / "trained", tmp_path / "there")


def test_a_server_that_answers_too_slowly_is_given_up(site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    stop = threading.Event()
    site.answers = lambda handler, name: name.startswith("shards/") and stop.wait(20)
    words = f"20 runs, since the store at {site.address} stopped answering: shards/"
    start = time.monotonic()
    try:
        err = expect_training(tmp_path, site.address, 20, words, capsys=capsys)
    finally:
        stop.set()
    assert " did not come in 0 s" in err and time.monotonic() - start < 15


def test_a_large_file_may_take_longer(packed, site, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "PATIENCE", 0.1)
    monkeypatch.setattr(remote, "SLOWEST", 500)
    site.answers = lambda handler, name: name.startswith("shards/") and time.sleep(0.3)
    assert min(path.stat().st_size for path in shard_files(packed)) > 2 * 500
    assert fetched(tmp_path / "there", site.address) == 0


def test_a_store_that_cannot_be_written_stops_the_build(site, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/store").write_text("x")
    with pytest.raises(StoreError, match="a file is in the place of a folder"):
        fetched(tmp_path / "there", site.address)


# Ctrl-C

PROGRAM = """
import signal, sys
from pathlib import Path
from report import lock, workshop
from report.__main__ import main
from report.records import LockedSweep
from tests.report.packs import workers
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, address, lines = Path(sys.argv[1]), sys.argv[2], eval(sys.argv[3])
lock.read = lambda: lines
workshop.open_workshop = lambda options, device, profile: workers(folder, fetch=address)
status = main(["claims", "--device", "cpu"])
import os; os._exit(status)
"""


def test_ctrl_c_keeps_the_sweeps_that_are_complete(trained, site, tmp_path):
    stop = threading.Event()
    site.answers = lambda handler, name: len(site.shards()) > 5 and stop.wait(60)
    arguments = [str(tmp_path / "there"), site.address, repr(trained)]
    program = f"from report import fetch; fetch.THREADS = 1\n{PROGRAM}"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=ROOT, **pipes)
    deadline = time.monotonic() + 60
    while len(Store(tmp_path / "there/store").sizes) < 5:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=10)
    finally:
        stop.set()
    assert process.returncode == 130
    assert "interrupted: 5 of 10 shards are fetched and stored. Run the same command again to go on." in err
    assert "Traceback" not in err and len(shard_files(tmp_path / "there/store")) == 5
    site.answers = lambda handler, name: False
    site.asked.clear()
    assert fetched(tmp_path / "there", site.address) == 0 and len(site.shards()) == 5


def test_an_interruption_while_the_index_is_read_is_one_line(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(remote.Remote, "index", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(Interrupted, match="interrupted: 0 of 10 shards are fetched and stored"):
        fetched(tmp_path / "there", "/anywhere")


# A bucket


def free_port():
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return probe.getsockname()[1]


@pytest.mark.skipif(
    not (importlib.util.find_spec("s3fs") and importlib.util.find_spec("moto")), reason="s3fs and moto[server] are not installed"
)
@pytest.mark.filterwarnings("ignore")
def test_a_bucket_is_an_address(packed, tmp_path, monkeypatch, capsys):
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(HERE, free_port())
    server.start()
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    try:
        bucket = s3fs.S3FileSystem()
        bucket.mkdir("models")
        bucket.put(str(packed), "models/store", recursive=True)
        assert fetched(tmp_path / "there", "s3://models/store") == 0
        assert same(tmp_path / "trained", tmp_path / "there")
        bucket.rm(f"models/store/shards/{shard_files(packed)[0].name}")
        shutil.rmtree(tmp_path / "there")
        expect_training(tmp_path, "s3://models/store", 10, "is not there", capsys=capsys)
    finally:
        server.stop()
