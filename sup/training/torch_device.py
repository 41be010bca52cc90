"""The torch engine's use of a device: full float32, blocks of runs that fit in its memory, steps replayed as CUDA graphs."""

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
"""Samples per batch of the final loss; fixed, so that a loss does not depend on a device's memory."""
CPU_BYTES = 2**30
"""Memory in bytes that a block of runs may take on the CPU, where more runs side by side are not faster."""
SHARE = 0.8
"""Share of a GPU's free memory that a block may take; the rest is for torch's libraries and for gaps between tensors."""
WARM_UP = 3
"""Number of steps before one is recorded, so that libraries are initialised by then."""


@contextmanager
def full_float32() -> Iterator[None]:
    """A context that multiplies float32 matrices in float32, not TensorFloat-32 or bfloat16, whatever the process has set.

    The setting belongs to the process, so it is restored at the end.
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

    With n features, m hidden dimensions, c words per sample (`sup.law.columns`) and p parameters it is

        (batch + EVAL_BATCH) * max(20 c, 28 n + 4 k m) + 40 p

    A step first draws and then learns. A word takes 8 bytes, and two and a half times that while it is drawn. The model's
    float32 arrays have one number per sample; at most seven are alive at once for each feature, and k for each hidden
    dimension: two, one more where the activation is not ReLU, and two more under a penalty. A recorded step keeps its memory
    while the loss is measured, hence the sum. Parameters come with two running means of the optimiser, a gradient, and
    intermediate results of the update.
    """
    hidden = 2 + (run.activation != "relu") + 2 * shape_of(run).penalised
    words, model = 20 * columns(run), 28 * run.n_features + 4 * hidden * run.n_hidden
    parameters = sum(math.prod(shape) for shape in parameter_shapes(run).values())
    return (run.recipe.batch + EVAL_BATCH) * max(words, model) + 40 * parameters


def usable_bytes(device: str) -> int:
    """The memory that a block of runs may take on `device`: a share of what is free on a GPU, `CPU_BYTES` elsewhere."""
    if torch.device(device).type != "cuda":
        return CPU_BYTES
    torch.cuda.empty_cache()  # memory that torch keeps from the previous block counts as free
    free, _ = torch.cuda.mem_get_info(device)
    return int(SHARE * free)


def blocks(runs: Sequence[Run], available: int) -> Iterator[Sequence[Run]]:
    """The runs, of one shape, in blocks of at least one run that otherwise fit into `available` bytes.

    A block's size is a power of two, so that a small change of memory seldom changes the blocks.
    """
    most = max(1, available // bytes_of(runs[0]))
    size = 1 << (most.bit_length() - 1)
    for start in range(0, len(runs), size):
        yield runs[start : start + size]


class Graphs(Protocol):
    """Recording and replay of steps on a device."""

    def warm_up(self, step: Step) -> None:
        """Takes a step as a warm-up for a later recording."""

    def record(self, step: Step) -> Step:
        """Records `step` without taking it; returns a function that takes it on the same tensors."""


class CudaGraphs:
    """Steps as CUDA graphs: one call starts some hundred small kernels. See torch's notes on CUDA graphs.

    Args:
        device: Torch device, such as "cuda".
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.aside: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # of torch's own

    def warm_up(self, step: Step) -> None:
        """Takes a step on a separate stream, as torch requires before a recording."""
        with torch.cuda.device(self.device):
            here = torch.cuda.current_stream()
            self.aside.wait_stream(here)
            with torch.cuda.stream(self.aside):
                step()
            here.wait_stream(self.aside)

    def record(self, step: Step) -> Step:
        """Records `step`; returns the function that replays it."""
        with torch.cuda.device(self.device):
            graph = torch.cuda.CUDAGraph()
            # The outer `stream` restores the current stream if a failed recording leaves its own in place.
            with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
                step()
        return graph.replay


def graphs_of(device: str) -> Graphs | None:
    """The graphs of `device`; None if it cannot record steps."""
    return CudaGraphs(device) if torch.device(device).type == "cuda" else None


class Repeated:
    """A step that is taken many times: first directly, then as a replay of its recording; directly to the end if recording fails.

    Args:
        step: The step. It only reads and writes tensors in place, so a recording of it does the same.
        graphs: Records the step; None to take every step directly.
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
