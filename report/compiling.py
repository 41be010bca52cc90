"""Compiles kernels before training, on all cores, in processes: numba holds the interpreter lock while it compiles."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, TypeVar

from report import children

Item = TypeVar("Item")
Compile: TypeAlias = Callable[[Item], None]
Around: TypeAlias = Callable[[Item], AbstractContextManager[object]]

COLD = 1.0
"""Seconds from which a kernel counts as compiled, not loaded from numba's cache on disk."""

PATIENCE = 120.0
"""Seconds to wait for another process's last kernel, before it is compiled here."""


def silently(item: object) -> AbstractContextManager[object]:
    """The default `around`: does nothing."""
    return nullcontext()


def compile_all(compile_kernel: Compile[Item], shapes: Sequence[Item], workers: int, around: Around[Item] = silently) -> None:
    """Makes the kernels of `shapes` ready in this process.

    Kernels are loaded one by one. Once one had to be compiled, others will too, so `workers` processes compile the rest. This
    process then loads them from disk, and compiles itself what another process failed to.

    Args:
        compile_kernel: Loads or compiles the kernel of a shape; picklable.
        shapes: The arguments of `compile_kernel`, picklable and distinct.
        workers: Processes, this one included.
        around: Gives a context for each shape, entered while its kernel is loaded or compiled.
    """
    for at, shape in enumerate(shapes, 1):
        start = time.monotonic()
        with around(shape):
            compile_kernel(shape)
        if time.monotonic() - start > COLD and min(workers, len(shapes) - at) > 1:
            _compile_side_by_side(compile_kernel, shapes[at:], workers, around)
            break


def _compile_side_by_side(compile_kernel: Compile[Item], shapes: Sequence[Item], workers: int, around: Around[Item]) -> None:
    processes = get_context("spawn")
    with TemporaryDirectory(prefix="sup-compile-") as folder:
        helpers = [
            processes.Process(target=_help, args=(compile_kernel, shapes, Path(folder)), daemon=True)
            for _ in range(min(workers, len(shapes)) - 1)
        ]
        for helper in helpers:
            helper.start()
        try:
            _compile_untaken(compile_kernel, shapes, Path(folder), around)
            deadline = time.monotonic() + PATIENCE
            with around(shapes[-1]):
                for helper in helpers:
                    helper.join(max(0.0, deadline - time.monotonic()))
        finally:
            for helper in helpers:
                helper.kill()
                helper.join()
    for shape in shapes:
        with around(shape):
            compile_kernel(shape)


def _compile_untaken(compile_kernel: Compile[Item], shapes: Sequence[Item], taken: Path, around: Around[Item]) -> None:
    """Compiles the shapes that no process has taken. Taking one makes a file: a process that dies could keep a lock."""
    for at, shape in enumerate(shapes):
        try:
            (taken / str(at)).touch(exist_ok=False)
        except FileExistsError:
            continue
        with around(shape):
            compile_kernel(shape)


def _help(compile_kernel: Compile[Item], shapes: Sequence[Item], taken: Path) -> None:
    """Compiles in another process."""
    children.follow()
    _compile_untaken(compile_kernel, shapes, taken, silently)
