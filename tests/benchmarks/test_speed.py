"""How fast training is, pair by pair beside the common loop; prints, never judges: machines are noisy."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sup.sweeps import shape_of, vary
from sup.training import compile_kernel, train
from tests.benchmarks.common_loop import seconds_per_step
from tests.training.runs import task

SHAPES = [  # features, hidden, runs, steps of the common loop, steps of the kernel
    (2, 1, 64, 40, 400),
    (5, 2, 16, 100, 600),
    (20, 5, 8, 100, 300),
    (80, 20, 8, 40, 60),
    (400, 30, 8, 6, 8),
]


def kernel_seconds_per_step(n, m, runs, density, steps):
    """Seconds that one update of `runs` models takes, spread over all cores."""
    specs = [vary(task(n, m, density=density, steps=steps), seed=seed) for seed in range(runs)]
    cores = os.cpu_count() or 1
    start = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(train, [specs[i::cores] for i in range(cores)]))
    return (time.perf_counter() - start) / steps


@pytest.mark.bench
@pytest.mark.parametrize("density", [1.0, 0.1, 0.01])
@pytest.mark.parametrize(("n", "m", "runs", "steps", "kernel_steps"), SHAPES, ids=[f"{s[0]}x{s[1]}" for s in SHAPES])
def test_speed_beside_the_common_loop(n, m, runs, steps, kernel_steps, density):
    compile_kernel(shape_of(task(n, m)))
    pairs = [
        (seconds_per_step(n, m, runs, density, steps), kernel_seconds_per_step(n, m, runs, density, kernel_steps))
        for _ in range(3)
    ]
    ratios = sorted(common / kernel for common, kernel in pairs)
    micro = min(kernel for _, kernel in pairs) / runs * 1e6
    print(
        f"\n{n:3d}x{m:<2d} density {density:<4g} kernel {micro:8.2f} us a run and step, "
        f"{statistics.median(ratios):5.1f} times the common loop ({ratios[0]:.1f} to {ratios[-1]:.1f})"
    )
    assert all(kernel > 0 for _, kernel in pairs)
