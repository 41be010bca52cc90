"""Processes of a build end when it is killed, in whatever stage, and a build says what it waits for."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from io import StringIO

import pytest

from report import ROOT, progress
from report.progress import working
from tests.faults.builds import processes

WHEN_KILLED = 20.0
"""Seconds until no process of a killed build may be left; they look at their parent twice a second, between other work."""

BUILD = """
import multiprocessing, os, sys, time
from pathlib import Path
from tests.report.test_children import Slow, slow_compile
from tests.report.workbench import shop
from report import compiling, handout
stage, folder = sys.argv[1], Path(sys.argv[2])
if stage == "compiling":
    compiling.COLD = 0.0
    compiling.compile_all(slow_compile, list(range(40)), 3)
elif stage == "drawing":
    made = shop(folder, names=("tiny", "other"))
    made.module = Slow()
    made.make()
else:
    script = folder / "slow.py"
    script.write_text("# %%\\nimport time\\ntime.sleep(600)\\n")
    handout.run(script)
"""


def slow_compile(item):
    """Compiles nothing, slowly."""
    time.sleep(0.2 if item == 0 else 600)


class Slow:
    """Gives the tiny figure here, and never in another process."""

    def __call__(self, name):
        import multiprocessing

        from tests.report.workbench import tiny_figure

        if multiprocessing.parent_process() is not None:
            time.sleep(600)
        return tiny_figure()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to list processes")
@pytest.mark.parametrize("stage", ["compiling", "drawing", "notebook"])
def test_when_a_build_is_killed_no_process_of_it_is_left(stage, tmp_path):
    marker = f"KILLED_BUILD={tmp_path}"
    env = os.environ | {"KILLED_BUILD": str(tmp_path), "PYTHONPATH": str(ROOT)}
    first = subprocess.Popen([sys.executable, "-c", BUILD, stage, str(tmp_path)], env=env, stderr=subprocess.DEVNULL, text=True)
    try:
        deadline = time.monotonic() + 60
        while len(processes(marker)) < (2 if stage == "notebook" else 3):
            assert time.monotonic() < deadline and first.poll() is None, "the stage was not reached"
            time.sleep(0.1)
        time.sleep(1.5)  # children have begun to watch
        first.send_signal(signal.SIGKILL)
        first.wait()
        deadline = time.monotonic() + WHEN_KILLED
        while left := processes(marker):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
    finally:
        for pid in [first.pid, *processes(marker)]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        first.wait()


def test_a_build_says_what_it_waits_for(monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.05)
    out = StringIO()
    with working("Drawing 2 figures", 2, out) as work:
        work.wait_for("intro")
        time.sleep(0.2)
        work.advance()
        work.wait_for("octahedron")
        time.sleep(0.2)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Drawing 2 figures: 0 %, 0 a second, time left unknown, waiting for intro."
    assert lines[-1].startswith("Drawing 2 figures: 50 %, ") and lines[-1].endswith(" left, waiting for octahedron.")


def test_a_terminal_shows_at_once_what_a_build_waits_for():
    out = StringIO()
    out.isatty = lambda: True
    with working("Drawing 2 figures", 2, out) as work:
        work.wait_for("intro")
        assert out.getvalue().endswith("waiting for intro.")
        work.advance()
        work.wait_for("octahedron")
        assert out.getvalue().endswith("waiting for octahedron.")
