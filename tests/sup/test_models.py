"""The models by their traits are the models as equations."""

from typing import get_args

import pytest
import torch

from sup.models import absolute, forward, linear, relu_hidden, relu_output, target
from sup.specs import TRAITS, Activation, Model

EQUATIONS = {"linear": linear, "relu-output": relu_output, "relu-hidden": relu_hidden, "absolute": absolute}


def test_every_model_has_traits_and_an_equation():
    assert list(TRAITS) == list(get_args(Model)) == list(EQUATIONS)


@pytest.mark.parametrize("model", TRAITS)
@pytest.mark.parametrize("activation", get_args(Activation))
def test_forward_has_the_bits_of_the_equation(model, activation):
    draw = torch.Generator().manual_seed(0)
    into, out, b, x = (torch.randn(3, *shape, generator=draw) for shape in ((2, 5), (5, 2), (5,), (7, 5)))
    parameters = {"W": into, "b": b} if TRAITS[model].tied else {"W1": into, "W2": out, "b": b}
    options = {} if model == "linear" else {"activation": activation}
    expected = EQUATIONS[model](x, *parameters.values(), **options)
    assert torch.equal(forward(model, parameters, x, activation), expected)


def test_targets():
    x = torch.tensor([[[-1.0, 2.0]]])
    assert [target(model, x).tolist()[0][0] for model in TRAITS] == [[-1.0, 2.0]] * 3 + [[1.0, 2.0]]
