"""The kernel's analytic gradients and loss against automatic differentiation in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sup.features import per_feature
from sup.law import LANES
from sup.models import forward, target, weighted_loss
from sup.sweeps import vary
from sup.training.kernel.parts import block_parts
from tests.training.runs import CASES


def autograd(run, parameters, x):
    """Gradients of the mean loss on samples x (feature lane), in float64."""
    leaves = {name: torch.tensor(p, dtype=torch.float64)[None].requires_grad_() for name, p in parameters.items()}
    data = torch.tensor(x.T, dtype=torch.float64)[None]
    weight = torch.tensor(per_feature(run.importance, run.n_features), dtype=torch.float64)[None]
    weighted_loss(forward(run.model, leaves, data), target(run.model, data), weight).sum().backward()
    return {name: leaf.grad[0].numpy() for name, leaf in leaves.items()}


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith(("-independent", "-large"))])
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.1, 2.0))
@settings(max_examples=10, deadline=None)
def test_gradients_are_those_of_autograd(name, seed, spread):
    run = vary(CASES[name], seed=seed % 1000)
    n, m, rng = run.n_features, run.n_hidden, np.random.default_rng(seed)
    shapes = {"W1": (m, n), "W2": (n, m), "b": (n,)} if run.model == "absolute" else {"W": (m, n), "b": (n,)}
    parameters = {name: rng.normal(0, spread, shape).astype("f4") for name, shape in shapes.items()}
    parts = block_parts(run, parameters)
    x = parts["draw"]["x"].reshape(n, LANES)
    theirs = autograd(run, parameters, x)
    assert parts["gradient"].keys() == theirs.keys()
    for part, gradient in parts["gradient"].items():  # 1e-5 of the largest entry: some hundred roundings of 6e-8
        ours = gradient * 2 / x.size
        np.testing.assert_allclose(ours, theirs[part], rtol=0, atol=1e-5 * max(1e-3, np.abs(theirs[part]).max()))
