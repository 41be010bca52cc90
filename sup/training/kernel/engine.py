"""From specs to the compiled loop and back: packs runs into arrays, trains them, records snapshots and final losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.constants import EVAL_SAMPLES, LANES
from sup.draws import stream_keys
from sup.errors import SupError
from sup.features import Anticorrelated, Correlated, Distribution, Independent, per_feature
from sup.initial import initial_parameters
from sup.law import columns, scale_and_low, thresholds
from sup.specs import Recipe, Run
from sup.sweeps import Shape, shape_of
from sup.training.kernel.activation import GELU, NONE, QUADRATIC, RELU
from sup.training.kernel.loop import make_loop
from sup.training.kernel.records import Constants, Objective, Optimiser, Parameters, Scratch, State, Task, layout
from sup.training.kernel.sampler import ANTICORRELATED, CORRELATED, INDEPENDENT
from sup.training.recipes import pack_recipe
from sup.training.snapshots import recorded

Array = NDArray[Any]
ACTIVATIONS = {"relu": RELU, "quadratic": QUADRATIC, "gelu": GELU}
CACHE_LINE = 64  # bytes
KINDS = {Independent: INDEPENDENT, Correlated: CORRELATED, Anticorrelated: ANTICORRELATED}


class ArithmeticModeError(SupError):
    """This process flushes subnormal numbers to zero, so its results would differ from other machines."""


def check_arithmetic() -> None:
    """Refuses to train in a thread that flushes subnormal numbers to zero; some libraries set a process so.

    Raises:
        ArithmeticModeError: if this thread does.
    """
    if not np.float32(1e-38) * np.float32(1e-2) > 0:
        raise ArithmeticModeError(
            "this process flushes subnormal float32 numbers to zero, so results would differ from other machines. "
            "A library has set the processor so: train before importing it, or undo it (torch.set_flush_denormal(False))."
        )


def constants_of(run: Run) -> Constants:
    """The compile-time constants of the loop that trains runs of the shape of `run`."""
    activation, shape = ACTIVATIONS[run.activation], shape_of(run)
    return Constants(
        n=run.n_features,
        m=run.n_hidden,
        columns=columns(run),
        kind=KINDS[type(run.distribution)],
        hidden=activation if run.traits.hidden else NONE,
        output=activation if run.traits.output else NONE,
        tied=run.traits.tied,
        absolute=run.traits.target == "|x|",
        unit_norm=shape.unit_norm,
        penalised=shape.penalised,
        attacked=shape.attacked,
        fixed=shape.fixed,
    )


def pack_task(runs: Sequence[Run], stream: str) -> Task:
    """The task of runs: their distribution, their importances and the keys of their draws."""
    empty = np.zeros((len(runs), 0), np.float32)
    scale, low, sizes = empty, empty, np.zeros(0, np.int64)
    if isinstance(runs[0].distribution, Independent):
        scale, low = (np.stack(part) for part in zip(*map(scale_and_low, runs), strict=True))
    else:
        sizes = np.array(runs[0].distribution.sizes, np.int64)
    importance = np.array([per_feature(run.importance, run.n_features) for run in runs], np.float32)
    return Task(stream_keys(runs, stream), np.stack([thresholds(run) for run in runs]), scale, low, sizes, importance)


def pack_objective(runs: Sequence[Run]) -> Objective:
    """The attacks and penalties of runs; a penalty is taken before the gradients' common factor 2 / (batch n_features)."""
    norm = np.array([run.recipe.attack for run in runs], np.float32)
    penalty = np.array([run.recipe.l1 * run.n_features / 2 for run in runs], np.float32)
    return Objective(stream_keys(runs, "attack"), norm, penalty)


def aligned_zeros(count: int, kind: type[np.float32 | np.uint32]) -> Array:
    """Zeros that begin at a cache line; otherwise the widest vectors cross lines, which costs about 5 % of the time.

    Args:
        count: Number of zeros.
        kind: Their type, of four bytes.
    """
    room = np.zeros(count + CACHE_LINE // 4, kind)
    start = -room.ctypes.data % CACHE_LINE // 4
    return room[start : start + count]


def make_scratch(constants: Constants) -> Scratch:
    """Scratch arrays for the training of one run."""
    n, weights = constants.n, constants.n * constants.m
    S, U = aligned_zeros(layout(constants).size, np.float32), aligned_zeros(constants.columns * LANES, np.uint32)
    return Scratch(S, U, Parameters(*(np.zeros(count, np.float32) for count in (weights, weights, n))))


class Training:
    """The state of runs in training: weights, biases and the optimiser's running means, advanced in place.

    Refuses a thread that flushes subnormal numbers with an ArithmeticModeError.

    Args:
        runs: Specs of one shape and one number of steps.
        start: Parameters to start from, each with a leading run axis; by default those of `sup.initial`.

    Attributes:
        batch: Samples per update.
        scratch: Scratch arrays, as the last block and the last update left them.
    """

    def __init__(self, runs: Sequence[Run], start: dict[str, Array] | None = None) -> None:
        check_arithmetic()
        constants = constants_of(runs[0])
        self._loop, self._tied = make_loop(constants), constants.tied
        start = start or initial_parameters(runs)
        into = start["W" if self._tied else "W1"]
        # The loop stores the way out like the way in, as (run hidden feature).
        out = into if self._tied else np.ascontiguousarray(start["W2"].swapaxes(1, 2))
        parameters = Parameters(into, out, start["b"])
        mean, square = (Parameters(*map(np.zeros_like, parameters)) for _ in range(2))
        self._state = State(parameters, mean, square, np.ones((len(runs), 2)))
        self._task, self._eval = pack_task(runs, "train"), pack_task(runs, "eval")
        self._objective, self._optimiser = pack_objective(runs), Optimiser(*pack_recipe(runs))
        self._steps, self.batch = runs[0].recipe.steps, runs[0].recipe.batch
        self.scratch = make_scratch(constants)

    def advance(self, start: int, stop: int) -> None:
        """Takes the updates from `start`, counted from 0, up to but not including `stop`."""
        records = (self._state, self._task, self._objective, self._optimiser, self.scratch)
        self._loop.advance(*records, self._steps, self.batch, start, stop)

    def loss(self) -> NDArray[np.float64]:
        """Importance-weighted loss of each run on EVAL_SAMPLES fixed draws of the stream `eval`."""
        loss = np.zeros(len(self._state.power))
        self._loop.evaluate(self._state.parameters, self._eval, self.scratch, loss, EVAL_SAMPLES // LANES)
        return loss

    def parameters(self) -> dict[str, Array]:
        """A copy of the current parameters, by the names of `sup.initial.parameter_shapes`."""
        into, out, b = self._state.parameters
        weights = {"W": into.copy()} if self._tied else {"W1": into.copy(), "W2": out.swapaxes(1, 2).copy()}
        return {**weights, "b": b.copy()}

    def observe(self) -> dict[str, Array]:
        """The current parameters and `loss`."""
        return {**self.parameters(), "loss": self.loss()}


def train_kernel(runs: Sequence[Run], snapshots: tuple[int, ...] = ()) -> dict[str, Array]:
    """Trains runs of one shape; releases the interpreter while it computes, so that threads can train shards side by side.

    Refuses a thread that flushes subnormal numbers with an ArithmeticModeError.

    Args:
        runs: Specs of one shape and one number of steps.
        snapshots: Steps after which to record parameters and loss, rising; 0 is the start.

    Returns:
        The parameters, `final_loss` and, with snapshots, `snapshot_W` and so on, as `sup.training.train` describes.
    """
    state = Training(runs)
    return recorded(state.advance, state.observe, snapshots, runs[0].recipe.steps)


def compile_kernel(shape: Shape) -> None:
    """Compiles the code that trains runs of `shape`, or loads it from numba's cache on disk, by training one tiny run."""
    sets = {kind.__name__: kind for kind in (Correlated, Anticorrelated)}
    features: Distribution = Independent(density=1.0, unit_norm=shape.unit_norm)
    if shape.sizes:
        features = sets[shape.distribution](sizes=shape.sizes, density=1.0, unit_norm=shape.unit_norm)
    one = Run(
        model=shape.model,
        n_features=shape.n_features,
        n_hidden=shape.n_hidden,
        distribution=features,
        recipe=Recipe(
            steps=1, batch=LANES, l1=float(shape.penalised), attack=float(shape.attacked), dataset=0 if shape.fixed else None
        ),
        activation=shape.activation,
    )
    train_kernel([one])
