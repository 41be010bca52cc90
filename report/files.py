"""Files that are written whole or not at all, and left alone when they hold the bytes already."""

import contextlib
import os
import secrets
from pathlib import Path

TEMPORARY = ".tmp-"


def temporary_name(path: Path) -> Path:
    """A name beside `path` that nobody else uses; a leftover is known by its prefix."""
    return path.parent / f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(6)}-{path.name}"


def write(path: Path, data: bytes) -> None:
    """Puts `data` at `path` in one step: a reader sees the old bytes or all of the new, and a failure leaves no trace.

    Raises:
        OSError: if the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        with open(temporary, "xb") as out:
            out.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_if_changed(path: Path, data: bytes) -> bool:
    """Puts `data` at `path` in one step, and says so; leaves the file and its date alone if it holds them already."""
    if path.is_file() and path.read_bytes() == data:
        return False
    write(path, data)
    return True
