"""Training: every shard once, stored as soon as it is trained, and little lost by an interruption."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from report import ROOT, files, progress
from report.engines import Engine
from report.errors import Interrupted, PipelineError
from report.execute import GROUP_FLOATS, Threads, tasks_of, train_missing
from report.plan import plan_sweep, watched
from report.store.artifacts import Store
from report.store.shard_file import Damaged
from report.store.timings import Timings
from sup.errors import SpecError
from tests.report.workbench import KERNEL, FakeEngine, arrays_of, runs, shard

TORCH = Engine(name="torch", device="cuda", code="e" * 64, environment="torch 2.13.0 cuda")
LONG = 480_000
"""Steps of a run, such that two runs make a shard."""


def planned(store, seeds=10, engine=KERNEL, label="smoke/tiny/models", **changes):
    return plan_sweep(store, label, watched(runs(seeds, steps=LONG, **changes)), engine)


def train(store, plans, engine):
    train_missing(store, Timings(store.root / "timings.json"), tasks_of(plans, "smoke"), Threads(engine, 2))


def test_what_is_missing_is_trained_once_and_stored_in_its_place(tmp_path):
    store, engine = Store(tmp_path), FakeEngine()
    plan = planned(store)
    assert len(plan.shards) == 10
    train(store, [plan], engine)
    assert len(engine.calls) == 10 and set(engine.calls) == {shard.runs for shard in plan.shards}
    again = planned(Store(tmp_path))
    assert not again.reasons
    for one in again.shards:
        assert store.read(one)[0]["W"].tobytes() == arrays_of(one.runs)["W"].tobytes()
    assert all(Timings(tmp_path / "timings.json").get("shard", one.key) is not None for one in plan.shards)


def test_shards_that_two_sweeps_share_are_trained_once(tmp_path):
    store, engine = Store(tmp_path), FakeEngine()
    train(store, [planned(store), planned(store, label="smoke/other/models")], engine)
    assert len(engine.calls) == 10


def test_long_tasks_come_first(tmp_path):
    store = Store(tmp_path)
    short = plan_sweep(store, "smoke/tiny/short", runs(1, steps=10), KERNEL)
    costs = [task.cost for task in tasks_of([short, planned(store)], "smoke")]
    assert costs == sorted(costs, reverse=True) and len(set(costs)) > 1


def test_the_kernel_gets_one_shard_a_call_and_torch_as_many_of_a_kind_as_fit(tmp_path, monkeypatch):
    store = Store(tmp_path)
    assert [len(task.shards) for task in tasks_of([planned(store)], "smoke")] == [1] * 10
    together = tasks_of([planned(store, engine=TORCH), planned(store, engine=TORCH, snapshots=(0,))], "smoke")
    assert [len(task.shards) for task in together] == [10, 10]
    monkeypatch.setattr("report.execute.GROUP_FLOATS", 6 * 1024 * 7)
    assert [len(task.shards) for task in tasks_of([planned(store, engine=TORCH)], "smoke")] == [3, 3, 3, 1]
    assert GROUP_FLOATS > 100 * 1024 * 100, "a hundred models of a hundred features go side by side"


def test_results_of_torch_are_split_into_their_shards(tmp_path):
    store, engine = Store(tmp_path), FakeEngine()
    plan = planned(store, engine=TORCH)
    train(store, [plan], engine)
    assert len(engine.calls) == 1
    for one in plan.shards:
        assert np.array_equal(store.read(one)[0]["b"], arrays_of(one.runs)["b"])


def test_tasks_run_side_by_side(tmp_path):
    meeting = threading.Barrier(2, timeout=20)

    def engine(specs, snapshots):
        meeting.wait()
        return arrays_of(specs, snapshots)

    store = Store(tmp_path)
    train(store, [planned(store)], engine)
    assert len(store.sizes) == 10


def test_an_error_of_an_engine_names_the_sweep_and_keeps_what_was_trained(tmp_path):
    store, calls = Store(tmp_path), []

    def engine(specs, snapshots):
        calls.append(specs)
        if len(calls) > 3:
            raise SpecError("no such thing")
        return arrays_of(specs, snapshots)

    with pytest.raises(PipelineError, match="smoke/tiny/models cannot be trained: no such thing"):
        train(store, [planned(store)], engine)
    assert 1 <= len(Store(tmp_path).sizes) <= 3


def test_an_interruption_says_how_far_it_got_and_the_next_build_goes_on(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(Interrupted, match=r"interrupted: \d+ of 10 shards are trained and stored. Run the same command again"):
        train(store, [planned(store)], FakeEngine(fail_after=4))
    kept = len(Store(tmp_path).sizes)
    assert 1 <= kept <= 4
    engine, store = FakeEngine(), Store(tmp_path)
    train(store, [planned(store)], engine)
    # A shard that a thread published while the build was ending is in the store but in no index: the next build finds it.
    assert 10 - 4 <= len(engine.calls) <= 10 - kept and not planned(Store(tmp_path)).reasons


def test_a_shard_for_which_memory_is_short_is_named_and_the_others_are_trained(tmp_path):
    store = Store(tmp_path)
    tasks = tasks_of([planned(store), plan_sweep(store, "smoke/tiny/short", runs(1), KERNEL)], "smoke")
    short = tasks[3].shards[0]

    def engine(specs, snapshots):
        if tuple(specs) == short.runs:
            raise MemoryError
        return arrays_of(specs, snapshots)

    words = r"smoke/tiny/\w+ cannot be trained: memory ran out for \d+ runs of relu-output 5x2, independent\. What is trained is"
    with pytest.raises(PipelineError, match=words):
        train_missing(store, Timings(tmp_path / "t.json"), tasks, Threads(engine, 2))
    assert set(store.sizes) == {shard.key for task in tasks for shard in task.shards} - {short.key}


def test_kernels_are_compiled_once_per_shape_before_training(tmp_path):
    store, order = Store(tmp_path), []

    def engine(specs, snapshots):
        order.append("train")
        return arrays_of(specs, snapshots)

    tasks = tasks_of([planned(store), plan_sweep(store, "smoke/tiny/short", runs(1), KERNEL)], "smoke")
    train_missing(store, Timings(tmp_path / "t.json"), tasks, Threads(engine, 2), lambda shapes, around: order.extend(shapes))
    assert order[0] == shard().shape and order[1:] == ["train"] * 11


PROGRAM = """
import runpy, signal, sys
from pathlib import Path
from report import workshop
from tests.report.workbench import FakeEngine, shop
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background of a shell inherit an ignored SIGINT
folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
workshop.open_workshop = lambda options, device, profile: shop(folder, FakeEngine(seconds), steps=480_000, seeds=10)
sys.argv = ["report", "claims", "--json", "--device", "cpu"]
runpy.run_module("report", run_name="__main__")
"""


def start(folder, seconds):
    command = [sys.executable, "-c", PROGRAM, str(folder), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_shards(folder, count):
    shards = folder / "store" / "shards"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        names = [path.name for path in shards.iterdir()] if shards.exists() else []
        if sum(name.endswith(".safetensors") and not name.startswith(files.TEMPORARY) for name in names) >= count:
            return
        time.sleep(0.01)
    pytest.fail("no shard was stored in a minute")


def finish(folder):
    """Continues a build in this process; returns the number of calls."""
    from tests.report.workbench import shop

    engine = FakeEngine()
    assert [record.name for record in shop(folder, engine, steps=LONG, seeds=10).make()] == ["tiny"]
    return len(engine.calls)


def test_a_killed_build_loses_at_most_the_shards_in_flight(tmp_path):
    process = start(tmp_path, 0.2)
    wait_for_shards(tmp_path, 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    store = Store(tmp_path / "store")
    kept = len(store.sizes)
    assert 3 <= kept < 10
    shards = [one for one in planned(store).shards if one.key in store.sizes]
    assert len(shards) == kept and not any(_is_damaged(store, one) for one in shards), "every file is whole"
    assert finish(tmp_path) == 10 - kept


def _is_damaged(store, one):
    try:
        store.read(one)
        return False
    except Damaged:
        return True


def test_ctrl_c_ends_a_build_at_once_with_130(tmp_path):
    process = start(tmp_path, 0.2)
    wait_for_shards(tmp_path, 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert out == "" and "of 10 shards are trained and stored. Run the same command again to go on." in err
    assert "Traceback" not in err
    assert finish(tmp_path) <= 8


def test_ctrl_c_does_not_wait_for_long_shards(tmp_path):
    process = start(tmp_path, 30.0)
    deadline = time.monotonic() + 30
    while not (tmp_path / "store" / "shards").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130


def test_two_builds_at_once_share_a_store(tmp_path):
    from tests.report.workbench import tree

    tree(tmp_path / "code")
    both = [start(tmp_path, 0.05) for _ in range(2)]
    outs = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert outs[0][0] == outs[1][0]
    assert finish(tmp_path) == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
def test_progress_is_a_bar_on_a_terminal_and_one_line_elsewhere(out, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream, one = out(), shard()
    with progress.show(2, 2 * one.cost, stream) as display:
        with display.compiling(one.shape):
            time.sleep(0.15)
        display.advance(one)
        time.sleep(0.15)
        display.advance(one)
    text = stream.getvalue()
    assert "Trained 12 runs in" in text and "run-steps/s" in text
    if out is Terminal:
        assert "Compiling 5x2 once" in text and "left" in text and "50 %" in text
    else:
        assert text.count("\n") == 1


def test_the_current_work_is_shown_only_on_a_terminal():
    plain, terminal = io.StringIO(), Terminal()
    for out in (plain, terminal):
        with progress.working("Drawing tiny", out=out):
            pass
    assert plain.getvalue() == "" and terminal.getvalue() == "Drawing tiny ...\r\033[K"


def test_a_count_advances_on_a_terminal():
    terminal = Terminal()
    with progress.working("Fetching 4 shards", 4, terminal) as work:
        work.advance()
    first, second, end = terminal.getvalue().split(progress.CLEAR)
    assert first == "Fetching 4 shards ..." and end == ""
    assert re.fullmatch(r"Fetching 4 shards: 25 %, .* a second, about .* left\.", second)


def lines_after(stream, count):
    """The lines of a stream once there are `count` more."""
    total, deadline = stream.getvalue().count("\n") + count, time.monotonic() + 20
    while stream.getvalue().count("\n") < total:
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)
    return stream.getvalue().splitlines()


def test_without_a_terminal_a_line_reports_progress_now_and_then(monkeypatch):
    assert progress.EVERY == 30.0
    monkeypatch.setattr(progress, "EVERY", 0.02)
    stream, one = io.StringIO(), shard()
    with progress.show(2, 2 * one.cost, stream) as display:
        with display.compiling(one.shape):
            assert re.fullmatch(r"Compiling 5x2: \d+ s so far\.", lines_after(stream, 1)[0])
        assert lines_after(stream, 2)[-1] == "Training: 0 %, 0 run-steps/s, time left unknown."
        display.advance(one)
        last = lines_after(stream, 2)[-1]
        assert re.fullmatch(r"Training: 50 %, [\d.e+]+[kMG]? run-steps/s, about \d+ s left\.", last), last
    count = stream.getvalue().count("\n")
    time.sleep(0.1)
    assert stream.getvalue().count("\n") == count, "it ends with the training"


def test_drawing_reports_progress_now_and_then(monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.02)
    stream = io.StringIO()
    with progress.working("Drawing 4 figures", 4, stream) as work:
        work.advance()
        last = lines_after(stream, 2)[-1]
        assert re.fullmatch(r"Drawing 4 figures: 25 %, [\d.e+]+ a second, about \d+ s left\.", last), last
    with progress.working("Building the site", out=stream):
        assert re.fullmatch(r"Building the site: \d+ s so far\.", lines_after(stream, 1)[-1])


def test_timings_are_merged_and_survive_damage(tmp_path):
    path = tmp_path / "timings.json"
    one, other = Timings(path), Timings(path)
    one.add("shard", "a", 1.0)
    one.save()
    other.add("shard", "b", 2.0)
    other.save()
    assert Timings(path).get("shard", "a") == 1.0 and Timings(path).get("shard", "b") == 2.0
    path.write_text("{")
    assert Timings(path).get("shard", "a") is None
    before = os.stat(path).st_mtime_ns
    Timings(path).save()
    assert os.stat(path).st_mtime_ns == before, "nothing new, nothing written"


def test_the_time_of_training_so_far_predicts_the_time_of_the_rest(tmp_path):
    timings = Timings(tmp_path / "timings.json")
    known = shard(4)
    other = replace(known, runs=tuple(replace(run, n_features=8) for run in known.runs))
    assert timings.predict([known, other]) == ((known.cost + other.cost) / 1e6, 0.0), "rough costs before anything is trained"
    timings.trained(known, 3 * known.cost / 1e6)
    longer = replace(known, runs=tuple(replace(run, recipe=replace(run.recipe, steps=5000)) for run in known.runs))
    seconds, share = timings.predict([longer, other])
    assert seconds == pytest.approx(3 * (longer.cost + other.cost) / 1e6), "other shapes are taken to be as fast"
    assert share == pytest.approx(longer.cost / (longer.cost + other.cost))
    assert timings.predict([]) == (0.0, 1.0)
    timings.trained(known, known.cost / 1e6)
    assert timings.predict([known])[0] == pytest.approx(2 * known.cost / 1e6), "older shards count half"
    elsewhere = replace(other, engine=TORCH)
    assert timings.predict([elsewhere]) == (elsewhere.cost / 1e6, 0.0), "another engine has its own speed"
