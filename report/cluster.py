"""Training on the workers of a Dask cluster: the same tasks, and for the kernel the same bits."""

import time
from collections.abc import Generator, Sequence

import numpy as np

from report import engines
from report.engines import Engine
from report.errors import PipelineError
from report.execute import Done, Task
from sup.specs import Run

PATIENCE = "10s"


class Cluster:
    """Trains tasks on the workers of a Dask scheduler; each of them has this project installed, at the same code.

    Attributes:
        address: The scheduler's, such as "tcp://host:8786".
        engine: What trains.
    """

    def __init__(self, address: str, engine: Engine) -> None:
        self.address, self.engine = address, engine

    def run(self, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and gives each back as it ends; when the caller stops early, what has not begun is dropped.

        Raises:
            PipelineError: if no scheduler answers, Dask is not installed, or a worker has other code.
        """
        try:
            from distributed import Client, as_completed
        except ImportError:
            raise PipelineError("CLUSTER needs Dask, and it is not installed. Run: pip install 'dask[distributed]'.") from None
        try:
            client = Client(self.address, timeout=PATIENCE)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TypeError) as problem:
            raise PipelineError(
                f"CLUSTER is the address of a Dask scheduler, such as tcp://host:8786; got {self.address!r}, and none answers "
                f"there ({type(problem).__name__}). Start one with `dask scheduler`, or leave it out to train here."
            ) from None
        with client:
            asked = {
                client.submit(train_there, self.engine, [run for shard in task.shards for run in shard.runs],
                              task.shards[0].snapshots, pure=False): task
                for task in tasks
            }  # fmt: skip
            for future in as_completed(asked):  # type: ignore[no-untyped-call]
                arrays, seconds = future.result()
                yield Done(asked[future], arrays, seconds)


def train_there(engine: Engine, runs: Sequence[Run], snapshots: tuple[int, ...]) -> tuple[dict[str, np.ndarray], float]:
    """What a worker does: it trains `runs`, if its own engine is `engine`, and gives the arrays and the seconds.

    Raises:
        PipelineError: if the worker has other code or libraries, since its results would bear a wrong key.
    """
    here = engines.engine(engine.device)
    if here != engine:
        raise PipelineError(
            f"a worker of the cluster has another engine: its code is {here.code[:12]} {here.environment}, that of this build "
            f"{engine.code[:12]} {engine.environment}. Install the same version of the project there."
        )
    start = time.monotonic()
    return engines.trainer(engine)(runs, snapshots), time.monotonic() - start
