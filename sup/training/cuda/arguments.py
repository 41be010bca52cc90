"""What the code of `kernel.cu` is compiled with and called with: macros, and a structure of arrays and numbers."""

from collections.abc import Mapping, Sequence
from ctypes import Structure, c_int, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.constants import EVAL_SAMPLES, LANES, SMALL
from sup.draws import stream_keys
from sup.initial import initial_parameters, parameter_shapes
from sup.specs import Run
from sup.training.kernel.engine import constants_of, pack_objective, pack_task
from sup.training.recipes import pack_recipe

Array = NDArray[Any]
SOURCE = Path(__file__).with_name("kernel.cu")
EVAL_BLOCKS = EVAL_SAMPLES // LANES
ARRAYS = (
    "parameters", "mean", "square", "power", "keys", "eval_keys", "attack_keys", "threshold", "scale", "low", "importance",
    "norm", "penalty", "constants", "knots", "data", "loss", "scratch",
)  # fmt: skip
TEAMS = ((32, 1), (64, 2), (128, 4))
"""Up to how many weights a lane is worked for by how many threads; beyond, by `MOST`. A guess, not measured on a GPU yet."""
MOST = 8
NUMBERS = ("runs", "knot_count", "steps", "batch", "start", "stop")


class Arguments(Structure):
    """The structure `Arguments` of `kernel.cu`: addresses of arrays, then numbers."""

    _fields_ = [(name, c_void_p) for name in ARRAYS] + [(name, c_int) for name in NUMBERS]


def arguments(runs: Sequence[Run], addresses: Mapping[str, int]) -> Arguments:
    """The structure for `runs`, of one shape, whose arrays are at `addresses`; `start`, `stop` and `batch` are left to set."""
    knots = max(len(run.recipe.schedule) for run in runs)
    return Arguments(**addresses, runs=len(runs), knot_count=knots, steps=runs[0].recipe.steps)


def macros(run: Run, shared_bytes: int = 0, *, readable: bool = False) -> dict[str, str]:
    """The macros with which the code for runs of the shape of `run` is compiled, by name.

    Args:
        run: The spec.
        shared_bytes: Memory that a block of threads may have on a processor of the GPU; none on a host.
        readable: Whether all parts of a block shall be left in `scratch`.
    """
    constants = constants_of(run)
    team = next((threads for weights, threads in TEAMS if constants.n * constants.m <= weights), MOST)
    sizes: tuple[int, ...] = getattr(run.distribution, "sizes", ())
    flags = ("tied", "absolute", "unit_norm", "penalised", "attacked", "fixed")
    values = {"N": constants.n, "M": constants.m, "LANES": LANES, "SMALL": SMALL, "EVAL_BLOCKS": EVAL_BLOCKS, "SETS": len(sizes)}
    values |= {"TEAM": team, "SHARED_BYTES": shared_bytes} | ({"READABLE": 1} if readable else {})
    values |= {name.upper(): getattr(constants, name) for name in ("columns", "kind", "hidden", "output")}
    values |= {name.upper(): int(getattr(constants, name)) for name in flags}
    return {name: str(value) for name, value in values.items()} | {"SIZES": f"{{{','.join(map(str, sizes))}}}"}


def packed(runs: Sequence[Run], start: dict[str, Array] | None = None) -> dict[str, Array]:
    """The arrays of `ARRAYS` with which training begins, but for `scratch`; each has a leading run axis.

    Args:
        runs: Specs of one shape and one number of steps.
        start: Parameters to start from, each with a leading run axis; by default those of `sup.initial`.
    """
    first, count = runs[0], len(runs)
    task, objective, (constants, knots) = pack_task(runs, "train"), pack_objective(runs), pack_recipe(runs)
    parameters = joined(start or initial_parameters(runs))
    blocks = -(-first.recipe.batch // LANES) if first.recipe.dataset is not None else 0
    return {
        "parameters": parameters,
        "mean": np.zeros_like(parameters),
        "square": np.zeros_like(parameters),
        "power": np.ones((count, 2)),
        "keys": task.keys,
        "eval_keys": stream_keys(runs, "eval"),
        "attack_keys": objective.keys,
        "threshold": task.threshold,
        "scale": task.scale,
        "low": task.low,
        "importance": task.importance,
        "norm": objective.norm,
        "penalty": objective.penalty,
        "constants": constants,
        "knots": knots,
        "data": np.zeros((count, blocks, first.n_features, LANES), np.float32),
        "loss": np.zeros((count, EVAL_BLOCKS), np.float32),
    }


def joined(parameters: dict[str, Array]) -> Array:
    """Parameters in the order of the code, shape (run, parameter): the way out is stored like the way in, (hidden feature)."""
    parts = [array.swapaxes(1, 2) if name == "W2" else array for name, array in parameters.items()]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def parted(run: Run, joined: Array) -> dict[str, Array]:
    """The inverse of `joined`: parameters by name, copied."""
    parts, at = {}, 0
    for name, shape in parameter_shapes(run).items():
        size = int(np.prod(shape))
        part = joined[:, at : at + size].reshape(-1, *(shape[::-1] if name == "W2" else shape))
        parts[name] = np.array(part.swapaxes(1, 2) if name == "W2" else part, order="C")
        at += size
    return parts
