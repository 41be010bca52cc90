"""Packing: a folder of shards and an index, the same bytes each time."""

import pytest

from report import lock, options, workshop
from report.__main__ import main
from report.errors import PipelineError, StoreError
from report.options import parse
from report.pack import pack
from report.store.artifacts import Store
from report.store.index import Index
from tests.report.packs import shard_files, train_and_pack, workers
from tests.report.workbench import contents


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The lines of a lock of what was trained in the folder `trained`."""
    lines = train_and_pack(tmp_path)
    monkeypatch.setattr(lock, "read", lambda: list(lines))
    return lines


@pytest.fixture
def packed(trained, tmp_path):
    return tmp_path / "packed"


def test_a_pack_holds_the_shards_and_an_index_of_them(packed, tmp_path):
    assert {path.name for path in packed.iterdir()} == {"shards", "index.jsonl"}
    assert contents(packed / "shards") == contents(tmp_path / "trained/store/shards") and len(shard_files(packed)) == 10
    entries = Index(packed / "index.jsonl").lines
    assert [entry.key for entry in entries] == [path.stem for path in shard_files(packed)]
    assert set(entries) == set(Index(tmp_path / "trained/store/index.jsonl").lines)


def test_packing_again_gives_the_same_bytes(trained, packed, tmp_path):
    before = contents(packed)
    pack(workers(tmp_path / "trained"), packed, trained)
    assert contents(packed) == before
    pack(workers(tmp_path / "trained"), tmp_path / "second", trained)
    assert contents(tmp_path / "second") == before


def test_two_packs_in_one_folder_add_up_in_either_order(trained, packed, tmp_path):
    for folder, names in (("ab", ("tiny", "other")), ("ba", ("other", "tiny"))):
        for name in names:
            pack(workers(tmp_path / "trained", names=(name,)), tmp_path / folder, trained)
            kept = len(shard_files(tmp_path / folder))
            assert kept == (5 if name == names[0] else 10)
    assert contents(tmp_path / "ab") == contents(tmp_path / "ba") == contents(packed)


def test_a_pack_says_how_much_of_it_the_lock_vouches_for(trained, tmp_path):
    one = pack(workers(tmp_path / "trained"), tmp_path / "p", trained)
    assert (one.shards, one.sweeps, one.vouched) == (10, 2, 2)
    assert one.size == sum(path.stat().st_size for path in shard_files(tmp_path / "p"))
    assert pack(workers(tmp_path / "trained"), tmp_path / "p", trained[:1]).vouched == 1


def test_what_is_not_trained_cannot_be_packed(tmp_path):
    words = (
        r"PACK needs all models of profile smoke, and some are not trained: tiny/models, other/models\. Run `make report PROFILE"
    )
    with pytest.raises(PipelineError, match=words):
        pack(workers(tmp_path / "empty"), tmp_path / "p", [])
    assert not (tmp_path / "p").exists()


def test_a_damaged_shard_is_not_packed(trained, tmp_path):
    path = shard_files(tmp_path / "trained/store")[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    warnings = []
    made = workers(tmp_path / "trained")
    made.store = Store(made.store.root, warnings.append, read_only=True)
    with pytest.raises(PipelineError, match="some are not trained"):
        pack(made, tmp_path / "p", trained)
    assert path.exists() and "A build moves it aside and makes it again" in warnings[0]


def test_a_folder_that_cannot_be_packed_into_is_named(trained, tmp_path):
    with pytest.raises(PipelineError, match="PACK is a folder for copies from the store; got the store itself"):
        pack(workers(tmp_path / "trained"), tmp_path / "trained/store", trained)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"cannot write .*: a file is in the place of a folder.* pass PACK=another folder"):
        pack(workers(tmp_path / "trained"), tmp_path / "file", trained)


def run_tiny(monkeypatch, folder):
    def opened(options, device, profile):
        made = workers(folder)
        made.fetch = options.fetch
        return made

    monkeypatch.setattr(workshop, "open_workshop", opened)


def test_the_command_packs_and_says_what_for(trained, tmp_path, monkeypatch, capsys):
    run_tiny(monkeypatch, tmp_path / "trained")
    before = contents(tmp_path / "trained/store")
    assert main(["pack", "--device", "cpu", "--pack", str(tmp_path / "p")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Packed 10 shards of profile smoke (0.") and out.count("\n") == 1
    assert out.endswith(f"MB) into {tmp_path / 'p'}. `make report PROFILE=smoke FETCH=`, with its address, trains nothing.\n")
    assert contents(tmp_path / "trained/store") == before
    monkeypatch.setattr(lock, "read", lambda: trained[:1])
    assert main(["pack", "--device", "cpu", "--pack", str(tmp_path / "p")]) == 0
    words = "A build with FETCH takes 1 of their 2 sweeps and trains the others, whose results artifacts.lock does not list."
    assert words in capsys.readouterr().out
    assert main(["pack", "--device", "cpu"]) == 2
    assert "PACK is the folder that gets the models, and none is given. Pass PACK=folder." in capsys.readouterr().err


def test_the_commands_that_show_results_fetch_and_those_that_vouch_for_them_do_not(monkeypatch):
    monkeypatch.setenv("FETCH", "https://example.org/store")
    monkeypatch.setenv("PACK", "/packed")
    takes = {command for command in options.COMMANDS if parse([command]).fetch}
    assert takes == {"build", "values", "claims"}
    assert [command for command in options.COMMANDS if parse([command]).pack] == ["pack"]
    assert workshop.open_workshop(parse(["build"]), "cpu", "smoke").fetch == "https://example.org/store"
    for command in ("verify", "lock"):
        assert workshop.open_workshop(parse([command]), "cpu", "smoke").fetch == ""
