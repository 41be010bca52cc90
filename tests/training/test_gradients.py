"""The kernel's analytic gradients and loss against automatic differentiation in float64."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sup.models import forward, weighted_loss
from sup.training.kernel.arithmetic import LANES, lane_sum
from sup.training.kernel.network import (
    block_loss,
    output_gradient,
    to_hidden,
    transpose,
    weight_gradient_by_features,
    weight_gradient_by_lanes,
)


def kernel_gradients(W, b, x, importance, relu, by_lanes):
    """Mean loss and its gradients over one block of 64 samples, from the kernel's own parts."""
    m, n = W.shape
    X, H, Z, D, ZT, XT = (LANES * at for at in (0, n, n + m, 2 * n + m, 2 * n + 2 * m, 3 * n + 2 * m))
    GB = XT + n * LANES
    GW = GB + n * LANES
    L = GW + n * m * LANES
    S = np.zeros(L + LANES, np.float32)
    S[: n * LANES] = x.T.ravel()
    to_hidden(S, n, m, X, H, W)
    block_loss(S, n, m, relu, X, H, Z, L, W, b, importance)
    output_gradient(S, n, m, relu, X, H, Z, GB, W, b, importance)
    to_hidden(S, n, m, Z, D, W)
    if by_lanes:
        weight_gradient_by_lanes(S, n, m, X, H, Z, D, GW)
        gW = np.array([lane_sum(S, GW + k * LANES) for k in range(n * m)])
    else:
        transpose(S, n, Z, ZT)
        transpose(S, n, X, XT)
        weight_gradient_by_features(S, n, m, H, ZT, GW)
        weight_gradient_by_features(S, n, m, D, XT, GW)
        gW = S[GW : GW + n * m].copy()
    gb = np.array([lane_sum(S, GB + j * LANES) for j in range(n)])
    size = LANES * n
    return lane_sum(S, L) / size, gW.reshape(m, n) * 2 / size, gb * 2 / size


def autograd(W, b, x, importance, model):
    leaves = {"W": torch.tensor(W, dtype=torch.float64)[None], "b": torch.tensor(b, dtype=torch.float64)[None]}
    for leaf in leaves.values():
        leaf.requires_grad_()
    data = torch.tensor(x, dtype=torch.float64)[None]
    loss = weighted_loss(forward(model, leaves, data), data, torch.tensor(importance, dtype=torch.float64)[None]).sum()
    loss.backward()
    return loss.item(), leaves["W"].grad[0].numpy(), leaves["b"].grad[0].numpy()


@given(
    n=st.integers(1, 19), m=st.integers(1, 17), model=st.sampled_from(["linear", "relu-output"]), by_lanes=st.booleans(),
    density=st.floats(0.05, 1.0), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_gradients_are_those_of_autograd(n, m, model, by_lanes, density, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(0, 0.7, (m, n)).astype("f4"), rng.normal(0, 0.3, n).astype("f4")
    x = np.where(rng.random((LANES, n)) < density, rng.random((LANES, n)), 0).astype("f4")
    importance = rng.random(n).astype("f4")
    ours = kernel_gradients(W, b, x, importance, model == "relu-output", by_lanes)
    theirs = autograd(W, b, x, importance, model)
    for a, t in zip(ours, theirs, strict=True):  # 1e-5 of the largest entry: some hundred roundings of 6e-8
        np.testing.assert_allclose(a, t, rtol=0, atol=1e-5 * max(1e-3, np.abs(t).max()))
