"""Shards: the files that a sweep is cut into, each a few seconds of training, by a rule that depends on the spec alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from report.engines import Engine
from sup.canonical import digest
from sup.specs import Run
from sup.sweeps import Shape, Sweep, runs_digest, shape_of

SHARD_MICROSECONDS = 5_000_000
MOST_RUNS = 4096


def run_cost(run: Run) -> int:
    """Rough microseconds that one CPU core needs to train `run`: a linear fit to the kernel's times on all cores.

    It decides how sweeps are cut into shards, so changing it renames artifacts; it must stay fixed, not be exact.
    """
    n, m = run.n_features, run.n_hidden
    nanoseconds = 160 * n * m + 200 * n + 2500
    return max(1, run.recipe.steps * run.recipe.batch * nanoseconds // (1024 * 1000))


def set_key(spec_digest: str, engine: Engine) -> str:
    """The key of a set of runs: a digest of its specs and observations, and of the engine, its code and environment."""
    return digest("key", spec_digest, engine.name, engine.code, engine.environment)


@dataclass(frozen=True)
class Shard:
    """Neighbouring runs of a sweep that are trained and stored together.

    Attributes:
        runs: The runs, in order.
        snapshots: The steps after which the weights are recorded.
        engine: What trains them.
        part: Its position among the shards of its sweep.
    """

    runs: tuple[Run, ...]
    snapshots: tuple[int, ...]
    engine: Engine
    part: int

    @cached_property
    def spec_digest(self) -> str:
        """Digest of the runs' specs and observations."""
        return runs_digest(self.runs, self.snapshots)

    @cached_property
    def key(self) -> str:
        """The name of its file, without the suffix."""
        return set_key(self.spec_digest, self.engine)

    @property
    def shape(self) -> Shape:
        """The shape that its runs share."""
        return shape_of(self.runs[0])

    @property
    def run_steps(self) -> int:
        """Updates of all its runs together."""
        return len(self.runs) * self.runs[0].recipe.steps

    @property
    def cost(self) -> int:
        """Rough core microseconds of training."""
        return len(self.runs) * run_cost(self.runs[0])


def cut(sweep: Sweep, engine: Engine) -> Iterator[Shard]:
    """The shards of `sweep`, in order.

    All but the last have the same number of runs, so runs added at the end leave the earlier shards unchanged.
    """
    size = min(MOST_RUNS, max(1, SHARD_MICROSECONDS // run_cost(sweep.runs[0])))
    for part, start in enumerate(range(0, len(sweep.runs), size)):
        yield Shard(sweep.runs[start : start + size], sweep.snapshots, engine, part)
