"""The data that pages are written from: plain records, made without training or drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import figures
from figures.base import About, Value
from report.again import Again
from report.findings import ClaimRecord
from report.notebook import Handout

PICTURES = ("light.svg", "dark.svg", "light.png", "dark.png", "light.webp", "dark.webp")
"""The pictures of a figure, in its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A trained run, a row in a table of runs.

    Attributes:
        spec_digest: Digest of its spec.
        content_digest: Digest of its arrays.
        seed: Its seed.
        density: Its density; one per feature where they differ.
        final_loss: Its final loss.
        late_gain: Share of what training gained that it gained in its last fifth; None where that is not known.
    """

    spec_digest: str
    content_digest: str
    seed: int
    density: float | tuple[float, ...]
    final_loss: float
    late_gain: float | None = None

    def row(self) -> dict[str, Any]:
        """The record as JSON, by the column names of the table of runs."""
        return {
            "spec": self.spec_digest,
            "content": self.content_digest,
            "seed": self.seed,
            "density": self.density,
            "final_loss": self.final_loss,
            "late_gain": self.late_gain,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "RunRecord":
        """The record that `row` wrote, even after a round trip through JSON."""
        density = row["density"]
        return cls(
            spec_digest=row["spec"],
            content_digest=row["content"],
            seed=row["seed"],
            density=tuple(density) if isinstance(density, list) else density,
            final_loss=row["final_loss"],
            late_gain=row["late_gain"],
        )


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """A trained sweep, as the Reproducibility page lists it.

    Attributes:
        figure: The module that needs it.
        name: Its name in that module; `figure/name` is its name in the lock.
        shape: In words, such as "relu-output 20x5, independent".
        spec_digest: Digest of its specs and observations.
        key: Key of its artifacts, from specs, observations, engine and the engine's code.
        results_digest: SHA-256 of its ordered run digests.
        engine: "kernel" or "torch".
        runs: Its runs, in order.
        shards: Number of files.
        seconds: Core seconds that training took, from the timings file; None when unknown. Never part of a comparison.
        snapshots: The steps after which weights were recorded, which content digests cover.
        again: Some of its runs, for the page that trains them again; none where the browser's twin cannot.
        weights: File with its trained models; None where they are too many for a site.
    """

    figure: str
    name: str
    shape: str
    spec_digest: str
    key: str
    results_digest: str
    engine: str
    runs: tuple[RunRecord, ...]
    shards: int
    seconds: float | None
    snapshots: tuple[int, ...] = ()
    again: tuple[Again, ...] = ()
    weights: Path | None = None

    @property
    def file(self) -> str:
        """The name under which a site offers its weights."""
        return f"{self.figure}-{self.name}.safetensors"

    @property
    def late_gain(self) -> float | None:
        """The ninth decile of the runs' late gains: at most a tenth of the models has a larger one. None where none is known."""
        gains = sorted(run.late_gain for run in self.runs if run.late_gain is not None)
        return gains[9 * (len(gains) - 1) // 10] if gains else None


@dataclass(frozen=True, kw_only=True)
class FigureRecord:
    """A drawn figure.

    Attributes:
        name: Its module in `figures/`.
        about: What it shows.
        key: Digest of its code and of the content it was made from.
        folder: Holds its pictures and `data.json`.
        values: Its numbers, by name (without the figure's name).
        claims: Its claims with their verdicts.
        sweeps: The sweeps it was made from.
        source: Text of its module.
        settings: Its models in words, a line for each size.
    """

    name: str
    about: About
    key: str
    folder: Path
    values: Mapping[str, Value]
    claims: tuple[ClaimRecord, ...]
    sweeps: tuple[SweepRecord, ...]
    source: str
    settings: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The file of its module, relative to the checkout."""
        return figures.path(self.name)


@dataclass(frozen=True, slots=True)
class LockedSweep:
    """A line of `artifacts.lock`.

    Attributes:
        name: figure/name.
        profile: "smoke" or "laptop".
        spec_digest: Digest of its specs and observations.
        engine: "kernel".
        results_digest: SHA-256 of its ordered run digests.
    """

    name: str
    profile: str
    spec_digest: str
    engine: str
    results_digest: str


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What `make bench` measured; README.md of `tests/benchmarks` says how each number was taken.

    Attributes:
        machine: Processor, cores and versions.
        pairs: How often each ratio was measured.
        table: A row per shape, with a cell per density.
        mean: Geometric mean of the table's ratios to the common loop.
        jax_mean: Geometric mean of its ratios to JAX; None where JAX was not timed.
        peak: Throughput of the densest shape, and its share of what the cores reach in registers.
        late: Time of a step at the start of training and late in it.
        compilation: Seconds that compiling a profile's kernels takes.
        growth_runs: Time per model as the number of models grows.
        growth_features: Time per model as its number of features grows.
        growth_threads: Speed-up by more threads.
        memory: Peak memory in megabytes.
    """

    machine: Mapping[str, Any]
    pairs: int
    table: Sequence[Mapping[str, Any]]
    mean: float
    jax_mean: float | None = None
    peak: Mapping[str, Any]
    late: Sequence[Mapping[str, Any]]
    compilation: Mapping[str, Any]
    growth_runs: Sequence[Mapping[str, Any]]
    growth_features: Sequence[Mapping[str, Any]]
    growth_threads: Sequence[Mapping[str, Any]]
    memory: Sequence[Mapping[str, Any]]

    def row(self) -> dict[str, Any]:
        """The measurements by name, as `speed.json` holds them."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class GpuReport:
    """What `make gpu-check` found.

    Attributes:
        about: Cards, driver, compiler, machine, libraries, commit and date.
        steps: For each step its `outcome`, `seconds` and the last line of its log, `why`; for the benchmark, `rows`.
    """

    about: Mapping[str, str]
    steps: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakCount:
    """Something that `make soak` has done again and again.

    Attributes:
        name: What was done.
        counts: How often, by detail.
        date: Of the run.
        commit: Of the code that ran.
    """

    name: str
    counts: Mapping[str, int]
    date: str
    commit: str


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
        lock: The sweeps that the lock lists for this profile.
        drawing: Seconds that drawing took, from the timings file; never part of a comparison.
        speed: What `make bench` measured last; None when nothing was.
        gpu: What `make gpu-check` found; None where no GPU was to be had.
        soak: What `make soak` has done.
        handout: The notebooks and the package.
    """

    profile: str
    decides: bool
    engine: Literal["kernel", "torch"]
    device: Literal["cpu", "cuda"]
    versions: Mapping[str, str]
    figures: tuple[FigureRecord, ...]
    lock: tuple[LockedSweep, ...]
    drawing: float = 0.0
    speed: Speed | None = None
    gpu: GpuReport | None = None
    soak: tuple[SoakCount, ...] = ()
    handout: Handout = field(default_factory=Handout)

    @cached_property
    def owners(self) -> Mapping[str, SweepRecord]:
        """The first sweep with each key, by key: figures that share models train them once."""
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
        """The number of trained models; those that figures share count once."""
        return len({run.spec_digest for figure in self.figures for sweep in figure.sweeps for run in sweep.runs})

    def figure(self, name: str) -> FigureRecord:
        """The figure `name`.

        Raises:
            KeyError: if there is none; the message lists the figures.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f"no figure {name!r}; there are {', '.join(f.name for f in self.figures)}")
