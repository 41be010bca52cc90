"""`soak.json`: what `make soak` has done to builds and their files, for the Reproducibility page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report import ROOT, files
from report.errors import PipelineError
from report.records import SoakCount

PATH = ROOT / "soak.json"


def read(path: Path = PATH) -> tuple[SoakCount, ...]:
    """Its deeds by name; none when there is no such file.

    Raises:
        PipelineError: if the file is no such report.
    """
    if not path.exists():
        return ()
    try:
        content = files.parsed(path.read_bytes())
        return tuple(_count(name, row) for name, row in sorted(content.items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise PipelineError(f"{path.name} is no report of `make soak`. Run it again, or remove the file.") from None


def _count(name: str, row: Mapping[str, Any]) -> SoakCount:
    counts = {str(detail): int(number) for detail, number in sorted(row["counts"].items())}
    return SoakCount(name=name, counts=counts, date=str(row["date"]), commit=str(row["commit"]))
