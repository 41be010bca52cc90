"""The results of training: snapshots on the way and the final state, the same for both engines."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def recorded(
    advance: Callable[[int, int], None], observe: Callable[[], dict[str, NDArray[Any]]], snapshots: tuple[int, ...], steps: int
) -> dict[str, NDArray[Any]]:
    """Trains to the end and records the state at each snapshot.

    Args:
        advance: Takes the updates from its first argument, counted from 0, up to but not including its second.
        observe: Returns copies of the current parameters and `loss`, each with a leading run axis.
        snapshots: Steps after which to record, rising; 0 is the start.
        steps: Total number of updates.

    Returns:
        The parameters, `final_loss` and, with snapshots, `snapshot_W` and so on, as `sup.training.train` describes.
    """
    done = 0

    def noted() -> dict[str, NDArray[Any]]:
        return {name: _with_one_nan(array) for name, array in observe().items()}

    seen: dict[str, list[NDArray[Any]]] = {}
    for step in snapshots:
        advance(done, step)
        done = step
        for name, array in noted().items():
            seen.setdefault(f"snapshot_{name}", []).append(array)
    advance(done, steps)
    result = noted()
    result["final_loss"] = result.pop("loss")
    return result | {name: np.stack(arrays, axis=1) for name, arrays in seen.items()}


def _with_one_nan(array: NDArray[Any]) -> NDArray[Any]:
    """The array with the same bits for every NaN: what a processor computes for it differs, so diverged runs would."""
    array[np.isnan(array)] = np.nan
    return array
