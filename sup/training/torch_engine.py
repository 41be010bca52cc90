"""The reference engine: automatic differentiation and AdamW in torch, batched over runs, on any device."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sup.features import per_feature
from sup.initial import initial_parameters
from sup.law import EVAL_SAMPLES
from sup.models import forward, target, weighted_loss
from sup.sampling import Sampler
from sup.specs import Recipe, Run, Schedule


def schedule_factor(schedule: Schedule, share: float) -> float:
    """The factor on the learning rate when `share` of the steps are done.

    Example:
        >>> schedule_factor(((0.0, 1.0), (0.5, 1.0), (1.0, 0.0)), 0.75)
        0.5
    """
    for (x0, y0), (x1, y1) in pairwise(schedule):
        if share < x1:
            return y0 + (y1 - y0) / (x1 - x0) * (share - x0)
    return schedule[-1][1]


class AdamW:
    """AdamW (Loshchilov and Hutter 2019) with a recipe per run; `torch.optim.AdamW` has one for all.

    Args:
        parameters: By name, each with a leading run axis.
        recipes: One per run.
    """

    def __init__(self, parameters: dict[str, Tensor], recipes: Sequence[Recipe]) -> None:
        self.parameters, self.recipes = parameters, recipes
        self.mean = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.square = {name: torch.zeros_like(p) for name, p in parameters.items()}

    def _column(self, values: Sequence[float], like: Tensor) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=like.device).reshape(-1, *[1] * (like.dim() - 1))

    @torch.no_grad()
    def update(self, gradients: dict[str, Tensor], step: int) -> None:
        """Update number `step`, counted from 0."""
        recipes = self.recipes
        rates = [r.learning_rate * schedule_factor(r.schedule, step / r.steps) for r in recipes]
        keep = [1.0 - rate * r.weight_decay for rate, r in zip(rates, recipes, strict=True)]
        for name, p in self.parameters.items():
            b1, b2 = (self._column(values, p) for values in ([r.beta1 for r in recipes], [r.beta2 for r in recipes]))
            c1 = self._column([1.0 / (1.0 - r.beta1 ** (step + 1)) for r in recipes], p)
            c2 = self._column([1.0 / (1.0 - r.beta2 ** (step + 1)) for r in recipes], p)
            g = gradients[name]
            self.mean[name] = b1 * self.mean[name] + (1 - b1) * g
            self.square[name] = b2 * self.square[name] + (1 - b2) * g * g
            root = (self.square[name] * c2).sqrt() + self._column([r.epsilon for r in recipes], p)
            p.mul_(self._column(keep, p)).sub_(self._column(rates, p) * self.mean[name] * c1 / root)


@torch.no_grad()
def evaluate(runs: Sequence[Run], parameters: dict[str, Tensor], importance: Tensor, device: str) -> NDArray[np.float64]:
    """Importance-weighted loss of each run on EVAL_SAMPLES fixed draws of the stream `eval`."""
    total, batch = torch.zeros(len(runs), dtype=torch.float64, device=device), 4096
    sampler = Sampler(runs, "eval", device)
    for start in range(0, EVAL_SAMPLES, batch):
        x = sampler.draw(0, batch, start)
        output = forward(runs[0].model, parameters, x)
        total += weighted_loss(output, target(runs[0].model, x), importance).double()
    return (total / (EVAL_SAMPLES // batch)).cpu().numpy()


def gradients_of(runs: Sequence[Run], parameters: dict[str, Tensor], x: Tensor, importance: Tensor) -> dict[str, Tensor]:
    """Gradients of each run's loss on batch `x`, by automatic differentiation."""
    leaves = {name: p.detach().requires_grad_() for name, p in parameters.items()}
    loss = weighted_loss(forward(runs[0].model, leaves, x), target(runs[0].model, x), importance).sum()
    return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def train_torch(runs: Sequence[Run], snapshots: tuple[int, ...] = (), device: str = "cpu") -> dict[str, NDArray[Any]]:
    """Trains runs of one shape and one number of steps together; each sees its own samples and updates alone.

    Args:
        runs: What to train.
        snapshots: Steps after which to record parameters and loss, rising; 0 is the start.
        device: Where torch computes.

    Returns:
        The parameters, `final_loss` and, with snapshots, `snapshot_W` and so on, as `sup.training.train` describes.
    """
    parameters = {name: torch.from_numpy(array).to(device) for name, array in initial_parameters(runs).items()}
    importance = torch.tensor([per_feature(run.importance, run.n_features) for run in runs], device=device)
    optimiser, sampler = AdamW(parameters, [run.recipe for run in runs]), Sampler(runs, "train", device)
    seen: dict[str, list[NDArray[Any]]] = {}

    def observe() -> dict[str, NDArray[Any]]:
        now = {name: p.cpu().numpy().copy() for name, p in parameters.items()}
        return {**now, "loss": evaluate(runs, parameters, importance, device)}

    for step in range(runs[0].recipe.steps + 1):
        if step in snapshots:
            for name, array in observe().items():
                seen.setdefault(name, []).append(array)
        if step < runs[0].recipe.steps:
            x = sampler.draw(step, runs[0].recipe.batch)
            optimiser.update(gradients_of(runs, parameters, x, importance), step)
    result = observe()
    result["final_loss"] = result.pop("loss")
    return result | {f"snapshot_{name}": np.stack(arrays, axis=1) for name, arrays in seen.items()}
