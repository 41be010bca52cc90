"""Trains missing shards: tasks run in parallel, on this machine or others, and each shard is stored as soon as it is trained."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from report import log, progress
from report.compiling import Around
from report.engines import Train
from report.errors import GpuError, Interrupted, TaskError
from report.gpus import Gpus
from report.plan import PlannedSweep
from report.store.artifacts import Store
from report.store.index import Entry
from report.store.shards import Shard
from report.store.timings import Timings
from sup.errors import SupError
from sup.specs import Run
from sup.sweeps import Shape

GROUP_FLOATS = 500_000_000
"""Most numbers of a batch, over all runs of a task on a GPU. It limits what an interruption loses; engines cut batches further
to fit them into memory."""

GROUP_RUNS = 16_384
"""Most runs of such a task, some waves of a large GPU: the next are packed while these are trained."""


@dataclass(frozen=True)
class Task:
    """Shards that are trained in one call: one by the kernel on a CPU, many in parallel on a GPU or by torch.

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
    """A finished task; the files of its shards are in the store.

    Attributes:
        entries: For each shard its entry for the index: keys, digests and sizes, no arrays.
        seconds: Core seconds of training by the kernel on a CPU, whatever else the machine did; else elapsed seconds.
    """

    entries: tuple[Entry, ...]
    seconds: float


class Executor(Protocol):
    """Trains tasks: `Threads` on this machine, `report.cluster.Cluster` on others."""

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks, publishes their shards in `store` and yields each task when it is done, in any order."""


class Threads:
    """Trains tasks on threads of this process; the kernel lets them run side by side."""

    def __init__(self, train: Train, workers: int) -> None:
        self.train, self.workers = train, workers

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and yields each when it is done; if the caller stops early, tasks that have not begun are dropped.

        Raises:
            TaskError: if tasks failed by themselves, when the others have ended.
        """
        pool, failed = ThreadPoolExecutor(self.workers), list[str]()
        try:
            for future in as_completed([pool.submit(train_task, task, self.train, store) for task in tasks]):
                try:
                    done = future.result()
                except TaskError as problem:
                    failed.append(str(problem))  # its traceback holds the arrays of the task
                    continue
                yield done
            if failed:
                raise TaskError("\n".join(failed))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(self.train, Gpus):
                self.train.stop()  # its calls are long; those of the kernel on a CPU end by themselves


def train_task(task: Task, train: Train, store: Store) -> Done:
    """Trains the runs of a task and publishes its shards; called by every executor.

    Fails with a StoreError if the store cannot be written.

    Raises:
        GpuError: if the GPU fails.
        TaskError: if the runs cannot be trained.
    """
    clock = time.thread_time if task.shards[0].engine.per_core else time.monotonic
    start = clock()
    try:
        arrays = train([run for shard in task.shards for run in shard.runs], task.shards[0].snapshots)
    except GpuError:
        raise
    except SupError as problem:
        raise TaskError(f"{task.labels[0]} cannot be trained: {problem}") from problem
    except MemoryError:
        what = f"{sum(len(shard.runs) for shard in task.shards)} runs of {task.shards[0].shape.words}"
        raise TaskError(
            f"{task.labels[0]} cannot be trained: memory ran out for {what}. What is trained is kept. Fewer WORKERS take less."
        ) from None
    seconds = clock() - start
    entries, first = [], 0
    for shard, label in zip(task.shards, task.labels, strict=True):
        end = first + len(shard.runs)
        entries.append(store.publish(shard, {name: array[first:end] for name, array in arrays.items()}, label))
        first = end
    return Done(tuple(entries), seconds)


def tasks_of(planned: Iterable[PlannedSweep], profile: str) -> list[Task]:
    """The tasks to train, each shard once, the longest first so that no core idles at the end."""
    shards: dict[str, tuple[Shard, str]] = {}
    for sweep in planned:
        for shard in sweep.missing:
            shards.setdefault(shard.key, (shard, f"{profile}/{sweep.figure}/{sweep.name}"))
    tasks = [Task(tuple(s for s, _ in group), tuple(label for _, label in group)) for group in _groups(list(shards.values()))]
    return sorted(tasks, key=lambda task: -task.cost)


def _groups(shards: list[tuple[Shard, str]]) -> Iterator[list[tuple[Shard, str]]]:
    """Single shards for the kernel on a CPU. Else groups alike in shape, steps and snapshots: many runs share a step."""
    alike: dict[object, list[tuple[Shard, str]]] = {}
    for shard, label in shards:
        kind = shard.key if shard.engine.per_core else (shard.shape, shard.runs[0].recipe.steps, shard.snapshots)
        alike.setdefault(kind, []).append((shard, label))
    for items in alike.values():
        shape = items[0][0].shape
        most = max(1, min(GROUP_RUNS, GROUP_FLOATS // (shape.batch * (shape.n_features + shape.n_hidden))))
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
    compile_kernels: Callable[[Mapping[Shape, Run], Around[Shape]], None] | None = None,
) -> None:
    """Trains `tasks` and stores each shard as soon as it is trained.

    Fails with a StoreError if the store cannot be written.

    Args:
        store: Where results go.
        timings: Where seconds go.
        tasks: What to train.
        executor: What trains.
        compile_kernels: Compiles the kernels of the shapes, each given with a run, first, so that progress shows it; None when
            nothing is compiled.

    Raises:
        Interrupted: on Ctrl-C; all but the shards in training are stored.
    """
    if not tasks:
        return
    store.probe()
    shards = {shard.key: shard for task in tasks for shard in task.shards}
    stored = 0
    try:
        with progress.show(len(shards), sum(task.cost for task in tasks)) as display:
            if compile_kernels:
                compile_kernels({shard.shape: shard.runs[0] for shard in shards.values()}, display.compiling)
            with closing(executor.run(store, tasks)) as results:
                for done in results:
                    runs = sum(entry.runs for entry in done.entries)
                    for entry in done.entries:
                        store.add(entry)
                        seconds = done.seconds * entry.runs / runs
                        timings.trained(shards[entry.key], seconds)
                        log.note(f"Trained {entry.label}, part {entry.part}: {entry.runs:,} runs, {seconds:.2f} s.")
                        stored += 1
                        display.advance(shards[entry.key])
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted: {stored} of {len(shards)} shards are trained and stored. Run the same command again to go on."
        ) from None
    finally:
        timings.save()
