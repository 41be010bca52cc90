"""The device form: `kernel.cu` on an NVIDIA GPU."""

import ctypes
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.constants import LANES
from sup.specs import Run
from sup.training.cuda import CudaError, nvrtc
from sup.training.cuda.arguments import ARRAYS, arguments, macros, packed
from sup.training.cuda.driver import asked, described, use
from sup.training.cuda.training import first_block, trained

Array = NDArray[Any]
SECONDS = 0.5
"""What a launch takes: Ctrl-C waits no longer, and a GPU that also draws a desktop is not reset by its watchdog."""
SIDE_BY_SIDE = 4
"""Calls of `train_cuda` that may share a GPU: few runs leave most of it idle, and it waits while runs are packed and stored."""
SHARE = 0.8 / SIDE_BY_SIDE / 2
"""Share of a GPU's memory that the arrays of a call may take, as far as it is free, and what its threads share as much again."""
UNSET = {"data", "loss"}
"""Arrays that are written before they are read."""


class Memory(AbstractContextManager["Memory"]):
    """Arrays on a GPU, and a stream of launches, freed together at the end."""

    def __init__(self) -> None:
        self._addresses: list[Any] = []
        self._streams: list[Any] = []

    def stream(self) -> Any:
        """A stream whose launches do not wait for those of others."""
        from cuda.bindings.driver import CUstream_flags as Flags

        self._streams.append(asked("cuStreamCreate", Flags.CU_STREAM_NON_BLOCKING))
        return self._streams[-1]

    def room(self, size: int) -> Any:
        """The address of `size` bytes."""
        self._addresses.append(asked("cuMemAlloc", max(size, 1)))
        return self._addresses[-1]

    def copy(self, array: Array) -> Any:
        """The address of a copy of `array`."""
        array, address = np.ascontiguousarray(array), self.room(array.nbytes)
        if array.nbytes:
            asked("cuMemcpyHtoD", address, array.ctypes.data, array.nbytes)
        return address

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        """Frees the arrays; after a failure, as far as that is possible."""
        from cuda.bindings import driver

        for stream in self._streams:
            driver.cuStreamDestroy(stream)
        for address in self._addresses:
            driver.cuMemFree(address)


class Device:
    """`kernel.cu` compiled for a GPU, with the arrays of runs there: what `sup.training.cuda.training` calls.

    What the threads of a run share lies on their multiprocessor where it fits; else in the GPU's memory, a slot for each block of
    threads that runs at the same time.

    Args:
        runs: Specs of one shape.
        arrays: Their arrays.
        ordinal: The GPU.
        memory: Where the arrays are copied to.
        folder: Where compiled code is kept; None to keep none.
        halt: Set by another thread to stop between two launches.
        readable: Whether `scratch` shall lie in the GPU's memory, where it can be read.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        arrays: dict[str, Array],
        *,
        ordinal: int,
        memory: Memory,
        folder: Path | None,
        halt: Event | None = None,
        readable: bool = False,
    ) -> None:
        gpu = described(ordinal)
        shared_bytes = 0 if readable else gpu.shared_bytes
        values = macros(runs[0], shared_bytes, readable=readable)
        self._functions, scratch_bytes = loaded(tuple(values.items()), ordinal, folder)
        self._on_chip = scratch_bytes if scratch_bytes <= shared_bytes else 0
        self._team = int(values["TEAM"])
        self._slots = gpu.processors * min(self._resident(name) for name in self._functions)
        if not self._on_chip:
            self._slots = max(1, min(self._slots, _share() // scratch_bytes))
        self._shapes = {name: (array.shape, array.dtype) for name, array in arrays.items()}
        self._shapes["scratch"] = ((scratch_bytes // 4,), np.dtype(np.float32))
        self._addresses = {n: memory.room(a.nbytes) if n in UNSET else memory.copy(a) for n, a in arrays.items()}
        asked("cuStreamSynchronize", 0)  # a copy may return before its bytes have arrived
        self._stream = memory.stream()
        self._addresses["scratch"] = memory.room(0 if self._on_chip else self._slots * scratch_bytes)
        self._arguments = arguments(runs, {name: int(self._addresses[name]) for name in ARRAYS})
        self._stride = dict.fromkeys(self._functions, 1)
        self._halt = halt or Event()

    def _resident(self, name: str) -> int:
        """How many blocks of threads a multiprocessor runs at the same time."""
        from cuda.bindings.driver import CUfunction_attribute as Attribute

        function = self._functions[name]
        asked("cuFuncSetAttribute", function, Attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, self._on_chip)
        return max(1, asked("cuOccupancyMaxActiveBlocksPerMultiprocessor", function, LANES * self._team, self._on_chip))

    def call(self, name: str, start: int, stop: int, batch: int) -> None:
        """Calls a function of the code for all runs, in launches of about `SECONDS`.

        Raises:
            CudaError: if `halt` was set.
        """
        self._arguments.batch = batch
        while start < stop:
            if self._halt.is_set():
                raise CudaError("training was stopped.")
            end = min(stop, start + self._stride[name])
            begun = time.monotonic()
            self._launch(name, start, end)
            rate = SECONDS / max(time.monotonic() - begun, 1e-6)
            self._stride[name] = max(1, int((end - start) * min(rate, 8)))
            start = end

    def _launch(self, name: str, start: int, stop: int) -> None:
        self._arguments.start, self._arguments.stop = start, stop
        work = self._arguments.runs * (stop - start if name == "evaluate" else 1)
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(self._arguments))
        grid, block = (min(work, self._slots), 1, 1), (LANES, self._team, 1)
        asked("cuLaunchKernel", self._functions[name], *grid, *block, self._on_chip, self._stream, ctypes.addressof(pointers), 0)
        asked("cuStreamSynchronize", self._stream)

    def read(self, name: str) -> Array:
        """A copy of an array; of `scratch` the first slot."""
        array = np.empty(*self._shapes[name])
        asked("cuMemcpyDtoH", array.ctypes.data, self._addresses[name], array.nbytes)
        return array


@cache
def loaded(macros: tuple[tuple[str, str], ...], ordinal: int, folder: Path | None) -> tuple[dict[str, Any], int]:
    """The functions of the code for these macros on the GPU in use, by name, and the size of `Scratch` in bytes."""
    code = nvrtc.compiled(dict(macros), nvrtc.architecture(described(ordinal).capability), folder)
    module, size = asked("cuModuleLoadData", code), ctypes.c_ulonglong()
    functions = {name: asked("cuModuleGetFunction", module, name.encode()) for name in ("advance", "evaluate", "measure")}
    with Memory() as memory:
        address = memory.room(ctypes.sizeof(size))
        given = ctypes.c_ulonglong(int(address))
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(given))
        asked("cuLaunchKernel", functions.pop("measure"), 1, 1, 1, 1, 1, 1, 0, 0, ctypes.addressof(pointers), 0)
        asked("cuMemcpyDtoH", ctypes.addressof(size), address, ctypes.sizeof(size))
    return functions, size.value


def compile_code(run: Run, ordinals: Iterable[int], folder: Path) -> None:
    """Compiles the code for runs of the shape of `run` and these GPUs into `folder`, where training finds it."""
    for gpu in map(described, ordinals):
        nvrtc.compiled(macros(run, gpu.shared_bytes), nvrtc.architecture(gpu.capability), folder)


def _share() -> int:
    """The bytes that the arrays of a call may take."""
    free, total = asked("cuMemGetInfo")
    return int(min(SHARE * total, free / 2))


def fitting(runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
    """The runs in parts that fit into a share of the memory of the GPU in use, or of one run."""
    size = sum(array.nbytes for array in packed(runs[:1]).values())
    most = max(1, _share() // size)  # a run that is larger than its share may still find room
    for first in range(0, len(runs), most):
        yield runs[first : first + most]


def train_cuda(
    runs: Sequence[Run],
    snapshots: tuple[int, ...] = (),
    ordinal: int = 0,
    folder: Path | None = None,
    halt: Event | None = None,
) -> dict[str, Array]:
    """Trains runs of one shape on a GPU; arguments and result as those of `sup.training.train`.

    Fails with a CudaError if the GPU, its driver or its compiler cannot do it.

    Args:
        runs: Specs of the runs.
        snapshots: Steps after which to record.
        ordinal: The GPU.
        folder: Where compiled code is kept; None to keep none.
        halt: Set by another thread to stop within `SECONDS`, with a CudaError.
    """
    use(ordinal)
    parts = []
    for some in fitting(runs):
        with Memory() as memory:
            parts.append(trained(some, snapshots, partial(Device, ordinal=ordinal, memory=memory, folder=folder, halt=halt)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def block_parts(run: Run, ordinal: int = 0, folder: Path | None = None) -> dict[str, dict[str, Array]]:
    """The first block of a run's training, part by part, as `sup.training.kernel.parts.block_parts` has it."""
    use(ordinal)
    with Memory() as memory:
        return first_block(run, partial(Device, ordinal=ordinal, memory=memory, folder=folder, readable=True))
