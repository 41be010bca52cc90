"""The plan: which shards must be trained, each with its reason. Planning trains nothing and imports no engine."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import figures
from figures.base import FigureModule
from report.engines import ENTRIES, Engine
from report.errors import PipelineError
from report.profiles import Profile
from report.reasons import Reason
from report.store.artifacts import Store
from report.store.index import Entry
from report.store.shards import Shard, cut, set_key
from sup.results import late_step
from sup.saved import results_digest
from sup.sweeps import Sweep


@dataclass(frozen=True, kw_only=True)
class PlannedSweep:
    """A sweep that a figure needs, cut into shards.

    Attributes:
        figure: The figure.
        name: The sweep's name in the figure.
        sweep: The runs.
        shards: Its shards, in order.
        entries: The index's entry of each shard; None where it must be trained.
        reasons: Why each missing shard must be trained, by position.
    """

    figure: str
    name: str
    sweep: Sweep
    shards: tuple[Shard, ...]
    entries: tuple[Entry | None, ...]
    reasons: Mapping[int, Reason]

    @cached_property
    def spec_digest(self) -> str:
        """Digest of all its specs and observations."""
        return self.sweep.spec_digest

    @property
    def key(self) -> str:
        """The common key of all its artifacts."""
        return set_key(self.spec_digest, self.shards[0].engine)

    @property
    def missing(self) -> tuple[Shard, ...]:
        """The shards that must be trained."""
        return tuple(self.shards[i] for i in self.reasons)

    @property
    def content(self) -> str | None:
        """Digest of the shards' results, in order; None while some are missing."""
        digests = [entry.results_digest for entry in self.entries if entry is not None]
        return results_digest(digests) if len(digests) == len(self.shards) else None


def plan_sweeps(
    store: Store,
    profile: Profile,
    engine: Engine,
    names: Iterable[str],
    *,
    thorough: bool = False,
    forced: bool = False,
    module: Callable[[str], FigureModule] = figures.module,
) -> list[PlannedSweep]:
    """The sweeps that the figures `names` need at the profile's size, with what the store holds of them.

    Args:
        store: Holds the results.
        profile: How much to run.
        engine: What trains.
        names: The figures.
        thorough: Whether to compare the bytes of each file with the index, as a build does.
        forced: Whether to train all of them again.
        module: Loads a figure's module.

    Raises:
        PipelineError: if a figure trains models and the profile gives it no size.
    """
    planned = []
    for figure in names:
        needs = module(figure).needs(profile.size(figure))
        if needs and figure not in profile.sizes:
            raise PipelineError(
                f"report.yml, profile {profile.name}: figure {figure} trains models and has no size there. "
                f"Add {figure}: {{steps: ..., seeds: ...}}."
            )
        planned += [
            plan_sweep(store, f"{profile.name}/{figure}/{name}", watched(sweep), engine, thorough=thorough, forced=forced)
            for name, sweep in needs.items()
        ]
    return planned


def watched(sweep: Sweep) -> Sweep:
    """The sweep with a snapshot at its late step, if it has none, so that one can see whether its models settled."""
    return sweep if sweep.snapshots else replace(sweep, snapshots=(late_step(sweep.runs[0].recipe.steps),))


def plan_sweep(
    store: Store, label: str, sweep: Sweep, engine: Engine, *, thorough: bool = False, forced: bool = False
) -> PlannedSweep:
    """One sweep, labelled profile/figure/name, with what the store holds of it."""
    _, figure, name = label.split("/")
    shards = tuple(cut(sweep, engine))
    entries: list[Entry | None] = []
    reasons: dict[int, Reason] = {}
    for i, shard in enumerate(shards):
        state = decide(store, shard, label, thorough=thorough, forced=forced)
        if isinstance(state, Reason):
            reasons[i] = state
        entries.append(state if isinstance(state, Entry) else None)
    return PlannedSweep(figure=figure, name=name, sweep=sweep, shards=shards, entries=tuple(entries), reasons=reasons)


def decide(store: Store, shard: Shard, label: str, *, thorough: bool = False, forced: bool = False) -> Entry | Reason:
    """The index's entry of `shard`, or why it must be trained."""
    if forced:
        return Reason("forced", label)
    entry = store.find(shard, label, thorough=thorough)
    if entry is not None:
        return entry
    if shard.key in store.damaged:
        return Reason("corrupt", f"{shard.key[:12]}.safetensors")
    engine = shard.engine
    past = [line for line in store.index.past(shard.spec_digest) if line.engine == engine.name]
    if any(line.key == shard.key for line in past):
        return Reason("absent", label)
    if past and all(line.code != engine.code for line in past):
        return Reason("code", ENTRIES[engine.name], past[-1].code, engine.code)
    if past:
        return Reason("environment", engine.name, past[-1].environment, engine.environment)
    before = store.index.past(label)
    if before:
        old = next((line.spec_digest for line in reversed(before) if line.part == shard.part), None)
        return Reason("spec", label, old, shard.spec_digest)
    return Reason("absent", label)
