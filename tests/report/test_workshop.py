"""A build from nothing to records, and how much of it a change repeats."""

import json
import math
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest

from report import gallery
from report.errors import PipelineError, StoreError
from report.findings import TrainedOn
from report.reasons import Reason
from report.store.artifacts import Store
from report.store.shard_file import Damaged
from report.workshop import Workshop
from sup.canonical import spec_digest
from sup.saved import load, results_digest, run_digests
from tests.report.workbench import KERNEL, FakeEngine, Modules, arrays_of, contents, runs, shop


def artifacts(folder):
    """The artifacts of a store, on which two builds must agree."""
    files = contents(folder / "store")
    return {name: data for name, data in files.items() if name.split("/")[0] in ("shards", "figures", "sweeps")}


@pytest.fixture
def built(tmp_path):
    """A folder in which the tiny figure was built."""
    shop(tmp_path).make()
    return tmp_path


@pytest.fixture
def no_drawing(monkeypatch):
    monkeypatch.setattr("report.draw.files_of", lambda *_, **__: pytest.fail("a figure was drawn"))


def test_a_build_gives_records_with_all_that_pages_need(built):
    (record,) = shop(built).make()
    assert record.name == "tiny" and record.about.label == "F0" and "COLOUR" in record.source
    assert {path.name for path in record.folder.iterdir()} == {
        "light.svg",
        "dark.svg",
        "light.png",
        "dark.png",
        "light.webp",
        "dark.webp",
        "data.json",
        "findings.json",
        "record.json",
    }
    (sweep,) = record.sweeps
    assert (sweep.figure, sweep.name, sweep.engine, sweep.shards) == ("tiny", "models", "kernel", 1)
    assert sweep.shape == "relu-output 5x2, independent" and len(sweep.runs) == 6
    assert sweep.results_digest == results_digest(run.content_digest for run in sweep.runs)
    assert {run.density for run in sweep.runs} == {1.0, 0.1} and all(0 < run.final_loss < 1 for run in sweep.runs)
    assert sweep.seconds is not None and sweep.seconds >= 0
    trained = load(sweep.weights.read_bytes())
    assert [spec_digest(run) for run in trained.runs] == [run.spec_digest for run in sweep.runs]
    assert run_digests(trained.arrays) == tuple(run.content_digest for run in sweep.runs)
    first, second = record.claims
    assert (first.id, first.verdict, first.seeds, first.rows) == ("C0", "reproduced", 6, None)
    assert (first.figure, first.profile, first.engine) == ("tiny", "smoke", "kernel")
    assert second.verdict == "not reproduced"
    assert second.runs == (TrainedOn(sweep="tiny/models", count=6, digest=sweep.results_digest),)
    value = record.values["loss"]
    assert value.interval and value.interval[0] < value.value < value.interval[1]
    assert json.loads((record.folder / "data.json").read_text())["arrays"]["none"]["data"] == [None]


def test_intervals_without_an_end_come_back_unchanged(tmp_path):
    small = shop(tmp_path, seeds=1)
    small.module("tiny").needs = lambda size: {"models": runs(1, densities=(1.0,))}
    (record,) = small.make()
    assert record.values["loss"].interval == (-math.inf, math.inf)
    assert record.claims[0].interval == (None, None)


def test_a_second_build_trains_draws_and_writes_nothing(built, no_drawing):
    before = {path: path.stat().st_mtime_ns for path in (built / "store").rglob("*")}
    engine = FakeEngine()
    small = shop(built, engine)
    small.make()
    assert not engine.calls and all(figure.reason is None for figure in small.plan())
    assert {path: path.stat().st_mtime_ns for path in (built / "store").rglob("*")} == before


def test_two_builds_from_nothing_are_the_same_bytes(built, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    shop(other).make()
    assert artifacts(built) == artifacts(other) and len(artifacts(other)) == 12


def why(small):
    (figure,) = small.plan()
    return figure.reason


def test_a_change_of_the_drawing_code_redraws_and_trains_nothing(built):
    (built / "code/figures/tiny.py").write_text("COLOUR = 2\n")
    engine = FakeEngine()
    reason = why(shop(built, engine))
    assert reason and (reason.kind, reason.subject) == ("code", "figures.tiny") and reason.was != reason.now
    shop(built, engine).make()
    assert not engine.calls and why(shop(built)) is None


def test_a_change_of_layout_does_nothing(built, no_drawing):
    (built / "code/figures/tiny.py").write_text('"""Tiny."""\n\nCOLOUR = (1)  # one\n')
    shop(built).make()


def test_an_engine_that_gives_the_same_bits_redraws_nothing(built, no_drawing):
    new = replace(KERNEL, code="d" * 64)
    engine = FakeEngine()
    assert why(shop(built, engine=new)) == Reason("input", "tiny/models")
    shop(built, engine, engine=new).make()
    assert len(engine.calls) == 1


def test_an_engine_that_gives_other_bits_redraws(built):
    new = replace(KERNEL, code="d" * 64)
    before = artifacts(built)
    shop(built, lambda specs, snapshots: {k: a + 1 for k, a in arrays_of(specs, snapshots).items()}, engine=new).make()
    drawn = json.loads((built / "store/drawn.jsonl").read_text().splitlines()[-1])
    assert drawn["figure"] == "tiny" and len(artifacts(built)) > len(before)


def test_why_a_figure_is_drawn_again(built, monkeypatch):
    assert why(shop(built, decides=False)) == Reason("spec", "tiny", "True", "False")
    now = gallery.environment()
    monkeypatch.setattr(gallery, "environment", lambda: "numpy 9.9")
    assert why(shop(built)) == Reason("environment", "tiny", now, "numpy 9.9")
    monkeypatch.undo()
    small = shop(
        built,
        lambda specs, snapshots: {k: a + 1 for k, a in arrays_of(specs, snapshots).items()},
        engine=replace(KERNEL, code="d" * 64),
    )
    small.train()
    assert why(small).kind == "input"


@pytest.mark.parametrize("name", ["light.svg", "dark.png", "data.json", "findings.json", "record.json"])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_damaged_figure_is_moved_aside_and_drawn_again(built, name, damage):
    before = artifacts(built)
    (path,) = (built / "store/figures").glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:-2] + b"x\n") if damage == "altered" else path.unlink()
    warnings, engine = [], FakeEngine()
    small = shop(built, engine, warn=warnings.append)
    small.make()
    assert len(warnings) == 1 and "figure tiny is damaged" in warnings[0] and not engine.calls
    assert artifacts(built) == before
    assert len(list((built / "store/damaged").iterdir())) == 1


def test_a_damaged_shard_is_found_although_its_figure_is_drawn(built, no_drawing):
    before = artifacts(built)
    (path,) = (built / "store/shards").iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    warnings, engine = [], FakeEngine()
    shop(built, engine, warn=warnings.append).make()
    assert len(warnings) == 1 and len(engine.calls) == 1 and artifacts(built) == before


def test_a_shard_that_is_damaged_while_figures_are_made_is_trained_again(tmp_path, monkeypatch):
    def damage(store, one):
        path = store.path(one.key)
        path.write_bytes(path.read_bytes()[:-1])
        monkeypatch.setattr(Store, "read", read)
        return read(store, one)

    read, engine, warnings = Store.read, FakeEngine(), []
    monkeypatch.setattr(Store, "read", damage)
    (record,) = shop(tmp_path, engine, warn=warnings.append).make()
    assert len(engine.calls) == 2 and len(warnings) == 1 and record.sweeps[0].runs


def test_a_shard_that_vanishes_while_others_are_trained_is_trained_again(tmp_path, monkeypatch):
    def train(small, *, forced=False):
        planned = original(small, forced=forced)
        monkeypatch.setattr(Workshop, "train", original)
        (path,) = small.store.shards.iterdir()
        path.unlink()
        small.store = Store(small.store.root)
        small.__post_init__()
        return small.plan() if planned else planned

    original, engine = Workshop.train, FakeEngine()
    monkeypatch.setattr(Workshop, "train", train)
    assert shop(tmp_path, engine).make() and len(engine.calls) == 2


def test_a_store_that_stays_damaged_is_given_up(tmp_path, monkeypatch):
    def damage(store, one):
        raise Damaged("it rots")

    monkeypatch.setattr(Store, "read", damage)
    with pytest.raises(
        PipelineError, match=r"keeps being damaged while it is read. Check its disk, or pass STORE=another folder"
    ):
        shop(tmp_path).make()


@pytest.mark.parametrize("damage", [b"", b"{}", b"0\n{}"])
@pytest.mark.parametrize("kind", ["json", "safetensors"])
def test_the_table_of_runs_and_their_weights_are_made_again_when_they_are_lost(built, kind, damage):
    before = artifacts(built)
    (path,) = (built / "store/sweeps").glob(f"*.{kind}")
    path.write_bytes(damage) if damage else path.unlink()
    shop(built).make()
    assert artifacts(built) == before


def test_weights_that_are_too_large_are_left_out_and_recorded_as_missing(built, monkeypatch):
    monkeypatch.setattr("report.loading._LARGEST", 100)
    (path,) = (built / "store/sweeps").glob("*.safetensors")
    path.unlink()
    for _ in range(2):  # once made, once read
        (record,) = shop(built).make()
        assert record.sweeps[0].weights is None and not path.exists()


def test_a_lost_index_costs_no_training(built, no_drawing):
    (built / "store/index.jsonl").unlink()
    engine = FakeEngine()
    shop(built, engine).make()
    assert not engine.calls


def test_force_makes_everything_again(built):
    before, engine = artifacts(built), FakeEngine()
    drawn = len((built / "store/drawn.jsonl").read_text().splitlines())
    small = shop(built, engine, forced=True)
    small.make()
    assert len(engine.calls) == 1
    assert len((built / "store/drawn.jsonl").read_text().splitlines()) == drawn + 1
    assert artifacts(built) == before


TWO = ("tiny", "other")


class Elsewhere(Modules):
    """Gives the tiny figure here; what happens in another process is up to the subclass."""

    def __call__(self, name):
        return super().__call__(name) if multiprocessing.parent_process() is None else self.elsewhere(name)

    def __reduce__(self):
        return type(self), ()


class Fatal(Elsewhere):
    def elsewhere(self, name):
        os._exit(1)


class Mistaken(Elsewhere):
    def elsewhere(self, name):
        raise ZeroDivisionError(f"{name} divides by zero")


def test_several_figures_are_drawn_by_other_processes_to_the_same_bytes(tmp_path, monkeypatch):
    alone = shop(tmp_path / "one", names=TWO)
    alone.workers = 1
    alone.make()
    monkeypatch.setattr("report.draw.files_of", lambda *_, **__: pytest.fail("a figure was drawn here"))
    records = shop(tmp_path / "two", names=TWO).make()
    assert [record.name for record in records] == list(TWO)
    assert artifacts(tmp_path / "two") == artifacts(tmp_path / "one")
    assert contents(tmp_path / "two")["store/drawn.jsonl"] == contents(tmp_path / "one")["store/drawn.jsonl"]


def test_a_shard_that_another_process_finds_damaged_is_trained_again(tmp_path):
    both = shop(tmp_path, engine := FakeEngine(), names=TWO)
    both.train()
    planned = both.plan()
    (path,) = (tmp_path / "store/shards").iterdir()
    path.write_bytes(b"damaged")
    with pytest.raises(Damaged):
        both._draw(planned)
    assert {record.name for record in shop(tmp_path, engine, names=TWO).make()} == set(TWO)
    assert len(engine.calls) == 2


@pytest.mark.parametrize(
    ("module", "error", "text"),
    [
        (Fatal, PipelineError, "draws figures was killed.*Run again with WORKERS=1"),
        (Mistaken, ZeroDivisionError, "(tiny|other) divides by zero"),
    ],
)
def test_errors_in_a_process_that_draws_are_reported(tmp_path, module, error, text):
    both = shop(tmp_path, names=TWO)
    both.module = module()
    with pytest.raises(error, match=text):
        both.make()


def test_a_store_that_cannot_take_a_figure_says_so_and_leaves_no_part_of_it(tmp_path, monkeypatch):
    small = shop(tmp_path)
    small.train()
    write = Path.write_bytes

    def full(path, data):
        if path.name == "dark.png":
            raise OSError(28, os.strerror(28))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match=r"cannot write .*figures.*the disk is full"):
        small.make()
    assert [path.name for path in (tmp_path / "store/figures").iterdir()] == []


def test_a_read_only_store_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    engine = FakeEngine()
    (tmp_path / "store").write_text("a file in the place of the folder")
    with pytest.raises(StoreError, match=r"cannot (read|write)"):
        shop(tmp_path, engine).make()
    assert not engine.calls
