"""`speed.json`: what `make bench` measured, for the Reproducibility page, with its machine and without a date."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from report import ROOT, files
from report.errors import PipelineError
from report.records import Speed

PATH = ROOT / "speed.json"

_PARTS = tuple(field.name for field in fields(Speed))
_NEEDED = {field.name for field in fields(Speed) if field.default is MISSING}  # an older file may lack the others
_DIGITS = 4


def write(speed: Speed, path: Path = PATH) -> None:
    """Writes the measurements, each number with four significant digits."""
    files.write_if_changed(path, (json.dumps(_rounded(speed.row()), indent=1) + "\n").encode())


def read(path: Path = PATH) -> Speed | None:
    """The last measurements; None when there are none.

    Raises:
        PipelineError: if the file is not one that `write` made.
    """
    if not path.exists():
        return None
    try:
        row = files.parsed(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise PipelineError(_wrong(path, f"it cannot be read: {problem}")) from None
    if not isinstance(row, dict) or not _NEEDED <= set(row) <= set(_PARTS):
        parts = ", ".join(row) if isinstance(row, dict) else repr(row)
        raise PipelineError(_wrong(path, f"its parts are {', '.join(_PARTS)}; got {parts}"))
    return Speed(**row)


def _wrong(path: Path, problem: str) -> str:
    return f"{path.name} holds what `make bench` measured; {problem}. Run `make bench`, or restore the file from the repository."


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, (list, tuple)) else value
