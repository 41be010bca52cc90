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
    seen: dict[str, list[NDArray[Any]]] = {}
    for step in snapshots:
        advance(done, step)
        done = step
        for name, array in observe().items():
            seen.setdefault(f"snapshot_{name}", []).append(array)
    advance(done, steps)
    result = observe()
    result["final_loss"] = result.pop("loss")
    return result | {name: np.stack(arrays, axis=1) for name, arrays in seen.items()}
