"""Writes files whole or not at all, and leaves a file alone when it already holds the bytes."""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp-"
EPOCH = "1663113600"
"""The paper's day in seconds, as SOURCE_DATE_EPOCH: the date of what other tools build here, which would be today's otherwise."""


def parsed(data: bytes | str) -> Any:
    """What a text of JSON means.

    Raises:
        ValueError: if it is not JSON, or is nested more deeply than anything that is written here.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def temporary_name(path: Path) -> Path:
    """A unique name beside `path`; its prefix identifies leftovers."""
    return path.parent / f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(6)}-{path.name}"


def write(path: Path, data: bytes) -> None:
    """Writes `data` to `path` in one step: a reader sees the old bytes or all of the new, and a failure leaves no trace."""
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
    """Writes `data` to `path` in one step, unless the file already holds it; returns whether it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    write(path, data)
    return True
