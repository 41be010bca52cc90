"""Training what is missing: tasks side by side on this machine, each shard stored as soon as it is trained."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from report import progress
from report.engines import Train
from report.errors import Interrupted, PipelineError
from report.plan import PlannedSweep
from report.shards import Shard
from report.store import Store
from report.timings import Timings
from sup.errors import SupError
from sup.sweeps import Shape

GROUP_FLOATS = 500_000_000
"""Numbers of a batch, over all runs of a task on a GPU: what an interruption may lose. The engine cuts it to the GPU's memory."""


@dataclass(frozen=True)
class Task:
    """Shards that are trained in one call; one on a CPU, many side by side on a GPU.

    Attributes:
        shards: Of one shape, with the same steps and observations.
        sweeps: For each shard, the sweep that asked for it first.
    """

    shards: tuple[Shard, ...]
    sweeps: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Rough core microseconds."""
        return sum(shard.cost for shard in self.shards)


@dataclass(frozen=True)
class Done:
    """A task that has ended.

    Attributes:
        task: The task.
        arrays: What training gave for all its runs, in order.
        seconds: How long it took.
    """

    task: Task
    arrays: dict[str, np.ndarray]
    seconds: float


class Executor(Protocol):
    """Whatever can train tasks: the threads of this machine here."""

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and gives each back as it ends, in any order."""


class Threads:
    """Trains tasks on threads of this process; the kernel lets them run side by side."""

    def __init__(self, train: Train, workers: int) -> None:
        self.train, self.workers = train, workers

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and gives each back as it ends; when the caller stops early, what has not begun is dropped."""
        pool = ThreadPoolExecutor(self.workers)
        try:
            for future in as_completed([pool.submit(self._one, task) for task in tasks]):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, task: Task) -> Done:
        start = time.monotonic()
        runs = [run for shard in task.shards for run in shard.runs]
        try:
            arrays = self.train(runs, task.shards[0].snapshots)
        except SupError as problem:
            raise PipelineError(f"{task.sweeps[0]} cannot be trained: {problem}") from problem
        return Done(task, arrays, time.monotonic() - start)


def tasks_of(planned: Iterable[PlannedSweep], profile: str) -> list[Task]:
    """What must be trained, each shard once, the longest tasks first so that no core idles at the end."""
    wanted: dict[str, tuple[Shard, str]] = {}
    for sweep in planned:
        for shard in sweep.missing:
            wanted.setdefault(shard.key, (shard, f"{profile}/{sweep.figure}/{sweep.name}"))
    tasks = [Task(tuple(s for s, _ in group), tuple(label for _, label in group)) for group in _groups(list(wanted.values()))]
    return sorted(tasks, key=lambda task: -task.cost)


def _groups(wanted: list[tuple[Shard, str]]) -> Iterator[list[tuple[Shard, str]]]:
    """Shards one by one for the kernel; for torch, many alike, since a step there costs the same for all."""
    alike: dict[object, list[tuple[Shard, str]]] = {}
    for shard, label in wanted:
        kind = (shard.shape, shard.runs[0].recipe.steps, shard.snapshots) if shard.engine.name == "torch" else shard.key
        alike.setdefault(kind, []).append((shard, label))
    for items in alike.values():
        shape = items[0][0].shape
        most = max(1, GROUP_FLOATS // (shape.batch * (shape.n_features + shape.n_hidden)))
        group: list[tuple[Shard, str]] = []
        for item in items:
            if group and sum(len(shard.runs) for shard, _ in group) + len(item[0].runs) > most:
                yield group
                group = []
            group.append(item)
        yield group


def train_missing(
    store: Store,
    timings: Timings,
    tasks: Sequence[Task],
    executor: Executor,
    compile_kernel: Callable[[Shape], None] | None = None,
) -> None:
    """Trains `tasks` and stores each shard as it ends.

    Args:
        store: Where results go.
        timings: Where seconds go.
        tasks: What to train.
        executor: What trains.
        compile_kernel: Called once per shape beforehand, so that compilation shows itself; None when nothing is compiled.

    Raises:
        StoreError: if the store cannot be written.
        Interrupted: on Ctrl-C; all but the shards in flight are kept.
    """
    if not tasks:
        return
    store.probe()
    total = sum(len(task.shards) for task in tasks)
    stored = 0
    try:
        with progress.show(total, sum(task.cost for task in tasks)) as shown:
            for shape in dict.fromkeys(shard.shape for task in tasks for shard in task.shards) if compile_kernel else ():
                with shown.compiling(shape):
                    compile_kernel(shape)  # type: ignore[misc]  # not None, by the line above
            with closing(executor.run(tasks)) as ended:
                for shard, label, arrays, seconds in (part for done in ended for part in _split(done)):
                    store.write(shard, arrays, label)
                    timings.add("shard", shard.key, seconds)
                    stored += 1
                    shown.advance(shard)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted: {stored} of {total} shards are trained and stored. Run the same command again to go on."
        ) from None
    finally:
        timings.save()


def _split(done: Done) -> Iterator[tuple[Shard, str, dict[str, np.ndarray], float]]:
    """The shards of a task, each with its sweep, its arrays and its share of the seconds."""
    start, total = 0, sum(len(shard.runs) for shard in done.task.shards)
    for shard, label in zip(done.task.shards, done.task.sweeps, strict=True):
        end = start + len(shard.runs)
        yield shard, label, {name: array[start:end] for name, array in done.arrays.items()}, done.seconds * (end - start) / total
        start = end
