"""Training on the workers of a Dask cluster, which publish in the store that they share; for the kernel the same bits."""

import os
import time
from collections.abc import Generator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from report import engines
from report.engines import Device, Engine, Train
from report.errors import PipelineError
from report.execute import Done, Task, train_task
from report.progress import say
from report.store.artifacts import Store
from sup.errors import SupError

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10.0
"""Seconds to wait for a scheduler to answer, and for a file that was published elsewhere to be seen here."""

AT_ONCE = 4096
"""Tasks that the scheduler is given at a time: more than a cluster has cores, and little for a scheduler to hold."""


class Cluster:
    """Trains tasks on the workers of a Dask scheduler.

    Scheduler and workers have this project installed, at the same code; the workers see the store under the same path.

    Attributes:
        address: The scheduler's, such as "tcp://host:8786".
        engine: What trains.
    """

    def __init__(self, address: str, engine: Engine) -> None:
        self.address, self.engine = address, engine

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and tells of each as it ends; when the caller stops early, what has not begun is dropped.

        A task whose worker dies is trained again by another; should both publish, they publish the same bytes.

        Raises:
            PipelineError: if no scheduler answers, Dask is not installed, or a worker has other code or another store, or fails.
        """
        with self._client() as client:
            from distributed import as_completed

            if not client.nthreads():
                say(f"The scheduler at {self.address} has no worker yet; training begins when one comes.")
            root, waiting = store.root.absolute(), iter(tasks)

            def ask(count: int) -> "list[Future[Done]]":
                return [client.submit(train_there, self.engine, task, root, pure=False) for task in islice(waiting, count)]

            ended = as_completed(ask(AT_ONCE), loop=client.loop)  # type: ignore[no-untyped-call]
            for batch in ended.batches():  # type: ignore[no-untyped-call]
                ended.update(ask(len(batch)))  # type: ignore[no-untyped-call]
                for done in self._answers(client, batch):
                    _wait_for_files(store, done)
                    yield done

    def _client(self) -> "Client":
        try:
            from distributed import Client
        except ImportError:
            raise PipelineError("CLUSTER needs Dask, and it is not installed. Run: pip install 'dask[distributed]'.") from None
        try:
            return Client(self.address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TypeError) as problem:
            raise PipelineError(
                f"CLUSTER is the address of a Dask scheduler, such as tcp://host:8786; got {self.address!r}, and none answers "
                f"there ({type(problem).__name__}). Start one with `dask scheduler`, or leave it out to train here."
            ) from None

    def _answers(self, client: "Client", batch: "list[Future[Done]]") -> list[Done]:
        """What workers answered.

        Raises:
            PipelineError: if one did not.
        """
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        try:
            answers: list[Done] = client.gather(batch)  # type: ignore[no-untyped-call]
        except SupError:
            raise
        except (CancelledError, CommClosedError):
            raise PipelineError(
                f"the Dask scheduler at {self.address} went away. What was finished is kept. Start one again, and run again."
            ) from None
        except KilledWorker as problem:
            raise PipelineError(
                f"the cluster gave up a task after {problem.allowed_failures + 1} of its workers died, the last at "
                f"{problem.last_worker.address}; most often they lack memory. Their logs tell more. What was finished is kept."
            ) from None
        except Exception as problem:  # whatever a worker, or the way there, can raise
            raise PipelineError(
                f"the cluster cannot do a task of this build ({type(problem).__name__}: {' '.join(str(problem).split())}). "
                f"Scheduler and workers need the project installed at the code of this build; their logs tell more."
            ) from problem
        for future in batch:
            future.release()  # type: ignore[no-untyped-call]  # what is known here need not be done again when its worker dies
        return answers


def _wait_for_files(store: Store, done: Done) -> None:
    """Waits until the files that a worker published are seen here; a network file system may show them late.

    Raises:
        PipelineError: if one is not, so that the worker must have another folder under the same name.
    """
    deadline = time.monotonic() + PATIENCE
    for path in (store.path(entry.key) for entry in done.entries):
        while not path.is_file():
            if time.monotonic() > deadline:
                raise PipelineError(
                    f"a worker of the cluster has published {path}, and it is not there: the worker has a folder of its own "
                    f"under this name. Pass STORE=a folder that this machine and all workers share."
                )
            time.sleep(0.05)
            os.scandir(path.parent).close()  # opening a folder makes a network file system look again


def train_there(engine: Engine, task: Task, root: Path) -> Done:
    """What a worker does: it trains a task with its own engine, if that is `engine`, and publishes in the store at `root`.

    Raises:
        PipelineError: if the worker has other code or libraries, since its results would bear a wrong key; if it does not see
            the store; or if training fails.
    """
    from distributed import get_worker

    here, train = _loaded(engine.device)
    name = f"the cluster's worker at {get_worker().address}"
    if here != engine:
        raise PipelineError(
            f"{name} has another engine: its code is {here.code[:12]} {here.environment}, that of this build "
            f"{engine.code[:12]} {engine.environment}. Install the same version of the project there and start it again."
        )
    store = Store(root)
    if not store.shards.is_dir():
        raise PipelineError(
            f"{name} does not see the store {root}. Pass STORE=a folder that this machine and all workers share, under one path."
        )
    return train_task(task, train, store)


@cache
def _loaded(device: Device) -> tuple[Engine, Train]:
    """The engine of a worker and its function, asked for once: what is loaded stays what it is when the files change."""
    engine = engines.engine(device)
    return engine, engines.trainer(engine)
