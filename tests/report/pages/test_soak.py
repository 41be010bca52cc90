"""What `make soak` has counted: kept if all passed, deed by deed, read back or refused, and shown on the Reproducibility page."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from report import ROOT
from report.errors import PipelineError
from report.pages import soak
from report.pages.render import write
from report.records import SoakCount
from tests.report import fakes

TESTS = """
def test_one(ledger):
    ledger("builds <killed>", "one process", 1200)
    ledger("builds <killed>", "one process")

def test_two(ledger):
    ledger("files damaged", "emptied")
    assert {passes}
"""
KEPT = {"fuzz": {"commit": "abc1234", "counts": {"specs": 7}, "date": "2026-01-02"}}


def soaked(folder, passes=True):
    """The output of such tests, and the report that they leave beside what an earlier run has left."""
    (folder / "test_it.py").write_text(TESTS.format(passes=passes))
    (folder / "soak.json").write_text(json.dumps(KEPT | {"files damaged": {"commit": "", "counts": {"gone": 9}, "date": ""}}))
    env = os.environ | {"PYTHONPATH": str(ROOT), "SOAK_REPORT": "soak.json"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.ledger", "-c", "/dev/null", "--rootdir", ".", "test_it.py"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.stdout, json.loads((folder / "soak.json").read_text())


def test_counts_replace_those_of_the_same_deeds(tmp_path):
    said, report = soaked(tmp_path)
    assert "1,201 builds <killed>" in said and "Nothing was lost, and no process was left." in said
    assert report.keys() == {"builds <killed>", "files damaged", "fuzz"} and report["fuzz"] == KEPT["fuzz"]
    assert report["builds <killed>"]["counts"] == {"one process": 1201} and report["files damaged"]["counts"] == {"emptied": 1}
    assert [deed.name for deed in soak.read(tmp_path / "soak.json")] == sorted(report)


def test_counts_of_a_run_that_failed_are_printed_and_not_kept(tmp_path):
    said, report = soaked(tmp_path, passes=False)
    assert "1,201 builds <killed>" in said and "Nothing was lost" not in said
    assert report["files damaged"]["counts"] == {"gone": 9} and "builds <killed>" not in report


def test_without_a_file_nothing_was_done(tmp_path):
    assert soak.read(tmp_path / "soak.json") == ()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a": 1}', '{"a": {"counts": {"b": "c"}, "date": "", "commit": ""}}', '{"a": {"counts": {}}}']
)
def test_a_file_that_is_something_else_is_refused(tmp_path, text):
    (tmp_path / "soak.json").write_text(text)
    with pytest.raises(PipelineError, match=r"^soak\.json is no report of `make soak`\. Run it again, or remove the file\.$"):
        soak.read(tmp_path / "soak.json")


def test_the_page_shows_the_counts_and_their_sum(tmp_path):
    deed = SoakCount(name="builds <killed>", counts={"all": 34, "one process": 1201}, date="2026-11-30", commit="abc1234")
    write(fakes.complete(tmp_path / "figures"), tmp_path / "docs")
    assert "Broken on purpose" not in (tmp_path / "docs/reproducibility.md").read_text()
    write(replace(fakes.complete(tmp_path / "figures"), soak=(deed,)), tmp_path / "docs")
    page = (tmp_path / "docs/reproducibility.md").read_text()
    assert '<th scope="row">builds &lt;killed&gt;<br><small>2026-11-30, abc1234</small></th>' in page
    assert "<td>1\u202f235</td><td>all: 34; one process: 1\u202f201</td>" in page
