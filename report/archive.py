"""Writes everything that was made into one zip file, an RO-Crate for a repository with DOIs.

    README.md                 what is where, how to verify it, how to build it again
    ro-crate-metadata.json    each file with its SHA-256, and what it was made from
    code/                     the files of the commit that is checked out
    models/                   the trained models, as `make pack` lays them out
    figures/NAME/             each figure light and dark, and its data
    claims.json               the verdicts, as `claims --json` prints them
    site/                     the pages

The same commit and the same store give the same bytes.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from report import crate, files, pack, wheel
from report.checkout import Commit
from report.errors import PipelineError, StoreError, cannot_read, cannot_write, first_of
from report.pack import Packed
from report.records import FigureRecord, LockedSweep
from report.store.artifacts import shard_name
from report.workshop import PlannedFigure, Workshop

SHOWN_OF_FIGURE = ("light.svg", "dark.svg", "light.png", "dark.png", "data.json")

_README = """\
# {title}

This archive holds everything that was made in profile `{profile}` from commit `{commit}`, and all that it takes to make it again.

| open | to see |
| --- | --- |
| `site/index.html` | the pages; they need no network |
| `figures/` | each figure light and dark, as SVG and PNG, with its numbers in `data.json` |
| `claims.json` | each claim of the paper, with our number, its interval, what is needed, and the verdict |
| `models/` | the trained models as safetensors, and an index of them |
| `code/` | the code of that commit; its `README.md` says more, `requirements.lock` lists the libraries |
| `ro-crate-metadata.json` | each file with its SHA-256 and what it was made from, as an [RO-Crate](https://w3id.org/ro/crate) |

## Verify it

On Linux with Python 3.11 or newer and make:

    cd code
    make verify PROFILE=smoke

retrains the models of the smallest profile and compares them, bit for bit, with `artifacts.lock`.
`make verify PROFILE={profile}` does so for all models of this archive.

## Build it again

    cd code
    make report PROFILE={profile} FETCH=../models

takes the trained models from this archive, draws every figure, judges every claim and writes the pages to `code/site`. It
compares the models with their digests and with `artifacts.lock`, and trains what the lock does not list.
Without `FETCH`, it trains all.

## Cite it

`code/CITATION.cff` has the entries for this software and for the paper: {authors}, *{paper}*, {year}, {url}
"""


@dataclass(frozen=True, kw_only=True)
class Archived:
    """What was archived.

    Attributes:
        commit: The commit.
        files: Number of files.
        size: Bytes of the archive.
        packed: What is in `models/`.
    """

    commit: str
    files: int
    size: int
    packed: Packed


@dataclass(frozen=True)
class _Writer:
    """Writes files into a zip file, one after the other, and keeps what the metadata says about each."""

    out: zipfile.ZipFile
    parts: list[crate.Part] = field(default_factory=list)

    def put(self, name: str, data: bytes, *, executable: bool = False) -> None:
        wheel.add(self.out, name, data, 0o755 if executable else 0o644)
        self.parts.append(crate.Part(name, hashlib.sha256(data).hexdigest(), len(data), _is_text(data)))


def check_complete(shop: Workshop) -> list[PlannedFigure]:
    """The figures of the workshop, all of which are drawn from models that are there.

    Raises:
        PipelineError: if figures are not drawn; or if models are missing.
    """
    planned, profile = shop.plan(thorough=True), shop.profile.name
    pack.check_complete(planned, profile, "ARCHIVE")
    lacking = [figure.name for figure in planned if figure.reason]
    if lacking:
        raise PipelineError(
            f"ARCHIVE needs all figures of profile {profile}, and some are not drawn: {first_of(lacking)}. "
            f"Run `make report PROFILE={profile}` first."
        )
    return planned


def write(
    target: Path,
    commit: Commit,
    shop: Workshop,
    made: Sequence[tuple[PlannedFigure, FigureRecord]],
    claims: Sequence[Mapping[str, Any]],
    site: Path,
    locked: Iterable[LockedSweep],
) -> Archived:
    """Writes the archive to `target` in one step.

    Fails with a StoreError, too, if something cannot be read.

    Args:
        target: The zip file.
        commit: The commit that everything was made from.
        shop: The workshop.
        made: Its figures, complete, and their records.
        claims: The rows of all claims.
        site: Folder of the built site.
        locked: The lines of artifacts.lock.

    Raises:
        StoreError: if the file cannot be written.
    """
    try:
        with files.written(target) as out, zipfile.ZipFile(out, "w") as archive:
            writer, profile = _Writer(archive), shop.profile.name
            writer.put("README.md", _readme(commit, profile))
            for name, file in commit.files.items():
                writer.put(f"code/{name}", file.data, executable=file.executable)
            planned = [figure for figure, _ in made]
            packed, entries = pack.copy(shop.store, planned, locked, lambda name, data: writer.put(f"models/{name}", data))
            writer.put("models/index.jsonl", pack.index_of(entries))
            for _, record in made:
                for name in SHOWN_OF_FIGURE:
                    writer.put(f"figures/{record.name}/{name}", _read(record.folder / name))
            writer.put("claims.json", (json.dumps(claims, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
            for path in sorted(path for path in site.rglob("*") if path.is_file()):
                writer.put(f"site/{path.relative_to(site).as_posix()}", _read(path))
            writer.put(crate.NAME, crate.metadata(commit, profile, tuple(writer.parts), [_drawn(*pair) for pair in made]))
        return Archived(commit=commit.id, files=len(writer.parts), size=target.stat().st_size, packed=packed)
    except OSError as problem:
        raise StoreError(cannot_write(target, problem, "ARCHIVE", "file")) from None


def _readme(commit: Commit, profile: str) -> bytes:
    """The text of the archive's README."""
    about = crate.citation(commit)
    paper = about["references"][0]
    first = paper["authors"][0]
    return _README.format(
        title=about["title"],
        profile=profile,
        commit=commit.id,
        authors=f"{first['given-names']} {first['family-names']} and others",
        paper=paper["title"],
        year=paper["year"],
        url=paper["url"],
    ).encode()


def _drawn(planned: PlannedFigure, record: FigureRecord) -> crate.Drawn:
    keys = dict.fromkeys(shard.key for sweep in planned.sweeps for shard in sweep.shards)
    models = [f"models/{shard_name(key)}" for key in keys]
    about = record.about
    return crate.Drawn(name=record.name, title=f"{about.label}: {about.title}", text=about.alt, models=models)


def _read(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        StoreError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise StoreError(cannot_read(path, problem)) from None


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
