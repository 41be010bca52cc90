"""The site shows notebooks with their output, links to them, and offers them for download."""

import io
import re
import time
import zipfile
from dataclasses import replace

import pytest

from report.notebook import FIRST, scripts
from report.pages import notebooks
from report.pages.render import TEMPLATES, PageError, write
from tests.report import fakes

NAMES = [script.stem for script in scripts()]
OF_SECTIONS = [name for name in NAMES if name != FIRST]


def test_every_section_has_a_notebook():
    sections = {path.stem for path in TEMPLATES.glob("*.md") if "notebook(" in path.read_text()}
    assert sections == {name.replace("_", "-") for name in OF_SECTIONS} and len(sections) == 10
    assert NAMES[:3] == [FIRST, "demonstrating", "phase_change"] and NAMES[-1] == "appendix"


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    """The pages of the project, with made-up numbers."""
    home = tmp_path_factory.mktemp("pages")
    write(fakes.complete(home / "figures"), home / "docs")
    return home / "docs"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_a_notebook_with_its_output_and_its_picture(docs, name):
    text = (docs / f"notebooks/{name}.md").read_text(encoding="utf-8")
    assert "```python\nimport" in text and "```text\nprinted\n```" in text
    (picture,) = re.findall(
        r'<img class="notebook__drawn" src="([\w-]+\.svg)" alt="[^"]{30,}" loading="lazy" width="576" height="267">', text
    )
    assert (docs / "notebooks" / picture).read_text().startswith("<svg")
    assert f'href="{name}.ipynb"' in text and 'href="notebooks.zip"' in text


@pytest.mark.parametrize("name", OF_SECTIONS)
def test_a_section_leads_to_its_notebook(docs, name):
    text = (docs / f"{name.replace('_', '-')}.md").read_text(encoding="utf-8")
    assert f'<a href="notebooks/{name}.html">read it</a>' in text
    (size,) = re.findall(rf'<a href="notebooks/{name}\.ipynb" download>download it</a> \(\.ipynb, ([\d.]+) kB\)', text)
    assert float(size) == pytest.approx(len((docs / f"notebooks/{name}.ipynb").read_bytes()) / 1000, rel=0.05)


def test_a_page_lists_all_notebooks_and_offers_them_in_one_file(docs):
    text = (docs / "notebooks.md").read_text(encoding="utf-8")
    assert all(f'href="notebooks/{name}.{kind}"' in text for name in NAMES for kind in ("html", "ipynb"))
    with zipfile.ZipFile(io.BytesIO((docs / "notebooks/notebooks.zip").read_bytes())) as archive:
        assert archive.namelist() == [*(f"{name}.ipynb" for name in NAMES), "sup-0-py3-none-any.whl"]
        assert archive.read("geometry.ipynb") == (docs / "notebooks/geometry.ipynb").read_bytes()


def test_an_archive_has_the_same_bytes_at_any_time(monkeypatch):
    now = dict(notebooks.published(fakes.handout()))
    monkeypatch.setattr(time, "time", lambda: 1e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(1e9))
    assert dict(notebooks.published(fakes.handout())) == now


def test_a_link_to_a_notebook_that_is_not_there_stops_the_build(tmp_path):
    build = fakes.complete(tmp_path / "figures")
    fewer = replace(build.handout, notebooks=build.handout.notebooks[:2])
    with pytest.raises(PageError, match=r"no notebook 'phase_change'; there are first_steps, demonstrating\."):
        write(replace(build, handout=fewer), tmp_path / "docs")
