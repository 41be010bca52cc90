"""The torch engine as a GPU would run it, watched on the CPU: one device, one recording, blocks that fit."""

import contextlib
import dataclasses
import gc
import sys

import numpy as np
import pytest
import torch

from sup.features import Anticorrelated, Correlated, Independent
from sup.sampling import Sampler
from sup.specs import CONSTANT, LINEAR_DECAY, Recipe, Run
from sup.sweeps import shape_of, vary
from sup.training import torch_device, train
from sup.training.torch_device import WARM_UP, CudaGraphs, Repeated, blocks, bytes_of, full_float32, graphs_of, usable_bytes
from sup.training.torch_engine import Training, train_block, train_torch
from sup.training.torch_update import schedule_factors
from tests.training.modes import FakeGraphs, OnlyOn, Operations, Peak, places, tensors
from tests.training.runs import CASES, task, tiny

SETTINGS = (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)


@pytest.fixture(autouse=True)
def short_losses(monkeypatch):
    """Losses are measured on two batches here, not on 64."""
    monkeypatch.setattr("sup.training.torch_engine.EVAL_SAMPLES", 2 * torch_device.EVAL_BATCH)


def several(run, **changes):
    """Runs that differ in their seeds and in their recipes."""
    recipes = enumerate((0.01, 0.003, 0.02))
    return [vary(run, seed=seed, learning_rate=rate, beta1=1 - 10 * rate, **changes) for seed, rate in recipes]


def same(left, right):
    assert left.keys() == right.keys()
    return all(np.array_equal(left[name], right[name]) for name in left)


def move(holder, name, tensor):
    if isinstance(holder, dict):
        holder[name] = tensor
    else:
        setattr(holder, name, tensor)


@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_a_step_and_a_loss_stay_on_their_device(run):
    state = Training(several(run), "meta")
    with OnlyOn("meta"):
        state.step()
        loss = state.final_losses()
    assert loss.dtype == torch.float64 and loss.shape == (3,)
    assert {tensor.device.type for _, _, tensor in places(state)} == {"meta"}


@pytest.mark.parametrize("kind", ["independent", "correlated", "anticorrelated", "options"])
def test_any_tensor_left_behind_is_found(kind):
    """Each tensor of the state in turn is put on the CPU; torch alone accepts some of them, such as `keep` and `set_of`."""
    run = CASES[f"absolute-{kind}"]
    names = [name for _, name, _ in places(Training([run], "meta"))]
    assert {"W1", "W2", "b", "importance", "keys", "thresholds", "knots", "powers", "done", "epsilon"} <= set(names)
    for index, name in enumerate(names):
        state = Training([run], "meta")
        holder, key, tensor = list(places(state))[index]
        assert key == name
        move(holder, name, torch.zeros_like(tensor, device="cpu"))
        with pytest.raises((AssertionError, RuntimeError), match=r"device|meta"), OnlyOn("meta"):
            state.step()
            state.final_losses()


def test_a_lone_number_on_the_cpu_is_found():
    on_cpu, on_meta = torch.tensor(2.0), torch.ones(3, device="meta")
    assert (on_cpu * on_meta).device.type == "meta", "torch accepts it"
    with pytest.raises(AssertionError, match=r"aten.mul.Tensor meets a tensor on cpu, not on meta"), OnlyOn("meta"):
        on_cpu * on_meta


@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_a_recorded_step_trains_the_same_bits(run):
    runs, graphs = several(run, steps=12), FakeGraphs()
    assert same(train_block(runs, (0, 1, 7), "cpu", graphs), train_block(runs, (0, 1, 7), "cpu", None))
    assert (graphs.warm, graphs.recordings, graphs.replays) == (WARM_UP, 1, 12 - WARM_UP)


def test_a_recording_of_a_step_that_counts_in_python_trains_other_bits(monkeypatch):
    """The test above can fail: here the recording freezes the number of the draw at that of the recorded step."""
    runs, plain = several(tiny()), Training.step

    def counts_in_python(self):
        self.taken = getattr(self, "taken", 0)
        held, self.done = self.done, torch.tensor([self.taken])
        plain(self)
        self.done, self.taken = held, self.taken + 1

    expected = train_block(runs, (), "cpu", None)
    monkeypatch.setattr(Training, "step", counts_in_python)
    assert same(train_block(runs, (), "cpu", None), expected)
    assert not same(train_block(runs, (), "cpu", FakeGraphs()), expected)


def test_without_a_recording_training_goes_on_and_says_so():
    class Failing(FakeGraphs):
        def record(self, step):
            super().record(step)
            raise RuntimeError("operation not permitted when stream is capturing")

    runs, graphs = several(tiny()), Failing()
    with pytest.warns(RuntimeWarning, match=r"not be recorded as a CUDA graph \(operation not permitted.* to the same results"):
        result = train_block(runs, (5,), "cpu", graphs)
    assert same(result, train_block(runs, (5,), "cpu", None))
    assert (graphs.recordings, graphs.replays) == (1, 0), "it tries once"


def test_other_errors_are_not_taken_for_a_missing_graph():
    class Wrong(FakeGraphs):
        def record(self, step):
            raise TypeError("a programming error")

    with pytest.raises(TypeError, match="a programming error"):
        Repeated(Training([tiny()], "cpu").step, Wrong())(WARM_UP + 1)


class FakeCuda:
    """Replaces torch.cuda: records the calls, and makes a stream the current one while it is entered."""

    def __init__(self, fails=False):
        self.calls, self.current, self.fails = [], "default", fails

    def install(self, monkeypatch):
        for name in ("Stream", "stream", "current_stream", "device", "CUDAGraph", "graph"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def Stream(self, device):
        return FakeStream(self, f"side of {device}")

    def current_stream(self):
        return FakeStream(self, self.current)

    @contextlib.contextmanager
    def stream(self, stream):
        before, self.current = self.current, stream.name
        try:
            yield
        finally:
            self.current = before

    @contextlib.contextmanager
    def device(self, device):
        yield

    def CUDAGraph(self):
        return self

    @contextlib.contextmanager
    def graph(self, graph):
        self.calls.append("capture")
        self.current = "capturing"
        yield
        if self.fails:  # torch then leaves its own stream in place
            raise RuntimeError("capture failed")
        self.current = "default"

    def replay(self):
        self.calls.append("replay")


class FakeStream:
    def __init__(self, cuda, name):
        self.cuda, self.name = cuda, name

    def wait_stream(self, other):
        self.cuda.calls.append(f"{self.name} waits for {other.name}")


def test_cuda_warms_up_aside_and_then_replays(monkeypatch):
    cuda = FakeCuda()
    cuda.install(monkeypatch)
    graphs = graphs_of("cuda:1")
    assert isinstance(graphs, CudaGraphs) and graphs_of("cpu") is None
    Repeated(lambda: cuda.calls.append(f"step on {cuda.current}"), graphs)(5)
    warm = ["side of cuda:1 waits for default", "step on side of cuda:1", "default waits for side of cuda:1"]
    assert cuda.calls == [*warm * WARM_UP, "capture", "step on capturing", "replay", "replay"]


def test_a_failed_capture_leaves_the_stream_as_it_was(monkeypatch):
    cuda = FakeCuda(fails=True)
    cuda.install(monkeypatch)
    advance = Repeated(lambda: cuda.calls.append(f"step on {cuda.current}"), CudaGraphs("cuda"))
    with pytest.warns(RuntimeWarning, match="capture failed"):
        advance(6)
    assert cuda.calls[3 * WARM_UP :] == ["capture", "step on capturing", *["step on default"] * 3]


def test_cuda_is_asked_for_graphs_and_memory(monkeypatch):
    """`train_torch` on a simulated GPU, up to the first tensor on it."""
    calls, cuda = [], FakeCuda()
    cuda.install(monkeypatch)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append("empty"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: calls.append(device) or (5 * bytes_of(tiny()), 10**12))

    def train_no_block(runs, snapshots, device, graphs):
        calls.append((len(runs), device, type(graphs)))
        return {"W": np.zeros((len(runs), 1))}

    monkeypatch.setattr("sup.training.torch_engine.train_block", train_no_block)
    assert train([vary(tiny(), seed=seed) for seed in range(7)], engine="torch", device="cuda")["W"].shape == (7, 1)
    assert calls == ["empty", "cuda", (4, "cuda", CudaGraphs), (3, "cuda", CudaGraphs)]


@pytest.fixture
def no_collector():
    """No garbage collection, which runs at any time with callbacks of other libraries: its calls are not a step's."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_no_python_code_of_a_step_loops_over_runs():
    """A step of sixty runs is the same operations and the same calls of functions as a step of two."""
    records = []
    for count in (2, 60):
        state, calls = Training([vary(tiny(), seed=seed) for seed in range(count)], "cpu"), []
        state.step()
        sys.setprofile(lambda frame, event, argument, calls=calls: calls.append((event, frame.f_code.co_name)))
        state.step()
        sys.setprofile(None)
        with Operations() as operations:
            state.step()
        records.append((calls, operations.names))
    assert records[0] == records[1] and len(records[0][1]) > 50


SHAPES = [
    Run(model=model, n_features=n, n_hidden=m, distribution=features(n), recipe=Recipe(batch=batch))
    for model in ("linear", "relu-hidden", "absolute")
    for n, m, batch in ((20, 5, 1024), (8, 64, 1024), (200, 200, 64))
    for features in (
        lambda n: Independent(density=0.1),
        lambda n: Correlated(sizes=(1,) * n, density=0.1),
        lambda n: Anticorrelated(sizes=(n // 2, n - n // 2), density=0.1),
    )
]
SHAPES += [
    vary(run, **options)
    for run in SHAPES
    if run.model != "linear"
    for options in (
        {"activation": "quadratic"},
        {"l1": 0.1},
        {"activation": "gelu", "l1": 0.1, "attack": 0.1, "unit_norm": True},
        {"activation": "gelu", "l1": 0.1, "attack": 0.1, "unit_norm": True, "dataset": 0},
    )
]


@pytest.mark.parametrize("run", SHAPES, ids=lambda run: "-".join(map(str, dataclasses.astuple(shape_of(run)))))
def test_the_formula_of_memory_bounds_what_a_step_and_a_loss_take(run):
    state, took = Training([run, vary(run, seed=1)], "meta"), 0
    for part in (state.step, state.final_losses):
        with Peak() as peak:
            part()
        took += peak.bytes
    assert 0.3 < took / (2 * bytes_of(run)) < 1


def test_blocks_are_powers_of_two_that_fit_and_hold_every_run_once():
    runs = [vary(tiny(), seed=seed) for seed in range(11)]
    each = bytes_of(runs[0])
    for available, sizes in ((0, [1] * 11), (each * 3, [2] * 5 + [1]), (each * 7.9, [4, 4, 3]), (each * 1000, [11])):
        cut = list(blocks(runs, int(available)))
        assert [len(block) for block in cut] == sizes
        assert [run for block in cut for run in block] == runs
    assert usable_bytes("cpu") == torch_device.CPU_BYTES


@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_any_cut_trains_the_same_models(run, monkeypatch):
    """Up to rounding: torch may add up in another order beside other runs."""
    runs = several(run, steps=12)
    whole = train_torch(runs, (0, 5))
    for count in (1, 2):
        monkeypatch.setattr("sup.training.torch_engine.usable_bytes", lambda device, count=count: count * bytes_of(run))
        cut = train_torch(runs, (0, 5))
        assert cut.keys() == whole.keys()
        for name in whole:
            assert cut[name].dtype == whole[name].dtype
            np.testing.assert_allclose(cut[name], whole[name], rtol=0, atol=2e-5)


def test_the_final_loss_does_not_depend_on_the_cut(monkeypatch):
    runs = [vary(tiny(), seed=seed, steps=1) for seed in range(3)]
    whole = train_torch(runs)["final_loss"]
    monkeypatch.setattr("sup.training.torch_engine.usable_bytes", lambda device: 0)
    np.testing.assert_allclose(train_torch(runs)["final_loss"], whole, rtol=1e-6)


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_matrices_are_multiplied_in_full_precision_and_the_setting_comes_back(precision, monkeypatch):
    runs = several(tiny(n=20, m=5))
    expected, inside = train_torch(runs), []
    plain = Training.step

    def watched(self):
        inside.append([setting.fp32_precision for setting in SETTINGS])
        plain(self)

    monkeypatch.setattr(Training, "step", watched)
    torch.set_float32_matmul_precision(precision)
    before = [setting.fp32_precision for setting in SETTINGS]
    try:
        assert same(train_torch(runs), expected)
        assert torch.get_float32_matmul_precision() == precision
        assert [setting.fp32_precision for setting in SETTINGS] == before
    finally:
        torch.set_float32_matmul_precision("highest")
    assert inside == [["ieee", "ieee"]] * 12


def test_the_setting_comes_back_after_an_error():
    before = [setting.fp32_precision for setting in SETTINGS]
    with pytest.raises(KeyError), full_float32():
        raise KeyError
    assert [setting.fp32_precision for setting in SETTINGS] == before


def test_every_float_of_the_state_has_the_type_of_the_policy():
    state = Training(several(tiny()), "cpu")
    doubles = {name for _, name, tensor in places(state) if tensor.dtype == torch.float64}
    assert doubles == {"knots", "learning_rate", "weight_decay", "betas", "powers"}
    assert {gradient.dtype for gradient in tensors(state.gradients())} == {torch.float32}


def test_schedules_of_any_number_of_knots_go_side_by_side():
    from sup.training.recipes import pack_recipe

    bent = ((0.0, 0.1), (0.3, 1.0), (1.0, 0.0))
    _, knots = pack_recipe([task(schedule=schedule) for schedule in (CONSTANT, LINEAR_DECAY, bent)])
    for share in (0.0, 0.15, 0.3, 0.65, 1.0):
        expected = [1.0, 1 - share, np.interp(share, *zip(*bent, strict=True))]
        factors = schedule_factors(torch.from_numpy(knots), torch.tensor([share], dtype=torch.float64))
        np.testing.assert_allclose(factors, expected, rtol=0, atol=1e-15)


def test_a_step_on_the_device_draws_what_its_number_draws():
    sampler = Sampler(several(tiny()), "train")
    assert torch.equal(sampler.draw(torch.tensor([7]), 128), sampler.draw(7, 128))
    assert not torch.equal(sampler.draw(torch.tensor([8]), 128), sampler.draw(7, 128))
