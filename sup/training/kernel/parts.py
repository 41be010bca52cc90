"""The first block of a run's training, part by part: what its samples, outputs, gradients and update came out as.

The loop fuses these parts; here they are called one by one, so that a machine with other bits can be told where they begin.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.initial import initial_parameters
from sup.law import LANES, columns
from sup.specs import Run
from sup.training.kernel.arithmetic import lane_sum
from sup.training.kernel.engine import KINDS, pack_task
from sup.training.kernel.network import mask, outer_by_lanes, output_gradient, rectify, to_hidden
from sup.training.kernel.sampler import draw_words, sample

Array = NDArray[Any]


def block_parts(run: Run) -> dict[str, dict[str, Array]]:
    """`draw`, `forward` and `gradient` of the first block: samples, hidden layer, and gradients before the common factor."""
    n, m, absolute = run.n_features, run.n_hidden, run.model == "absolute"
    start = {name: array[0] for name, array in initial_parameters([run]).items()}
    W = start["W1" if absolute else "W"]
    V = np.ascontiguousarray(start["W2"].T) if absolute else W
    keys, threshold, scale, low, sizes, importance = pack_task([run], "train")
    X, H, Z, D, GB, GV, GW = (LANES * at for at in np.cumsum([0, n, m, n, m, n, n * m]).tolist())
    S, U = np.zeros(GW + n * m * LANES, np.float32), np.zeros(columns(run) * LANES, np.uint32)
    draw_words(U, len(U) // 2, keys[0, 0], keys[0, 1], np.uint32(0), np.uint32(0))
    sample(S, U, n, X, KINDS[type(run.distribution)], threshold[0], scale[0], low[0], sizes)
    to_hidden(S, n, m, X, H, W)
    if run.model in ("relu-hidden", "absolute"):
        rectify(S, m, H)
    parts = {"draw": {"words": U.copy(), "x": S[X:H].copy()}, "forward": {"h": S[H:Z].copy()}}
    output_gradient(S, n, m, run.model != "linear", absolute, X, H, Z, GB, V, start["b"], importance[0])
    to_hidden(S, n, m, Z, D, V)
    if run.model in ("relu-hidden", "absolute"):
        mask(S, m, D, H)
    outer_by_lanes(S, n, m, H, Z, GV)
    outer_by_lanes(S, n, m, D, X, GW)
    for name, at, count in (("b", GB, n), ("V", GV, n * m), ("W", GW, n * m)):
        sums = [lane_sum(S, at + k * LANES) for k in range(count)]
        parts.setdefault("gradient", {})[name] = np.array(sums, np.float32)
    return parts
