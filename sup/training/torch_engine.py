"""The reference engine: automatic differentiation and AdamW in torch, batched over runs, on any device.

A step of training (draw, loss, gradients, update) is a function of tensors on the device alone: no Python loops over runs,
nothing comes back to the host, and on a GPU the step is recorded once as a CUDA graph and replayed (`sup.training.torch_device`).

Precision: samples, parameters, gradients and the optimiser's memory are float32, and matrices are multiplied in full float32
(TensorFloat-32 and bfloat16 off). Scalars of a run's recipe (rate, schedule, powers of the betas) are float64, and so is the
sum of a loss over batches. Draws are integers, so samples have the kernel's bits on every device. The order of sums, and with
it a run's last digits, depends on the device and on the runs beside it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from sup.constants import EVAL_SAMPLES
from sup.initial import initial_parameters
from sup.sampling import Sampler
from sup.specs import Run
from sup.training.snapshots import recorded
from sup.training.torch_device import EVAL_BATCH, Graphs, Repeated, blocks, full_float32, graphs_of, usable_bytes
from sup.training.torch_objective import Objective
from sup.training.torch_update import AdamW


class Training:
    """The state of runs in training on a device, advanced in place.

    Args:
        runs: Specs of one shape and one number of steps.
        device: Device of all tensors.
    """

    def __init__(self, runs: Sequence[Run], device: str) -> None:
        self.parameters = {name: torch.from_numpy(array).to(device) for name, array in initial_parameters(runs).items()}
        self.objective, self.eval_sampler = Objective(runs, device), Sampler(runs, "eval", device)
        self.optimiser = AdamW(runs, self.parameters)
        self.done = torch.zeros(1, dtype=torch.int64, device=device)  # with an axis: a 0-d tensor could stay on the CPU unnoticed

    def step(self) -> None:
        """Takes one update of every run."""
        self.optimiser.update(self.gradients(), self.done)
        self.done += 1

    def gradients(self) -> dict[str, Tensor]:
        """Gradients of the loss that each run minimises at its next update, by automatic differentiation."""
        leaves = {name: p.detach().requires_grad_() for name, p in self.parameters.items()}
        gradients = torch.autograd.grad(self.objective.losses(leaves, self.done).sum(), list(leaves.values()))
        return dict(zip(leaves, gradients, strict=True))

    @torch.no_grad()
    def final_losses(self) -> Float[Tensor, " run"]:
        """Importance-weighted loss of each run, float64, on EVAL_SAMPLES fixed draws of the stream `eval`."""
        total = torch.zeros_like(self.objective.importance[:, 0], dtype=torch.float64)
        for start in range(0, EVAL_SAMPLES, EVAL_BATCH):
            total += self.objective.error(self.parameters, self.eval_sampler.draw(0, EVAL_BATCH, start)).double()
        return total / (EVAL_SAMPLES // EVAL_BATCH)

    def observe(self) -> dict[str, NDArray[Any]]:
        """The current parameters and `loss`, on the host."""
        now = {**self.parameters, "loss": self.final_losses()}
        return {name: array.cpu().numpy().copy() for name, array in now.items()}


def train_block(runs: Sequence[Run], snapshots: tuple[int, ...], device: str, graphs: Graphs | None) -> dict[str, NDArray[Any]]:
    """Trains runs that fit on `device` together, as `train_torch` describes; `graphs` records their step, if given."""
    state = Training(runs, device)
    repeated = Repeated(state.step, graphs)
    return recorded(lambda start, stop: repeated(stop - start), state.observe, snapshots, runs[0].recipe.steps)


def train_torch(runs: Sequence[Run], snapshots: tuple[int, ...] = (), device: str = "cpu") -> dict[str, NDArray[Any]]:
    """Trains runs of one shape and one number of steps together; each has its own samples and updates.

    Args:
        runs: Specs of the runs; they are cut into blocks that fit into the device's memory.
        snapshots: Steps after which to record parameters and loss, rising; 0 is the start.
        device: Torch device, such as "cpu" or "cuda".

    Returns:
        The parameters, `final_loss` and, with snapshots, `snapshot_W` and so on, as `sup.training.train` describes.
    """
    with full_float32():
        graphs = graphs_of(device)
        parts = [train_block(block, snapshots, device, graphs) for block in blocks(runs, usable_bytes(device))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
