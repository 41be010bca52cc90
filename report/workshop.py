"""The workshop of a command: it plans, trains what is missing, draws what changed, and returns the records."""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

import figures
from figures.base import FigureModule
from report import engines, files, loading, lock, log, profiles
from report.children import follow
from report.code import Sources
from report.engines import Device, Engine, Train, compiler
from report.errors import GpuError, PipelineError
from report.execute import Executor, Threads, tasks_of, train_missing
from report.fetch import fetch_missing
from report.findings import ClaimRecord, TrainedOn, value_of
from report.gallery import Gallery, Ingredients, ingredients
from report.log import say
from report.options import Options
from report.plan import PlannedSweep, plan_sweeps
from report.profiles import Profile
from report.progress import working
from report.reasons import Reason, describe
from report.records import FigureRecord, SweepRecord
from report.settings import settings
from report.store.artifacts import Store
from report.store.shard_file import Damaged
from report.store.timings import Timings
from sup.results import Trained

ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class PlannedFigure:
    """A figure with its sweeps, and why it must be drawn.

    Attributes:
        name: Its module.
        sweeps: The sweeps that it needs.
        made_from: What decides its bytes; None while runs are missing.
        reason: Why it must be drawn; None when the store holds it.
    """

    name: str
    sweeps: tuple[PlannedSweep, ...]
    made_from: Ingredients | None
    reason: Reason | None


@dataclass(kw_only=True)
class Workshop:
    """What a command works with: profile, engine, store, and where figures and code come from.

    Attributes:
        profile: How much to run.
        engine: What trains.
        store: Holds the results.
        workers: Threads that train, and processes that compile or draw.
        cluster: Address of a Dask scheduler to train on; empty to train here.
        fetch: Address of a packed store, from which what is missing is fetched before the rest is trained; empty to train all.
        forced: Whether to make everything again.
        insists: Whether to fail when a GPU cannot train; otherwise training goes on on the CPU.
        names: The figures.
        module: Loads a figure's module; picklable, since it is sent to the processes that draw.
        sources: Gives code digests.
        trainer: Trains instead of the engine, in tests.
    """

    profile: Profile
    engine: Engine
    store: Store
    workers: int = 1
    cluster: str = ""
    fetch: str = ""
    forced: bool = False
    insists: bool = False
    names: Sequence[str] = figures.NAMES
    module: Callable[[str], FigureModule] = figures.module
    sources: Sources = field(default_factory=Sources)
    trainer: Train | None = None

    def __post_init__(self) -> None:
        self.timings = Timings(self.store.root / "timings.json")
        self.gallery = Gallery(self.store)

    def plan(self, *, thorough: bool = False, forced: bool = False) -> list[PlannedFigure]:
        """What the store holds of every figure and its runs, and why the rest must be made."""
        planned = plan_sweeps(
            self.store, self.profile, self.engine, self.names, thorough=thorough, forced=forced, module=self.module
        )
        return [self._figure(name, tuple(s for s in planned if s.figure == name), forced) for name in self.names]

    def _figure(self, name: str, sweeps: tuple[PlannedSweep, ...], forced: bool) -> PlannedFigure:
        made_from = ingredients(name, sweeps, decides=self.profile.decides, sources=self.sources)
        missing = [f"{name}/{sweep.name}" for sweep in sweeps if sweep.reasons]
        reason = self.gallery.decide(made_from, name, self.profile.name, missing, forced=forced)
        return PlannedFigure(name=name, sweeps=sweeps, made_from=made_from, reason=reason)

    def train(self, *, forced: bool = False) -> list[PlannedFigure]:
        """Fetches or trains the missing runs, and returns the plan of what then remains: the drawing.

        Fails with a StoreError if the store cannot be written, and with `Interrupted` on Ctrl-C.

        Raises:
            GpuError: if the GPU cannot train, and the user insists on it.
        """
        planned = self.plan(thorough=True, forced=forced)
        if self.fetch and not forced:
            sweeps = [sweep for figure in planned for sweep in figure.sweeps]
            fetch_missing(self.store, self.fetch, self.profile.name, sweeps, lock.read())
            planned = self.plan()
        tasks = tasks_of([sweep for figure in planned for sweep in figure.sweeps], self.profile.name)
        if not tasks:
            return planned
        self._say_what_is_there(planned)
        compile_kernels = None if self.trainer or self.cluster else compiler(self.engine, self.workers)
        try:
            train_missing(self.store, self.timings, tasks, self._executor(), compile_kernels)
        except GpuError as problem:
            if self.insists:
                raise
            smaller = " PROFILE=laptop trains less." if self.profile.name == "paper" else ""
            say(f"{problem} Training goes on on the CPU; what is trained is kept.{smaller}")
            self.engine = replace(self.engine, device="cpu")  # with the same keys
            return self.train(forced=forced)
        return self.plan()

    def _say_what_is_there(self, planned: Sequence[PlannedFigure]) -> None:
        """Says what need not be trained, and logs why the rest must be."""
        sweeps = [sweep for figure in planned for sweep in figure.sweeps]
        every = {shard.key for sweep in sweeps for shard in sweep.shards}
        missing = {shard.key for sweep in sweeps for shard in sweep.missing}
        if len(missing) < len(every):
            say(f"{len(every) - len(missing):,} of {len(every):,} shards are trained already.")
        for sweep in sweeps:
            for reason in sorted({describe(reason) for reason in sweep.reasons.values()}):
                log.note(f"To train: {sweep.figure}/{sweep.name} ({reason}).")

    def make(self) -> list[FigureRecord]:
        """Trains and draws what is missing, and returns the records of all figures.

        Fails as `train` does.

        Raises:
            PipelineError: if the store keeps being damaged.
        """
        forced = self.forced
        for _ in range(ATTEMPTS):
            try:
                return self._attempt(forced)
            except Damaged:
                forced = False  # the damaged file has been moved aside; a new plan finds it missing
        raise PipelineError(
            f"the store {self.store.root} keeps being damaged while it is read. Check its disk, or pass STORE=another folder."
        )

    def _attempt(self, forced: bool) -> list[FigureRecord]:
        """Trains and draws once.

        Raises:
            Damaged: if a shard is lost or damaged in the meantime.
        """
        self.store.tidy()
        planned = self.train(forced=forced)
        if any(figure.made_from is None for figure in planned):
            raise Damaged("a shard was lost while others were trained")
        self._draw([figure for figure in planned if figure.reason or forced])
        self.timings.save()
        return [self._record(figure) for figure in planned]

    def load(self, figure: PlannedFigure) -> dict[str, Trained]:
        """The trained runs of a figure, by the names of its sweeps."""
        return _trained(self.store, figure)

    def _executor(self) -> Executor:
        if self.cluster:
            from report.cluster import Cluster

            return Cluster(self.cluster, self.engine)
        checked = not self.trainer and self.engine.words == "kernel on cuda"
        with working("Checking that the GPU gives the kernel's bits") if checked else nullcontext():
            train = self.trainer or engines.trainer(self.engine)
        return Threads(train, engines.parallel(self.engine, train, self.workers))

    def _draw(self, planned: Sequence[PlannedFigure]) -> None:
        by_name = {figure.name: figure for figure in planned}
        workers = min(self.workers, len(planned))
        with closing(self._here(planned) if workers < 2 else self._side_by_side(planned, workers)) as results:
            for name, content, seconds in results:
                made_from = by_name[name].made_from
                assert made_from is not None
                self.gallery.publish(made_from, content, self.profile.name)
                log.note(
                    f"Drew {name} in {seconds:.1f} s ({describe(reason) if (reason := by_name[name].reason) else 'forced'})."
                )
                self.timings.add("figure", made_from.key, seconds)

    def _here(self, planned: Sequence[PlannedFigure]) -> Generator["Drawn", None, None]:
        for figure in planned:
            with working(f"Drawing {figure.name}", stage="Drawing"):
                result = _drawn(self.store, self.module, figure, self.profile.decides)
            yield result

    def _side_by_side(self, planned: Sequence[PlannedFigure], workers: int) -> Generator["Drawn", None, None]:
        """Draws in processes, since threads would wait for the interpreter lock.

        Raises:
            PipelineError: if a process is killed.
        """
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(log.kept(),))
        store = Store(self.store.root, say)
        try:
            futures = [pool.submit(_drawn, store, self.module, figure, self.profile.decides) for figure in planned]
            with working(f"Drawing {len(planned)} figures", len(planned), stage="Drawing") as work:
                for figure, future in zip(planned, futures, strict=True):  # in order: two builds write the same history
                    work.wait_for(figure.name)
                    yield future.result()
                    work.advance()
        except BrokenProcessPool:
            raise PipelineError(
                "a process that draws figures was killed, perhaps because memory ran out. Run again with WORKERS=1."
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _record(self, figure: PlannedFigure) -> FigureRecord:
        assert figure.made_from is not None
        folder = self.gallery.folder(figure.made_from.key)
        module = self.module(figure.name)
        values = files.parsed((folder / "data.json").read_bytes())["values"]
        claims = files.parsed((folder / "findings.json").read_bytes())
        sweeps = tuple(loading.record(self.store, self.timings, sweep) for sweep in figure.sweeps)
        source = self.sources.module(figures.home(figure.name))
        return FigureRecord(
            name=figure.name,
            about=module.ABOUT,
            key=figure.made_from.key,
            folder=folder,
            values={name: value_of(row) for name, row in values.items()},
            claims=tuple(self._claim(figure.name, ClaimRecord.from_row(row), sweeps) for row in claims),
            sweeps=sweeps,
            source=source.path.read_text(encoding="utf-8") if source else "",
            settings=settings(planned.sweep for planned in figure.sweeps),
        )

    def _claim(self, figure: str, claim: ClaimRecord, sweeps: tuple[SweepRecord, ...]) -> ClaimRecord:
        """The claim with the fields that its figure does not know."""
        runs = [TrainedOn(sweep=f"{s.figure}/{s.name}", count=len(s.runs), digest=s.results_digest) for s in sweeps]
        runs = runs if claim.seeds else []
        return replace(claim, figure=figure, profile=self.profile.name, engine=self.engine.name, runs=tuple(runs))


Drawn: TypeAlias = tuple[str, dict[str, bytes], float]
"""A figure's name, its files, and the core seconds that they took."""


def _begin(kept: Path | None) -> None:
    """What a process that draws does first: it ends with this one, and shares its log."""
    follow()
    if kept:
        log.keep(kept.parent)


def _drawn(store: Store, module: Callable[[str], FigureModule], figure: PlannedFigure, decides: bool) -> Drawn:
    from report.draw import files_of

    start = time.process_time()
    content = files_of(module(figure.name), _trained(store, figure), decides=decides)
    return figure.name, content, time.process_time() - start


def _trained(store: Store, figure: PlannedFigure) -> dict[str, Trained]:
    return {sweep.name: loading.load(store, sweep)[0] for sweep in figure.sweeps}


def open_workshop(options: Options, device: Device, profile: str, store: Path | None = None) -> Workshop:
    """The workshop of a command for this device and profile; `store`, if given, replaces the user's store."""
    sources = Sources()
    return Workshop(
        profile=profiles.get(profile),
        engine=engines.engine(device, sources, engines.choose_name(options.engine)),
        store=Store(store or options.store, say),
        workers=options.workers,
        cluster=options.cluster,
        fetch=options.fetch,
        forced=options.force,
        insists=options.device == "cuda",
        names=(options.only,) if options.only else figures.NAMES,
        sources=sources,
    )
