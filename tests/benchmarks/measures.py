"""What is measured: the common loop, JAX and the kernel side by side at every shape and density; how the kernel's cost grows."""

import importlib
import math
import statistics
import time
from dataclasses import dataclass

from sup.training import train
from tests.benchmarks import compilation
from tests.benchmarks.clock import LONG, compare, in_turn, seconds, steps_for
from tests.benchmarks.common_loop import CommonLoop
from tests.benchmarks.kernel_loop import CORES, KernelLoop, specs, spread
from tests.benchmarks.memory import megabytes
from tests.benchmarks.peak import Peak

DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01)
BATCH = 1024
WIDENING, WIDENING_HIDDEN = (10, 20, 40, 80), 5
MEAN_TARGET, JAX_MEAN_TARGET = 40.0, 15.0  # geometric means over all shapes and densities
JAX_TARGETS = {(80, 20): 4.0, (100, 40): 3.3, (400, 30): 7.0}  # of features and hidden, at density 1


@dataclass(frozen=True)
class Case:
    """Models that are timed together: as many runs as the common loop's own table has for the shape, or eight if it has none."""

    model: str
    features: int
    hidden: int
    runs: int

    @property
    def name(self):
        return f"{self.features}x{self.hidden}"

    def target(self, density):
        """Wanted speed-up over the common loop; a density between two listed ones has the target of the denser one."""
        if self.features * self.hidden <= 100:
            return 20.0
        dense = 3.0 if (self.features, self.hidden) == (100, 40) else 4.0
        return 8.0 if density <= 0.01 else 6.0 if density <= 0.1 else dense

    def jax_target(self, density):
        """Wanted speed-up over JAX: for large shapes at density 1, and twice as much at 0.01; None elsewhere."""
        dense = JAX_TARGETS.get((self.features, self.hidden))
        return None if dense is None else {1.0: dense, 0.01: 2 * dense}.get(density)


CASES = (
    Case("relu-output", 2, 1, 200),
    Case("relu-output", 3, 2, 200),
    Case("relu-output", 5, 2, 10),
    Case("relu-hidden", 10, 5, 8),
    Case("relu-output", 20, 5, 8),
    Case("relu-output", 80, 20, 8),
    Case("relu-output", 100, 40, 8),
    Case("absolute", 100, 40, 8),
    Case("relu-output", 400, 30, 20),
)
LARGEST = CASES[-1]
SWEEPS = (("relu-output", 2, 1, 10_000, 20), ("relu-output", 400, 30, 64, 5))  # model, features, hidden, runs, steps


def kernel_seconds(runs, threads=CORES, long=LONG):
    """A function that times a step of fresh models of `runs`, from their initial weights, for about `long` seconds."""
    steps = steps_for(KernelLoop(runs, threads).advance, long)
    return lambda: seconds(KernelLoop(runs, threads).advance, steps)


def common_seconds(case, density):
    """A function that times a step of the common loop."""
    loop = CommonLoop(case.model, case.features, case.hidden, case.runs, density, BATCH)
    steps = steps_for(loop.advance)
    return lambda: seconds(loop.advance, steps)


def jax_loop():
    """The module `jax_loop`; None where JAX is not installed."""
    try:
        importlib.import_module("jax").config.update("jax_platforms", "cpu")  # even where there is a GPU
        return importlib.import_module("tests.benchmarks.jax_loop")
    except ModuleNotFoundError:
        return None


def jax_seconds(case, density):
    """A function that times a step of JAX in whole chunks, which are compiled here; None where JAX is not installed."""
    if (module := jax_loop()) is None:
        return None
    loop = module.JaxLoop(case.model, case.features, case.hidden, case.runs, density, BATCH)
    chunks = steps_for(lambda count: loop.advance(module.CHUNK * count))
    return lambda: seconds(loop.advance, module.CHUNK * chunks)


def side_by_side(case, density, pairs):
    """A cell of the table; times are microseconds for a step of one run, with all cores at work.

    Both ratios are to the kernel's time in the same turn. The numbers of JAX are None where it is not installed.
    """
    common, jax = common_seconds(case, density), jax_seconds(case, density)
    kernel = kernel_seconds(specs(case.model, case.features, case.hidden, case.runs, density))
    turns = in_turn((common, jax, kernel) if jax else (common, kernel), pairs)
    slow, fast, ratio, low, high = compare([(turn[0], turn[-1]) for turn in turns])
    cell = {
        "density": density,
        "common": slow / case.runs * 1e6,
        "kernel": fast / case.runs * 1e6,
        "ratio": ratio,
        "low": low,
        "high": high,
        "target": case.target(density),
    } | dict.fromkeys(("jax", "jax_ratio", "jax_low", "jax_high"))
    if jax:
        slow, _, ratio, low, high = compare([(turn[1], turn[-1]) for turn in turns])
        cell |= {"jax": slow / case.runs * 1e6, "jax_ratio": ratio, "jax_low": low, "jax_high": high}
    return cell | {"jax_target": case.jax_target(density)}


def geometric_mean(ratios):
    """The number whose logarithm is the mean of the ratios' logarithms: a half and a double cancel."""
    return math.exp(statistics.fmean(map(math.log, ratios)))


def share_of_peak(case, microseconds):
    """The share of the machine's multiply-then-add peak that the dense arithmetic of `case` reaches.

    A step takes 5 n m multiply-then-adds a sample: n m into the hidden layer, n m out of it, n m back to it, 2 n m for the
    weights' gradient. Draws, bias, optimiser and everything else count as time alone.
    """
    peak = Peak().flops()
    reached = 2 * 5 * case.features * case.hidden * BATCH / (microseconds * 1e-6)
    return {"features": case.features, "hidden": case.hidden, "gigaflops": peak / 1e9, "share": reached / peak}


def late(density, pairs, steps=2000):
    """The kernel's time at the largest shape from the start and after `steps` updates, of the same runs."""
    runs = specs(LARGEST.model, LARGEST.features, LARGEST.hidden, 2 * CORES, density)
    trained = KernelLoop(runs)
    trained.advance(steps)
    count = steps_for(trained.advance)
    start, end, *_ = compare(in_turn((kernel_seconds(runs), lambda: seconds(trained.advance, count)), pairs))
    return {"density": density, "steps": steps, "start": start / len(runs) * 1e6, "late": end / len(runs) * 1e6}


def growth_with_runs(counts=(100, 1_000, 10_000), steps=100):
    """Microseconds a run for whole trainings of 5x2 models: packing, initial weights and final losses included."""
    rows = []
    for count in counts:
        runs = specs("relu-output", 5, 2, count, 0.1, steps)
        times = []
        for _ in range(max(1, 3_000 // count)):
            begin = time.perf_counter()
            spread(train, runs)
            times.append(time.perf_counter() - begin)
        rows.append({"runs": count, "steps": steps, "time": statistics.median(times) / count * 1e6})
    return rows


def growth_with_features(features=WIDENING, hidden=WIDENING_HIDDEN):
    """Microseconds a run and step as the input widens."""
    found = {n: kernel_seconds(specs("relu-output", n, hidden, 8, 0.1)) for n in features}
    return [
        {"features": n, "hidden": hidden, "time": statistics.median(take() for _ in range(3)) / 8 * 1e6}
        for n, take in found.items()
    ]


def growth_with_threads(pairs):
    """How many times as fast all cores are as one, in one process with the same runs, in turn.

    Each time is that of the core that other programs disturb most, so it is measured for longer.
    """
    rows = []
    for model, features, hidden, runs in (("relu-output", 5, 2, 16), ("relu-output", 80, 20, 8), ("relu-output", 400, 30, 8)):
        many = specs(model, features, hidden, runs, 0.1)
        sides = (kernel_seconds(many, 1, 1.5), kernel_seconds(many, CORES, 1.5))
        one, all_, ratio, low, high = compare(in_turn(sides, pairs))
        rows.append(
            {
                "features": features,
                "hidden": hidden,
                "runs": runs,
                "threads": CORES,
                "one": one / runs * 1e6,
                "all": all_ / runs * 1e6,
                "ratio": ratio,
                "low": low,
                "high": high,
            }
        )
    return rows


def compiling(profile="laptop"):
    """Seconds from an empty cache to all kernels of a profile, on all cores."""
    shapes, taken = compilation.seconds(profile)
    return {"profile": profile, "shapes": shapes, "seconds": taken}


def memory():
    """Peak memory of a fresh process for each of the largest sweeps, in MB."""
    return [
        {"model": model, "features": n, "hidden": m, "runs": runs, "megabytes": megabytes(model, n, m, runs, steps)}
        for model, n, m, runs, steps in SWEEPS
    ]
