"""JAX's side trains the same models as the others. Skipped without JAX, which only `make bench` installs."""

import numpy as np
import pytest
import torch

from sup.models import forward, target, weighted_loss

jax_loop = pytest.importorskip("tests.benchmarks.jax_loop", reason="JAX is not installed", exc_type=ModuleNotFoundError)


def as_torch(arrays):
    """JAX's arrays, by name, as tensors."""
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


@pytest.mark.parametrize("model", ["relu-output", "relu-hidden", "absolute"])
def test_jax_trains_the_model_of_the_project(model):
    loop = jax_loop.JaxLoop(model, 6, 3, 4, density=0.5, batch=256, lr=0.01)
    before = loop.loss(loop.sample()).item()
    loop.advance(12 * jax_loop.CHUNK + 2)
    loop.advance(2)
    assert loop.done == 100
    x = loop.sample()
    found, samples = as_torch(loop.parameters), torch.from_numpy(np.array(x))
    weights = {"W1": found["w"].mT, "W2": found["out"]} if model == "absolute" else {"W": found["w"].mT}
    output = forward(model, weights | {"b": found["b"]}, samples)
    expected = weighted_loss(output, target(model, samples), torch.ones(4, 6))
    torch.testing.assert_close(torch.tensor(loop.loss(x).item()), expected.sum())
    assert loop.loss(x).item() < 0.9 * before


@pytest.mark.parametrize("model", ["relu-output", "absolute"])
def test_jax_draws_as_the_others_do(model):
    """Share of active features and the range of their values; every run and step has samples of its own."""
    loop = jax_loop.JaxLoop(model, 20, 2, 10, density=0.3)
    x = np.array(loop.sample())
    assert x.shape == (10, 1024, 20) and x.dtype == np.float32
    active = x[x != 0]
    assert abs(active.size / x.size - 0.3) < 5 * (0.3 * 0.7 / x.size) ** 0.5
    low = -1.0 if model == "absolute" else 0.0
    assert low <= active.min() < low + 0.01 and 0.99 < active.max() < 1.0
    loop.advance(1)
    assert len({batch.tobytes() for draw in (x, np.array(loop.sample())) for batch in draw}) == 20


def test_jax_updates_as_torch_does():
    """AdamW as written out here, against torch's, with the same made-up gradients."""
    generator = np.random.default_rng(2)
    start = generator.normal(size=(3, 2)).astype(np.float32)
    theirs, mine = torch.nn.Parameter(torch.tensor(start)), {"w": start}
    optimiser = torch.optim.AdamW([theirs], lr=0.1)
    moments = ({"w": np.zeros((3, 2), np.float32)},) * 2
    for count in range(1, 6):
        gradient = generator.normal(size=(3, 2)).astype(np.float32)
        mine, moments = jax_loop.adamw(mine, {"w": gradient}, moments, count, 0.1)
        theirs.grad = torch.tensor(gradient)
        optimiser.step()
    torch.testing.assert_close(as_torch(mine)["w"], theirs.detach())
