"""Runs a notebook, cell by cell as Jupyter would, and notes what the cells print and draw: `python -m report.play SCRIPT`."""

import ast
import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from report.children import follow
from report.notebook import Cell, cells


def play(script: str, name: str = "notebook") -> tuple[Cell, ...]:
    """The cells of a script with their output, run in this process.

    Args:
        script: Its text.
        name: What errors call it; those of its cells are passed on.
    """
    space: dict[str, Any] = {"__name__": name}
    return tuple(_played(cell, space, name) if cell.kind == "code" else cell for cell in cells(script))


def _played(cell: Cell, space: dict[str, Any], name: str) -> Cell:
    tree = ast.parse("\n".join("" if line.startswith("%") else line for line in cell.source.splitlines()))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    shown = None
    with redirect_stdout(StringIO()) as printed:
        exec(compile(tree, name, "exec"), space)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), name, "eval"), space)
    return replace(cell, printed=printed.getvalue(), picture=_svg(shown))


def _svg(shown: object) -> str:
    """A figure as SVG, the same bytes every time; empty for anything else."""
    if not hasattr(shown, "savefig"):
        return ""
    import matplotlib

    out = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "notebook"}):
        shown.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue().decode()


def main(path: Path, parent: int = 0) -> None:
    """Runs the script at `path` with matplotlib's defaults, and prints its cells as JSON; ends with the process `parent`."""
    import matplotlib

    if parent:
        follow(parent)
    matplotlib.rcdefaults()
    played = play(path.read_text(encoding="utf-8"), path.stem)
    print(json.dumps([asdict(cell) for cell in played], ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
