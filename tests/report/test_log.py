"""The log of a store: what builds said and did, with reasons, seconds and errors; it never stands in a build's way."""

import re

import pytest

from report import log, options, workshop
from report.__main__ import main
from report.errors import Interrupted, PipelineError
from tests.report.workbench import FakeEngine, shop, tree


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Runs the command `build` with the tiny figure, which trains nothing, and gives its status and its log."""
    monkeypatch.setattr("report.build.publish", lambda *_: True)
    tree(tmp_path / "code")

    def run(trainer=None, **changes):
        made = shop(tmp_path, trainer or FakeEngine(), seeds=4, **changes)
        monkeypatch.setattr(workshop, "open_workshop", lambda *_: made)
        monkeypatch.setattr(options, "STORE", str(tmp_path / "store"))
        status = main(["build", "--device", "cpu", "--profile", "smoke", "--out", str(tmp_path / "site")])
        path = tmp_path / "store/build.log"
        return status, path.read_text().splitlines() if path.is_file() else []

    return run


def test_a_log_has_each_step_with_its_reason_and_its_time(build, capsys):
    status, lines = build()
    assert status == 0 and all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[\d+\] \S", line) for line in lines)
    told = [line.split("] ", 1)[1] for line in lines]
    patterns = [
        r"Build of profile smoke, kernel on cpu, Python 3\.\d+\.\d+\.",
        r"To train: tiny/models \(absent: smoke/tiny/models\)\.",
        r"Trained smoke/tiny/models, part 0: 8 runs, \d\.\d\d s\.",
        r"Trained 8 runs in .* run-steps/s\.",
        r"Drew tiny in \d+\.\d s \(absent: tiny\)\.",
        r"The site is built\. Profile smoke, open .*",
        r"It took \d+ s.*\. The log is .*build\.log\.",
    ]
    assert len(told) == len(patterns) and all(map(re.fullmatch, patterns, told)), told
    said = capsys.readouterr()
    assert told[-1] in said.err and told[-2] in said.out
    assert len(build()[1]) > len(lines), "the next build goes on in the same file"


def test_an_error_is_logged_with_where_it_arose(build):
    def fails(specs, snapshots):
        raise ValueError("no such luck")

    with pytest.raises(ValueError, match="no such luck"):
        build(fails)
    status, lines = build(FakeEngine(fail_after=0))
    assert status == Interrupted.status
    text = "\n".join(lines)
    assert "ValueError: no such luck" in text and ", in fails" in text and "interrupted: 0 of 1 shards are trained" in text


def test_a_log_that_has_grown_large_is_begun_anew(build, tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MOST_BYTES", 100)
    first = build()[1]
    assert len(build()[1]) < len(first) and (tmp_path / "store/build.log.1").read_text().splitlines() == first


def test_a_log_that_cannot_be_written_is_none(build, tmp_path, capsys):
    (tmp_path / "store/build.log").mkdir(parents=True)
    assert build() == (0, []) and "The log" not in capsys.readouterr().err


def test_a_full_disk_does_not_reach_the_build_through_its_log(build, monkeypatch, capsys):
    def full(handler, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("logging.StreamHandler.flush", lambda handler: full(handler, ""))
    status, _ = build()
    assert status == 0 and "Traceback" not in capsys.readouterr().err


def test_a_build_that_goes_on_says_what_is_there(tmp_path, capsys):
    steps = 480_000  # two runs make a shard
    stopped = shop(tmp_path, FakeEngine(fail_after=1), steps=steps, seeds=4)
    stopped.workers = 1
    with pytest.raises(PipelineError, match="interrupted: 1 of 4 shards"):
        stopped.make()
    shop(tmp_path, steps=steps, seeds=4).make()
    assert "1 of 4 shards are trained already.\n" in capsys.readouterr().err
    shop(tmp_path, steps=steps, seeds=4).make()
    assert capsys.readouterr().err == ""
