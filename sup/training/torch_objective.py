"""The loss that training lowers, in torch: that of a recipe on the samples of an update, for many runs side by side."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sup.attack import perturbation
from sup.features import per_feature
from sup.models import Parameters, forward, hidden, target, weighted_loss
from sup.sampling import Attacks, Sampler, examples
from sup.specs import Run
from sup.sweeps import shape_of


class Objective:
    """The loss that training lowers for each run. Its constants are made once, on the device.

    Args:
        runs: Specs of one shape.
        device: Device of all tensors.
    """

    def __init__(self, runs: Sequence[Run], device: str) -> None:
        self.shape = shape_of(runs[0])
        importance = np.array([per_feature(run.importance, run.n_features) for run in runs], np.float32)
        self.importance = torch.from_numpy(importance).to(device)
        self.source = examples(runs, device) if self.shape.fixed else Sampler(runs, "train", device)
        self.attacks = Attacks(runs, device) if self.shape.attacked else None
        l1 = torch.from_numpy(np.array([run.recipe.l1 for run in runs], np.float32))
        self.l1 = l1.to(device) if self.shape.penalised else None

    def samples(self, step: Int[Tensor, "1"]) -> Float[Tensor, "run batch feature"]:
        """Each run's samples of update `step`."""
        return self.source if isinstance(self.source, Tensor) else self.source.draw(step, self.shape.batch)

    def error(
        self,
        parameters: Parameters,
        x: Float[Tensor, "run batch feature"],
        seen: Float[Tensor, "run batch feature"] | None = None,
    ) -> Float[Tensor, " run"]:
        """Importance-weighted loss of each model with target `x`, on the (attacked) samples `seen`; by default on `x` itself."""
        output = forward(self.shape.model, parameters, x if seen is None else seen, self.shape.activation)
        return weighted_loss(output, target(self.shape.model, x), self.importance)

    def losses(self, parameters: Parameters, step: Int[Tensor, "1"]) -> Float[Tensor, " run"]:
        """The loss that each run minimises at update `step`: its error on samples, attacked or not, plus its penalty."""
        seen = x = self.samples(step)
        if self.attacks is not None:
            seen = x + perturbation(parameters, *self.attacks.draw(step, self.shape.batch))
        loss = self.error(parameters, x, seen)
        if self.l1 is None:
            return loss
        return loss + self.l1 * hidden(self.shape.model, parameters, seen, self.shape.activation).abs().sum(dim=2).mean(dim=1)
