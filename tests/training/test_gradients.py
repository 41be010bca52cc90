"""The kernel's analytic gradients and loss against automatic differentiation in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sup.attack import perturbation
from sup.constants import LANES
from sup.features import per_feature
from sup.initial import parameter_shapes
from sup.models import forward, hidden, target, weighted_loss
from sup.sampling import Attacks
from sup.sweeps import vary
from sup.training.kernel.parts import block_parts
from tests.training.runs import CASES


def autograd(run, parameters, x):
    """Gradients of the loss on samples x (feature lane) of the first block, in float64, without the lanes beyond a data set."""
    leaves = {name: torch.tensor(p, dtype=torch.float64)[None].requires_grad_() for name, p in parameters.items()}
    live = min(run.recipe.batch, LANES)
    seen = data = torch.tensor(x.T[None, :live], dtype=torch.float64)
    if run.recipe.attack:
        feature, strength = Attacks([run]).draw(0, live)
        seen = data + perturbation(leaves, feature, strength.double())
    weight = torch.tensor(per_feature(run.importance, run.n_features), dtype=torch.float64)[None]
    loss = weighted_loss(forward(run.model, leaves, seen, run.activation), target(run.model, data), weight)
    penalty = hidden(run.model, leaves, seen, run.activation).abs().sum(dim=2).mean(dim=1)
    (loss + run.recipe.l1 * penalty).sum().backward()
    return {name: leaf.grad[0].numpy() for name, leaf in leaves.items()}


NAMES = [name for name in CASES if not name.endswith(("-correlated", "-anticorrelated"))]  # distributions change no formula


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.1, 2.0))
@settings(max_examples=10, deadline=None)
def test_gradients_are_those_of_autograd(name, seed, spread):
    run = vary(CASES[name], seed=seed % 1000)
    if run.recipe.dataset is not None:
        run = vary(run, batch=1 + seed % LANES)
    n, rng = run.n_features, np.random.default_rng(seed)
    parameters = {name: rng.normal(0, spread, shape).astype("f4") for name, shape in parameter_shapes(run).items()}
    parts = block_parts(run, parameters)
    x = parts["draw"]["x"].reshape(n, LANES)
    theirs = autograd(run, parameters, x)
    assert parts["gradient"].keys() == theirs.keys()
    for part, gradient in parts["gradient"].items():  # 1e-5 of the largest entry: some hundred roundings of 6e-8
        ours = gradient * 2 / (min(run.recipe.batch, LANES) * n)
        np.testing.assert_allclose(ours, theirs[part], rtol=0, atol=1e-5 * max(1e-3, np.abs(theirs[part]).max()))
