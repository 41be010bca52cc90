"""Progress of training: a bar with rate and time left on a terminal, a single line at the end elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from report.store.shards import Shard
    from sup.sweeps import Shape


class Progress:
    """Counts what has been trained; shows nothing while it goes on."""

    def __init__(self, shards: int, cost: int) -> None:
        self.shards, self.cost = shards, cost
        self.done = self.runs = self.run_steps = 0
        self.compiling_seconds = 0.0
        self.start = time.monotonic()

    @contextmanager
    def compiling(self, shape: "Shape") -> Iterator[None]:
        """Around the compilation of a kernel."""
        start = time.monotonic()
        yield
        self.compiling_seconds += time.monotonic() - start

    def advance(self, shard: "Shard") -> None:
        """Counts a shard that has been stored."""
        self.done += 1
        self.runs += len(shard.runs)
        self.run_steps += shard.run_steps

    @property
    def rate(self) -> float:
        """Run-steps a second of training, compilation left out."""
        return self.run_steps / max(1e-9, time.monotonic() - self.start - self.compiling_seconds)

    def summary(self) -> str:
        """One line about all of it."""
        seconds = time.monotonic() - self.start
        compiling = f", {self.compiling_seconds:.0f} s of it compiling" if self.compiling_seconds >= 1.0 else ""
        return f"Trained {self.runs:,} runs in {seconds:.1f} s{compiling}: {_si(self.rate)} run-steps/s."


class TerminalProgress(Progress):
    """Draws a bar besides."""

    def __init__(self, shards: int, cost: int, bar: "Bar") -> None:
        super().__init__(shards, cost)
        self._bar = bar
        self._task: TaskID = bar.add_task("Training", total=cost, rate="")

    @contextmanager
    def compiling(self, shape: "Shape") -> Iterator[None]:
        """Around the compilation of a kernel; says for which shape."""
        task = self._bar.add_task(f"Compiling {shape.n_features}x{shape.n_hidden} once", total=None, rate="")
        with super().compiling(shape):
            yield
        self._bar.remove_task(task)
        self._bar.reset(self._task)

    def advance(self, shard: "Shard") -> None:
        """Counts a shard that has been stored and moves the bar."""
        super().advance(shard)
        self._bar.update(self._task, advance=shard.cost, rate=f"{_si(self.rate)} run-steps/s")


@contextmanager
def show(shards: int, cost: int, out: TextIO | None = None) -> Iterator[Progress]:
    """The progress of training `shards` that cost `cost` microseconds together, shown on `out` or on standard error."""
    out = out or sys.stderr
    if not out.isatty():
        progress = Progress(shards, cost)
        yield progress
    else:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=Console(file=out), transient=True) as bar:
            progress = TerminalProgress(shards, cost, bar)
            yield progress
    print(progress.summary(), file=out)


@contextmanager
def working(text: str, out: TextIO | None = None) -> Iterator[None]:
    """Says on a terminal what is being done, for as long as it takes; says nothing elsewhere."""
    out = out or sys.stderr
    if not out.isatty():
        yield
        return
    print(f"{text} ...", end="", file=out, flush=True)
    try:
        yield
    finally:
        print("\r\033[K", end="", file=out, flush=True)


def _si(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"
