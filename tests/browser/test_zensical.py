"""Zensical, the successor of MkDocs and its theme, builds the site from the same settings: a way out, should MkDocs end."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from report import ROOT

ZENSICAL = Path(sys.executable).with_name("zensical")
THEIRS = {"__skip", "weights"}
"""Targets that one of the two puts on another element: one of the theme, and one of a cell that our build fills in later."""


def targets(folder):
    """The targets of links in the article of each page, by the page's name."""
    articles = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
        for path in folder.rglob("*.html")
    }
    return {name: set(re.findall(r'\bid="?([^"\s>]+)', article)) - THEIRS for name, article in articles.items()}


def test_zensical_builds_every_page_with_all_targets_of_links(site, tmp_path):
    if not ZENSICAL.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("not tested: zensical is not installed")
    for name in ("report", "sup", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(site.parents[2] / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    run = subprocess.run(
        [ZENSICAL, "build"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    made = targets(tmp_path / "site")
    assert made.pop("404.html") is not None
    assert made == targets(site)
    assert len(made) > 60 and len(made["index.html"]) > 8 and "sup.census.components" in made["api.html"]
