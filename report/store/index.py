"""The index of a store: a short line per stored shard, so that a plan reads one file and lists one folder.

It is append-only and may be lost: a file without a line is read and verified, a line without a file counts as absent.
"""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import get_type_hints

from report.errors import StoreError, cannot_read, cannot_write
from report.files import parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the index: what a shard's file holds.

    Attributes:
        key: The shard's key, which names the file.
        spec_digest: Digest of its specs and observations.
        engine: Name of the engine.
        code: Digest of the engine's code.
        environment: What else the engine's bits depend on.
        label: The sweep it was first written for, profile/figure/name, such as "smoke/intro/models".
        part: Its position in that sweep.
        results_digest: Digest of its runs' content digests, in order.
        file: SHA-256 of the file.
        size: Bytes of the file.
        runs: Number of runs.
    """

    key: str
    spec_digest: str
    engine: str
    code: str
    environment: str
    label: str
    part: int
    results_digest: str
    file: str
    size: int
    runs: int


_KINDS = get_type_hints(Entry)


def _parse(line: str) -> Entry | None:
    """The entry in a line of the index; None if the line is cut short or is not an entry."""
    try:
        row = parsed(line)
    except ValueError:
        return None
    complete = isinstance(row, dict) and row.keys() == _KINDS.keys()
    return Entry(**row) if complete and all(type(row[name]) is kind for name, kind in _KINDS.items()) else None


def parse(text: str) -> list[Entry]:
    """The entries of an index with this text, in order, without lines that cannot be read."""
    return [entry for line in text.split("\n") if line and (entry := _parse(line))]


class Index:
    """The lines of an index, read on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def lines(self) -> list[Entry]:
        """The entries as written, oldest first, without lines that cannot be read.

        Raises:
            StoreError: if the file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise StoreError(cannot_read(self.path, problem)) from None
        return parse(text)

    @cached_property
    def _by_key(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.lines}

    @cached_property
    def _history(self) -> dict[str, list[Entry]]:
        history: dict[str, list[Entry]] = {}
        for entry in self.lines:
            history.setdefault(entry.spec_digest, []).append(entry)
            history.setdefault(entry.label, []).append(entry)
        return history

    def get(self, key: str) -> Entry | None:
        """The last entry of a shard."""
        return self._by_key.get(key)

    def past(self, name: str) -> list[Entry]:
        """All entries stored under this spec digest or label, oldest first."""
        return self._history.get(name, [])

    def add(self, entry: Entry) -> None:
        """Appends an entry; fails with a StoreError if it cannot be written."""
        by_key, lines = self._by_key, self.lines
        append(self.path, asdict(entry))
        by_key[entry.key] = entry
        lines.append(entry)


def line_of(content: Mapping[str, object]) -> str:
    """`content` as a line of JSON."""
    return json.dumps(content, separators=(",", ":")) + "\n"


def append(path: Path, content: Mapping[str, object]) -> None:
    """Adds a line of JSON to the file at `path` with one write, so that builds side by side do not mix their lines.

    Raises:
        StoreError: if it cannot be written.
    """
    data = line_of(content).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, data)
    except OSError as problem:
        raise StoreError(cannot_write(path, problem)) from None


def _write_once(path: Path, data: bytes) -> None:
    """Appends `data` to the file at `path` with one write.

    Raises:
        OSError: if not all of it is written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
