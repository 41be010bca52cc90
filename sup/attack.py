"""The attack on a feature: of all perturbations with one norm, the one that moves one output most while every gate is open.

With every gate open a model is an affine map, with the matrix W^T W in the tied models and W2 W1 in the absolute value model.
Row i of this matrix, divided by its norm, is the direction u_i in which output i grows fastest. The attack on feature i is
delta = s lambda u_i, with sign s and norm lambda. It needs no gradient, which a closed ReLU would hide. Source: Elhage et al.
2022, on superposition and adversarial vulnerability, where it is lambda (W^T W)_i / |(W^T W)_i|. The norm lambda is absolute;
for comparison, inputs of n features with density p on [0, 1) have the root mean square norm sqrt(n p / 3).

Training against it (`Recipe.attack`): every sample of every update is attacked, on a feature and with a sign that are drawn
uniformly for it. All attacks have the norm lambda, and the target is the sample without its attack. The gradient treats delta
as a constant, although delta depends on the weights: the attacker moves first. A direction of norm 0 gives no attack.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sup.models import Parameters, ways


def perturbation(
    parameters: Parameters,
    feature: Int[Tensor, "run batch"],
    strength: Float[Tensor, "run batch"],
) -> Float[Tensor, "run batch feature"]:
    """The perturbation s lambda u_i of each sample, a constant for automatic differentiation.

    Args:
        parameters: `W`, or `W1` and `W2`.
        feature: The attacked feature i of each sample.
        strength: s lambda, the norm of the perturbation with its sign.

    Example: two features back to back on a line; pushing up the first pushes down the second.
        >>> w = {"W": torch.tensor([[[1.0, -1.0]]])}
        >>> perturbation(w, torch.tensor([[0]]), torch.tensor([[1.0]]))
        tensor([[[ 0.7071, -0.7071]]])
    """
    with torch.no_grad():
        into, out = ways(parameters)
        rows = torch.take_along_dim(out, feature[..., None], dim=1) @ into
        norm = rows.square().sum(dim=-1).sqrt()
        return torch.where(norm > 0, strength / norm, 0.0)[..., None] * rows
