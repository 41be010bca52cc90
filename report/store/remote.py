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
            raise Missing(f"its index.jsonl has more than {MOST_INDEX:,} bytes")
        return {entry.key: entry for entry in parse(data.decode(errors="replace"))}

    def read(self, name: str, size: int = 0) -> bytes:
        """The bytes of a file, and of a larger one than it should be one byte more than that.

        Fails with `Unreachable` if the store does not answer twice, and with `Missing`.

        Args:
            name: The file's name in the store.
            size: Its size, if that is known: a large file may take longer. Otherwise it has `MOST_INDEX` bytes at most.
        """
        try:
            return self._read(name, size or MOST_INDEX, PATIENCE + size / SLOWEST)
        except Unreachable:
            time.sleep(PAUSE)
            return self._read(name, size or MOST_INDEX, PATIENCE + size / SLOWEST)

    def _read(self, name: str, most: int, seconds: float) -> bytes:
        """At most `most + 1` bytes of a file.

        Raises:
            Missing: if the file is not there, or not for us.
            Unreachable: if fsspec cannot open the address, or nothing comes in time.
        """
        try:
            from fsspec.asyn import sync

            system, path = self._place
            file = f"{path}/{name}"
            if system.async_impl:
                try:
                    return sync(system.loop, _streamed, system, file, most + 1, timeout=seconds)
                except NotImplementedError:  # some can only be asked for a part
                    return system.cat_file(file, start=0, end=most + 1, timeout=seconds)
            with system.open(file, "rb") as opened:
                return opened.read(most + 1)
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


async def _streamed(system: Any, file: str, most: int) -> bytes:
    """At most so many bytes of a file. A server may send any number, and none that was not asked for is kept."""
    known = {"size": most} if "http" in system.protocol else {}  # or the server is asked for the size first
    opened, data = await system.open_async(file, "rb", **known), bytearray()
    try:
        while len(data) < most and (part := await opened.read(most - len(data))):
            data += part
        return bytes(data)
    finally:
        await opened.close()


def _words(problem: Exception) -> str:
    """An error of a library in one line."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}".rstrip(": ")
