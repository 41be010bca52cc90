"""The benchmark compares the same models and counts what is computed. No test looks at a clock."""

import re

import numpy as np
import pytest
import torch

from report import engines
from report.pages import speed
from sup.models import forward, target, weighted_loss
from sup.training import train
from tests.benchmarks import __main__ as benchmark
from tests.benchmarks import clock, compilation, measures
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
def test_the_kernels_side_trains_every_run_whatever_the_threads(threads):
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


def test_sides_take_turns_and_ratios_are_of_neighbours():
    told = []
    times = {"slow": iter([4.0, 9.0, 2.0]), "fast": iter([2.0, 3.0, 2.0])}

    def side(name):
        told.append(name)
        return next(times[name])

    pairs = clock.in_turn(lambda: side("slow"), lambda: side("fast"), 3)
    assert told == ["slow", "fast"] * 3
    assert clock.compare(pairs) == (4.0, 2.0, 2.0, 1.0, 3.0)


def test_every_shape_and_density_has_its_target():
    names = {(case.model, case.name): case for case in measures.CASES}
    assert len(names) == len(measures.CASES) == 9
    goals = {"5x2": [20] * 5, "20x5": [20] * 5, "80x20": [4, 4, 6, 6, 8], "100x40": [3, 3, 6, 6, 8], "400x30": [4, 4, 6, 6, 8]}
    for name, expected in goals.items():
        assert [names["relu-output", name].target(density) for density in measures.DENSITIES] == expected
    assert names["relu-hidden", "10x5"].target(0.01) == 20 and names["absolute", "100x40"].target(1.0) == 3
    assert measures.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_the_peak_counts_what_it_computes():
    """Three turns of the loop, chain by chain in numpy; and nothing fused, which would round once instead of twice."""
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
    """What is written, when every ratio is found to be 10 at density 1.0 and 40 elsewhere and all else is left out."""
    written = []
    cell = {"common": 1.0, "kernel": 1.0, "low": 9.0, "high": 50.0}
    monkeypatch.setattr(
        measures,
        "side_by_side",
        lambda case, density, pairs: (
            cell | {"density": density, "ratio": 10.0 if density == 1.0 else 40.0, "target": case.target(density)}
        ),
    )
    monkeypatch.setattr(benchmark, "compile_kernels", lambda cases, everything: None)
    monkeypatch.setattr(benchmark, "the_rest", lambda table, pairs: dict.fromkeys(REST))
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(speed, "write", written.append)
    return written


def test_the_whole_ends_with_its_mean_and_is_written(measured, capsys):
    benchmark.main([])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if " density " in line]
    assert len(rows) == 45
    for line in rows:
        assert line.endswith("BELOW") == (" density 1 " in line and "target 20x" in line), line
    assert lines[-1] == f"geometric mean: {10**0.2 * 40**0.8:.1f}x"
    (written,) = measured
    assert len(written.table) == 9 and [cell["density"] for cell in written.table[0]["cells"]] == list(measures.DENSITIES)


@pytest.mark.parametrize("arguments", [["5x2"], ["--pairs", "1"]])
def test_a_part_writes_nothing(arguments, measured, capsys):
    benchmark.main(arguments)
    assert "geometric mean: " in capsys.readouterr().out and measured == []
