"""What `make bench` measured, as the Reproducibility page shows it: `speed.json`, marked with its machine and without a date."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report import ROOT, files
from report.errors import PipelineError

PATH = ROOT / "speed.json"
PARTS = ("machine", "pairs", "table", "mean", "peak", "late", "compilation",
         "growth_runs", "growth_features", "growth_threads", "memory")  # fmt: skip
"""What was measured, by name; the numbers are those of `tests/benchmarks`, whose README says how they were taken."""

_DIGITS = 4


def write(found: Mapping[str, Any], path: Path = PATH) -> None:
    """Keeps what was measured, each number with four significant digits."""
    files.write_if_changed(path, (json.dumps(_rounded(found), indent=1) + "\n").encode())


def read(path: Path = PATH) -> dict[str, Any] | None:
    """What was measured last; None when nothing was.

    Raises:
        PipelineError: if the file is not one that `write` made.
    """
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise PipelineError(_wrong(path, f"it cannot be read: {problem}")) from None
    if not isinstance(found, dict) or set(found) != set(PARTS):
        there = ", ".join(found) if isinstance(found, dict) else repr(found)
        raise PipelineError(_wrong(path, f"its parts are {', '.join(PARTS)}; got {there}"))
    return found


def _wrong(path: Path, problem: str) -> str:
    return f"{path.name} holds what `make bench` measured; {problem}. Run `make bench`, or take the file of the repository."


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, (list, tuple)) else value
