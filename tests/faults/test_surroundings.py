"""A build gives the same bytes wherever it runs: odd paths, other languages, no home, a strict umask, a clock set back."""

import os
import subprocess
import sys

import pytest

from report import ROOT
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


@pytest.mark.soak
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_site_has_the_same_bytes(tmp_path, tmp_path_factory, name, ledger):
    plain = tmp_path_factory.getbasetemp() / "plain"
    if not plain.exists():
        smoke(plain).run()
    folder = tmp_path / ODD
    arguments = [text.format(folder=folder) for text in smoke(folder).arguments]
    run(arguments, SURROUNDINGS[name], tmp_path)
    ledger("whole builds in odd surroundings")
    one, two = contents(plain, NOT_COMPARED_WHOLE), contents(folder, NOT_COMPARED_WHOLE)
    assert one.keys() == two.keys() and [path for path in one if one[path] != two[path]] == []
