"""Zensical, which follows MkDocs and its theme, builds the same settings: a way on should MkDocs end."""

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
"""Targets that one of them gives another element: of the theme, and of a cell that our build fills in afterwards."""


def targets(folder):
    """What links can lead to in the article of each page, by the page's name."""
    articles = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
        for path in folder.rglob("*.html")
    }
    return {name: set(re.findall(r'\bid="?([^"\s>]+)', article)) - THEIRS for name, article in articles.items()}


def test_zensical_builds_every_page_with_all_that_links_lead_to(site, tmp_path):
    if not ZENSICAL.exists():
        pytest.skip("zensical is not installed, so nothing says that it builds the site")
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
