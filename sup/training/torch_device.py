"""What the torch engine asks of a device: full float32, blocks of runs that fit in its memory, steps replayed as CUDA graphs."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import torch

from sup.initial import parameter_shapes
from sup.law import columns
from sup.specs import Run
from sup.sweeps import shape_of

Step: TypeAlias = Callable[[], None]

EVAL_BATCH = 1024
"""Samples of which the final loss is measured at a time: fixed, so that a loss does not depend on a device's memory."""
CPU_BYTES = 2**30
"""Memory that a block of runs may take on the CPU, where more runs side by side are not faster."""
SHARE = 0.8
"""Share of a GPU's free memory that a block may take; the rest is for torch's libraries and for gaps between tensors."""
WARM_UP = 3
"""Steps that are taken before one is recorded, so that libraries have set themselves up by then."""


@contextmanager
def full_float32() -> Iterator[None]:
    """Multiplies matrices of float32 in float32, neither in TensorFloat-32 nor in bfloat16, whatever the process has set.

    The setting is the process's own, so it comes back at the end.
    """
    places: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)  # type: ignore[attr-defined]  # made at run time
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = "ieee"
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.fp32_precision = value


def bytes_of(run: Run) -> int:
    """An upper bound of the memory that a run takes in training, in bytes.

    With n features, m hidden dimensions, c words a sample (`sup.law.columns`) and p parameters it is

        (batch + EVAL_BATCH) * max(20 c, 28 n + 4 k m) + 40 p

    A step first draws and then learns. A word takes 8 bytes, and two and a half times that while it is made; of the model's
    float32 arrays of one number a sample, at most seven live at once for each feature and k for each hidden dimension: two,
    one more where the activation is no ReLU, and two more under a penalty. A recorded step keeps its memory while the loss
    is measured, hence the sum. Parameters come with two memories of the optimiser, a gradient, and intermediate results of
    the update.
    """
    hidden = 2 + (run.activation != "relu") + 2 * shape_of(run).penalised
    words, model = 20 * columns(run), 28 * run.n_features + 4 * hidden * run.n_hidden
    parameters = sum(math.prod(shape) for shape in parameter_shapes(run).values())
    return (run.recipe.batch + EVAL_BATCH) * max(words, model) + 40 * parameters


def usable_bytes(device: str) -> int:
    """The memory that a block of runs may take on `device`: a share of what is free on a GPU, `CPU_BYTES` elsewhere."""
    if torch.device(device).type != "cuda":
        return CPU_BYTES
    torch.cuda.empty_cache()  # what torch keeps from the block before counts as free
    free, _ = torch.cuda.mem_get_info(device)
    return int(SHARE * free)


def blocks(runs: Sequence[Run], available: int) -> Iterator[Sequence[Run]]:
    """The runs, of one shape, in blocks that fit into `available` bytes, but of at least one run.

    A block's size is a power of two, so that a little more or less memory cuts a sweep in the same places.
    """
    most = max(1, available // bytes_of(runs[0]))
    size = 1 << (most.bit_length() - 1)
    for start in range(0, len(runs), size):
        yield runs[start : start + size]


class Graphs(Protocol):
    """How a device records a step and replays it."""

    def warm_up(self, step: Step) -> None:
        """Takes a step in the way that lets one be recorded later."""

    def record(self, step: Step) -> Step:
        """Records `step` without taking it; gives what takes it again on the same tensors."""


class CudaGraphs:
    """Steps as CUDA graphs: some hundred small kernels are started by one call. See torch's notes on CUDA graphs.

    Args:
        device: Such as "cuda".
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.aside: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # of torch's own

    def warm_up(self, step: Step) -> None:
        """Takes a step on a stream of its own, as torch asks for before a recording."""
        with torch.cuda.device(self.device):
            here = torch.cuda.current_stream()
            self.aside.wait_stream(here)
            with torch.cuda.stream(self.aside):
                step()
            here.wait_stream(self.aside)

    def record(self, step: Step) -> Step:
        """Records `step`; gives what replays it."""
        with torch.cuda.device(self.device):
            graph = torch.cuda.CUDAGraph()
            # The outer `stream` brings back the stream where a recording that fails leaves its own in place.
            with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
                step()
        return graph.replay


def graphs_of(device: str) -> Graphs | None:
    """How `device` records steps; None where it cannot."""
    return CudaGraphs(device) if torch.device(device).type == "cuda" else None


class Repeated:
    """A step that is taken many times: some times plainly, then as a recording, or plainly on where recording fails.

    Args:
        step: Reads and writes tensors in place and nothing else, so that a recording of it does the same.
        graphs: What records it; None to take every step plainly.
    """

    def __init__(self, step: Step, graphs: Graphs | None) -> None:
        self.step, self.graphs, self.taken = step, graphs, 0
        self.replay: Step | None = None

    def __call__(self, times: int) -> None:
        """Takes the step `times` times."""
        for _ in range(times):
            if self.graphs and self.taken == WARM_UP:
                self._record(self.graphs)
            if self.replay:
                self.replay()
            elif self.graphs:
                self.graphs.warm_up(self.step)
            else:
                self.step()
            self.taken += 1

    def _record(self, graphs: Graphs) -> None:
        try:
            self.replay = graphs.record(self.step)
        except RuntimeError as problem:
            self.graphs = None
            warnings.warn(
                f"a training step could not be recorded as a CUDA graph ({problem}). Training goes on step by step: "
                f"more slowly, to the same results.",
                RuntimeWarning,
                stacklevel=3,
            )
