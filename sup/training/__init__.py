"""Training: two engines behind one function.

`kernel` is the fused CPU engine, with the same bits on every machine; `torch` is the reference by automatic
differentiation, on any device. Both start from the same weights and see the same samples.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from sup.errors import SpecError
from sup.specs import Run
from sup.sweeps import Shape

Engine: TypeAlias = Literal["kernel", "torch"]


def train(
    runs: Sequence[Run], snapshots: tuple[int, ...] = (), *, engine: Engine = "kernel", device: str = "cpu"
) -> dict[str, NDArray[Any]]:
    """Trains runs of one shape and one number of steps, each independently, by the named engine.

    Args:
        runs: Specs of the runs.
        snapshots: Steps after which to record the parameters and the loss, rising; 0 is the start.
        engine: `kernel` or `torch`.
        device: Device of the torch engine, such as "cpu" or "cuda"; the kernel computes on the CPU.

    Returns:
        Arrays with a leading run axis: the parameters (`W`, or `W1` and `W2`, and `b`), `final_loss`, and with snapshots
        `snapshot_W` and so on, with the snapshot as second axis.

    Raises:
        SpecError: if there is no such engine.
    """
    if engine == "kernel":
        from sup.training.kernel import train_kernel

        return train_kernel(runs, snapshots)
    if engine == "torch":
        from sup.training.torch_engine import train_torch

        return train_torch(runs, snapshots, device)
    raise SpecError(f"engine is kernel or torch; got {engine!r}.")


def compile_kernel(shape: Shape) -> None:
    """Compiles the kernel for runs of `shape`, or loads it from the compiler's cache."""
    from sup.training.kernel import compile_kernel

    compile_kernel(shape)
