"""Writes files whole or not at all, and leaves a file alone when it already holds the bytes."""

import contextlib
import ctypes
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

TEMPORARY = ".tmp-"
LEFTOVER_SECONDS = 3600.0
"""Age from which a temporary file is taken for the leftover of a killed process."""

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


def in_use(path: Path) -> bool:
    """Whether a running build may still want its temporary file or folder at `path`, which is young or just gone."""
    try:
        return time.time() - path.lstat().st_mtime < LEFTOVER_SECONDS
    except OSError:
        return True


def write(path: Path, data: bytes) -> None:
    """Writes `data` to `path` in one step: a reader sees the old bytes or all of the new, and a failure leaves no trace."""
    with written(path) as out:
        out.write(data)


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write bit by bit, which takes the place of `path` at the end, in one step as `write` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        with open(temporary, "xb") as out:
            yield out
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def replace_folder(new: Path, folder: Path, old: Path) -> None:
    """Moves the folder `new` to `folder`, and what was there to `old`, if there was something.

    Where the system can exchange two names, a reader of `folder` never misses it; elsewhere it is gone for a moment. If `new`
    cannot take the place, `folder` stays as it was.

    Raises:
        OSError: if a folder cannot be moved.
    """
    if not folder.exists():
        try:
            new.rename(folder)
            return
        except OSError:
            if not folder.exists():  # no other process was first
                raise
    if _exchange(new, folder):
        new.rename(old)
    else:
        folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            old.rename(folder)
            raise


def _exchange(one: Path, two: Path) -> bool:
    """Exchanges two names in one step, on Linux and macOS; False where the system or the file system cannot."""
    here, flag = -100, 2  # AT_FDCWD and RENAME_EXCHANGE; RENAME_SWAP has the same value
    names = os.fsencode(one), os.fsencode(two)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return library.renamex_np(*names, flag) == 0
        return library.renameat2(here, names[0], here, names[1], flag) == 0
    except (OSError, AttributeError, TypeError):
        return False


def write_if_changed(path: Path, data: bytes) -> bool:
    """Writes `data` to `path` in one step, unless the file already holds it; returns whether it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    write(path, data)
    return True
