"""Compiles kernels before training, on all cores, in processes: numba holds the interpreter lock while it compiles."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

Item = TypeVar("Item")
Compile: TypeAlias = Callable[[Item], None]
Around: TypeAlias = Callable[[Item], AbstractContextManager[object]]

COLD = 1.0
"""Seconds from which a kernel counts as compiled, not loaded from numba's cache on disk."""


def silently(item: object) -> AbstractContextManager[object]:
    """The default `around`: does nothing."""
    return nullcontext()


def leave_interrupts() -> None:
    """Ignores Ctrl-C in a child process; the parent ends its children."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    next_index = processes.Value("i", 0)
    helpers = [
        processes.Process(target=_help, args=(compile_kernel, shapes, next_index), daemon=True)
        for _ in range(min(workers, len(shapes)) - 1)
    ]
    for helper in helpers:
        helper.start()
    try:
        _compile_untaken(compile_kernel, shapes, next_index, around)
        with around(shapes[-1]):
            for helper in helpers:
                helper.join()
    finally:
        for helper in helpers:
            helper.terminate()
    for shape in shapes:
        with around(shape):
            compile_kernel(shape)


def _compile_untaken(
    compile_kernel: Compile[Item], shapes: Sequence[Item], next_index: "Synchronized[int]", around: Around[Item]
) -> None:
    """Compiles the next shape that no process has taken, until there is none."""
    while True:
        with next_index.get_lock():
            at = next_index.value
            next_index.value += 1
        if at >= len(shapes):
            return
        with around(shapes[at]):
            compile_kernel(shapes[at])


def _help(compile_kernel: Compile[Item], shapes: Sequence[Item], next_index: "Synchronized[int]") -> None:
    """Compiles in another process."""
    leave_interrupts()
    _compile_untaken(compile_kernel, shapes, next_index, silently)
