"""Reads trained sweeps from the store: their arrays for figures, their records for pages."""

import hashlib
import json
from pathlib import Path

import numpy as np

from report import files
from report.again import choose
from report.errors import StoreError, cannot_write
from report.findings import finite
from report.plan import PlannedSweep
from report.records import RunRecord, SweepRecord
from report.store.artifacts import Store
from report.store.timings import Timings
from sup.canonical import spec_digest
from sup.results import Trained
from sup.saved import results_digest, to_bytes
from sup.sweeps import get

_LARGEST = 16_000_000  # bytes of a sweep's weights that a site offers


def load(store: Store, planned: PlannedSweep) -> tuple[Trained, tuple[str, ...]]:
    """The trained models of a sweep, verified, with the content digest of each run.

    Fails with `Damaged` if a shard is gone or damaged; a damaged file is moved aside, so a new plan finds it missing.
    """
    parts = [store.read(shard) for shard in planned.shards]
    arrays = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
    trained = Trained(planned.sweep.runs, arrays, planned.sweep.snapshots)
    return trained, tuple(digest for _, digests in parts for digest in digests)


def record(store: Store, timings: Timings, planned: PlannedSweep) -> SweepRecord:
    """The pages' record of a sweep; its table of runs and its weights are stored in files, since making them reads every shard.

    Fails as `load` does.
    """
    runs = _stored_rows(store, planned)
    if runs is None:
        trained, digests = load(store, planned)
        runs = _rows(trained, digests)
        _store(store, planned, runs, to_bytes(trained, digests))
    seconds = [timings.get("shard", shard.key) for shard in planned.shards]
    weights = _file(store, planned, "safetensors")
    return SweepRecord(
        figure=planned.figure,
        name=planned.name,
        shape=planned.sweep.shape.words,
        spec_digest=planned.spec_digest,
        key=planned.key,
        results_digest=results_digest(run.content_digest for run in runs),
        engine=planned.shards[0].engine.name,
        runs=tuple(runs),
        shards=len(planned.shards),
        seconds=None if None in seconds else sum(s for s in seconds if s is not None),
        snapshots=planned.sweep.snapshots,
        again=choose(planned.sweep, [run.content_digest for run in runs]),
        weights=weights if weights.exists() else None,
    )


def _rows(trained: Trained, digests: tuple[str, ...]) -> list[RunRecord]:
    losses = trained["final_loss"].astype(str).astype(np.float64)
    return [
        RunRecord(
            spec_digest=spec_digest(run),
            content_digest=content,
            seed=run.seed,
            density=get(run, "density"),
            final_loss=float(loss),
            late_gain=finite(round(float(gain), 4)),
        )
        for run, content, loss, gain in zip(trained.runs, digests, losses, trained.late_gain(), strict=True)
    ]


def _file(store: Store, planned: PlannedSweep, kind: str) -> Path:
    return store.root / "sweeps" / f"{planned.key}.{kind}"


def _stored_rows(store: Store, planned: PlannedSweep) -> list[RunRecord] | None:
    """The stored rows; None unless the table is complete, describes these shards, and goes with the stored weights."""
    try:
        sha, _, body = _file(store, planned, "json").read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != sha:
            return None
        table = files.parsed(body)
        same = (table["specs"], table["content"]) == (planned.spec_digest, planned.content) and len(table["runs"]) == len(
            planned.sweep.runs
        )
        weights = _file(store, planned, "safetensors")
        if not same or table["weights"] != (hashlib.sha256(weights.read_bytes()).hexdigest() if weights.exists() else None):
            return None
        return [RunRecord.from_row(row) for row in table["runs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(store: Store, planned: PlannedSweep, runs: list[RunRecord], weights: bytes) -> None:
    """Stores the rows, and the weights unless they are too large for a site.

    Raises:
        StoreError: if they cannot be written.
    """
    small = len(weights) <= _LARGEST
    table = {
        "specs": planned.spec_digest,
        "content": planned.content,
        "weights": hashlib.sha256(weights).hexdigest() if small else None,
        "runs": [run.row() for run in runs],
    }
    body = json.dumps(table, separators=(",", ":")).encode()
    path = _file(store, planned, "json")
    for kind in ("json", "safetensors"):
        store.clear(_file(store, planned, kind))
    try:
        if small:
            files.write(_file(store, planned, "safetensors"), weights)
        files.write(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    except OSError as problem:
        raise StoreError(cannot_write(path, problem)) from None
