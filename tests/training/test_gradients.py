"""The kernel's analytic gradients and loss against automatic differentiation in float64."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sup.models import forward, target, weighted_loss
from sup.training.kernel.arithmetic import LANES, lane_sum
from sup.training.kernel.network import (
    block_loss,
    mask,
    outer_by_features,
    outer_by_lanes,
    output_gradient,
    rectify,
    tied_gradient_by_lanes,
    to_hidden,
    transpose,
)


def kernel_gradients(W, V, b, x, importance, model, by_lanes):
    """Mean loss and its gradients over one block of 64 samples, from the kernel's own parts; V is W in the tied models."""
    (m, n), absolute = W.shape, model == "absolute"
    hidden_relu, relu = model in ("relu-hidden", "absolute"), model != "linear"
    starts = (0, n, n + m, 2 * n + m, 2 * n + 2 * m, 3 * n + 2 * m, 4 * n + 2 * m, 5 * n + 2 * m, 5 * n + 2 * m + n * m)
    X, H, Z, D, ZT, XT, GB, GW, GV = (LANES * at for at in starts)
    L = GV + n * m * LANES
    S = np.zeros(L + LANES, np.float32)
    S[: n * LANES] = x.T.ravel()
    to_hidden(S, n, m, X, H, W)
    if hidden_relu:
        rectify(S, m, H)
    block_loss(S, n, m, relu, absolute, X, H, Z, L, V, b, importance)
    output_gradient(S, n, m, relu, absolute, X, H, Z, GB, V, b, importance)
    to_hidden(S, n, m, Z, D, V)
    if hidden_relu:
        mask(S, m, D, H)
    if by_lanes and not absolute:
        tied_gradient_by_lanes(S, n, m, X, H, Z, D, GW)
    elif by_lanes:
        outer_by_lanes(S, n, m, H, Z, GV)
        outer_by_lanes(S, n, m, D, X, GW)
    else:
        transpose(S, n, Z, ZT)
        transpose(S, n, X, XT)
        outer_by_features(S, n, m, H, ZT, GV if absolute else GW)
        outer_by_features(S, n, m, D, XT, GW)

    def gradient(start):
        total = [lane_sum(S, start + k * LANES) for k in range(n * m)] if by_lanes else S[start : start + n * m]
        return np.array(total).reshape(m, n) * 2 / (LANES * n)

    gb = np.array([lane_sum(S, GB + j * LANES) for j in range(n)]) * 2 / (LANES * n)
    weights = {"W1": gradient(GW), "W2": gradient(GV).T} if absolute else {"W": gradient(GW)}
    return {**weights, "b": gb, "loss": lane_sum(S, L) / (LANES * n)}


def autograd(parameters, x, importance, model):
    leaves = {name: torch.tensor(p, dtype=torch.float64)[None].requires_grad_() for name, p in parameters.items()}
    data = torch.tensor(x, dtype=torch.float64)[None]
    weight = torch.tensor(importance, dtype=torch.float64)[None]
    loss = weighted_loss(forward(model, leaves, data), target(model, data), weight).sum()
    loss.backward()
    return {**{name: leaf.grad[0].numpy() for name, leaf in leaves.items()}, "loss": loss.item()}


@given(
    n=st.integers(1, 19), m=st.integers(1, 17), model=st.sampled_from(["linear", "relu-output", "relu-hidden", "absolute"]),
    by_lanes=st.booleans(), density=st.floats(0.05, 1.0), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_gradients_are_those_of_autograd(n, m, model, by_lanes, density, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(0, 0.7, (m, n)).astype("f4"), rng.normal(0, 0.3, n).astype("f4")
    V = rng.normal(0, 0.7, (m, n)).astype("f4") if model == "absolute" else W
    x = np.where(rng.random((LANES, n)) < density, rng.uniform(-1, 1, (LANES, n)), 0).astype("f4")
    importance = rng.random(n).astype("f4")
    parameters = {"W1": W, "W2": V.T, "b": b} if model == "absolute" else {"W": W, "b": b}
    ours = kernel_gradients(W, V, b, x, importance, model, by_lanes)
    theirs = autograd(parameters, x, importance, model)
    assert ours.keys() == theirs.keys()
    for name in ours:  # 1e-5 of the largest entry: some hundred roundings of 6e-8
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-5 * max(1e-3, np.abs(theirs[name]).max()))
