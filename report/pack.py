"""Packs what a profile needs into a folder that any static server can offer: shards, and an index that names them all.

The folder is laid out as a store is. A build with FETCH reads the index and then the shards that it lacks, and lists nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from report import files
from report.errors import PipelineError, StoreError, cannot_read, cannot_write, first_of
from report.plan import PlannedSweep
from report.records import LockedSweep
from report.store.artifacts import Store, shard_name
from report.store.index import Entry, line_of
from report.store.shard_file import Damaged, decode
from report.store.shards import Shard
from report.workshop import PlannedFigure, Workshop
from sup.saved import results_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What was packed.

    Attributes:
        shards: Number of shards.
        size: Their bytes.
        sweeps: Number of sweeps.
        vouched: Number of sweeps whose results artifacts.lock lists, so that builds with FETCH take them.
    """

    shards: int
    size: int
    sweeps: int
    vouched: int


def pack(shop: Workshop, folder: Path, locked: Iterable[LockedSweep]) -> Packed:
    """Copies the shards of the workshop's figures into `folder`, beside those that it holds, and then writes its index.

    The index is sorted, so the same results give the same bytes. Fails with a StoreError if a file cannot be read or written.

    Raises:
        PipelineError: if runs are missing, or if `folder` is the store itself.
    """
    if folder.resolve() == shop.store.root.resolve():
        raise PipelineError(f"PACK is a folder for copies from the store; got the store itself, {folder}. Pass another folder.")
    planned = shop.plan(thorough=True)
    check_complete(planned, shop.profile.name, "PACK")
    packed, entries = copy(shop.store, planned, locked, lambda name, data: _write(folder / name, data))
    there = Store(folder)
    lines = {entry.key: entry for entry in there.index.lines if entry.size == there.sizes.get(entry.key)} | entries
    _write(there.index.path, index_of(lines))
    return packed


def check_complete(planned: Sequence[PlannedFigure], profile: str, variable: str) -> None:
    """Refuses figures that lack runs; the message names the option that wants them.

    Raises:
        PipelineError: if some do.
    """
    lacking = [f"{sweep.figure}/{sweep.name}" for figure in planned for sweep in figure.sweeps if sweep.missing]
    if lacking:
        raise PipelineError(
            f"{variable} needs all models of profile {profile}, and some are not trained: {first_of(lacking)}. "
            f"Run `make report PROFILE={profile}` first."
        )


def copy(
    store: Store, planned: Iterable[PlannedFigure], locked: Iterable[LockedSweep], put: Callable[[str, bytes], None]
) -> tuple[Packed, dict[str, Entry]]:
    """Gives `put` the name and bytes of each shard of the figures, once; returns what was packed, and the shards' entries by key.

    Fails with a PipelineError if a file is not that of the index, and with a StoreError if it cannot be read.
    """
    results = {(line.spec_digest, line.engine, line.results_digest) for line in locked}
    sweeps = [sweep for figure in planned for sweep in figure.sweeps]
    digests: dict[str, tuple[str, ...]] = {}
    entries: dict[str, Entry] = {}
    for sweep in sweeps:
        for shard, entry in zip(sweep.shards, sweep.entries, strict=True):
            assert entry is not None
            if shard.key not in entries:
                data, digests[shard.key] = _read(store, shard, entry)
                put(shard_name(shard.key), data)
                entries[shard.key] = entry
    vouched = sum((sweep.spec_digest, sweep.shards[0].engine.name, _results(sweep, digests)) in results for sweep in sweeps)
    size = sum(entry.size for entry in entries.values())
    return Packed(shards=len(entries), size=size, sweeps=len(sweeps), vouched=vouched), entries


def _results(sweep: PlannedSweep, digests: Mapping[str, tuple[str, ...]]) -> str:
    return results_digest([digest for shard in sweep.shards for digest in digests[shard.key]])


def index_of(entries: Mapping[str, Entry]) -> bytes:
    """The index of a packed store, in the order of the keys."""
    return "".join(line_of(asdict(entries[key])) for key in sorted(entries)).encode()


def _read(here: Store, shard: Shard, entry: Entry) -> tuple[bytes, tuple[str, ...]]:
    """The file of a shard, and its runs' content digests.

    Raises:
        PipelineError: if the file is not that of the index.
        StoreError: if it cannot be read.
    """
    path = here.path(shard.key)
    try:
        data = path.read_bytes()
        digests = decode(shard, data)[1]
    except OSError as problem:
        raise StoreError(cannot_read(path, problem)) from None
    except Damaged:
        data, digests = b"", ()
    if hashlib.sha256(data).hexdigest() != entry.file:
        raise PipelineError(f"{path} changed while it was packed. Run the same command again.")
    return data, digests


def _write(path: Path, data: bytes) -> None:
    """Writes a file of the packed store.

    Raises:
        StoreError: if it cannot be written.
    """
    try:
        files.write_if_changed(path, data)
    except OSError as problem:
        raise StoreError(cannot_write(path, problem, "PACK")) from None
