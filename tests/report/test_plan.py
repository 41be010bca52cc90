"""Plans: what is missing, why, and how long planning takes."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.base import Size
from report import ROOT
from report.engines import Engine
from report.errors import PipelineError
from report.plan import decide, plan_sweep
from report.profiles import Profile
from report.reasons import Reason, describe
from report.store.artifacts import Store
from report.store.shards import SHARD_MICROSECONDS, cut, run_cost
from sup.features import Independent
from sup.specs import Recipe, Run, geometric
from sup.sweeps import Sweep, sweep
from tests.report.workbench import KERNEL, arrays_of, runs, shop

LABEL = "smoke/tiny/models"


def stored(folder, needs, engine=KERNEL, label=LABEL):
    """A reopened store that holds the sweep."""
    store = Store(folder)
    for shard in cut(needs, engine):
        store.write(shard, arrays_of(shard.runs, shard.snapshots), label)
    return Store(folder)


def why(store, needs, engine=KERNEL, **options):
    """The reasons for a sweep's missing shards, by position."""
    return plan_sweep(store, LABEL, needs, engine, **options).reasons


def test_nothing_is_missing_from_a_store_that_holds_everything(tmp_path):
    store = stored(tmp_path, runs())
    planned = plan_sweep(store, LABEL, runs(), KERNEL)
    assert not planned.reasons and not planned.missing and planned.content


def test_what_was_never_made_is_absent(tmp_path):
    assert why(Store(tmp_path), runs()) == {0: Reason("absent", LABEL)}


def test_what_was_removed_is_absent(tmp_path):
    store = stored(tmp_path, runs())
    (path,) = store.shards.iterdir()
    path.unlink()
    assert why(store, runs()) == {0: Reason("absent", LABEL)}


def test_other_runs_are_a_change_of_spec(tmp_path):
    store = stored(tmp_path, runs(3))
    (was,), (now,) = cut(runs(3), KERNEL), cut(runs(4), KERNEL)
    assert why(store, runs(4)) == {0: Reason("spec", LABEL, was.spec_digest, now.spec_digest)}
    assert why(store, runs(3, snapshots=(0,)))[0].kind == "spec"


def test_another_engine_code_is_a_change_of_code(tmp_path):
    store = stored(tmp_path, runs())
    new = replace(KERNEL, code="d" * 64)
    assert why(store, runs(), new) == {0: Reason("code", "sup.training.kernel", "c" * 64, "d" * 64)}


def test_another_library_or_device_is_a_change_of_environment(tmp_path):
    torch = Engine(name="torch", device="cuda", code="e" * 64, environment="torch 2.13.0 cuda")
    store = stored(tmp_path, runs(), torch)
    new = replace(torch, environment="torch 2.14.0 cuda")
    assert why(store, runs(), new) == {0: Reason("environment", "torch", torch.environment, new.environment)}


def test_another_engine_finds_nothing_of_its_own(tmp_path):
    torch = Engine(name="torch", device="cuda", code="e" * 64, environment="torch 2.13.0 cuda")
    assert why(stored(tmp_path, runs()), runs(), torch)[0].kind == "spec"


def test_damage_is_a_reason(tmp_path):
    store = stored(tmp_path, runs())
    (path,) = store.shards.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert why(store, runs()) == {0: Reason("corrupt", f"{path.name[:12]}.safetensors")}


def test_a_build_compares_bytes_and_a_plan_does_not(tmp_path):
    store = stored(tmp_path, runs())
    (path,) = store.shards.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert why(store, runs()) == {}
    assert why(Store(tmp_path), runs(), thorough=True)[0].kind == "corrupt"


def test_everything_is_missing_when_it_is_forced(tmp_path):
    assert why(stored(tmp_path, runs()), runs(), forced=True) == {0: Reason("forced", LABEL)}


def test_decide_gives_an_entry_or_a_reason(tmp_path):
    store = stored(tmp_path, runs())
    (one,), (other,) = cut(runs(), KERNEL), cut(runs(first=50), KERNEL)
    assert decide(store, one, LABEL) == store.find(one, LABEL)
    assert isinstance(decide(store, other, LABEL), Reason)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("absent", "smoke/intro/models"), "absent: smoke/intro/models"),
        (
            Reason("code", "sup.training.kernel", "a" * 64, "b" * 64),
            "code: sup.training.kernel was aaaaaaaaaaaa, is bbbbbbbbbbbb",
        ),
        (
            Reason("environment", "torch", "torch 2.13.0 cuda", "torch 2.14.0 cuda"),
            "environment: torch was torch 2.13.0 cuda, is torch 2.14.0 cuda",
        ),
    ],
)
def test_reasons_in_words(reason, text):
    assert describe(reason) == text


def shape(n, m, steps=10_000):
    return Run(model="relu-output", n_features=n, n_hidden=m, distribution=Independent(density=0.1), recipe=Recipe(steps=steps))


@given(
    n=st.integers(1, 100), m=st.integers(1, 40), steps=st.integers(1, 50_000), count=st.integers(1, 300), more=st.integers(0, 100)
)
def test_shards_partition_a_sweep_are_small_and_stay_when_seeds_are_added(n, m, steps, count, more):
    base = shape(n, m, steps)
    few, many = (sweep(base, seed=range(k)) for k in (count, count + more))
    shards, longer = list(cut(few, KERNEL)), list(cut(many, KERNEL))
    assert tuple(run for one in shards for run in one.runs) == few.runs
    assert all(one.cost <= SHARD_MICROSECONDS or len(one.runs) == 1 for one in shards)
    assert [one.part for one in shards] == list(range(len(shards)))
    kept = len(shards) - 1
    assert [one.key for one in longer[:kept]] == [one.key for one in shards[:kept]]


@pytest.mark.parametrize(("n", "m", "microseconds"), [(5, 2, 5), (20, 5, 23), (80, 20, 275), (400, 30, 2000)])
def test_the_cost_of_a_run_is_about_what_the_kernel_takes(n, m, microseconds):
    assert run_cost(shape(n, m, 1000)) == pytest.approx(1000 * microseconds, rel=0.1)


def test_a_shard_of_a_whole_sweep_has_the_digest_of_the_sweep():
    needs = runs(3, snapshots=(0, 10))
    (only,) = cut(needs, KERNEL)
    assert only.spec_digest == needs.spec_digest


def test_a_figure_that_trains_needs_a_size(tmp_path):
    small = shop(tmp_path)
    small.profile = Profile(name="smoke", decides=False)
    with pytest.raises(
        PipelineError, match=r"profile smoke: figure tiny trains models and has no size there\. Add tiny: \{steps"
    ):
        small.plan()
    small.profile = Profile(name="smoke", decides=False, sizes={"tiny": Size(steps=10, seeds=1)})
    assert small.plan()[0].reason == Reason("input", "tiny/models")


def many_runs():
    """10,000 runs of three shapes, each with its own importances, as a large figure would ask for."""
    for n, m in ((5, 2), (20, 5), (80, 20)):
        base = replace(shape(n, m, 10_000 if n < 80 else 100), importance=geometric(0.9, n))
        yield sweep(base, density=tuple(0.9**k for k in range(34)), seed=range(100))


def test_ten_thousand_runs_are_planned_in_under_a_second(tmp_path):
    sweeps: list[Sweep] = list(many_runs())
    assert sum(len(one.runs) for one in sweeps) > 10_000
    store = Store(tmp_path)
    for i, one in enumerate(sweeps[:2]):
        for part in cut(one, KERNEL):
            store.write(part, {"final_loss": arrays_of(part.runs)["final_loss"]}, f"laptop/big/{i}")
    best = min(timed(tmp_path) for _ in range(3))  # half a second; processor time, so that other tests do not count
    assert best < 1.0, f"the best of three plans took {best:.2f} s"


def timed(folder):
    """Seconds to make the specs, digest them and compare them with the store, with nothing cached."""
    from sup.canonical import spec_digest

    spec_digest.cache_clear()
    start = time.process_time()
    store = Store(folder)
    planned = [plan_sweep(store, f"laptop/big/{i}", one, KERNEL) for i, one in enumerate(many_runs())]
    seconds = time.process_time() - start
    assert not planned[0].reasons and not planned[1].reasons and len(planned[2].reasons) == len(planned[2].shards)
    return seconds


def test_a_plan_needs_no_torch_numba_matplotlib_or_site_generator(tmp_path):
    program = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'torch', 'numba', 'matplotlib', 'mkdocs', 'rich', 'scipy'}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from report.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, "plan", "--profile", "smoke", "--store", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "To train, about " in ran.stdout and "by rough rates, since none was measured here:" in ran.stdout
    assert "To draw" in ran.stdout
    assert not any(tmp_path.iterdir()), "a plan writes nothing"
