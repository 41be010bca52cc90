"""The store: artifacts under their keys, written whole and verified when read, and an index so that plans need not read them.

- `shards/KEY.safetensors`: trained runs.
- `figures/KEY/`: drawn figures with their data.
- `index.jsonl`: a short line per shard written; append-only, rebuilt from the files if lost.
- `drawn.jsonl`: what each figure was last made from, to explain why it is drawn again.
- `sweeps/KEY.json`: the rows of a sweep's table of runs, rebuilt if lost.
- `damaged/`: damaged files and folders, moved aside.
- `timings.json`: seconds of training and drawing, never compared.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from report import files
from report.errors import StoreError, cannot_read, cannot_write
from report.store.index import Entry, Index
from report.store.shard_file import Damaged, decode, encode
from report.store.shards import Shard
from sup.saved import results_digest


def shard_name(key: str) -> str:
    """The name of a shard's file in any store."""
    return f"shards/{key}.safetensors"


class Store:
    """A folder of artifacts, opened for one command.

    Attributes:
        root: The folder.
        warn: Reports damage to the user.
        read_only: Whether the folder must not change; damage is then reported and left in place.
        index: Entries of the shards.
        damaged: What is wrong with each damaged shard that this command met, by key.
    """

    def __init__(self, root: Path, warn: Callable[[str], None] = lambda text: None, *, read_only: bool = False) -> None:
        self.root, self.warn, self.read_only = root, warn, read_only
        self.index = Index(root / "index.jsonl")
        self.damaged: dict[str, str] = {}
        self._entries: dict[str, Entry] = {}

    @property
    def shards(self) -> Path:
        """The folder of the shards."""
        return self.root / "shards"

    def path(self, key: str) -> Path:
        """The file of a shard."""
        return self.root / shard_name(key)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The size of each shard's file, by key.

        Raises:
            StoreError: if the folder cannot be read.
        """
        sizes = {}
        try:
            with os.scandir(self.shards) as items:
                for item in items:
                    if item.name.endswith(".safetensors") and not item.name.startswith(files.TEMPORARY):
                        sizes[item.name.removesuffix(".safetensors")] = _size(item)
        except FileNotFoundError:
            return {}
        except OSError as problem:
            raise StoreError(cannot_read(self.shards, problem)) from None
        return sizes

    def find(self, shard: Shard, label: str, *, thorough: bool = False) -> Entry | None:
        """The entry of `shard`; None when it is absent or damaged (see `damaged`).

        A file that the index lacks, or that does not match its entry, is read and verified.

        Args:
            shard: The shard.
            label: Label to record if the index lacks this shard.
            thorough: Whether to compare the bytes of the file with the index too.
        """
        if shard.key in self._entries:
            return self._entries[shard.key]
        if shard.key not in self.sizes:
            return None
        entry = self.index.get(shard.key)
        if entry is None or entry.size != self.sizes[shard.key] or (thorough and entry.file != self._file_digest(shard.key)):
            entry = self._adopt(shard, label)
        if entry is not None:
            self._entries[shard.key] = entry
        return entry

    def _file_digest(self, key: str) -> str:
        try:
            return hashlib.sha256(self.path(key).read_bytes()).hexdigest()
        except OSError:
            return ""

    def _adopt(self, shard: Shard, label: str) -> Entry | None:
        try:
            data, _, digests = self._load(shard)
        except Damaged:
            return None
        entry = _entry(shard, label, data, digests)
        if not self.read_only:
            with contextlib.suppress(StoreError):  # a store that cannot be written can still be read
                self.index.add(entry)
        return entry

    def read(self, shard: Shard) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
        """The arrays of `shard`, verified and read-only, and its runs' content digests.

        Fails with `Damaged` if the file is missing, or is not what its name says; such a file is moved aside.
        """
        return self._load(shard)[1:]

    def _load(self, shard: Shard) -> tuple[bytes, dict[str, np.ndarray], tuple[str, ...]]:
        path = self.path(shard.key)
        try:
            if _occupied(path):
                raise Damaged("it is not a file")
            data = path.read_bytes()
            return data, *decode(shard, data)
        except FileNotFoundError:
            self._forget(shard.key)
            raise Damaged("it is gone") from None
        except OSError as problem:
            raise StoreError(cannot_read(path, problem)) from None
        except Damaged as problem:
            self._forget(shard.key)
            self.damaged[shard.key] = str(problem)
            self.set_aside(path, f"{path.name} is damaged: {problem}")
            raise

    def _forget(self, key: str) -> None:
        self._entries.pop(key, None)
        self.sizes.pop(key, None)

    def clear(self, path: Path) -> None:
        """Moves aside what stands in the place of a file and is none, such as a folder or a link that leads nowhere."""
        if _occupied(path):
            self.set_aside(path, f"{path.name} is damaged: it is not a file")

    def set_aside(self, path: Path, problem: str) -> None:
        """Reports a damaged file or folder to the user, and moves it into `damaged/`.

        Raises:
            StoreError: if it cannot be moved.
        """
        if self.read_only:
            self.warn(f"{problem}. A build moves it aside and makes it again.")
            return
        target = self.root / "damaged" / path.name
        count = 1
        while os.path.lexists(target):
            count += 1
            target = target.with_name(f"{path.name}.{count}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(cannot_write(target, error)) from None
        self.warn(f"{problem}. Moved to {target}; it is made again.")

    def write(self, shard: Shard, arrays: Mapping[str, np.ndarray], label: str) -> Entry:
        """Stores the trained arrays of `shard` under its key, in one step.

        Fails with a StoreError if the store cannot be written; nothing is then left under the final name.
        """
        entry = self.publish(shard, arrays, label)
        self.add(entry)
        return entry

    def publish(self, shard: Shard, arrays: Mapping[str, np.ndarray], label: str) -> Entry:
        """Writes the file of `shard` in one step, from any thread or machine; `add` then enters it in the index.

        Fails as `publish_file` does.
        """
        return self.publish_file(shard, *encode(shard, arrays), label)

    def publish_file(self, shard: Shard, data: bytes, digests: tuple[str, ...], label: str) -> Entry:
        """As `publish`, for a file that is encoded already; `digests` are its runs' content digests.

        Raises:
            StoreError: if the store cannot be written; nothing is left under the final name.
        """
        path = self.path(shard.key)
        try:
            files.write(path, data)
        except OSError as problem:
            raise StoreError(cannot_write(path, problem)) from None
        return _entry(shard, label, data, digests)

    def add(self, entry: Entry) -> None:
        """Enters a published shard in the index; fails with a StoreError if the index cannot be written."""
        self.index.add(entry)
        self._entries[entry.key] = entry
        self.sizes[entry.key] = entry.size

    def probe(self) -> None:
        """Refuses a store that cannot be written, before anything is trained.

        Raises:
            StoreError: if a file cannot be created in it.
        """
        path = files.temporary_name(self.shards / "probe")
        try:
            self.shards.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"probe")
            path.unlink()
        except OSError as problem:
            with contextlib.suppress(OSError):
                path.unlink()
            raise StoreError(cannot_write(self.root, problem)) from None

    def tidy(self) -> None:
        """Prepares the store for a build: files' places are cleared, and leftovers of killed builds removed.

        A young leftover may belong to a running build, and stays.
        """
        for name in ("index.jsonl", "drawn.jsonl", "timings.json"):
            self.clear(self.root / name)
        for folder in (".", "shards", "figures", "sweeps", "notebooks"):
            for path in (self.root / folder).glob(f"{files.TEMPORARY}*"):
                with contextlib.suppress(OSError):  # another build was quicker
                    if not files.in_use(path):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _occupied(path: Path) -> bool:
    """Whether something that is no file stands in the place of one."""
    return os.path.lexists(path) and not path.is_file()


def _size(item: os.DirEntry[str]) -> int:
    """The size of a file; -1, which no entry of the index has, where it has none or is gone just now."""
    try:
        return item.stat().st_size
    except OSError:
        return -1


def _entry(shard: Shard, label: str, data: bytes, digests: tuple[str, ...]) -> Entry:
    engine = shard.engine
    return Entry(
        key=shard.key,
        spec_digest=shard.spec_digest,
        engine=engine.name,
        code=engine.code,
        environment=engine.environment,
        label=label,
        part=shard.part,
        results_digest=results_digest(digests),
        file=hashlib.sha256(data).hexdigest(),
        size=len(data),
        runs=len(digests),
    )
