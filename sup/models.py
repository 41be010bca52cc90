"""The four toy models as equations in torch, many models side by side.

Every array has a leading `run` axis: row r of the result depends on model r alone. Source of the equations: Elhage et al.
2022, "Demonstrating Superposition", "Superposition in a Privileged Basis" and "Computation in Superposition". The loop that
trains them is in sup/training/torch_engine.py; sup/training/kernel/loop.py is the same, fused.

Another activation can replace every ReLU: z^2, or GELU (Hendrycks and Gimpel 2016) in its authors' tanh form,
1/2 z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))), within 5e-4 of z Phi(z).
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from sup.errors import SpecError
from sup.specs import Activation, Model, traits_of

Parameters = Mapping[str, Tensor]


def activate(z: Float[Tensor, "*axes"], activation: Activation = "relu") -> Float[Tensor, "*axes"]:
    """ReLU of `z`, its square, or its GELU (tanh form).

    Raises:
        SpecError: if there is no such activation.

    Example:
        >>> [activate(torch.tensor([-1.0, 2.0]), name).tolist() for name in ("relu", "quadratic")]
        [[0.0, 2.0], [1.0, 4.0]]
    """
    if activation == "relu":
        return torch.relu(z)
    if activation == "quadratic":
        return z * z
    if activation == "gelu":
        return torch.nn.functional.gelu(z, approximate="tanh")
    raise SpecError(f"activation is relu, quadratic or gelu; got {activation!r}.")


def linear(
    x: Float[Tensor, "run batch feature"], w: Float[Tensor, "run hidden feature"], b: Float[Tensor, "run feature"]
) -> Float[Tensor, "run batch feature"]:
    """Linear model: x' = W^T W x + b."""
    return x @ w.mT @ w + b[:, None]


def relu_output(
    x: Float[Tensor, "run batch feature"],
    w: Float[Tensor, "run hidden feature"],
    b: Float[Tensor, "run feature"],
    activation: Activation = "relu",
) -> Float[Tensor, "run batch feature"]:
    """ReLU output model: x' = ReLU(W^T W x + b).

    Example: two features back to back on a line; each is recovered, the other's negative interference is cut off.
        >>> w = torch.tensor([[[1.0, -1.0]]])
        >>> relu_output(torch.tensor([[[0.5, 0.0], [0.0, 0.5]]]), w, torch.zeros(1, 2))
        tensor([[[0.5000, 0.0000],
                 [0.0000, 0.5000]]])
    """
    return activate(linear(x, w, b), activation)


def relu_hidden(
    x: Float[Tensor, "run batch feature"],
    w: Float[Tensor, "run hidden feature"],
    b: Float[Tensor, "run feature"],
    activation: Activation = "relu",
) -> Float[Tensor, "run batch feature"]:
    """ReLU hidden model: h = ReLU(W x), x' = ReLU(W^T h + b); tied weights, no hidden bias, a privileged basis."""
    return activate(activate(x @ w.mT, activation) @ w + b[:, None], activation)


def absolute(
    x: Float[Tensor, "run batch feature"],
    w1: Float[Tensor, "run hidden feature"],
    w2: Float[Tensor, "run feature hidden"],
    b: Float[Tensor, "run feature"],
    activation: Activation = "relu",
) -> Float[Tensor, "run batch feature"]:
    """Absolute value model: h = ReLU(W1 x), y' = ReLU(W2 h + b), to be compared with |x|.

    Example: one feature, two neurons, one for each sign.
        >>> w1, w2 = torch.tensor([[[1.0], [-1.0]]]), torch.tensor([[[1.0, 1.0]]])
        >>> absolute(torch.tensor([[[-0.25], [0.5]]]), w1, w2, torch.zeros(1, 1))
        tensor([[[0.2500],
                 [0.5000]]])
    """
    return activate(activate(x @ w1.mT, activation) @ w2.mT + b[:, None], activation)


def ways(parameters: Parameters) -> tuple[Float[Tensor, "run hidden feature"], Float[Tensor, "run feature hidden"]]:
    """The matrices into the hidden layer and out of it: W and its transpose in tied models, else W1 and W2."""
    if "W" in parameters:
        return parameters["W"], parameters["W"].mT
    return parameters["W1"], parameters["W2"]


def forward(
    model: Model,
    parameters: Parameters,
    x: Float[Tensor, "run batch feature"],
    activation: Activation = "relu",
) -> Float[Tensor, "run batch feature"]:
    """The output of `model` with `parameters` (`W` or `W1` and `W2`, and `b`) on `x`, bit for bit that of the model's function.

    Refuses an unknown model or activation with a SpecError.
    """
    _, out = ways(parameters)
    z = hidden(model, parameters, x, activation) @ out.mT + parameters["b"][:, None]
    return activate(z, activation) if traits_of(model).output else z


def hidden(
    model: Model,
    parameters: Parameters,
    x: Float[Tensor, "run batch feature"],
    activation: Activation = "relu",
) -> Float[Tensor, "run batch hidden"]:
    """The hidden layer of `model` on `x`: W x, with the activation applied if the model has one there.

    Refuses an unknown model or activation with a SpecError.
    """
    into, _ = ways(parameters)
    h = x @ into.mT
    return activate(h, activation) if traits_of(model).hidden else h


def target(model: Model, x: Float[Tensor, "run batch feature"]) -> Float[Tensor, "run batch feature"]:
    """The target of the output: |x| or x itself (`sup.specs.Traits`). Refuses an unknown model with a SpecError."""
    return x.abs() if traits_of(model).target == "|x|" else x


def weighted_loss(
    output: Float[Tensor, "run batch feature"],
    wanted: Float[Tensor, "run batch feature"],
    importance: Float[Tensor, "run feature"],
) -> Float[Tensor, " run"]:
    """Importance-weighted mean squared error of each model: the mean over batch and features of I_i (x_i - x'_i)^2."""
    return (importance[:, None] * (wanted - output) ** 2).mean(dim=(1, 2))
