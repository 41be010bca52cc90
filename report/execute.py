"""Training what is missing: tasks side by side, on this machine or others, each shard stored as soon as it is trained."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from report import progress
from report.compiling import Around
from report.engines import Train
from report.errors import Interrupted, PipelineError
from report.plan import PlannedSweep
from report.store.artifacts import Store
from report.store.index import Entry
from report.store.shards import Shard
from report.store.timings import Timings
from sup.errors import SupError
from sup.sweeps import Shape

GROUP_FLOATS = 500_000_000
"""Numbers of a batch, over all runs of a task on a GPU: what an interruption may lose. The engine cuts it to the GPU's memory."""


@dataclass(frozen=True)
class Task:
    """Shards that are trained in one call; one on a CPU, many side by side on a GPU.

    Attributes:
        shards: Of one shape, with the same steps and observations.
        labels: For each shard, profile/figure/name of the sweep that asked for it first.
    """

    shards: tuple[Shard, ...]
    labels: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Rough core microseconds."""
        return sum(shard.cost for shard in self.shards)


@dataclass(frozen=True)
class Done:
    """A task that has ended; the files of its shards are in the store.

    Attributes:
        entries: For each shard its line of the index: keys, digests and sizes, no arrays.
        seconds: Core seconds of training, whatever else the machine did; on a GPU, the seconds that it took.
    """

    entries: tuple[Entry, ...]
    seconds: float


class Executor(Protocol):
    """Whatever can train tasks: the threads of this machine here, `report.cluster` elsewhere."""

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks, publishes their shards in `store` and tells of each task as it ends, in any order."""


class Threads:
    """Trains tasks on threads of this process; the kernel lets them run side by side."""

    def __init__(self, train: Train, workers: int) -> None:
        self.train, self.workers = train, workers

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and tells of each as it ends; when the caller stops early, what has not begun is dropped."""
        pool = ThreadPoolExecutor(self.workers)
        try:
            for future in as_completed([pool.submit(train_task, task, self.train, store) for task in tasks]):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def train_task(task: Task, train: Train, store: Store) -> Done:
    """Trains the runs of a task and publishes its shards: what every executor does, wherever it does it.

    Raises:
        PipelineError: if the runs cannot be trained.
        StoreError: if the store cannot be written.
    """
    clock = time.thread_time if task.shards[0].engine.name == "kernel" else time.monotonic
    start = clock()
    try:
        arrays = train([run for shard in task.shards for run in shard.runs], task.shards[0].snapshots)
    except SupError as problem:
        raise PipelineError(f"{task.labels[0]} cannot be trained: {problem}") from problem
    seconds = clock() - start
    entries, first = [], 0
    for shard, label in zip(task.shards, task.labels, strict=True):
        end = first + len(shard.runs)
        entries.append(store.publish(shard, {name: array[first:end] for name, array in arrays.items()}, label))
        first = end
    return Done(tuple(entries), seconds)


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
    compile_kernels: Callable[[Sequence[Shape], Around[Shape]], None] | None = None,
) -> None:
    """Trains `tasks` and stores each shard as it ends.

    Args:
        store: Where results go.
        timings: Where seconds go.
        tasks: What to train.
        executor: What trains.
        compile_kernels: Called beforehand with the shapes, so that compilation shows itself; None when nothing is compiled.

    Raises:
        StoreError: if the store cannot be written.
        Interrupted: on Ctrl-C; all but the shards in flight are kept.
    """
    if not tasks:
        return
    store.probe()
    shards = {shard.key: shard for task in tasks for shard in task.shards}
    stored = 0
    try:
        with progress.show(len(shards), sum(task.cost for task in tasks)) as shown:
            if compile_kernels:
                compile_kernels(list(dict.fromkeys(shard.shape for shard in shards.values())), shown.compiling)
            with closing(executor.run(store, tasks)) as ended:
                for done in ended:
                    runs = sum(entry.runs for entry in done.entries)
                    for entry in done.entries:
                        store.add(entry)
                        timings.add("shard", entry.key, done.seconds * entry.runs / runs)
                        stored += 1
                        shown.advance(shards[entry.key])
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted: {stored} of {len(shards)} shards are trained and stored. Run the same command again to go on."
        ) from None
    finally:
        timings.save()
