"""The log of a store: what builds say and do, a line each with its time. It is outside every key and comparison."""

import logging
from pathlib import Path

NAME = "build.log"
MOST_BYTES = 2_000_000
"""Size from which a build begins a new file; the one before is kept as `build.log.1`."""

_LOG = logging.getLogger("report")
_LOG.setLevel(logging.INFO)
_LOG.propagate = False
_LOG.addHandler(logging.NullHandler())


class _Quiet(logging.FileHandler):
    """Writes what it can: a full disk stops a build elsewhere, with words of its own."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Does nothing."""


def begin(folder: Path, text: str) -> Path | None:
    """Lets this process keep its log in a folder, and notes what begins; returns the file, or None if it cannot be written."""
    for old in _LOG.handlers[1:]:
        _LOG.removeHandler(old)
        old.close()
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            path.replace(path.with_name(f"{NAME}.1"))
        handler = _Quiet(path, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s [%(process)d] %(message)s", "%Y-%m-%d %H:%M:%S"))
    _LOG.addHandler(handler)
    note(text)
    return path


def note(text: str) -> None:
    """Adds a line."""
    _LOG.info("%s", text)


def trouble(problem: BaseException) -> None:
    """Adds an error, with where it arose."""
    _LOG.error("%s", problem, exc_info=problem)
