"""Every kind of file of a whole build, damaged in every way: the next build ends with the same bytes, and says what matters."""

import random
import shutil
import subprocess

import pytest

from report import ROOT
from tests.faults.builds import assert_same, smoke
from tests.report.test_damage import DAMAGES

FILES = (
    "store/shards/*.safetensors",
    "store/index.jsonl",
    "store/figures/*/data.json",
    "store/figures/*/light.svg",
    "store/figures/*/record.json",
    "store/drawn.jsonl",
    "store/sweeps/*.json",
    "store/sweeps/*.safetensors",
    "store/notebooks/*",
    "store/timings.json",
    "store/docs/smoke/*.md",
    "store/docs/smoke/figures/*/*",
    "site/*.html",
    "site/figures/*/dark.svg",
    "site/assets/*.js",
    "site/.stamp",
)
SAID = ("store/shards/", "store/figures/", "store/notebooks/")
"""Whose damage is said; the others are made anew from these without a word."""

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", FILES)
def test_a_damaged_file_is_made_again_to_the_same_bytes(smoke_build, tmp_path, pattern, damage, ledger):
    folder = tmp_path / "built"
    shutil.copytree(smoke_build.folder, folder)
    chance, found = random.Random(f"{pattern} {damage}"), sorted(folder.glob(pattern))
    path = chance.choice(found)
    others = [other for other in found if other.read_bytes() != path.read_bytes()]
    if damage == "another of its kind" and not others:
        pytest.skip("there is one of its kind")
    other = chance.choice(others or [path])
    DAMAGES[damage](path, other)
    ledger("Files of a whole build damaged", damage)
    done = subprocess.run(smoke(folder).command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_same(folder, smoke_build)
    if pattern.startswith(SAID) and damage != "gone":
        assert "is damaged" in done.stderr and "it is made again" in done.stderr, done.stderr
