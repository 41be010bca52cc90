"""The four toy models as equations in torch, many models side by side.

Every array has a leading `run` axis: row r of the result depends on model r alone. Source of the equations: Elhage et al.
2022, "Demonstrating Superposition", "Superposition in a Privileged Basis" and "Computation in Superposition". The loop that
trains them is in sup/training/torch_engine.py; sup/training/kernel/loop.py is the same, fused.

Where an equation says ReLU, another activation can stand: z^2, or GELU (Hendrycks and Gimpel 2016) in the form that its
authors give with a tanh, 1/2 z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))), within 5e-4 of z Phi(z).
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from sup.errors import SpecError
from sup.specs import Activation, Model

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


def linear(x: Float[Tensor, "run batch feature"], w: Float[Tensor, "run hidden feature"],
           b: Float[Tensor, "run feature"]) -> Float[Tensor, "run batch feature"]:  # fmt: skip
    """Linear model: x' = W^T W x + b."""
    return x @ w.mT @ w + b[:, None]


def relu_output(x: Float[Tensor, "run batch feature"], w: Float[Tensor, "run hidden feature"],
                b: Float[Tensor, "run feature"], activation: Activation = "relu",
                ) -> Float[Tensor, "run batch feature"]:  # fmt: skip
    """ReLU output model: x' = ReLU(W^T W x + b).

    Example: two features back to back on a line; each is recovered, the other's negative interference is cut off.
        >>> w = torch.tensor([[[1.0, -1.0]]])
        >>> relu_output(torch.tensor([[[0.5, 0.0], [0.0, 0.5]]]), w, torch.zeros(1, 2))
        tensor([[[0.5000, 0.0000],
                 [0.0000, 0.5000]]])
    """
    return activate(linear(x, w, b), activation)


def relu_hidden(x: Float[Tensor, "run batch feature"], w: Float[Tensor, "run hidden feature"],
                b: Float[Tensor, "run feature"], activation: Activation = "relu",
                ) -> Float[Tensor, "run batch feature"]:  # fmt: skip
    """ReLU hidden model: h = ReLU(W x), x' = ReLU(W^T h + b); tied weights, no hidden bias, a privileged basis."""
    return activate(activate(x @ w.mT, activation) @ w + b[:, None], activation)


def absolute(x: Float[Tensor, "run batch feature"], w1: Float[Tensor, "run hidden feature"],
             w2: Float[Tensor, "run feature hidden"], b: Float[Tensor, "run feature"],
             activation: Activation = "relu") -> Float[Tensor, "run batch feature"]:  # fmt: skip
    """Absolute value model: h = ReLU(W1 x), y' = ReLU(W2 h + b), to be compared with |x|.

    Example: one feature, two neurons, one for each sign.
        >>> w1, w2 = torch.tensor([[[1.0], [-1.0]]]), torch.tensor([[[1.0, 1.0]]])
        >>> absolute(torch.tensor([[[-0.25], [0.5]]]), w1, w2, torch.zeros(1, 1))
        tensor([[[0.2500],
                 [0.5000]]])
    """
    return activate(activate(x @ w1.mT, activation) @ w2.mT + b[:, None], activation)


def forward(model: Model, parameters: Parameters, x: Float[Tensor, "run batch feature"], activation: Activation = "relu",
            ) -> Float[Tensor, "run batch feature"]:  # fmt: skip
    """The output of `model` with `parameters` (`W` or `W1` and `W2`, and `b`) on `x`.

    Raises:
        SpecError: if there is no such model or activation.
    """
    if model == "absolute":
        return absolute(x, parameters["W1"], parameters["W2"], parameters["b"], activation)
    if model == "linear":
        return linear(x, parameters["W"], parameters["b"])
    functions = {"relu-output": relu_output, "relu-hidden": relu_hidden}
    if model not in functions:
        raise SpecError(f"model is one of linear, {', '.join(functions)} or absolute; got {model!r}.")
    return functions[model](x, parameters["W"], parameters["b"], activation)


def hidden(model: Model, parameters: Parameters, x: Float[Tensor, "run batch feature"], activation: Activation = "relu",
           ) -> Float[Tensor, "run batch hidden"]:  # fmt: skip
    """The hidden layer of `model` on `x`: W x, under the activation where the model has one there."""
    h = x @ parameters["W1" if model == "absolute" else "W"].mT
    return activate(h, activation) if model in ("relu-hidden", "absolute") else h


def target(model: Model, x: Float[Tensor, "run batch feature"]) -> Float[Tensor, "run batch feature"]:
    """What the output is compared with: |x| for the absolute value model, x itself for the others."""
    return x.abs() if model == "absolute" else x


def weighted_loss(output: Float[Tensor, "run batch feature"], wanted: Float[Tensor, "run batch feature"],
                  importance: Float[Tensor, "run feature"]) -> Float[Tensor, " run"]:  # fmt: skip
    """Importance-weighted mean squared error of each model: the mean over batch and features of I_i (x_i - x'_i)^2."""
    return (importance[:, None] * (wanted - output) ** 2).mean(dim=(1, 2))
