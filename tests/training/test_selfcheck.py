"""The self-check: it gives the committed digests, in a process without torch, and names the first part that differs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sup.training.kernel import engine
from sup.training.selfcheck import cases, first_difference, parts

LOCK = Path(__file__).parents[2] / "selfcheck.lock"
BLOCKED = """
import sys
for name in ("torch", "matplotlib", "scipy", "jax"):
    sys.modules[name] = None
from sup.training.selfcheck import main
sys.exit(main(sys.argv[1:]))
"""


def check(expected):
    command, env = [sys.executable, "-c", BLOCKED, "--check"], os.environ | {"PYTHONHASHSEED": "3"}
    return subprocess.run(command, env=env, input=expected, capture_output=True, text=True, check=False)


def test_this_machine_computes_the_committed_bits():
    expected = LOCK.read_text()
    done = check(expected)
    assert (done.stdout, done.returncode) == (f"{len(expected.splitlines())} parts agree, bit for bit\n", 0), done.stderr


@pytest.mark.parametrize("part", ["draw", "forward", "gradient", "optimiser", "trained"])
def test_the_first_part_that_differs_is_named(part):
    expected = LOCK.read_text().splitlines()
    at = next(i for i, line in enumerate(expected) if line.startswith(f"relu-hidden-correlated {part} "))
    here = [line if i < at else line[:-1] + ("0" if line[-1] != "0" else "1") for i, line in enumerate(expected)]
    assert first_difference(here, expected) == f"relu-hidden-correlated: the {part} differs, and all before it agrees"


def test_a_lock_of_another_length_is_no_match():
    expected = LOCK.read_text().splitlines()
    count = len(expected)
    assert first_difference(expected[:-1], expected) == f"{count - 1} parts here, {count} expected"


def test_parts_begin_to_differ_where_the_arithmetic_does(monkeypatch):
    """With other constants of the optimiser, the parts before it keep their digests."""
    run = cases()["linear-independent"]
    before = dict(parts(run))
    pack = engine.pack_recipe
    monkeypatch.setattr(engine, "pack_recipe", lambda runs: (pack(runs)[0] * 0.9, pack(runs)[1]))
    after = dict(parts(run))
    assert [name for name in before if after[name] != before[name]] == ["optimiser", "trained"]
