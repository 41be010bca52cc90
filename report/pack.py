"""Packs what a profile needs into a folder that any static server can offer: shards, and an index that names them all.

The folder is laid out as a store is. A build with FETCH reads the index and then the shards that it lacks, and lists nothing.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from report import files
from report.errors import PipelineError, StoreError, cannot_read, cannot_write
from report.plan import PlannedSweep
from report.records import LockedSweep
from report.store.artifacts import Store
from report.store.index import Entry, line_of
from report.store.shard_file import Damaged, decode
from report.store.shards import Shard
from report.workshop import Workshop
from sup.saved import results_digest

SHOWN = 3


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
    sweeps = [sweep for figure in shop.plan(thorough=True) for sweep in figure.sweeps]
    _check_complete(sweeps, shop.profile.name)
    results = {(line.spec_digest, line.engine, line.results_digest) for line in locked}
    there = Store(folder)
    packed: dict[str, Entry] = {}
    vouched = 0
    for sweep in sweeps:
        digests: list[str] = []
        for shard, entry in zip(sweep.shards, sweep.entries, strict=True):
            assert entry is not None
            digests += _copy(shop.store, there, shard, entry)
            packed[shard.key] = entry
        vouched += (sweep.spec_digest, sweep.shards[0].engine.name, results_digest(digests)) in results
    lines = {entry.key: entry for entry in there.index.lines if entry.size == there.sizes.get(entry.key)} | packed
    _write(there.index.path, "".join(line_of(asdict(lines[key])) for key in sorted(lines)).encode())
    size = sum(entry.size for entry in packed.values())
    return Packed(shards=len(packed), size=size, sweeps=len(sweeps), vouched=vouched)


def _check_complete(sweeps: Sequence[PlannedSweep], profile: str) -> None:
    """Refuses to pack sweeps that lack runs.

    Raises:
        PipelineError: if some do.
    """
    lacking = [f"{sweep.figure}/{sweep.name}" for sweep in sweeps if sweep.missing]
    if lacking:
        names = ", ".join(lacking[:SHOWN]) + (f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else "")
        raise PipelineError(
            f"PACK needs all models of profile {profile}, and some are not trained: {names}. "
            f"Run `make report PROFILE={profile}` first."
        )


def _copy(here: Store, there: Store, shard: Shard, entry: Entry) -> tuple[str, ...]:
    """Copies the file of a shard, and returns its runs' content digests.

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
    _write(there.path(shard.key), data)
    return digests


def _write(path: Path, data: bytes) -> None:
    """Writes a file of the packed store.

    Raises:
        StoreError: if it cannot be written.
    """
    try:
        files.write_if_changed(path, data)
    except OSError as problem:
        raise StoreError(cannot_write(path, problem, "PACK")) from None
