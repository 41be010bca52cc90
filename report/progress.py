"""Progress: a bar on a terminal; elsewhere a line every 30 s with stage, share, rate and time left, and one at the end."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from report.log import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from report.store.shards import Shard
    from sup.sweeps import Shape


EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""

CLEAR = "\r\033[K"
"""Removes the line under the cursor of a terminal."""


SPENT: dict[str, float] = {}
"""Seconds that each stage of this process's work has taken."""


@contextmanager
def _timed(stage: str) -> Iterator[None]:
    """Adds the seconds of the block to those of the stage."""
    start = time.monotonic()
    try:
        yield
    finally:
        SPENT[stage] = SPENT.get(stage, 0.0) + time.monotonic() - start


class Progress:
    """Counts what has been trained."""

    def __init__(self, shards: int, cost: int) -> None:
        self.shards, self.cost = shards, cost
        self.done = self.done_cost = self.runs = self.run_steps = 0
        self.kernel = ""
        self.compiling_seconds = 0.0
        self.start = time.monotonic()

    @contextmanager
    def compiling(self, shape: "Shape") -> Iterator[None]:
        """Times the block as the compilation of a kernel."""
        start, self.kernel = time.monotonic(), f"{shape.n_features}x{shape.n_hidden}"
        yield
        self.kernel = ""
        self.compiling_seconds += time.monotonic() - start

    def advance(self, shard: "Shard") -> None:
        """Counts a shard that has been stored."""
        self.done += 1
        self.done_cost += shard.cost
        self.runs += len(shard.runs)
        self.run_steps += shard.run_steps

    @property
    def seconds(self) -> float:
        """Seconds of training, compilation left out."""
        return max(1e-9, time.monotonic() - self.start - self.compiling_seconds)

    @property
    def rate(self) -> float:
        """Run-steps a second of training."""
        return self.run_steps / self.seconds

    def line(self) -> str:
        """One line of progress; a compilation shows no share, since its length is unknown."""
        if self.kernel:
            return f"Compiling {self.kernel}: {duration(time.monotonic() - self.start)} so far."
        return _line("Training", self.done_cost / self.cost, self.seconds, f"{_si(self.rate)} run-steps/s")

    def summary(self) -> str:
        """One line about the whole training."""
        seconds = time.monotonic() - self.start
        compiling = f", {self.compiling_seconds:.0f} s of it compiling" if self.compiling_seconds >= 1.0 else ""
        return f"Trained {self.runs:,} runs in {seconds:.1f} s{compiling}: {_si(self.rate)} run-steps/s."


class TerminalProgress(Progress):
    """Also draws a bar."""

    def __init__(self, shards: int, cost: int, bar: "Bar") -> None:
        super().__init__(shards, cost)
        self._bar = bar
        self._task: TaskID = bar.add_task("Training", total=cost, rate="")

    @contextmanager
    def compiling(self, shape: "Shape") -> Iterator[None]:
        """Times the block as the compilation of a kernel, and shows its shape."""
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
    """Shows the progress of training `shards` shards, of `cost` microseconds in all, on `out` or on standard error."""
    out = out or sys.stderr
    if not out.isatty():
        progress = Progress(shards, cost)
        with _timed("Training"), _now_and_then(progress.line, out):
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
        with _timed("Training"), Bar(*columns, console=Console(file=out), transient=True) as bar:
            progress = TerminalProgress(shards, cost, bar)
            yield progress
    say(progress.summary(), out)


class Work:
    """Work in progress; `total` is its number of items, or 0 if they are not counted, and `waits_for` names the next."""

    def __init__(self, text: str, total: int) -> None:
        self.text, self.total, self.done, self.waits_for = text, total, 0, ""
        self.start = time.monotonic()

    def advance(self) -> None:
        """Counts a finished item."""
        self.done += 1

    def show(self) -> None:
        """Shows the line of progress where that is done at once."""

    def wait_for(self, item: str) -> None:
        """Names the item that the work waits for."""
        self.waits_for = item
        self.show()

    def line(self) -> str:
        """One line of progress."""
        seconds = max(1e-9, time.monotonic() - self.start)
        if not self.total:
            return f"{self.text}: {duration(seconds)} so far."
        line = _line(self.text, self.done / self.total, seconds, f"{self.done / seconds:.2g} a second")
        return f"{line[:-1]}, waiting for {self.waits_for}." if self.waits_for else line


class TerminalWork(Work):
    """Also shows each line of progress in the place of the one before."""

    def __init__(self, text: str, total: int, out: TextIO) -> None:
        super().__init__(text, total)
        self._out = out
        print(f"{text} ...", end="", file=out, flush=True)

    def advance(self) -> None:
        """Counts a finished item and shows how far the work is."""
        super().advance()
        self.show()

    def show(self) -> None:
        """Shows the line of progress."""
        print(f"{CLEAR}{self.line()}", end="", file=self._out, flush=True)


@contextmanager
def working(text: str, total: int = 0, out: TextIO | None = None, *, stage: str = "") -> Iterator[Work]:
    """Shows what is being done while the block runs: at once on a terminal, every 30 s elsewhere.

    Args:
        text: What is being done.
        total: Number of items, which the caller counts with `advance`; 0 if they are not counted.
        out: Where to print; by default standard error.
        stage: What its seconds are counted for, if that is not the text.
    """
    out = out or sys.stderr
    with _timed(stage or text):
        if not out.isatty():
            work = Work(text, total)
            with _now_and_then(work.line, out):
                yield work
            return
        try:
            yield TerminalWork(text, total, out)
        finally:
            print(CLEAR, end="", file=out, flush=True)


@contextmanager
def _now_and_then(line: Callable[[], str], out: TextIO) -> Iterator[None]:
    """Prints `line()` every 30 s while the block runs."""
    stop = threading.Event()

    def print_lines() -> None:
        while not stop.wait(EVERY):
            say(line(), out)

    printer = threading.Thread(target=print_lines, daemon=True)
    printer.start()
    try:
        yield
    finally:
        stop.set()
        printer.join()


def _line(stage: str, share: float, seconds: float, rate: str) -> str:
    """Stage, share, rate and time left; the time is unknown until something is done."""
    left = f"about {duration(seconds * (1 - share) / share)} left" if share else "time left unknown"
    return f"{stage}: {100 * share:.0f} %, {rate}, {left}."


def duration(seconds: float) -> str:
    """A length of time in words.

    Example:
        >>> duration(95), duration(3600)
        ('95 s', '60 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _si(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"
