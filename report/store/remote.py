"""A store at an address: whatever fsspec can read, such as a folder, a web server or a bucket. Nothing is listed there."""

import time
from functools import cached_property
from typing import Any

from report.store.index import Entry, parse

PATIENCE = 20.0
"""Seconds that a file may take ..."""

SLOWEST = 50_000
"""... and bytes a second that it must come with besides."""

PAUSE = 1.0
"""Seconds before an address that did not answer is asked once more."""


MOST_INDEX = 2**26
"""Bytes that an index may have; the line of a shard takes some 500."""


class Missing(Exception):
    """The store has no such file, or does not hand it out; the message says so."""


class Unreachable(Exception):
    """The store does not answer; the message says how."""


class Remote:
    """A store that is read from an address; several threads may read at the same time.

    Attributes:
        address: A folder or a URL.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """A file system of fsspec, and the store's path in it."""
        from fsspec.core import url_to_fs

        system, path = url_to_fs(self.address)
        return system, path.rstrip("/")

    def index(self) -> dict[str, Entry]:
        """The entries of the store's index, by key; fails as `read` does.

        Raises:
            Missing: if it is larger than any index of this project.
        """
        data = self.read("index.jsonl")
        if len(data) > MOST_INDEX:
            raise Missing(f"its index.jsonl has {len(data):,} bytes, more than {MOST_INDEX:,}")
        return {entry.key: entry for entry in parse(data.decode(errors="replace"))}

    def read(self, name: str, size: int = 0) -> bytes:
        """The bytes of a file. Fails with `Unreachable` if the store does not answer twice, and with `Missing`.

        Args:
            name: The file's name in the store.
            size: Its size, as far as it is known: a large file may take longer.
        """
        try:
            return self._read(name, PATIENCE + size / SLOWEST)
        except Unreachable:
            time.sleep(PAUSE)
            return self._read(name, PATIENCE + size / SLOWEST)

    def _read(self, name: str, seconds: float) -> bytes:
        """The bytes of a file.

        Raises:
            Missing: if the file is not there, or not for us.
            Unreachable: if fsspec cannot open the address, or nothing comes in time.
        """
        try:
            system, path = self._place
            limit = {"timeout": seconds} if system.async_impl else {}  # folders and their like take none
            data: bytes = system.cat_file(f"{path}/{name}", **limit)
            return data
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(f"{name} is not there") from None
        except TimeoutError:
            raise Unreachable(f"{name} did not come in {seconds:.0f} s") from None
        except ImportError as problem:
            raise Unreachable(f"fsspec lacks a package for such an address ({_words(problem)})") from None
        except Exception as problem:  # each file system has its own
            if isinstance(problem, PermissionError) or 400 <= getattr(problem, "status", 0) < 500:
                raise Missing(f"{name} is not handed out ({_words(problem)})") from None
            raise Unreachable(_words(problem)) from None


def _words(problem: Exception) -> str:
    """An error of a library in one line."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}".rstrip(": ")
