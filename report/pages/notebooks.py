"""Makes notebooks from `templates/notebooks`, with the same bytes every time: `python -m report.pages.notebooks [FOLDER]`."""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from report import ROOT
from report.files import write_if_changed
from report.notebook import Handout, Notebook, scripts
from report.wheel import zipped

NEEDED = ("jaxtyping", "numba", "numpy", "safetensors", "scipy")
"""What `sup` needs to train and measure; the other dependencies of the project are for its pipeline."""

_WORDS = """This notebook needs the package `sup`. Where it is missing, the next cell installs it from the wheel, a file
`sup-….whl` that lies beside the notebook in `notebooks.zip`. In Colab, upload the wheel first: open the folder at the left,
and drop the file there."""
_INSTALL = """from importlib.util import find_spec

if find_spec("sup") is None:
    %pip install --quiet {needed}
    %pip install --quiet --no-deps ./sup-*.whl"""


@cache
def install() -> str:
    """The source of the cell that installs the package, if it is missing, from a wheel beside the notebook."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [text for text in project["dependencies"] if re.split(r"[^\w-]", text)[0] in NEEDED]
    return _INSTALL.format(needed=" ".join(f'"{text}"' for text in needed))


@cache
def notebook(script: str) -> str:
    """The notebook, as JSON text, of a script in jupytext's percent format; its second cell installs `sup`.

    The ids of cells are numbered; jupytext and nbformat would draw them at random.
    """
    import jupytext
    import nbformat

    book = jupytext.reads(script, fmt="py:percent")
    first = jupytext.reads(f"# %% [markdown]\n# {_WORDS.replace(chr(10), ' ')}\n\n# %%\n", fmt="py:percent").cells
    first[1].source = install()
    book.cells[1:1] = first
    for number, cell in enumerate(book.cells):
        cell.id = f"cell-{number}"
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    book.nbformat, book.nbformat_minor = 4, 5
    nbformat.validate(book)
    return nbformat.writes(book, version=nbformat.NO_CONVERT) + "\n"  # type: ignore[no-untyped-call]


def pictures(book: Notebook) -> dict[int, str]:
    """The file names of a notebook's pictures, by the number of the cell."""
    return {number: f"{book.name}-{number}.svg" for number, cell in enumerate(book.cells) if cell.picture}


def published(handout: Handout) -> Iterator[tuple[str, bytes]]:
    """The files of the site's folder `notebooks/`, by name: notebooks, the wheel, an archive of these, and pictures."""
    taken = {f"{book.name}.ipynb": notebook(book.script).encode() for book in handout.notebooks}
    if handout.wheel[1]:
        taken[handout.wheel[0]] = handout.wheel[1]
    yield from taken.items()
    if taken:
        yield "notebooks.zip", zipped(taken)
    for book in handout.notebooks:
        for number, name in pictures(book).items():
            yield name, book.cells[number].picture.encode()


def main(folder: Path) -> None:
    """Writes a notebook into `folder` for each script, and prints its path."""
    for source in scripts():
        target = folder / f"{source.stem}.ipynb"
        write_if_changed(target, notebook(source.read_text(encoding="utf-8")).encode())
        print(target)


if __name__ == "__main__":
    main(Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / "notebooks")
