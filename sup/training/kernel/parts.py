"""The first block of a run's training, part by part: what its samples, hidden layer and gradients came out as.

The loop never shows these parts; a machine with other bits can be told by them where they begin.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.initial import initial_parameters
from sup.law import LANES, columns
from sup.specs import Run
from sup.sweeps import shape_of
from sup.training.kernel.engine import activations, loop_of, pack_objective, pack_task
from sup.training.kernel.loop import layout

Array = NDArray[Any]


def block_parts(run: Run, parameters: dict[str, Array] | None = None) -> dict[str, dict[str, Array]]:
    """`draw`, `forward` and `gradient` of the first block: words and samples, hidden layer, gradients before the common factor.

    Args:
        run: The spec.
        parameters: Those of one model, without a run axis; by default those that training starts from.

    Returns:
        `draw` has `words` and `x`, features by lanes; `forward` has `h`, hidden dimensions by lanes; both flat, as the loop holds
        them. `gradient` has the names of the parameters.
    """
    n, m, tied = run.n_features, run.n_hidden, run.model != "absolute"
    start = parameters or {name: array[0] for name, array in initial_parameters([run]).items()}
    W = start["W" if tied else "W1"]
    V = W if tied else np.ascontiguousarray(start["W2"].T)
    at = layout(n, m, tied, *activations(run), shape_of(run).attacked)
    S, U = np.zeros(at.size, np.float32), np.zeros(columns(run) * LANES, np.uint32)
    gW, gV, gb = (np.zeros(count, np.float32) for count in (n * m, n * m, n))
    task = (*pack_task([run], "train"), *pack_objective([run]), run.recipe.batch)
    loop_of(run)[2](W, V, start["b"], *task, S, U, gW, gV, gb)
    into, out = gW.reshape(m, n), np.ascontiguousarray(gV.reshape(m, n).T)
    return {
        "draw": {"words": U, "x": S[at.X : at.H]},
        "forward": {"h": S[at.H : at.Z]},
        "gradient": {"W": into, "b": gb} if tied else {"W1": into, "W2": out, "b": gb},
    }
