"""The benchmark compares the same models and counts what is computed. No test looks at a clock."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from report import engines
from report.pages import speed
from sup.models import forward, target, weighted_loss
from sup.training import train
from tests.benchmarks import __main__ as benchmark
from tests.benchmarks import clock, compilation, machine, measures
from tests.benchmarks.common_loop import CommonLoop
from tests.benchmarks.kernel_loop import KernelLoop, specs, spread
from tests.benchmarks.memory import megabytes
from tests.benchmarks.peak import CHAINS, FACTOR, TERM, UNROLLED, Peak


def parameters(loop):
    """The common loop's parameters as `sup.models` has them."""
    into, out = loop.w.detach().mT, loop.out.detach()
    return {"W1": into, "W2": out, "b": loop.b.detach()} if loop.model == "absolute" else {"W": into, "b": loop.b.detach()}


@pytest.mark.parametrize("model", ["relu-output", "relu-hidden", "absolute"])
def test_the_common_loop_trains_the_model_of_the_project(model):
    torch.manual_seed(1)
    loop = CommonLoop(model, 6, 3, 4, density=0.5, batch=256, lr=0.01)
    before = loop.loss(loop.sample()).item()
    loop.advance(100)
    x = loop.sample()
    mine, samples = parameters(loop), x.swapaxes(0, 1)
    expected = weighted_loss(forward(model, mine, samples), target(model, samples), torch.ones(4, 6))
    torch.testing.assert_close(loop.loss(x).detach(), expected.sum())
    assert loop.loss(x).item() < 0.9 * before


@pytest.mark.parametrize("model", ["relu-output", "absolute"])
def test_both_sides_draw_alike(model):
    """Share of active features and the range of their values; the share is off by five sigma less than once in a million."""
    x = CommonLoop(model, 20, 2, 10, density=0.3).sample()
    (run,) = specs(model, 20, 2, 1, 0.3)
    active, count = x[x != 0], x.numel()
    assert abs(len(active) / count - run.distribution.density) < 5 * (0.3 * 0.7 / count) ** 0.5
    assert (active.min().item() < -0.99) == (run.distribution.low == -1.0) and active.max().item() > 0.99


@pytest.mark.parametrize("threads", [1, 2])
def test_the_kernel_trains_every_run_whatever_the_number_of_threads(threads):
    runs = specs("relu-output", 5, 2, 6, 0.1, steps=3)
    loop = KernelLoop(runs, threads)
    loop.advance(2)
    loop.advance(1)
    weights = [part.parameters()["W"] for part in loop.parts]
    parts = len(weights)
    assert parts == min(4 * threads, 6)
    expected = train(runs)["W"]
    assert all(np.array_equal(found, expected[i::parts]) for i, found in enumerate(weights))


def test_runs_are_spread_over_threads():
    assert spread(list, range(5), 2) == [[0, 2, 4], [1, 3]] and spread(list, range(1), 2) == [[0]]


def test_sides_take_turns_and_each_ratio_compares_one_turn():
    calls = []
    times = {"slow": iter([4.0, 9.0, 2.0]), "fast": iter([2.0, 3.0, 2.0])}

    def side(name):
        calls.append(name)
        return next(times[name])

    turns = clock.in_turn((lambda: side("slow"), lambda: side("fast")), 3)
    assert calls == ["slow", "fast"] * 3
    assert clock.compare(turns) == (4.0, 2.0, 2.0, 1.0, 3.0)


@pytest.fixture
def stand_ins(monkeypatch):
    """What was advanced, and by how much, if a step takes the common loop 60 s, JAX 12 s, and the kernel 2, 3 and 4 s."""
    calls, kernel = [], iter([2.0, 3.0, 4.0])
    taken = {"common": lambda: 60.0, "jax": lambda: 12.0, "kernel": lambda: next(kernel)}

    def loop(name):
        return lambda *given: SimpleNamespace(advance=lambda steps: calls.append((name, steps)))

    def seconds(advance, steps):
        advance(steps)
        return taken[calls[-1][0]]()

    monkeypatch.setattr(measures, "CommonLoop", loop("common"))
    monkeypatch.setattr(measures, "KernelLoop", loop("kernel"))
    monkeypatch.setattr(measures, "jax_loop", lambda: SimpleNamespace(JaxLoop=loop("jax"), CHUNK=8))
    monkeypatch.setattr(measures, "seconds", seconds)
    monkeypatch.setattr(measures, "steps_for", lambda advance, long=0.3: 5)
    return calls


def test_three_sides_take_turns_and_each_ratio_compares_one_turn(stand_ins):
    cell = measures.side_by_side(measures.Case("relu-output", 80, 20, 2), 0.01, 3)
    assert stand_ins == [("common", 5), ("jax", 8 * 5), ("kernel", 5)] * 3, "JAX in whole chunks"
    common = {"common": 30e6, "kernel": 1.5e6, "ratio": 20.0, "low": 15.0, "high": 30.0, "target": 8.0}
    jax = {"jax": 6e6, "jax_ratio": 4.0, "jax_low": 3.0, "jax_high": 6.0, "jax_target": 8.0}
    assert cell == {"density": 0.01} | common | jax


def test_without_jax_two_sides_take_turns_and_its_numbers_are_none(stand_ins, monkeypatch):
    monkeypatch.setattr(measures, "jax_loop", lambda: None)
    cell = measures.side_by_side(measures.Case("relu-output", 80, 20, 2), 0.1, 3)
    assert stand_ins == [("common", 5), ("kernel", 5)] * 3
    assert cell["ratio"] == 20.0 and [cell[key] for key in cell if key.startswith("jax")] == [None] * 5


def test_jax_may_be_missing(monkeypatch):
    monkeypatch.delitem(sys.modules, "tests.benchmarks.jax_loop", raising=False)
    monkeypatch.setitem(sys.modules, "jax", None)
    assert measures.jax_loop() is None and machine.version("no-such-library") is None


def test_every_shape_and_density_has_its_target():
    names = {(case.model, case.name): case for case in measures.CASES}
    assert len(names) == len(measures.CASES) == 9
    goals = {"5x2": [20] * 5, "20x5": [20] * 5, "80x20": [4, 4, 6, 6, 8], "100x40": [3, 3, 6, 6, 8], "400x30": [4, 4, 6, 6, 8]}
    for name, expected in goals.items():
        assert [names["relu-output", name].target(density) for density in measures.DENSITIES] == expected
    assert names["relu-hidden", "10x5"].target(0.01) == 20 and names["absolute", "100x40"].target(1.0) == 3
    for name, dense in {"5x2": None, "80x20": 4, "100x40": 3.3, "400x30": 7}.items():
        expected = [dense, None, None, None, dense and 2 * dense]
        assert [names["relu-output", name].jax_target(density) for density in measures.DENSITIES] == expected
    assert names["absolute", "100x40"].jax_target(1.0) == 3.3
    assert measures.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_the_peak_counts_what_it_computes():
    """Three turns of the loop, chain by chain in NumPy. Nothing is fused: that would round once instead of twice."""
    peak = Peak()
    ends = np.arange(1, CHAINS + 1, dtype=np.float32)
    for _ in range(3 * UNROLLED):
        ends = ends * np.float32(FACTOR) + np.float32(TERM)
    assert peak.call(3) == np.add.accumulate(ends)[-1]
    assert not re.search(r"\bv?fn?m(add|la)", peak.assembly)
    assert peak.flops(turns=10, tries=1) > 0


def test_memory_is_that_of_the_process_itself():
    """A process that is started by a large one counts its own memory, not its parent's."""
    hoard = np.ones(100_000_000)
    assert 50 < megabytes("relu-output", 5, 2, 2, 1) < hoard.nbytes / 1e6


def test_compilation_is_timed_for_every_shape_of_the_profile(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(engines, "compiler", lambda engine, workers: lambda shapes, around: asked.extend(shapes))
    compilation.main("smoke")
    assert len(asked) == len(set(asked)) > 30
    assert re.fullmatch(rf"{len(asked)} \d\.\d+(e-\d+)?\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9x9"], "SHAPE is n x m of models that are timed; got '9x9'. Pick some of 2x1, 3x2,"),
        (["--pairs", "0"], "--pairs is how often each number is measured, at least 1; got 0. Leave it out for 5."),
    ],
)
def test_options_that_make_no_sense_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(arguments)
    assert message in capsys.readouterr().err


REST = ("peak", "late", "compilation", "growth_runs", "growth_features", "growth_threads", "memory")


@pytest.fixture
def measured(monkeypatch):
    """What is written if the kernel is ten times as fast as the common loop at density 1.0 and 40 times elsewhere, half as
    many times over JAX, and everything else is left out.
    """
    written = []

    def found(case, density, pairs):
        ratio = 10.0 if density == 1.0 else 40.0
        common = {"common": 1.0, "kernel": 1.0, "ratio": ratio, "low": 9.0, "high": 50.0, "target": case.target(density)}
        jax = {"jax": 1.0, "jax_ratio": ratio / 2, "jax_low": 4.0, "jax_high": 25.0, "jax_target": case.jax_target(density)}
        return {"density": density} | common | jax

    monkeypatch.setattr(measures, "side_by_side", found)
    monkeypatch.setattr(measures, "jax_loop", SimpleNamespace)
    monkeypatch.setattr(benchmark, "compile_kernels", lambda cases, everything: None)
    monkeypatch.setattr(benchmark, "the_rest", lambda table, pairs: dict.fromkeys(REST))
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(speed, "write", written.append)
    return written


def test_a_full_benchmark_ends_with_its_means_and_is_written(measured, capsys):
    benchmark.main([])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if " density " in line]
    assert len(rows) == 45
    for line in rows:
        assert line.endswith("BELOW") == (" density 1 " in line and "target 20x" in line), line
    jax = [line for line in lines if line.lstrip().startswith("JAX ")]
    assert len(jax) == 45 and sum(" target " in line for line in jax) == 8
    assert [line.endswith("target 7x  BELOW") for line in jax if line.endswith("BELOW")] == [True], "400x30 when dense"
    mean = 10**0.2 * 40**0.8
    assert lines[-2] == f"geometric mean, common loop: {mean:.1f}x  target 40x  BELOW"
    assert lines[-1] == f"geometric mean, JAX: {mean / 2:.1f}x  target 15x"
    assert not any("not installed" in line for line in lines)
    (written,) = measured
    assert written.mean == pytest.approx(mean) and written.jax_mean == pytest.approx(mean / 2)
    assert len(written.table) == 9 and [cell["density"] for cell in written.table[0]["cells"]] == list(measures.DENSITIES)


@pytest.mark.parametrize("arguments", [["5x2"], ["--pairs", "1"]])
def test_part_of_the_benchmark_writes_nothing(arguments, measured, capsys):
    benchmark.main(arguments)
    assert "geometric mean, JAX: " in capsys.readouterr().out and measured == []


def test_without_jax_a_full_benchmark_says_how_to_install_it_and_is_written(measured, monkeypatch, capsys):
    found, missing = measures.side_by_side, dict.fromkeys(("jax", "jax_ratio", "jax_low", "jax_high"))
    monkeypatch.setattr(measures, "side_by_side", lambda *given: found(*given) | missing)
    monkeypatch.setattr(measures, "jax_loop", lambda: None)
    benchmark.main([])
    lines = capsys.readouterr().out.splitlines()
    (notice,) = [line for line in lines if line.startswith("JAX is not installed")]
    assert notice.endswith("python -m pip install --require-hashes --no-deps -r tests/benchmarks/jax.lock")
    assert lines[-1].startswith("geometric mean, common loop: ") and not any(
        line.lstrip().startswith("JAX ") for line in lines if line != notice
    )
    assert measured[0].jax_mean is None and measured[0].table[0]["cells"][0]["jax_ratio"] is None
