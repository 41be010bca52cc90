"""Kernels compiled before training, on all cores: numba holds the interpreter while it compiles, so processes, not threads."""

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
"""Seconds after which a kernel was compiled, not loaded from numba's cache on disk."""


def silently(item: object) -> AbstractContextManager[object]:
    """The default `around`: does nothing."""
    return nullcontext()


def leave_interrupts() -> None:
    """Ignores Ctrl-C in a child process; the parent ends its children."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def compile_all(compile_kernel: Compile[Item], shapes: Sequence[Item], workers: int, around: Around[Item] = silently) -> None:
    """Makes the kernels of `shapes` ready in this process.

    They are loaded one by one; once one had to be compiled, so will others, and from then on `workers` processes compile.
    What the others compile, this process then finds on disk, and if one of them fails, it compiles that itself.

    Args:
        compile_kernel: Loads the kernel of a shape or compiles it; a function of a module.
        shapes: Whatever it takes, which another process can be sent; none twice.
        workers: Processes, this one included.
        around: Entered for each shape while it is made ready.
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
    taken = processes.Value("i", 0)
    helpers = [
        processes.Process(target=_help, args=(compile_kernel, shapes, taken), daemon=True)
        for _ in range(min(workers, len(shapes)) - 1)
    ]
    for helper in helpers:
        helper.start()
    try:
        _compile_untaken(compile_kernel, shapes, taken, around)
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
    compile_kernel: Compile[Item], shapes: Sequence[Item], taken: "Synchronized[int]", around: Around[Item]
) -> None:
    """Compiles the next shape that no process has taken, until there is none."""
    while True:
        with taken.get_lock():
            at = taken.value
            taken.value += 1
        if at >= len(shapes):
            return
        with around(shapes[at]):
            compile_kernel(shapes[at])


def _help(compile_kernel: Compile[Item], shapes: Sequence[Item], taken: "Synchronized[int]") -> None:
    """What another process does."""
    leave_interrupts()
    _compile_untaken(compile_kernel, shapes, taken, silently)
