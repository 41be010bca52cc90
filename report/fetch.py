"""Fetches missing sweeps from a packed store. What cannot be had, or what nothing vouches for, is left to training.

The checks of a file show that it is whole and made for its runs, not that its numbers are right: a store elsewhere may be wrong.
`artifacts.lock` tells that, sweep by sweep. So a sweep is fetched whole, and enters the store only if its results have the digest
in the lock. A sweep that the lock does not list is not fetched.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from report.engines import Engine
from report.errors import Interrupted
from report.log import say
from report.plan import PlannedSweep
from report.progress import Work, working
from report.records import LockedSweep
from report.store.artifacts import Store, shard_name
from report.store.index import Entry
from report.store.remote import Missing, Remote, Unreachable
from report.store.shard_file import Damaged, decode, most_bytes
from report.store.shards import Shard
from sup.saved import results_digest

THREADS = 8
"""Files that are fetched at the same time."""

UNLISTED = "artifacts.lock does not list their sweeps, so nothing would vouch for what comes from elsewhere"

File: TypeAlias = tuple[bytes, tuple[str, ...]]
"""A shard's file, checked, and its runs' content digests."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sweep that lacks shards.

    Attributes:
        sweep: The sweep.
        label: Its profile/figure/name.
        locked: The digest of its results in artifacts.lock; empty if the lock does not list it.
    """

    sweep: PlannedSweep
    label: str
    locked: str


def fetch_missing(
    store: Store, address: str, profile: str, planned: Iterable[PlannedSweep], locked: Iterable[LockedSweep]
) -> None:
    """Fetches what is missing and can be had; says how much came, and why the rest did not.

    Fails with a StoreError if the store cannot be written, and with `Interrupted` on Ctrl-C.

    Args:
        store: Where shards go.
        address: Where they come from, a packed store.
        profile: The profile's name.
        planned: The sweeps.
        locked: The lines of artifacts.lock.
    """
    results = {(line.spec_digest, line.engine): line.results_digest for line in locked}
    wanted = [
        Wanted(s, f"{profile}/{s.figure}/{s.name}", results.get((s.spec_digest, s.shards[0].engine.name), ""))
        for s in planned
        if s.missing
    ]
    if not wanted:
        return
    store.probe()
    fetch = Fetch(store, Remote(address), wanted)
    fetch.run()
    for text in fetch.summary():
        say(text)


class Fetch:
    """One fetch from a packed store.

    Attributes:
        store: Where shards go.
        remote: Where they come from.
        wanted: The sweeps.
        missing: The shards that they lack, by key.
        stored: The keys of those that came.
        left: Why others are left to training, by key.
    """

    def __init__(self, store: Store, remote: Remote, wanted: Sequence[Wanted]) -> None:
        self.store, self.remote, self.wanted = store, remote, wanted
        self.missing = {shard.key: shard for one in wanted for shard in one.sweep.missing}
        self.stored: set[str] = set()
        self.left: dict[str, str] = {}
        self._files: dict[str, Future[File]] = {}
        self._gone = ""
        self._start = time.monotonic()

    def run(self) -> None:
        """Fetches what the lock vouches for and the store there offers, and stores each sweep once it is complete.

        Raises:
            Interrupted: on Ctrl-C; the sweeps that are complete are stored.
        """
        vouched = [one for one in self.wanted if one.locked]
        for one in self.wanted:
            if not one.locked:
                self._leave(one, UNLISTED)
        try:
            index = self._index(vouched)
            offered = [one for one in vouched if all(shard.key in index for shard in one.sweep.missing)]
            if offered:
                self._fetch(offered, index)
        except KeyboardInterrupt:
            done = f"{len(self.stored)} of {len(self.missing)} shards are fetched and stored"
            raise Interrupted(f"interrupted: {done}. Run the same command again to go on.") from None

    def summary(self) -> Iterator[str]:
        """Lines that say how many runs came, and why others are trained."""
        runs = sum(len(self.missing[key].runs) for key in self.stored)
        seconds = time.monotonic() - self._start
        came = f"{runs:,} runs from {self.remote.address} in {seconds:.1f} s; artifacts.lock vouches for them"
        yield f"Fetched {came if runs else f'nothing from {self.remote.address}'}."
        counts: Counter[str] = Counter()
        for key, reason in self.left.items():
            if key not in self.stored:
                counts[reason] += len(self.missing[key].runs)
        yield from (f"To train here: {count:,} runs, since {reason}." for reason, count in counts.items())

    def _leave(self, wanted: Wanted, reason: str) -> None:
        self.left |= dict.fromkeys((shard.key for shard in wanted.sweep.missing), reason)

    def _index(self, vouched: Sequence[Wanted]) -> dict[str, Entry]:
        """The index of the store there; sweeps that it does not list in full are left to training."""
        index: dict[str, Entry] = {}
        if not vouched:
            return index
        try:
            index = self.remote.index()
            reason = self._not_offered(index, vouched[0].sweep.shards[0].engine)
        except Missing as problem:
            reason = f"there is no packed store at {self.remote.address}: {problem}"
        except Unreachable as problem:
            reason = f"{self.remote.address} cannot be reached: {problem}"
        for one in vouched:
            if any(shard.key not in index for shard in one.sweep.missing):
                self._leave(one, reason)
        return index

    def _not_offered(self, index: dict[str, Entry], engine: Engine) -> str:
        """Why the index lacks shards of this engine."""
        if not index:
            return f"the index.jsonl at {self.remote.address} lists nothing; `make pack` writes one that does"
        codes = {entry.code for entry in index.values() if entry.engine == engine.name}
        if codes and engine.code not in codes:
            there = ", ".join(sorted(code[:12] for code in codes))
            return (
                f"the store at {self.remote.address} was packed by other code "
                f"(the {engine.name} there is {there}, the {engine.name} here {engine.code[:12]})"
            )
        return f"the store at {self.remote.address} does not hold their sweeps in full"

    def _fetch(self, offered: Sequence[Wanted], index: dict[str, Entry]) -> None:
        """Fetches the shards of the sweeps side by side, in order, and takes sweep after sweep into the store."""
        keys = dict.fromkeys(shard.key for one in offered for shard in one.sweep.missing)
        pool = ThreadPoolExecutor(THREADS)
        try:
            self._files = {key: pool.submit(download, self.remote, self.missing[key], index[key]) for key in keys}
            with working(f"Fetching {len(keys)} shards", len(keys)) as work:
                for one in offered:
                    self._take(one, work)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, wanted: Wanted, work: Work) -> None:
        """Stores what was missing of a sweep, if all of it comes and is right; leaves the sweep to training if not."""
        try:
            files = self._checked(wanted, work)
        except (Missing, Damaged) as problem:
            self._leave(wanted, f"{wanted.label} cannot be fetched: {problem}")
        except (Unreachable, CancelledError) as problem:
            self._gone = self._gone or f"the store at {self.remote.address} stopped answering: {problem}"
            for waiting in self._files.values():
                waiting.cancel()
            self._leave(wanted, self._gone)
        else:
            for key, (data, digests) in files.items():
                self.store.add(self.store.publish_file(self.missing[key], data, digests, wanted.label))
                self.stored.add(key)
                del self._files[key]  # and with it the bytes

    def _checked(self, wanted: Wanted, work: Work) -> dict[str, File]:
        """The files that a sweep lacks, by key, once all have come; with those that are here they give the locked results.

        Fails with `Missing` or `Unreachable` if one does not come.

        Raises:
            Damaged: if one is wrong, or if the results are not those of the lock.
        """
        files: dict[str, File] = {}
        digests: list[str] = []
        for shard in wanted.sweep.shards:
            if shard.key in self.missing and shard.key not in self.stored:
                files[shard.key] = self._files[shard.key].result()
                digests += files[shard.key][1]
                work.advance()
            else:
                digests += self.store.read(shard)[1]
        found = results_digest(digests)
        if found != wanted.locked:
            raise Damaged(
                f"with what came, its results have the digest {found[:12]}, and {wanted.locked[:12]} in artifacts.lock; "
                f"what came is thrown away"
            )
        return files


def download(remote: Remote, shard: Shard, entry: Entry) -> File:
    """The file of `shard`, checked, and its runs' content digests.

    Fails with `Missing` or `Unreachable` if it cannot be had.

    Args:
        remote: The store that has it.
        shard: What it must hold.
        entry: Its line in the index there.

    Raises:
        Damaged: if it is not what the index lists, or holds other runs.
    """
    name = shard_name(shard.key)
    if not 0 < entry.size <= most_bytes(shard):
        raise Damaged(f"{name} has {entry.size:,} bytes in the index there, and its runs take at most {most_bytes(shard):,}")
    data = remote.read(name, entry.size)
    if len(data) != entry.size:
        many = "more" if len(data) > entry.size else f"{len(data):,}"
        raise Damaged(f"{name} has {many} bytes, and {entry.size:,} in the index there")
    if hashlib.sha256(data).hexdigest() != entry.file:
        raise Damaged(f"the bytes of {name} do not have the SHA-256 in the index there")
    try:
        return data, decode(shard, data)[1]
    except Damaged as problem:
        raise Damaged(f"{name} is damaged: {problem}") from None
