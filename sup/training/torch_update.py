"""AdamW and schedules in torch for many runs side by side, each with its own recipe, on tensors of the device alone."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sup.specs import Run
from sup.training.recipes import pack_recipe


def schedule_factors(knots: Float[Tensor, "run knot 2"], share: Float[Tensor, "1"]) -> Float[Tensor, " run"]:
    """Each run's factor on its learning rate when `share` of the steps are done; knots (share, factor) rise from share 0.

    Example:
        >>> knots = torch.tensor([[[0.0, 1.0], [0.5, 1.0], [1.0, 0.0]]])
        >>> schedule_factors(knots, torch.tensor([0.75]))
        tensor([0.5000])
    """
    shares, values = knots[..., 0], knots[..., 1]
    at = (share >= shares[:, 1:-1]).sum(dim=1, keepdim=True)
    x0, x1 = shares.gather(1, at), shares.gather(1, at + 1)
    y0, y1 = values.gather(1, at), values.gather(1, at + 1)
    return (y0 + (y1 - y0) / (x1 - x0) * (share - x0))[:, 0]


def _column(like: Tensor, values: Float[Tensor, " run"]) -> Tensor:
    """One number per run as float32, in the shape that broadcasts over the run's entries in `like`."""
    return values.float().reshape(-1, *[1] * (like.dim() - 1))


class AdamW:
    """AdamW (Loshchilov and Hutter 2019) with a recipe per run; `torch.optim.AdamW` has one for all.

    Scalars of a run (rate, powers of the betas) are float64, as in the kernel, and are rounded to float32 where they act on
    parameters.

    Args:
        runs: Specs of one number of steps.
        parameters: By name, each with a leading run axis; updated in place, as are the running means.
    """

    def __init__(self, runs: Sequence[Run], parameters: dict[str, Tensor]) -> None:
        device = next(iter(parameters.values())).device
        constants, knots = (torch.from_numpy(array).to(device) for array in pack_recipe(runs))
        self.steps, self.knots = runs[0].recipe.steps, knots
        self.learning_rate, self.weight_decay, self.betas = constants[:, 0], constants[:, 1], constants[:, 2:4]
        self.keep, self.take, self.epsilon = self.betas.float(), (1.0 - self.betas).float(), constants[:, 4].float()
        self.powers = torch.ones_like(self.betas)
        self.parameters = parameters
        self.mean = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.square = {name: torch.zeros_like(p) for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, gradients: dict[str, Tensor], done: Int[Tensor, "1"]) -> None:
        """Takes the update that follows `done` earlier ones."""
        rate = self.learning_rate * schedule_factors(self.knots, done.double() / self.steps)
        decay = 1.0 - rate * self.weight_decay
        self.powers *= self.betas
        unbias = (1.0 / (1.0 - self.powers)).float()
        for name, p in self.parameters.items():
            g, mean, square = gradients[name], self.mean[name], self.square[name]
            mean.mul_(_column(p, self.keep[:, 0])).add_(_column(p, self.take[:, 0]) * g)
            square.mul_(_column(p, self.keep[:, 1])).add_(_column(p, self.take[:, 1]) * g * g)
            root = (square * _column(p, unbias[:, 1])).sqrt_().add_(_column(p, self.epsilon))
            p.mul_(_column(p, decay)).sub_(mean * _column(p, unbias[:, 0]) * _column(p, rate) / root)
