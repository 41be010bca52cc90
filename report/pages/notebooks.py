"""Notebooks from the scripts in `templates/notebooks`, the same bytes every time: `python -m report.pages.notebooks [FOLDER]`."""

import sys
from pathlib import Path

from report import ROOT
from report.files import write_if_changed

SOURCES = ROOT / "templates/notebooks"


def notebook(script: str) -> str:
    """The notebook, as JSON text, of a script in jupytext's percent format.

    Cells are numbered where jupytext and nbformat would draw their ids at random.
    """
    import jupytext
    import nbformat

    made = jupytext.reads(script, fmt="py:percent")
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
    made.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    made.nbformat, made.nbformat_minor = 4, 5
    nbformat.validate(made)
    text: str = nbformat.writes(made, version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    return text + "\n"


def main(folder: Path) -> None:
    """Writes a notebook into `folder` for each script, and says where."""
    for source in sorted(SOURCES.glob("*.py")):
        target = folder / f"{source.stem}.ipynb"
        write_if_changed(target, notebook(source.read_text(encoding="utf-8")).encode())
        print(target)


if __name__ == "__main__":
    main(Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / "notebooks")
