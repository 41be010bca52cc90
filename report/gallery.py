"""Drawn figures in the store: a folder under the digest of the figure's code and of the content that it is made from."""

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
from report.errors import cannot_write
from report.plan import PlannedSweep
from report.reasons import Kind, Reason
from report.store.artifacts import Store
from report.store.index import append
from sup.canonical import digest

RECORD = "record.json"
LIBRARIES = ("numpy", "scipy", "matplotlib")
_KINDS: tuple[tuple[str, Kind], ...] = (("code", "code"), ("input", "input"), ("environment", "environment"), ("decides", "spec"))


@lru_cache
def environment() -> str:
    """The libraries that a figure's bytes depend on, with their versions; none of them is imported."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """All that can change a drawn figure.

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
        """What names its folder."""
        return digest("figure", self.figure, self.code, self.environment, self.decides, self.input)

    def facts(self) -> dict[str, Any]:
        """The fields, for a file."""
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
        """Whether the figure is there, whole and unaltered; a damaged one is set aside."""
        folder = self.folder(made_from.key)
        if not folder.exists():
            return False
        try:
            record = json.loads((folder / RECORD).read_bytes())
            right = record["made_from"] == made_from.facts() and len(record["files"]) > 0
            right = right and all(_sha((folder / name).read_bytes()) == sha for name, sha in record["files"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            right = False
        if not right:
            self.damaged.add(made_from.key)
            self.store.set_aside(folder, f"figure {made_from.figure} is damaged: its files are not those that were drawn")
        return right

    def decide(
        self, made_from: Ingredients | None, figure: str, profile: str, missing: Sequence[str], *, forced: bool
    ) -> Reason | None:
        """Why `figure` must be drawn, or None when it is there.

        Args:
            made_from: What it is made from; None while runs are missing.
            figure: Its module.
            profile: The profile's name.
            missing: The sweeps of which runs are missing.
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
            was, now = before.get(name), made_from.facts()[name]
            if before and was != now:
                return Reason(kind, figures.home(figure) if kind == "code" else figure, str(was), str(now))
        return Reason("absent", figure)

    @property
    def _history(self) -> Path:
        return self.store.root / "drawn.jsonl"

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What each figure was last made from, by profile and figure."""
        drawn = {}
        try:
            text = self._history.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        for line in text.split("\n"):
            try:
                told = json.loads(line)
                drawn[str(told["profile"]), str(told["figure"])] = dict(told)
            except (ValueError, KeyError, TypeError):
                continue
        return drawn

    def publish(self, made_from: Ingredients, content: Mapping[str, bytes], profile: str) -> None:
        """Puts the files of a figure into its folder, in one step.

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
            raise cannot_write(folder, problem) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        append(self._history, {"profile": profile, **made_from.facts()})


def _move(new: Path, folder: Path) -> None:
    """Puts the folder `new` in the place of `folder`; when another build does so at the same moment, its figure stays."""
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
