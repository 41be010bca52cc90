"""Models computed from their traits equal the models' equations."""

from typing import get_args

import pytest
import torch

from sup import models
from sup.specs import TRAITS, Activation, Model


def equation(model):
    """The function that has the model's name."""
    return getattr(models, model.replace("-", "_"))


def test_every_model_has_traits():
    assert list(TRAITS) == list(get_args(Model))


@pytest.mark.parametrize("model", TRAITS)
@pytest.mark.parametrize("activation", get_args(Activation))
def test_forward_has_the_bits_of_the_equation(model, activation):
    draw = torch.Generator().manual_seed(0)
    into, out, b, x = (torch.randn(3, *shape, generator=draw) for shape in ((2, 5), (5, 2), (5,), (7, 5)))
    parameters = {"W": into, "b": b} if TRAITS[model].tied else {"W1": into, "W2": out, "b": b}
    options = {} if model == "linear" else {"activation": activation}
    expected = equation(model)(x, *parameters.values(), **options)
    assert torch.equal(models.forward(model, parameters, x, activation), expected)


@pytest.mark.parametrize(("model", "expected"), [("linear", [-1.0, 2.0]), ("absolute", [1.0, 2.0])])
def test_targets(model, expected):
    assert models.target(model, torch.tensor([[[-1.0, 2.0]]])).tolist() == [[expected]]
