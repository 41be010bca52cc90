"""The attack on a feature: it has the given norm, no other moves an open output more, and to the gradient it is a constant."""

import numpy as np
import pytest
import torch

from sup.attack import perturbation
from sup.models import forward


def weights(tied, seed=0):
    rng = np.random.default_rng(seed)
    into, out = torch.tensor(rng.normal(size=(2, 3, 7))), torch.tensor(rng.normal(size=(2, 7, 3)))
    return {"W": into} if tied else {"W1": into, "W2": out}


@pytest.mark.parametrize("tied", [True, False])
def test_no_perturbation_of_its_norm_moves_an_output_more(tied):
    """Compared with a thousand random perturbations, and with the one of the other sign."""
    parameters, rng = weights(tied), np.random.default_rng(1)
    matrix = parameters["W"].mT @ parameters["W"] if tied else parameters["W2"] @ parameters["W1"]
    feature = torch.arange(7).repeat(2, 1)
    delta = perturbation(parameters, feature, torch.full((2, 7), 0.3, dtype=torch.float64))
    torch.testing.assert_close(delta.norm(dim=2), torch.full((2, 7), 0.3, dtype=torch.float64))
    moved = torch.einsum("rij,rij->ri", matrix, delta)
    others = torch.tensor(rng.normal(size=(1000, 7)))
    others = 0.3 * others / others.norm(dim=1, keepdim=True)
    assert (moved > torch.einsum("rij,kj->rik", matrix, others).amax(dim=2)).all()
    assert torch.equal(perturbation(parameters, feature, torch.full((2, 7), -0.3, dtype=torch.float64)), -delta)


def test_samples_are_attacked_one_by_one():
    parameters, feature = weights(True), torch.tensor([[3, 3, 0], [6, 1, 0]])
    delta = perturbation(parameters, feature, torch.tensor([[1.0, -2.0, 0.5]] * 2))
    assert torch.equal(delta[0, 1], -2 * delta[0, 0])
    one = {"W": parameters["W"][1:]}
    assert torch.equal(perturbation(one, feature[1:, 2:], torch.tensor([[0.5]])), delta[1:, 2:])


def test_a_feature_without_direction_is_not_attacked():
    w = torch.tensor([[[1.0, 0.0]]])
    delta = perturbation({"W": w}, torch.tensor([[1, 0]]), torch.tensor([[1.0, 1.0]]))
    assert delta.tolist() == [[[0.0, 0.0], [1.0, 0.0]]]


def test_the_gradient_treats_the_perturbation_as_a_constant():
    """Gradients through the attacked loss are those of the same perturbation given as numbers."""
    w, b = weights(True)["W"], torch.zeros(2, 7, dtype=torch.float64)
    x = torch.tensor(np.random.default_rng(2).random((2, 5, 7)))
    feature, strength = torch.arange(5).repeat(2, 1), torch.full((2, 5), 0.4)
    delta = perturbation({"W": w}, feature, strength)
    gradients = []
    for constant in (None, delta):
        leaf = w.clone().requires_grad_()
        moved = perturbation({"W": leaf}, feature, strength) if constant is None else constant
        ((forward("relu-output", {"W": leaf, "b": b}, x + moved) - x) ** 2).mean().backward()
        gradients.append(leaf.grad)
    assert torch.equal(*gradients)
