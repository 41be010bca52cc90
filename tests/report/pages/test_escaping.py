"""Titles, claims, values, alt texts and all else that a figure says reach a page as text, never as markup."""

import json
import re
from dataclasses import replace

from report.pages import render
from tests.report import fakes

BAD = "<script>alert(1)</script> \"><img src=x onerror=alert(1)> &amp; ' `"
NAV = "nav:\n  - Home: index.md\n  - Claims: claims.md\n  - Figures: figures.md\n"
HOME = (
    '# Home\n\n{{ figure("intro", "A line.") }}\n\n{{ claim("C1") }} {{ rows("C2") }} <i data-claims="{{ ledger() | e }}"></i>\n'
)


def hostile(folder):
    """A build with a figure all of whose texts are markup."""
    figure = fakes.intro(folder)
    texts = dict.fromkeys(("source", "text", "paper", "unit", "measured", "needed", "reason"), BAD)
    claims = [replace(claim, **texts) for claim in figure.claims]
    claims[1] = replace(claims[1], rows=[{BAD: BAD}])
    array = fakes.described([0.5], "feature", BAD) | {"unit": BAD}
    (figure.folder / "data.json").write_text(json.dumps({"arrays": {"W": array}, "values": {}}))
    values = {name: replace(value, unit=BAD) for name, value in figure.values.items()}
    about = replace(figure.about, title=BAD, alt=BAD, note=BAD, source=BAD)
    sweeps = tuple(replace(sweep, shape=BAD) for sweep in figure.sweeps)
    source = f'"""{BAD}"""\n'
    figure = replace(figure, about=about, claims=tuple(claims), values=values, sweeps=sweeps, settings=(BAD,), source=source)
    return fakes.build(folder, (figure, fakes.figure(folder, "sketch")), versions={"numba": BAD})


def test_no_text_becomes_markup(tmp_path):
    templates = tmp_path / "templates"
    (templates / "assets").mkdir(parents=True)
    for name in ("parts", "references.bib", "claims.md", "figures.md"):
        (templates / name).symlink_to(render.TEMPLATES / name)
    (templates / "index.md").write_text(HOME)
    (tmp_path / "mkdocs.yml").write_text(NAV)
    render.write(hostile(tmp_path / "figures"), tmp_path / "docs", templates=templates, config=tmp_path / "mkdocs.yml")
    pages = {path.name: path.read_text() for path in (tmp_path / "docs").rglob("*.md")}
    assert sum(text.count("&lt;script&gt;") for text in pages.values()) > 20
    for name, text in pages.items():
        outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.M | re.S)  # code is text wherever it stands
        assert "<script>alert" not in outside and "<img src=x" not in outside, name
