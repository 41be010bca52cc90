"""What builds say and do: to the user, and in the log of their store, a line each with its time.

The log is outside every key and comparison.
"""

import logging
import sys
from pathlib import Path
from typing import TextIO

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


def say(text: str, out: TextIO | None = None) -> None:
    """Prints a notice on standard error, or on `out`, and logs it; standard output is for answers."""
    note(text)
    print(text, file=out or sys.stderr, flush=True)


def kept() -> Path | None:
    """The file in which this process keeps its log; None if it keeps none."""
    return next((Path(handler.baseFilename) for handler in _LOG.handlers if isinstance(handler, _Quiet)), None)


def keep(folder: Path) -> None:
    """Lets this process keep its log in a folder; where it cannot be written, there is none."""
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
        return
    handler.setFormatter(logging.Formatter("%(asctime)s [%(process)d] %(message)s", "%Y-%m-%d %H:%M:%S"))
    _LOG.addHandler(handler)


def note(text: str) -> None:
    """Adds a line."""
    _LOG.info("%s", text)


def trouble(problem: BaseException) -> None:
    """Adds an error, with where it arose."""
    _LOG.error("%s", problem, exc_info=problem)
