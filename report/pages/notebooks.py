"""Makes notebooks from `templates/notebooks`, with the same bytes every time: `python -m report.pages.notebooks [FOLDER]`."""

import sys
from pathlib import Path

from report import ROOT
from report.files import write_if_changed

SOURCES = ROOT / "templates/notebooks"


def notebook(script: str) -> str:
    """The notebook, as JSON text, of a script in jupytext's percent format.

    The ids of cells are numbered; jupytext and nbformat would draw them at random.
    """
    import jupytext
    import nbformat

    book = jupytext.reads(script, fmt="py:percent")
    for number, cell in enumerate(book.cells):
        cell.id = f"cell-{number}"
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    book.nbformat, book.nbformat_minor = 4, 5
    nbformat.validate(book)
    return nbformat.writes(book, version=nbformat.NO_CONVERT) + "\n"  # type: ignore[no-untyped-call]


def main(folder: Path) -> None:
    """Writes a notebook into `folder` for each script, and prints its path."""
    for source in sorted(SOURCES.glob("*.py")):
        target = folder / f"{source.stem}.ipynb"
        write_if_changed(target, notebook(source.read_text(encoding="utf-8")).encode())
        print(target)


if __name__ == "__main__":
    main(Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / "notebooks")
