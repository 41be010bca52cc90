"""Notebooks as data: the cells of a script in jupytext's percent format, with what they print and draw."""

import re
from dataclasses import dataclass
from pathlib import Path

from report import ROOT

SOURCES = ROOT / "templates/notebooks"
"""The scripts, one for each notebook."""
FIRST = "first_steps"
"""The notebook that belongs to no section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a notebook.

    Attributes:
        kind: "markdown" or "code".
        source: Its text.
        printed: What it prints.
        picture: The figure that its last line shows, as SVG; empty for none.
    """

    kind: str
    source: str
    printed: str = ""
    picture: str = ""


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A notebook.

    Attributes:
        name: The stem of its script, such as "phase_change".
        script: The text of its script.
        cells: Its cells, with what they print and draw.
    """

    name: str
    script: str
    cells: tuple[Cell, ...]

    @property
    def title(self) -> str:
        """Its heading."""
        return self.cells[0].source.splitlines()[0].removeprefix("# ")

    @property
    def section(self) -> str:
        """The page of its section of the paper, such as "phase-change"; empty for the first steps."""
        return "" if self.name == FIRST else self.name.replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Handout:
    """What readers take with them.

    Attributes:
        notebooks: The notebooks; that of the first steps comes first.
        wheel: The file of the package, and its name; empty where a build made none.
    """

    notebooks: tuple[Notebook, ...] = ()
    wheel: tuple[str, bytes] = ("", b"")


def cells(script: str) -> tuple[Cell, ...]:
    """The cells of a script, as yet without output; Markdown without comment signs, magics as a notebook has them."""
    found = []
    for kind, text in re.findall(r"^# %%(?: \[(markdown)\])?\n(.*?)(?=^# %%|\Z)", script, re.MULTILINE | re.DOTALL):
        lines = text.strip("\n").splitlines()
        sign = r"^# ?" if kind else r"^# (?=%)"
        found.append(Cell(kind=kind or "code", source="\n".join(re.sub(sign, "", line) for line in lines)))
    return tuple(found)


def scripts() -> list[Path]:
    """The scripts in the order of the site's pages; that of the first steps, which has no page, comes first."""
    pages = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    return sorted(SOURCES.glob("*.py"), key=lambda path: (pages.find(f": {path.stem.replace('_', '-')}.md"), path.stem))
