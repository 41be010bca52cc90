"""Pages: what templates may ask for, what they get, and what happens when it is not there."""

import shutil
from pathlib import Path

import pytest

from report.pages import TEMPLATES, PageError, write
from tests.report import fakes

NAV = "nav:\n  - Home: index.md\n  - Part:\n      - More: more.md\n"


@pytest.fixture
def templates(tmp_path):
    """A folder of two templates with the project's own parts."""
    home = tmp_path / "templates"
    home.mkdir()
    (tmp_path / "mkdocs.yml").write_text(NAV)
    shutil.copytree(TEMPLATES / "parts", home / "parts")
    shutil.copy(TEMPLATES / "references.bib", home)
    (home / "assets").mkdir()
    (home / "assets/style.css").write_text("p {}\n")
    (home / "index.md").write_text('# Home\n\nSee {{ ref("intro") }} and {{ ref("loss") }}: {{ value("intro.share") }}.\n')
    (home / "more.md").write_text(
        '# More\n\n{{ figure("intro", "All *of* it.") }}\n{{ figure("sketch") }}\n'
        '{% call eq("loss") %}L < \\lVert x \\rVert{% endcall %}\n\n{{ claim("C1") }} {{ cite("elhage2022") }} {{ interval("intro.share") }}\n'
    )
    return home


@pytest.fixture
def build(tmp_path):
    return fakes.build(tmp_path / "figures")


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_references_lead_to_numbers_given_in_the_order_of_the_navigation(build, templates, tmp_path):
    assert write(build, tmp_path / "docs", templates=templates)
    home = (tmp_path / "docs/index.md").read_text()
    assert '<a class="ref" href="more.html#fig-intro">Figure 1</a>' in home
    assert '<a class="ref" href="more.html#eq-loss">Equation (1)</a>' in home
    assert "Figure 2. Title of sketch." in (tmp_path / "docs/more.md").read_text()
