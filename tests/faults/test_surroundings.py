"""A build gives the same bytes wherever it runs: odd paths, other languages, no home, a strict umask, a clock set back."""

import json
import math
import os
import platform
import shutil
import subprocess

import pytest

from report import ROOT, expected
from tests.faults.builds import assert_same, contents, smoke, tiny

ODD = "a folder, ünd ☃ 'quoted' & $HOME"
SURROUNDINGS = {
    "odd path": {},
    "no home": {"HOME": None, "XDG_CACHE_HOME": None, "USER": None},
    "LANG=C, not UTF-8": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another locale, time zone and hash seed": {
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "7",
    },
    "strict umask": {"UMASK": "077"},
    "development mode of Python": {"PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1"},
}


def run(build, changes, cwd):
    """Runs a build in changed surroundings; gives its standard error."""
    env = {name: value for name, value in (os.environ | {"PYTHONPATH": str(ROOT)} | changes).items() if value is not None}
    mask = int(env.pop("UMASK", "022"), 8)
    done = subprocess.run(build.command, cwd=cwd, env=env, umask=mask, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_store_has_the_same_bytes(tmp_path, tiny_build, name):
    folder = tmp_path / ODD
    run(tiny(folder), SURROUNDINGS[name], tmp_path)
    assert_same(folder, tiny_build)
    if name == "strict umask":
        assert not any(path.stat().st_mode & 0o077 for path in (folder / "store").rglob("*"))


def test_a_clock_that_is_set_back_changes_nothing(tmp_path, tiny_build):
    """Files from the future: a build neither waits for them nor makes them again."""
    folder = tmp_path / "built"
    shutil.copytree(tiny_build.folder, folder)
    for path in folder.rglob("*"):
        os.utime(path, (2**32, 2**32))
    assert run(tiny(folder), {}, ROOT) == ""
    assert_same(folder, tiny_build)


@pytest.mark.soak
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_site_has_the_same_bytes(tmp_path, smoke_build, name, ledger):
    folder = tmp_path / ODD
    run(smoke(folder), SURROUNDINGS[name], tmp_path)
    assert_same(folder, smoke_build)
    ledger("Whole builds in odd surroundings", name)


BASELINE = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Nehalem",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX_Usable,-AVX2_Usable,-AVX2,-FMA,-FMA4,-AVX512F",
    "ATEN_CPU_CAPABILITY": "default",
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
}
"""NumPy, BLAS, the C library, torch and the kernel without AVX and fused operations, as on an x86-64 of 2008."""


def numbers(content):
    """All numbers in parsed JSON, in order."""
    if isinstance(content, dict | list):
        return [one for item in (content.values() if isinstance(content, dict) else content) for one in numbers(item)]
    return [content] if isinstance(content, int | float) else []


@pytest.mark.soak
def test_figures_hardly_depend_on_the_instruction_set(tmp_path, smoke_build, ledger):
    """Trained models have the same bits; what NumPy and BLAS compute from them may differ in its last digits."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"the instruction sets are of x86-64; this is {platform.machine()}")
    plain, folder = smoke_build.folder, tmp_path / "built"
    for name in ("shards", "index.jsonl"):
        (shutil.copytree if name == "shards" else shutil.copy)(plain / "store" / name, folder / "store" / name)
    run(smoke(folder), BASELINE, tmp_path)
    assert contents(folder / "store/shards") == contents(plain / "store/shards"), "models were trained again, to other bits"
    for path in sorted(plain.glob("store/figures/*/data.json")):
        one, two = (numbers(json.loads(found.read_text())) for found in (path, folder / path.relative_to(plain)))
        for a, b in zip(one, two, strict=True):
            close = math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
            assert close or math.isclose(a, b, rel_tol=expected.RELATIVE, abs_tol=expected.ABSOLUTE), (path, a, b)
            how = "the same bits" if a == b else "the same twelve digits" if close else "the same within the tolerance of verify"
            ledger("Numbers of figures computed with another instruction set", how)
