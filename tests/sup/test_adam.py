"""Adam against torch's, step by step."""

import numpy as np
import pytest
import torch

from sup.adam import Adam


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.0)])
def test_steps_are_those_of_torch(betas: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    start, rate, epsilon = rng.normal(size=(3, 4)), 0.01, 1e-6
    theirs = torch.tensor(start, requires_grad=True)
    optimiser = torch.optim.Adam([theirs], lr=rate, betas=betas, eps=epsilon)
    ours, adam = start.copy(), Adam(start, *betas, epsilon)
    for step in range(50):
        gradient = rng.normal(size=start.shape) * 10.0 ** -(step % 9)
        theirs.grad = torch.tensor(gradient)
        optimiser.step()
        ours -= rate * adam.direction(gradient)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)
