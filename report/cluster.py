"""Trains on the workers of a Dask cluster, which publish in a shared store; the kernel gives the same bits as here."""

import os
import time
from collections.abc import Generator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from report import engines
from report.engines import Device, Engine, Name, Train
from report.errors import PipelineError, TaskError
from report.execute import Done, Task, train_task
from report.log import say
from report.store.artifacts import Store
from sup.errors import SupError

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10.0
"""Seconds to wait for a scheduler to answer, and for a file that a worker published to appear here."""

AT_ONCE = 4096
"""Tasks that the scheduler holds at a time: more than a cluster has cores, yet a small load for the scheduler."""


class Cluster:
    """Trains tasks on the workers of a Dask scheduler.

    Scheduler and workers need the same version of this project; the workers see the store under the same path.

    Attributes:
        address: The scheduler's address, such as "tcp://host:8786".
        engine: What trains.
    """

    def __init__(self, address: str, engine: Engine) -> None:
        self.address, self.engine = address, engine

    def run(self, store: Store, tasks: Sequence[Task]) -> Generator[Done, None, None]:
        """Trains the tasks and yields each when it is done; if the caller stops early, tasks that have not begun are dropped.

        A task whose worker dies is trained again by another; if both publish, they publish the same bytes. Fails with a
        PipelineError if Dask is not installed, no scheduler answers, or a worker fails or has other code or another store.

        Raises:
            TaskError: if tasks failed by themselves, when the others have ended.
        """
        failed: list[str] = []
        with self._client() as client:
            from distributed import as_completed

            if open_to_others(self.address):
                say(
                    f"The scheduler at {self.address} is reached without TLS: whoever reaches it can run code here and on its "
                    f"workers. Keep it on a private network, or use tls:// (see SECURITY.md)."
                )
            self._miss_workers(client, "yet; training begins")
            root, remaining = store.root.absolute(), iter(tasks)

            def ask(count: int) -> "list[Future[Done]]":
                return [client.submit(train_there, self.engine, task, root, pure=False) for task in islice(remaining, count)]

            futures = as_completed(ask(AT_ONCE), loop=client.loop)
            for batch in futures.batches():
                futures.update(ask(len(batch)))
                for future in batch:
                    try:
                        done = self._answer(future)
                    except TaskError as problem:
                        failed.append(str(problem))
                        continue
                    if done:
                        _wait_for_files(store, done)
                        yield done
                    else:  # other tasks may have failed meanwhile, and are heard first
                        self._miss_workers(client, "any more; training goes on")
                        futures.add(future)
        if failed:
            raise TaskError("\n".join(failed))

    def _miss_workers(self, client: "Client", since: str) -> None:
        """Says so if the scheduler has no worker."""
        if not client.nthreads():
            say(f"The scheduler at {self.address} has no worker {since} when one comes.")

    def _client(self) -> "Client":
        try:
            from distributed import Client
        except ImportError:
            raise PipelineError("CLUSTER needs Dask, and it is not installed. Run: pip install 'dask[distributed]'.") from None
        try:
            return Client(self.address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as problem:
            raise PipelineError(
                f"CLUSTER is the address of a Dask scheduler, such as tcp://host:8786; got {self.address!r}, and none answers "
                f"there ({type(problem).__name__}). Start one with `dask scheduler`, or leave it out to train here."
            ) from None

    def _answer(self, future: "Future[Done]") -> Done | None:
        """The result of a future, which is released; None if its worker died with it, so that another must train it again.

        Raises:
            SupError: if the task failed with one on its worker.
            PipelineError: if the scheduler went away, or a worker died or failed in another way.
        """
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        try:
            done: Done = future.result(timeout=PATIENCE)
        except SupError:
            raise
        except TimeoutError:
            return None
        except (CancelledError, CommClosedError):
            raise PipelineError(
                f"the Dask scheduler at {self.address} went away. Finished work is kept. Start one again, and run again."
            ) from None
        except KilledWorker as problem:
            raise PipelineError(
                f"the cluster gave up a task after {problem.allowed_failures + 1} of its workers died, the last at "
                f"{problem.last_worker.address}; most often they ran out of memory. See their logs. Finished work is kept."
            ) from None
        except Exception as problem:  # anything that a worker or the connection can raise
            raise PipelineError(
                f"the cluster cannot run a task of this build ({type(problem).__name__}: {' '.join(str(problem).split())}). "
                f"Scheduler and workers need the version of the project that runs this build; see their logs."
            ) from problem
        future.release()  # a result that is here need not be computed again when its worker dies
        return done


def open_to_others(address: str) -> bool:
    """Whether an address is another machine's, reached without TLS. One without a protocol means tcp."""
    scheme, _, rest = address.rpartition("://")
    host = urlsplit(f"//{rest}").hostname or ""
    return scheme not in ("tls", "wss", "inproc") and host not in ("localhost", "::1") and not host.startswith("127.")


def _wait_for_files(store: Store, done: Done) -> None:
    """Waits until the files that a worker published are visible here; a network file system may show them late.

    Raises:
        PipelineError: if a file does not appear, so that the worker must have another folder under the same name.
    """
    deadline = time.monotonic() + PATIENCE
    for path in (store.path(entry.key) for entry in done.entries):
        while not path.is_file():
            if time.monotonic() > deadline:
                raise PipelineError(
                    f"a worker of the cluster published {path}, which does not exist here: the worker has its own folder "
                    f"under this name. Pass STORE=a folder that this machine and all workers share."
                )
            time.sleep(0.05)
            os.scandir(path.parent).close()  # opening a folder makes a network file system look again


def train_there(engine: Engine, task: Task, root: Path) -> Done:
    """Trains a task on a worker, with the worker's own engine, and publishes in the store at `root`.

    Raises:
        PipelineError: if the worker's engine is not `engine`, since its results would get a wrong key, or if the worker does not
            see the store.
    """
    from distributed import get_worker

    here, train = _loaded(engine.name, engine.device)
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
def _loaded(name: Name, device: Device) -> tuple[Engine, Train]:
    """The engine of a worker and its training function, made once: loaded code stays the same when files change."""
    engine = engines.engine(device, name=name)
    return engine, engines.trainer(engine)
