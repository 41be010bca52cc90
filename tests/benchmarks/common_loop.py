"""The loop that most reimplementations of the paper use, as a baseline: dense batches, einsum, autograd, torch's AdamW."""

import time

import torch


def seconds_per_step(features, hidden, runs, density, steps, batch=1024):
    """Seconds that one update of `runs` models takes, after a warm-up."""
    torch.manual_seed(0)
    w = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(runs, features, hidden)))
    b = torch.nn.Parameter(torch.zeros(runs, features))
    optimiser = torch.optim.AdamW([w, b], lr=1e-3)

    def step():
        optimiser.zero_grad(set_to_none=True)
        shape = (batch, runs, features)
        x = torch.where(torch.rand(shape) <= density, torch.rand(shape), torch.zeros(()))
        h = torch.einsum("brf,rfh->brh", x, w)
        out = torch.relu(torch.einsum("brh,rfh->brf", h, w) + b)
        ((x - out) ** 2).mean(dim=(0, 2)).sum().backward()
        optimiser.step()

    for _ in range(3):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps
