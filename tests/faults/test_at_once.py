"""Several builds at once write the same pages and the same site; a reader finds every page whole, all the time."""

import subprocess
import sys
import time

import pytest

from report import ROOT, files
from report.pages.site import STAMP, publish
from tests.report import fakes

PAGES = """
import sys
from pathlib import Path
from report.pages import render
from tests.report import fakes
home, folder = Path(sys.argv[1]), Path(sys.argv[2])
builds = [fakes.build(home / "figures", profile=profile) for profile in ("smoke", "laptop")]
for turn in range(30):
    (folder / "docs/left.md").touch()
    render.write(builds[turn % 2], folder / "docs", templates=home / "templates", config=home / "mkdocs.yml")
"""

SITE = """
import sys
from pathlib import Path
from report.pages.site import publish
for docs in sys.argv[2:] * 2:
    publish(Path(docs), Path(sys.argv[1]))
"""


def started(program, *arguments):
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def end(processes):
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said


def test_pages_are_written_by_several_builds(tmp_path):
    """Each removes what it does not need, and leaves alone what another has not finished."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/.pages").touch()
    homes = [tmp_path / f"home {i}" for i in range(3)]
    for home in homes:
        (home / "templates/assets").mkdir(parents=True)
        (home / "templates/parts").symlink_to(ROOT / "templates/parts")
        (home / "templates/references.bib").symlink_to(ROOT / "templates/references.bib")
        (home / "templates/index.md").write_text("# Home\n\n{{ build.profile }}\n")
        (home / "mkdocs.yml").write_text("nav:\n  - Home: index.md\n")
    end([started(PAGES, home, tmp_path) for home in homes])
    left = sorted(path.name for path in (tmp_path / "docs").glob("*"))
    assert left == [".pages", "figures", "index.md"]


def test_a_reader_finds_a_whole_site_while_builds_replace_it(tmp_path):
    """Two texts in turn by three processes, the first of which finds no site."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    if not files._exchange(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this system or file system cannot exchange two names, so a site is gone for a moment")
    (tmp_path / "one").rmdir()
    (tmp_path / "two").rmdir()
    docs, out = [fakes.docs(tmp_path / words, words) for words in ("Words", "More")], tmp_path / "site"
    builds = [started(SITE, out, *order) for order in (docs, docs[::-1], docs)]
    while not out.exists() and any(build.poll() is None for build in builds):
        time.sleep(0.01)
    reads = 0
    while any(build.poll() is None for build in builds):
        for name in fakes.PAGES:
            text = (out / f"{name}.html").read_text()
            assert text.rstrip().endswith("</html>") and ("Words with" in text) != ("More with" in text)
            reads += 1
        assert (out / STAMP).read_text()
    end(builds)
    assert reads > 100
    assert not publish(docs[0], out) or not publish(docs[0], out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["More", "Words", "site"]
