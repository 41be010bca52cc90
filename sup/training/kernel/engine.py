"""From specs to the compiled loop and back: packs runs into arrays, trains them, records snapshots and final losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sup.draws import stream_keys
from sup.errors import SupError
from sup.features import Independent, per_feature
from sup.initial import initial_parameters
from sup.law import LANES, scale_and_low, thresholds
from sup.specs import Recipe, Run
from sup.sweeps import Shape, shape_of
from sup.training.kernel.loop import make_loop

Array = NDArray[Any]
EVAL_SAMPLES = 65_536
MODELS = {"linear": False, "relu-output": True}


class UnsupportedError(SupError):
    """The kernel does not train this model or distribution; the torch engine does."""


class ArithmeticModeError(SupError):
    """This process computes with flushed subnormals, so its results would not be those of other machines."""


def check_arithmetic() -> None:
    """Refuses to train in a thread that flushes subnormal numbers to zero, as some libraries make a process do."""
    if not np.float32(1e-38) * np.float32(1e-2) > 0:
        raise ArithmeticModeError(
            "this process flushes subnormal float32 numbers to zero, so results would differ from other machines. "
            "A library has set the processor so: train before importing it, or undo it (torch.set_flush_denormal(False))."
        )


def check_supported(shape: Shape) -> None:
    """Refuses a shape that the kernel has no code for."""
    if shape.model not in MODELS or shape.distribution != "Independent":
        raise UnsupportedError(
            f"the kernel trains {' and '.join(MODELS)} models on Independent features; got {shape.model} on "
            f'{shape.distribution}. Pass engine="torch".'
        )


def pack_task(runs: Sequence[Run], stream: str) -> tuple[Array, ...]:
    """What the loop needs of the runs' task: keys (run, 2), thresholds, scales, lows and importances (run, feature)."""
    scale, low = zip(*map(scale_and_low, runs), strict=True)
    importance = np.array([per_feature(run.importance, run.n_features) for run in runs], np.float32)
    return stream_keys(runs, stream), np.stack([thresholds(run) for run in runs]), np.stack(scale), np.stack(low), importance


def pack_recipe(runs: Sequence[Run]) -> tuple[Array, Array]:
    """Optimiser constants (run, 5) and schedule knots (run, knot, 2), shorter schedules padded with segments at the end."""
    recipes = [run.recipe for run in runs]
    optimiser = np.array([(r.learning_rate, r.weight_decay, r.beta1, r.beta2, r.epsilon) for r in recipes])
    most = max(len(r.schedule) for r in recipes)
    knots = np.array([r.schedule + tuple((2.0 + k, 0.0) for k in range(most - len(r.schedule))) for r in recipes])
    return optimiser, knots


class Training:
    """The state of runs in training: weights, biases and the optimiser's memory, advanced in place.

    Args:
        runs: Specs of one shape and one number of steps.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        check_arithmetic()
        shape = shape_of(runs[0])
        check_supported(shape)
        self._advance, self._evaluate = make_loop(shape.n_features, shape.n_hidden, MODELS[shape.model])
        start = initial_parameters(runs)
        self.W, self.b = start["W"], start["b"]
        self._memory = [np.zeros_like(array) for array in (self.W, self.W, self.b, self.b)]
        self._power = np.ones((len(runs), 2))
        self._task, self._eval = pack_task(runs, "train"), pack_task(runs, "eval")
        self._recipe = pack_recipe(runs)
        self._steps, self._blocks = runs[0].recipe.steps, shape.batch // LANES

    def advance(self, start: int, stop: int) -> None:
        """Updates `start` (counted from 0) up to but not including `stop`."""
        self._advance(
            self.W, self.b, *self._memory, self._power, *self._task, *self._recipe, self._steps, self._blocks, start, stop
        )

    def loss(self) -> NDArray[np.float64]:
        """Importance-weighted loss of each run on EVAL_SAMPLES fixed draws of the stream `eval`."""
        loss = np.zeros(len(self.W))
        self._evaluate(self.W, self.b, loss, *self._eval, EVAL_SAMPLES // LANES)
        return loss


def train_kernel(runs: Sequence[Run], snapshots: tuple[int, ...] = ()) -> dict[str, Array]:
    """Trains runs of one shape; releases the interpreter while it computes, so shards can go side by side in threads.

    Args:
        runs: Specs of one shape and one number of steps.
        snapshots: Steps after which to record weights, biases and loss, rising; 0 is the start.

    Returns:
        `W` (run hidden feature), `b` (run feature), `final_loss` (run) and, with snapshots, `snapshot_W` (run snapshot hidden
        feature), `snapshot_b`, `snapshot_loss`.

    Raises:
        UnsupportedError: if the kernel has no code for the model or the distribution.
        ArithmeticModeError: if this thread flushes subnormal numbers.
    """
    state, done, seen = Training(runs), 0, []
    for step in (*snapshots, runs[0].recipe.steps):
        state.advance(done, step)
        done = step
        seen.append((state.W.copy(), state.b.copy(), state.loss()))
    result: dict[str, Array] = dict(zip(("W", "b", "final_loss"), seen.pop(), strict=True))
    if seen:
        parts = (np.stack(part, axis=1) for part in zip(*seen, strict=True))
        result |= zip(("snapshot_W", "snapshot_b", "snapshot_loss"), parts, strict=True)
    return result


def compile_kernel(shape: Shape) -> None:
    """Compiles what training runs of `shape` needs (or loads it from numba's cache on disk), by training one tiny run.

    Raises:
        UnsupportedError: if the kernel has no code for the model or the distribution.
    """
    check_supported(shape)
    one = Run(
        model=shape.model,  # type: ignore[arg-type]  # one of the models, checked above
        n_features=shape.n_features,
        n_hidden=shape.n_hidden,
        distribution=Independent(density=1.0),
        recipe=Recipe(steps=1, batch=LANES),
    )
    Training([one]).advance(0, 1)
    Training([one]).loss()
