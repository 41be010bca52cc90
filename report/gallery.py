"""Drawn figures in the store: each is a folder named by the digest of the figure's code and of its input."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import figures
from report import files
from report.code import Sources
from report.errors import StoreError, cannot_write
from report.plan import PlannedSweep
from report.reasons import Kind, Reason
from report.store.artifacts import Store
from report.store.index import append
from sup.canonical import digest

RECORD = "record.json"
LIBRARIES = ("numpy", "scipy", "matplotlib", "pillow")
_KINDS: tuple[tuple[str, Kind], ...] = (("code", "code"), ("input", "input"), ("environment", "environment"), ("decides", "spec"))


@lru_cache
def environment() -> str:
    """The libraries that a figure's bytes depend on, with their versions; imports none of them."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """Everything that can change a drawn figure.

    Attributes:
        figure: Its module.
        code: Digest of the code that reduces, judges and draws it.
        environment: Versions of the libraries.
        decides: Whether the profile's verdicts on trained models count.
        input: Digest of its sweeps' specs and results.
    """

    figure: str
    code: str
    environment: str
    decides: bool
    input: str

    @cached_property
    def key(self) -> str:
        """The name of its folder."""
        return digest("figure", self.figure, self.code, self.environment, self.decides, self.input)

    def facts(self) -> dict[str, Any]:
        """The fields, as `record.json` holds them."""
        return {
            "figure": self.figure,
            "code": self.code,
            "environment": self.environment,
            "decides": self.decides,
            "input": self.input,
        }


def ingredients(figure: str, sweeps: Sequence[PlannedSweep], *, decides: bool, sources: Sources) -> Ingredients | None:
    """What `figure` is made from; None while some of its runs are missing."""
    contents = {sweep.name: sweep.content for sweep in sweeps}
    if None in contents.values():
        return None
    return Ingredients(
        figure=figure,
        code=sources.digest(figures.home(figure), "report.draw"),
        environment=environment(),
        decides=decides,
        input=digest("input", {sweep.name: [sweep.spec_digest, contents[sweep.name]] for sweep in sweeps}),
    )


class Gallery:
    """The drawn figures of a store."""

    def __init__(self, store: Store) -> None:
        self.store, self.root = store, store.root / "figures"
        self.damaged: set[str] = set()

    def folder(self, key: str) -> Path:
        """The folder of a drawn figure."""
        return self.root / key

    def holds(self, made_from: Ingredients) -> bool:
        """Whether the store holds the figure, complete and unaltered; a damaged one is moved aside."""
        folder = self.folder(made_from.key)
        if not folder.exists():
            return False
        try:
            record = files.parsed((folder / RECORD).read_bytes())
            intact = record["made_from"] == made_from.facts() and len(record["files"]) > 0
            intact = intact and all(_sha((folder / name).read_bytes()) == sha for name, sha in record["files"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            intact = False
        if not intact:
            self.damaged.add(made_from.key)
            self.store.set_aside(folder, f"figure {made_from.figure} is damaged: its files differ from those that were drawn")
        return intact

    def decide(
        self, made_from: Ingredients | None, figure: str, profile: str, missing: Sequence[str], *, forced: bool
    ) -> Reason | None:
        """Why `figure` must be drawn, or None when the store holds it.

        Args:
            made_from: What it is made from; None while runs are missing.
            figure: Its module.
            profile: The profile's name.
            missing: The sweeps with missing runs.
            forced: Whether to draw it again in any case.
        """
        if forced:
            return Reason("forced", figure)
        if made_from is None:
            return Reason("input", ", ".join(missing))
        if self.holds(made_from):
            return None
        if made_from.key in self.damaged:
            return Reason("corrupt", figure)
        before = self._drawn.get((profile, figure), {})
        for name, kind in _KINDS:
            old, new = before.get(name), made_from.facts()[name]
            if before and old != new:
                return Reason(kind, figures.home(figure) if kind == "code" else figure, str(old), str(new))
        return Reason("absent", figure)

    @property
    def _history(self) -> Path:
        return self.store.root / "drawn.jsonl"

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What each figure was last made from, by profile and figure."""
        facts = {}
        try:
            text = self._history.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        for line in text.split("\n"):
            try:
                row = files.parsed(line)
                facts[str(row["profile"]), str(row["figure"])] = dict(row)
            except (ValueError, KeyError, TypeError):
                continue
        return facts

    def publish(self, made_from: Ingredients, content: Mapping[str, bytes], profile: str) -> None:
        """Writes the files of a figure into its folder, in one step.

        Raises:
            StoreError: if the store cannot be written.
        """
        folder = self.folder(made_from.key)
        temporary = files.temporary_name(folder)
        record = {"made_from": made_from.facts(), "files": {name: _sha(content[name]) for name in sorted(content)}}
        try:
            temporary.mkdir(parents=True)
            for name, data in {**content, RECORD: (json.dumps(record, indent=1) + "\n").encode()}.items():
                (temporary / name).write_bytes(data)
            _move(temporary, folder)
        except OSError as problem:
            raise StoreError(cannot_write(folder, problem)) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        append(self._history, {"profile": profile, **made_from.facts()})


def _move(new: Path, folder: Path) -> None:
    """Replaces `folder` with `new`; if another build does so at the same moment, that build's figure stays.

    Raises:
        OSError: if the folder cannot be replaced.
    """
    old = files.temporary_name(folder)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.rename(folder, old)
        os.rename(new, folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
