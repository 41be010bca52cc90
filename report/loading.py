"""Reads trained sweeps from the store: their arrays for figures, their records for pages."""

import hashlib
import json

import numpy as np

from report import files
from report.again import choose
from report.errors import StoreError, cannot_write
from report.findings import finite
from report.plan import PlannedSweep
from report.records import RunRecord, SweepRecord
from report.store.artifacts import Store
from report.store.shard_file import results_digest
from report.store.timings import Timings
from sup.canonical import spec_digest
from sup.results import Trained
from sup.sweeps import get


def load(store: Store, planned: PlannedSweep) -> tuple[Trained, tuple[str, ...]]:
    """The trained models of a sweep, verified, with the content digest of each run.

    Fails with `Damaged` if a shard is gone or damaged; a damaged file is moved aside, so a new plan finds it missing.
    """
    parts = [store.read(shard) for shard in planned.shards]
    arrays = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
    trained = Trained(planned.sweep.runs, arrays, planned.sweep.snapshots)
    return trained, tuple(digest for _, digests in parts for digest in digests)


def record(store: Store, timings: Timings, planned: PlannedSweep) -> SweepRecord:
    """The pages' record of a sweep; its table of runs is stored in a small file, since making it reads every shard.

    Fails as `load` does.
    """
    runs = _stored_rows(store, planned)
    if runs is None:
        runs = _rows(*load(store, planned))
        _store_rows(store, planned, runs)
    seconds = [timings.get("shard", shard.key) for shard in planned.shards]
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


def _stored_rows(store: Store, planned: PlannedSweep) -> list[RunRecord] | None:
    """The rows of the small file; None unless it is complete and describes these shards."""
    try:
        sha, _, body = (store.root / "sweeps" / f"{planned.key}.json").read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != sha:
            return None
        table = json.loads(body)
        same = table["content"] == planned.content and len(table["runs"]) == len(planned.sweep.runs)
        return [RunRecord.from_row(row) for row in table["runs"]] if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store_rows(store: Store, planned: PlannedSweep, runs: list[RunRecord]) -> None:
    body = json.dumps({"content": planned.content, "runs": [run.row() for run in runs]}, separators=(",", ":")).encode()
    path = store.root / "sweeps" / f"{planned.key}.json"
    try:
        files.write(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    except OSError as problem:
        raise StoreError(cannot_write(path, problem)) from None
