"""Builds in processes of their own, which a fault can hit at any change that they make to their folder."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from report import ROOT
from tests.report import workbench

LEFT_SECONDS = 30.0
"""Seconds in which the processes of a killed build must have ended."""

HOW = {"one": "the process that makes the change", "group": "all processes"}
"""What is killed."""

TINY = """
import sys
from pathlib import Path
from report.errors import PipelineError
from tests.report.workbench import shop
made = shop(Path(sys.argv[1]), names=("tiny", "other"))
made.workers = int(sys.argv[2])
try:
    made.make()
except PipelineError as problem:
    sys.exit("error: " + str(problem))
"""


@dataclass(frozen=True)
class Build:
    """A command that builds into a folder.

    Attributes:
        folder: What it may change; `{folder}` in its arguments.
        arguments: Of Python.
    """

    folder: Path
    arguments: tuple[str, ...]

    @property
    def command(self):
        """Its command line."""
        return [sys.executable, *(text.format(folder=self.folder) for text in self.arguments)]

    def run(self, at=0, how="one"):
        """Runs it to the end, or until change number `at`, where the process that makes it, or all, are killed.

        Returns the number of changes that were made.
        """
        counter = self.folder.with_name(f"{self.folder.name}.changes-{secrets.token_hex(4)}")
        env = os.environ | {"PYTHONPATH": f"{ROOT / 'tests/faults'}{os.pathsep}{ROOT}", "FAULT_COUNT": str(counter)}
        env |= {"FAULT_UNDER": str(self.folder), "FAULT_AT": str(at), "FAULT_HOW": how}
        process = subprocess.Popen(self.command, cwd=ROOT, env=env, start_new_session=True, stderr=subprocess.PIPE)
        _, said = process.communicate()
        changes = counter.stat().st_size if counter.exists() else 0
        hit = changes >= at > 0
        assert hit or process.returncode == 0, said.decode()
        assert not (hit and how == "group") or process.returncode == -signal.SIGKILL, "the build was not killed"
        deadline = time.monotonic() + LEFT_SECONDS
        while left := processes(f"FAULT_COUNT={counter}"):
            assert time.monotonic() < deadline, f"processes of the build are left: {left}"
            time.sleep(0.05)
        return changes


def processes(marker):
    """The processes that have `marker` in their environment, by id, with their state; none where there is no /proc."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()[0]
    return {pid: state for pid, state in found.items() if state != "Z"}


NOT_COMPARED = (
    *("store/timings.json", "store/drawn.jsonl", "store/index.jsonl", "store/build.log", "store/damaged", "code/", ".site-"),
    *("store/docs/smoke/costs.md", "site/costs.html", "site/.stamp"),
)
"""Seconds, what shows them, and the site's digest, which covers them; the history of drawings, which has a line for each time a
figure was drawn, and none for a build killed before it; the index, in the order in which shards came. Nor are leftovers of killed
builds, which are removed an hour later."""


def contents(folder):
    """The files of a folder by which two builds are compared."""
    return {name: data for name, data in workbench.contents(folder, NOT_COMPARED).items() if "/.tmp-" not in name}


def tiny(folder, workers=2):
    """The build of two figures with a few runs that are not really trained."""
    if not folder.exists():
        workbench.tree(folder / "code")
    return Build(folder, ("-c", TINY, "{folder}", str(workers)))


def smoke(folder):
    """The build of the smoke profile with its site."""
    options = ["--profile", "smoke", "--device", "cpu", "--store", "{folder}/store", "--out", "{folder}/site"]
    folder.mkdir(exist_ok=True)
    return Build(folder, ("-m", "report", "build", *options))


def assert_same(folder, undisturbed):
    """A build ended with the files and bytes of one that nothing disturbed."""
    found, expected = contents(folder), undisturbed.files
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
