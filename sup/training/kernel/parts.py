"""The first block of a run's training, part by part: its samples, hidden layer and gradients.

If a machine computes other bits, they show in which part the difference begins.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.constants import LANES
from sup.initial import initial_parameters
from sup.specs import Run
from sup.training.kernel.engine import Training, constants_of
from sup.training.kernel.records import layout

Array = NDArray[Any]


def block_parts(run: Run, parameters: dict[str, Array] | None = None) -> dict[str, dict[str, Array]]:
    """`draw`, `forward` and `gradient` of the first block: words and samples, hidden layer, gradients before the common factor.

    Args:
        run: The spec.
        parameters: Parameters of one model, without a run axis; by default the initial ones.

    Returns:
        `draw` has `words` and `x`, features by lanes; `forward` has `h`, hidden dimensions by lanes; both flat, as the loop holds
        them. `gradient` has the names of the parameters.
    """
    n, m = run.n_features, run.n_hidden
    start = {name: array[None].copy() for name, array in parameters.items()} if parameters else initial_parameters([run])
    training = Training([run], start)
    training.batch = min(run.recipe.batch, LANES)
    training.advance(0, 1)  # leaves its results in the scratch arrays
    (S, U, G), at = training.scratch, layout(constants_of(run))
    into, out = G.W.reshape(m, n), np.ascontiguousarray(G.V.reshape(m, n).T)
    return {
        "draw": {"words": U, "x": S[at.X : at.H]},
        "forward": {"h": S[at.H : at.Z]},
        "gradient": {"W": into, "b": G.b} if "W" in start else {"W1": into, "W2": out, "b": G.b},
    }
