"""Initial parameters: small normal weights and zero biases, the same for every engine."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sup.draws import normals, stream_keys, words
from sup.specs import Run


def parameter_shapes(run: Run) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a model's parameters, without the run axis.

    Tied models have `W` (hidden feature) into the hidden layer and out of it; others have `W1` (hidden feature) into it and
    `W2` (feature hidden) out of it. All have the output bias `b` (feature).
    """
    n, m = run.n_features, run.n_hidden
    if run.traits.tied:
        return {"W": (m, n), "b": (n,)}
    return {"W1": (m, n), "W2": (n, m), "b": (n,)}


def initial_parameters(runs: Sequence[Run]) -> dict[str, NDArray[np.float32]]:
    """Initial parameters of runs of one shape, each with a leading run axis.

    Weights are normal with standard deviation init_scale * sqrt(2 / (n + m)) (Glorot and Bengio 2010), biases zero. The
    weights of all matrices are consecutive draws of the run's stream `init`.
    """
    shapes = parameter_shapes(runs[0])
    sizes = {name: math.prod(shape) for name, shape in shapes.items() if name != "b"}
    total = sum(sizes.values())
    draws = normals(words(stream_keys(runs, "init"), 0, 0, total + total % 2))
    spread = [run.recipe.init_scale * math.sqrt(2.0 / (run.n_features + run.n_hidden)) for run in runs]
    draws = draws * np.array(spread)[:, None]
    result, at = {}, 0
    for name, size in sizes.items():
        result[name] = draws[:, at : at + size].astype(np.float32).reshape(len(runs), *shapes[name])
        at += size
    result["b"] = np.zeros((len(runs), runs[0].n_features), np.float32)
    return result
