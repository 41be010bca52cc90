"""Training on a cluster: real schedulers and workers, the same results as on this machine, and clear errors."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from report import ROOT, cluster, engines, execute
from report.cluster import Cluster
from report.errors import PipelineError, TaskError
from report.execute import Threads, tasks_of, train_missing
from report.plan import plan_sweep
from report.store.artifacts import Store
from report.store.timings import Timings
from tests.report.workbench import KERNEL, runs

LONG = 10_000
"""Steps of a run that takes a few tenths of a second."""


@pytest.fixture(autouse=True)
def _a_run_a_shard(monkeypatch):
    monkeypatch.setattr("report.store.shards.SHARD_MICROSECONDS", 1)


def tasks(store, engine, seeds=1, steps=10):
    return tasks_of([plan_sweep(store, "smoke/tiny/models", runs(seeds, steps=steps), engine)], "smoke")


def opened(folder):
    """A store after the check that it is writable, as before every training."""
    store = Store(folder)
    store.probe()
    return store


def until(condition, what, seconds=60):
    """Waits for `condition()` to be true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not come in {seconds} s"
        time.sleep(0.02)
    return answer


def tasks_of_scheduler(client):
    return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


class Site:
    """A scheduler on loopback and its workers, each a process, as on a cluster."""

    def __init__(self, folder, **variables):
        pytest.importorskip("distributed", reason="Dask is not installed")
        self.folder, self.variables, self.processes = folder, variables, []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(folder / "scheduler.json"))
        self.address = until(self._address, "the scheduler")

    def _address(self):
        try:
            return json.loads((self.folder / "scheduler.json").read_text())["address"]
        except (OSError, ValueError):
            return None

    def _start(self, kind, *options, folder=ROOT):
        variables = os.environ | {"PYTHONPATH": str(ROOT)} | self.variables
        command = [sys.executable, "-m", "dask", kind, *options, "--no-dashboard"]
        with open(self.folder / f"{len(self.processes)}.log", "w") as log:
            process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def worker(self, name, folder=ROOT):
        """Starts a worker of one thread."""
        options = (self.address, "--name", name, "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        return self._start("worker", *options, folder=folder)

    def cluster(self, engine=None):
        return Cluster(self.address, engine or engines.engine("cpu"))

    def client(self):
        from distributed import Client

        return Client(self.address, set_as_default=False)

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A scheduler with one worker."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.worker("one")
    yield site
    site.close()


@pytest.fixture
def lonely(tmp_path):
    """A scheduler without workers, which gives up a task as soon as one worker dies of it."""
    site = Site(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    yield site
    site.close()


def shards(folder):
    """The files of a store's shards, and the lines of its index."""
    files = {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}
    return files, sorted((folder / "index.jsonl").read_text().splitlines())


def train(folder, executor, **changes):
    store = Store(folder)
    train_missing(store, Timings(folder / "timings.json"), tasks(store, engines.engine("cpu"), **changes), executor)


def test_when_a_worker_is_killed_no_result_is_lost_and_all_are_those_of_this_machine(site, tmp_path):
    kernel = engines.engine("cpu")
    train(tmp_path / "here", Threads(engines.trainer(kernel), 1), seeds=8, steps=LONG)
    victim = site.worker("two")
    store = opened(tmp_path / "there")
    work = tasks(store, kernel, seeds=8, steps=LONG)
    with site.client() as client:
        client.wait_for_workers(2, timeout=60)
        (address,) = [a for a, w in client.scheduler_info(n_workers=-1)["workers"].items() if w["name"] == "two"]
        ended = site.cluster().run(store, work)
        done = [next(ended)]
        until(lambda: client.processing()[address], "a task for the worker")
        victim.kill()
        done += ended
        assert address not in client.scheduler_info(n_workers=-1)["workers"]
    entries = [entry for one in done for entry in one.entries]
    assert sorted(entry.key for entry in entries) == sorted(task.shards[0].key for task in work) and len(entries) == 16
    for entry in entries:
        store.add(entry)
    assert shards(tmp_path / "there") == shards(tmp_path / "here")
    assert not plan_sweep(Store(store.root), "smoke/tiny/models", runs(8, steps=LONG), kernel, thorough=True).reasons


def test_a_build_on_a_cluster_leaves_the_same_store_as_a_build_here(site, tmp_path):
    train(tmp_path / "here", Threads(engines.trainer(engines.engine("cpu")), 1))
    train(tmp_path / "there", site.cluster())
    assert shards(tmp_path / "there") == shards(tmp_path / "here")
    seconds = json.loads((tmp_path / "there" / "timings.json").read_text())["shard"]
    assert len(seconds) == 2 and all(value > 0 for value in seconds.values())


def test_workers_answer_with_keys_and_no_arrays(site, tmp_path):
    from distributed.protocol import serialize

    store = opened(tmp_path)
    for done in site.cluster().run(store, tasks(store, engines.engine("cpu"))):
        assert type(done) is execute.Done and {type(entry).__name__ for entry in done.entries} == {"Entry"}
        assert sum(map(len, serialize(done)[1])) < 2000


def test_tasks_are_handed_out_a_few_at_a_time(site, tmp_path, monkeypatch):
    monkeypatch.setattr("report.cluster.AT_ONCE", 2)
    store = opened(tmp_path)
    waiting = iter(tasks(store, engines.engine("cpu"), seeds=4))
    ended = site.cluster().run(store, waiting)
    next(ended)
    rest = list(waiting)
    assert len(rest) in (8 - 2 - 1, 8 - 2 - 2), "two, and one for each that ended"
    assert 1 + len(list(ended)) == 8 - len(rest)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://host:8786", False),
        ("tcp://host:8786", True),
        ("tcp://10.0.0.4:8786", True),
        ("tcp://[fe80::1]:8786", True),
        ("host:8786", True),
        ("ws://host:8786", True),
        ("127.0.0.1:8786", False),
        ("tcp://localhost", False),
        ("wss://host:8786", False),
    ],
)
def test_a_scheduler_that_others_reach_without_tls_is_known(address, is_open):
    assert cluster.open_to_others(address) == is_open


def test_a_worker_with_other_code_refuses(site, tmp_path):
    store = opened(tmp_path)
    words = (
        r"the cluster's worker at tcp://127\S+ has another engine: its code is \w{12} self-check \w{16}, that of this build "
        r"cccccccccccc . Install the same version of the project there and start it again"
    )
    with pytest.raises(PipelineError, match=words):
        list(site.cluster(KERNEL).run(store, tasks(store, KERNEL)))
    assert not store.sizes


@pytest.mark.skipif(not os.path.exists("/proc/self/cwd"), reason="needs a path that is another folder in each process")
@pytest.mark.parametrize(
    ("its_own", "words"),
    [
        (
            False,
            r"worker at \S+ does not see the store /proc/self/cwd/store. Pass STORE=a folder that this machine and all workers",
        ),
        (
            True,
            r"a worker of the cluster published /proc/self/cwd/store/shards/\w+.safetensors, which does not exist here: the "
            r"worker has its own folder under this name. Pass STORE=a folder that this machine and all workers share",
        ),
    ],
)
def test_a_worker_without_this_store_is_found_out(lonely, tmp_path, monkeypatch, its_own, words):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
    if its_own:
        opened(tmp_path / "there" / "store")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("report.cluster.PATIENCE", 1.0)
    lonely.worker("other", tmp_path / "there")
    store = Store(type(tmp_path)("/proc/self/cwd/store"))
    store.probe()
    with pytest.raises(PipelineError, match=words):
        list(lonely.cluster().run(store, tasks(store, engines.engine("cpu"))))


def test_a_store_that_workers_cannot_write_is_named_and_no_task_stays_behind(site, tmp_path):
    store = opened(tmp_path)
    work = tasks(store, engines.engine("cpu"), seeds=8, steps=LONG)
    store.path(work[0].shards[0].key).mkdir()
    with site.client() as client:
        with pytest.raises(PipelineError, match=r"cannot write \S+safetensors: Is a directory. Finished work is kept"):
            list(site.cluster().run(store, work))
        until(lambda: tasks_of_scheduler(client) == 0, "an empty scheduler")
    assert len(Store(tmp_path).sizes) < 16


def test_tasks_that_fail_by_themselves_are_named_and_the_others_are_trained(site, tmp_path, monkeypatch):
    store, answer, answers = opened(tmp_path), Cluster._answer, []

    def some_fail(self, future):
        answers.append(answer(self, future))
        if len(answers) in (1, 3):
            raise TaskError(f"{len(answers)} cannot be trained: memory ran out")
        return answers[-1]

    monkeypatch.setattr(Cluster, "_answer", some_fail)
    work, done = tasks(store, engines.engine("cpu"), seeds=3), []
    with pytest.raises(TaskError, match=r"^1 cannot be trained: memory ran out\n3 cannot be trained: memory ran out$"):
        for each in site.cluster().run(store, work):
            done.append(each)  # what came before the error counts
    assert len(done) == len(work) - 2 > 2


def test_an_unexpected_error_is_reported_in_one_line(site, tmp_path):
    words = (
        r"the cluster cannot run a task of this build \(AttributeError: .*shards.*\). Scheduler and workers need the "
        r"version of the project that runs this build"
    )
    with pytest.raises(PipelineError, match=words):
        list(site.cluster().run(opened(tmp_path), [None]))


def test_the_first_worker_is_awaited_and_a_task_that_kills_workers_is_given_up(lonely, tmp_path, capsys, monkeypatch):
    """Also when the worker takes results with it that were not fetched yet."""
    monkeypatch.setattr("report.cluster.PATIENCE", 1.0)
    store, results = opened(tmp_path / "store"), []
    ended = lonely.cluster().run(store, tasks(store, engines.engine("cpu"), seeds=8, steps=LONG))
    first = threading.Thread(target=lambda: results.append(next(ended)))
    first.start()
    until(lambda: f"The scheduler at {lonely.address} has no worker yet" in capsys.readouterr().err, "the notice")
    worker = lonely.worker("late")
    first.join(60)
    assert len(results) == 1
    with lonely.client() as client:
        until(lambda: client.run_on_scheduler(_states) >= {"memory", "processing"}, "a result and a task for the worker")
        worker.kill()
        until(lambda: not client.nthreads(), "the loss of the worker")
    with pytest.raises(PipelineError, match=r"gave up a task after 1 of its workers died, the last at tcp://127\S+; most"):
        list(ended)


def _states(dask_scheduler):
    return {task.state for task in dask_scheduler.tasks.values()}


def test_a_result_that_died_with_its_worker_is_trained_again_by_the_next(lonely, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("report.cluster.PATIENCE", 1.0)
    worker, store = lonely.worker("one"), opened(tmp_path / "store")
    work = tasks(store, engines.engine("cpu"), seeds=2, steps=LONG)
    ended = lonely.cluster().run(store, work)
    done = [next(ended)]
    with lonely.client() as client:
        until(lambda: client.run_on_scheduler(_states) == {"memory"}, "all results")
        worker.kill()
        until(lambda: not client.nthreads(), "the loss of the worker")
        rest = threading.Thread(target=lambda: done.extend(ended))
        rest.start()
        until(lambda: f"The scheduler at {lonely.address} has no worker any more" in capsys.readouterr().err, "the notice")
        lonely.worker("two")
        rest.join(60)
    assert sorted(entry.key for one in done for entry in one.entries) == sorted(task.shards[0].key for task in work)


def test_a_scheduler_that_goes_away_is_named(lonely, tmp_path):
    import dask

    store = opened(tmp_path / "store")
    lonely.worker("one")
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        ended = lonely.cluster().run(store, tasks(store, engines.engine("cpu"), seeds=8, steps=LONG))
        next(ended)
        lonely.processes[0].kill()
        with pytest.raises(PipelineError, match=rf"the Dask scheduler at {lonely.address} went away. Finished work is kept"):
            list(ended)


PROGRAM = """
import signal, sys
from pathlib import Path
from report.store import shards
from report.errors import Interrupted
from tests.report.test_cluster import Cluster, LONG, engines, train
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background of a shell inherit an ignored SIGINT
shards.SHARD_MICROSECONDS = 1
try:
    train(Path(sys.argv[1]), Cluster(sys.argv[2], engines.engine("cpu")), seeds=50, steps=LONG)
except Interrupted as problem:
    sys.exit(str(problem))
"""


def test_ctrl_c_leaves_no_task_behind(site, tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), site.address]
    with site.client() as client, subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            until((tmp_path / "index.jsonl").exists, "the first shard")
            assert tasks_of_scheduler(client) > 0
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
        assert "of 100 shards are trained and stored. Run the same command again to go on." in err
        assert "Traceback" not in err, err
        until(lambda: tasks_of_scheduler(client) == 0, "an empty scheduler")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://there"])
def test_a_scheduler_that_does_not_answer_is_named(address, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("report.cluster.PATIENCE", 0.5)
    with pytest.raises(PipelineError, match=rf"CLUSTER is the address of a Dask scheduler, .* got '{address}', and none answers"):
        list(Cluster(address, KERNEL).run(Store(tmp_path), []))


def test_without_dask_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PipelineError, match=r"CLUSTER needs Dask, and it is not installed. Run: pip install"):
        list(Cluster("tcp://127.0.0.1:9", KERNEL).run(Store(tmp_path), []))
