"""The benchmark of a GPU: `python -m tests.benchmarks.gpu [SHAPE ...]`, the kernel beside torch and JAX on the same card.

Each line is a JSON object: microseconds a run and step of each side, None where it is not installed or the runs do not fit, and
the share that the kernel reaches of the multiply-then-adds that the card can do.
"""

import json
import os
import sys
from functools import partial

from sup.training.cuda import CudaError, device, driver, training
from tests.benchmarks import measures
from tests.benchmarks.clock import seconds, steps_for
from tests.benchmarks.kernel_loop import specs

COUNTS = (10, 1_000, 100_000)
DENSITY = 0.1
MOST_NUMBERS = 250_000_000
"""Parameters of all runs from which a count is left out: their initial weights are drawn by the processor."""
LONG = 1.0
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX leaves memory to the others
PER_PROCESSOR = {70: 64, 72: 64, 75: 64, 80: 64}
"""Float32 operations in a cycle on a multiprocessor, by compute capability; 128 on all others. Source: NVIDIA's tables."""


class KernelLoop:
    """The kernel on the first GPU."""

    def __init__(self, runs):
        self.memory, self.done = device.Memory(), 0
        driver.use(0)
        try:
            self.training = training.Training(runs, partial(device.Device, ordinal=0, memory=self.memory, folder=None))
        except CudaError:
            self.close()
            raise

    def advance(self, steps):
        """Updates all models `steps` times."""
        self.training.advance(self.done, self.done + steps)
        self.done += steps

    def close(self):
        """Frees the GPU's memory."""
        self.memory.__exit__(None, None, None)


class TorchLoop:
    """The torch engine, whose step is replayed as a CUDA graph."""

    def __init__(self, runs):
        import torch

        from sup.training.torch_device import Repeated, graphs_of
        from sup.training.torch_engine import Training

        self.torch = torch
        self.repeated = Repeated(Training(runs, "cuda").step, graphs_of("cuda"))

    def advance(self, steps):
        """Updates all models `steps` times."""
        self.repeated(steps)
        self.torch.cuda.synchronize()

    def close(self):
        """Frees the GPU's memory."""
        del self.repeated
        self.torch.cuda.empty_cache()


class JaxLoop:
    """JAX, with `jit`, `scan` and `vmap`."""

    def __init__(self, runs):
        import jax

        from tests.benchmarks.jax_loop import JaxLoop

        if jax.default_backend() != "gpu":
            raise ModuleNotFoundError("JAX for GPUs is not installed")
        run = runs[0]
        self.loop = JaxLoop(run.model, run.n_features, run.n_hidden, len(runs), DENSITY, run.recipe.batch)
        self.advance = self.loop.advance

    def close(self):
        """Frees the GPU's memory."""
        del self.loop, self.advance


SIDES = {"kernel": KernelLoop, "torch": TorchLoop, "jax": JaxLoop}


def microseconds(side, runs):
    """What a step of a run takes on a side, and None, or None and why there is no number."""
    try:
        loop = side(runs)
    except (ModuleNotFoundError, CudaError, RuntimeError, AssertionError) as problem:
        return None, f"{type(problem).__name__}: {' '.join(str(problem).split())[:160]}"
    try:
        steps = steps_for(loop.advance, LONG)
        return min(seconds(loop.advance, steps) for _ in range(3)) / len(runs) * 1e6, None
    except (CudaError, RuntimeError) as problem:
        return None, f"{type(problem).__name__}: {' '.join(str(problem).split())[:160]}"
    finally:
        loop.close()


def peak():
    """Multiply-then-adds a second that the first GPU can do: an operation for the product, one for the sum."""
    from cuda.bindings.driver import CUdevice_attribute as Attribute

    gpu = driver.described(0)
    kilohertz = driver.asked("cuDeviceGetAttribute", Attribute.CU_DEVICE_ATTRIBUTE_CLOCK_RATE, driver.asked("cuDeviceGet", 0))
    return gpu.processors * PER_PROCESSOR.get(gpu.capability, 128) * kilohertz * 1e3 / 2


def row(case, count):
    """The line of a shape and a number of runs."""
    runs = specs(case.model, case.features, case.hidden, count, DENSITY)
    found = {name: microseconds(side, runs) for name, side in SIDES.items()}
    times = {name: time for name, (time, _) in found.items()}
    needed = 5 * case.features * case.hidden * measures.BATCH  # multiply-then-adds of a step, as in `measures.share_of_peak`
    share = None if times["kernel"] is None else needed / (times["kernel"] * 1e-6) / peak()
    why = {name: text for name, (_, text) in found.items() if text}
    return {"shape": f"{case.model} {case.name}", "runs": count, **times, "share_of_peak": share, "missing": why}


def main(shapes):
    """Prints a line for every shape, or for those named, and every number of runs."""
    for case in measures.CASES:
        for count in COUNTS:
            if (not shapes or case.name in shapes) and count * case.features * case.hidden <= MOST_NUMBERS:
                print(json.dumps(row(case, count)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
