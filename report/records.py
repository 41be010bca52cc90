"""What a build knows when it writes the pages: plain records, each loadable from JSON without training or drawing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import figures
from figures.base import About, Value


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """A trained sweep, as the Reproducibility page lists it.

    Attributes:
        figure: The module that needs it.
        name: Its name there; `figure/name` is its name in the lock.
        shape: In words, such as "relu-output 20x5, independent".
        spec: Digest of its specs and observations.
        key: What names its artifacts: specs, observations, engine and the engine's code.
        digest: SHA-256 of its ordered run digests.
        engine: "kernel" or "torch".
        runs: For each run: `spec` (digest), `content` (digest), `seed`, `density`, `final_loss`.
        shards: Number of files.
        seconds: Core seconds that training took, from the timings file; None when unknown. Never part of a comparison.
    """

    figure: str
    name: str
    shape: str
    spec: str
    key: str
    digest: str
    engine: str
    runs: tuple[Mapping[str, Any], ...]
    shards: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class FigureRecord:
    """A drawn figure.

    Attributes:
        name: Its module in `figures/`.
        about: What it shows.
        key: Digest of its code and of the content it was made from.
        folder: Holds `light.svg`, `dark.svg`, `light.png`, `dark.png` and `data.json`.
        values: Its numbers, by name (without the figure's name).
        claims: Its claims, each in the form of `claims --json`, with `rows` (list of dictionaries, or None) besides.
        sweeps: What it was made from.
        source: Text of its module.
    """

    name: str
    about: About
    key: str
    folder: Path
    values: Mapping[str, Value]
    claims: tuple[Mapping[str, Any], ...]
    sweeps: tuple[SweepRecord, ...]
    source: str

    @property
    def path(self) -> str:
        """The file of its module, below the checkout."""
        return figures.path(self.name)


@dataclass(frozen=True, kw_only=True)
class Build:
    """Everything that the pages may show.

    Attributes:
        profile: "smoke", "laptop" or "paper".
        decides: Whether the profile's verdicts on trained models count.
        engine: "kernel" or "torch".
        device: "cpu" or "cuda".
        versions: Library versions that the results rest on, by name.
        figures: In the paper's order.
        lock: For each sweep of the lock of this profile: `name`, `spec`, `engine`, `digest`.
        drawing: Seconds that drawing took, from the timings file; never part of a comparison.
        speed: What `make bench` measured last, as `report.pages.speed` keeps it; None when nothing was.
    """

    profile: str
    decides: bool
    engine: Literal["kernel", "torch"]
    device: Literal["cpu", "cuda"]
    versions: Mapping[str, str]
    figures: tuple[FigureRecord, ...]
    lock: tuple[Mapping[str, str], ...]
    drawing: float = 0.0
    speed: Mapping[str, Any] | None = None

    @cached_property
    def owners(self) -> Mapping[str, SweepRecord]:
        """By a sweep's key the first sweep that has it: figures that share models train them once."""
        return {sweep.key: sweep for figure in reversed(self.figures) for sweep in reversed(figure.sweeps)}

    @cached_property
    def training(self) -> float:
        """Core seconds that training took, each sweep counted once; 0 when unknown."""
        return sum(sweep.seconds or 0.0 for sweep in self.owners.values())

    def training_of(self, figure: FigureRecord) -> float:
        """Core seconds of the sweeps that `figure` is the first to need."""
        return sum(sweep.seconds or 0.0 for sweep in figure.sweeps if self.owners[sweep.key] is sweep)

    @cached_property
    def models(self) -> int:
        """How many models were trained; those that figures share are counted once."""
        return len({run["spec"] for figure in self.figures for sweep in figure.sweeps for run in sweep.runs})

    def figure(self, name: str) -> FigureRecord:
        """The figure `name`; KeyError names those there are."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f"no figure {name!r}; there are {', '.join(f.name for f in self.figures)}")
