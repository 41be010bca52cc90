"""A build gives the same bytes wherever it runs: odd paths, other languages, no home, a strict umask, a clock set back."""

import json
import math
import os
import platform
import shutil
import subprocess
import sys

import pytest

from report import ROOT, expected
from tests.faults.builds import TINY, contents
from tests.faults.test_kill import NOT_COMPARED
from tests.faults.test_kill_whole import NOT_COMPARED as NOT_COMPARED_WHOLE
from tests.faults.test_kill_whole import smoke
from tests.report.workbench import tree

ODD = "a folder, ünd ☃ 'quoted' & $HOME"
SURROUNDINGS = {
    "odd path": {},
    "no home": {"HOME": None, "XDG_CACHE_HOME": None, "USER": None},
    "C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Turkish": {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"},
    "strict umask": {"UMASK": "077"},
    "tests of warnings": {"PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1"},
}


def run(arguments, changes, cwd):
    """Runs Python in changed surroundings; gives its standard error."""
    env = {name: value for name, value in (os.environ | {"PYTHONPATH": str(ROOT)} | changes).items() if value is not None}
    mask = int(env.pop("UMASK", "022"), 8)
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, umask=mask, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a build in ordinary surroundings."""
    folder = tmp_path_factory.mktemp("whole") / "built"
    tree(folder / "code")
    run(["-c", TINY, str(folder), "2"], {}, ROOT)
    return contents(folder, NOT_COMPARED)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_store_has_the_same_bytes(tmp_path, whole, name):
    folder = tmp_path / ODD
    tree(folder / "code")
    run(["-c", TINY, str(folder), "2"], SURROUNDINGS[name], tmp_path)
    assert contents(folder, NOT_COMPARED) == whole
    if name == "strict umask":
        assert not any(path.stat().st_mode & 0o077 for path in (folder / "store").rglob("*"))


def test_a_clock_that_is_set_back_changes_nothing(tmp_path, whole):
    """Files from the future: a build neither waits for them nor makes them again."""
    folder = tmp_path / "built"
    tree(folder / "code")
    run(["-c", TINY, str(folder), "2"], {}, ROOT)
    for path in folder.rglob("*"):
        os.utime(path, (2**32, 2**32))
    assert run(["-c", TINY, str(folder), "2"], {}, ROOT) == "" and contents(folder, NOT_COMPARED) == whole


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A folder with a whole build in ordinary surroundings."""
    folder = tmp_path_factory.mktemp("plain") / "built"
    smoke(folder).run()
    return folder


@pytest.mark.soak
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_site_has_the_same_bytes(tmp_path, plain, name, ledger):
    folder = tmp_path / ODD
    arguments = [text.format(folder=folder) for text in smoke(folder).arguments]
    run(arguments, SURROUNDINGS[name], tmp_path)
    ledger("whole builds in odd surroundings", name)
    one, two = contents(plain, NOT_COMPARED_WHOLE), contents(folder, NOT_COMPARED_WHOLE)
    assert one.keys() == two.keys() and [path for path in one if one[path] != two[path]] == []


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
def test_figures_hardly_depend_on_the_instruction_set(tmp_path, plain, ledger):
    """Trained models have the same bits; what NumPy and BLAS compute from them may differ in its last digits."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"the instruction sets are of x86-64; this is {platform.machine()}")
    folder = tmp_path / "built"
    (folder / "store").mkdir(parents=True)
    shutil.copytree(plain / "store/shards", folder / "store/shards")
    shutil.copy(plain / "store/index.jsonl", folder / "store")
    run([text.format(folder=folder) for text in smoke(folder).arguments], BASELINE, tmp_path)
    assert contents(folder / "store/shards") == contents(plain / "store/shards"), "models were trained again, to other bits"
    for path in sorted(plain.glob("store/figures/*/data.json")):
        one, two = (numbers(json.loads(found.read_text())) for found in (path, folder / path.relative_to(plain)))
        for a, b in zip(one, two, strict=True):
            close = math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
            assert close or math.isclose(a, b, rel_tol=expected.RELATIVE, abs_tol=expected.ABSOLUTE), (path, a, b)
            how = (
                "the same bits"
                if a == b
                else "twelve digits the same"
                if close
                else "within the tolerance of the expected numbers"
            )
            ledger("numbers of figures computed with another instruction set", how)
