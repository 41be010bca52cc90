"""Training on a cluster: the same results as here, and clear words where it cannot be."""

import pytest

from report import engines
from report.cluster import Cluster, train_there
from report.errors import PipelineError
from report.execute import Threads, tasks_of
from report.plan import plan_sweep
from report.shard_file import run_digests
from report.store import Store
from tests.report.workbench import KERNEL, arrays_of, runs, shard


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None, threads_per_worker=1) as cluster:
        yield cluster.scheduler_address


def tasks(folder, engine):
    planned = [plan_sweep(Store(folder), f"smoke/tiny/{steps}", runs(1, steps=steps), engine) for steps in (10, 20)]
    return tasks_of(planned, "smoke")


def test_a_cluster_gives_the_bits_that_this_machine_gives(scheduler, tmp_path):
    kernel = engines.engine("cpu")
    wanted = tasks(tmp_path, kernel)
    there = {done.task: run_digests(done.arrays) for done in Cluster(scheduler, kernel).run(wanted)}
    here = {done.task: run_digests(done.arrays) for done in Threads(engines.trainer(kernel), 1).run(wanted)}
    assert there == here and len(here) == 2


def test_a_worker_with_other_code_is_refused(scheduler, tmp_path):
    with pytest.raises(PipelineError, match=r"a worker of the cluster has another engine: .* that of this build cccccccccccc"):
        list(Cluster(scheduler, KERNEL).run(tasks(tmp_path, KERNEL)))


def test_a_worker_trains_with_the_engine_it_was_sent(monkeypatch):
    monkeypatch.setattr(engines, "engine", lambda device: KERNEL)
    monkeypatch.setattr(engines, "trainer", lambda engine: arrays_of)
    arrays, seconds = train_there(KERNEL, shard().runs, ())
    assert run_digests(arrays) == run_digests(arrays_of(shard().runs)) and seconds >= 0


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://there"])
def test_a_scheduler_that_does_not_answer_is_named(address, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("report.cluster.PATIENCE", "0.5s")
    with pytest.raises(PipelineError, match=rf"CLUSTER is the address of a Dask scheduler, .* got '{address}', and none answers"):
        list(Cluster(address, KERNEL).run(tasks(tmp_path, KERNEL)))


def test_without_dask_the_way_to_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(PipelineError, match=r"CLUSTER needs Dask, and it is not installed. Run: pip install"):
        list(Cluster("tcp://127.0.0.1:9", KERNEL).run([]))
