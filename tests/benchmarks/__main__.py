"""The benchmark: `python -m tests.benchmarks [SHAPE ...] [--pairs N]`. Without options it writes `speed.json`."""

import argparse
import os

import torch

from report import engines
from report.pages import speed
from report.records import Speed
from sup.sweeps import shape_of
from tests.benchmarks import measures
from tests.benchmarks.kernel_loop import CORES, specs
from tests.benchmarks.machine import machine

PAIRS = 5
INSTALL_JAX = "python -m pip install --require-hashes --no-deps -r tests/benchmarks/jax.lock"
BUSY = 0.5  # mean number of programs that wanted a core in the last minute


def main(arguments=None):
    """Measures, prints, and writes what the Reproducibility page shows."""
    given = options(arguments)
    engines.settle_compiled_code(engines.engine("cpu"))
    torch.set_num_threads(CORES)  # as many as users have by default, whatever this shell says
    torch.manual_seed(0)
    about = machine()
    print(
        f"{about['processor']} ({about['target']}), {CORES} cores; Python {about['python']}, torch {about['torch']} with "
        f"{torch.get_num_threads()} threads, numba {about['numba']}" + (f", JAX {about['jax']}" if about["jax"] else "")
    )
    if measures.jax_loop() is None:
        print(f"JAX is not installed and is left out. To time it too: {INSTALL_JAX}")
    if (load := os.getloadavg()[0]) > BUSY:
        print(f"other programs are at work (load {load:.1f}): they hold up the common loop most, so ratios come out too high")
    cases = [case for case in measures.CASES if not given.shapes or case.name in given.shapes]
    compile_kernels(cases, everything=not given.shapes)
    table = [table_entry(case, given.pairs) for case in cases]
    mean, jax_mean = mean_of(table, "ratio"), mean_of(table, "jax_ratio")
    if not given.shapes and given.pairs >= PAIRS:
        rest = the_rest(table, given.pairs)
        speed.write(Speed(machine=about, pairs=given.pairs, table=table, mean=mean, jax_mean=jax_mean, **rest))
        print(f"wrote {speed.PATH.name}, which the Reproducibility page shows")
    for name, found, goal in (("common loop", mean, measures.MEAN_TARGET), ("JAX", jax_mean, measures.JAX_MEAN_TARGET)):
        if found is not None:
            print(f"geometric mean, {name}: {found:.1f}x{'' if given.shapes else target(found, goal)}")


def options(arguments):
    """The user's options."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast training is.")
    names = list(dict.fromkeys(case.name for case in measures.CASES))
    text = f"only these shapes, and nothing but their table: {', '.join(names)}"
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=text)
    text = f"pairs of measurements for each number ({PAIRS}; with fewer, nothing is written)"
    parser.add_argument("--pairs", type=int, default=PAIRS, help=text)
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.shapes if name not in names]:
        parser.error(f"SHAPE is n x m of models that are timed; got {unknown[0]!r}. Pick some of {', '.join(names)}.")
    if given.pairs < 1:
        parser.error(f"--pairs is how often each number is measured, at least 1; got {given.pairs}. Leave it out for {PAIRS}.")
    return given


def compile_kernels(cases, *, everything):
    """Compiles what will be timed, or loads it from the cache."""
    from sup.training import compile_kernel

    kinds = [(case.model, case.features, case.hidden) for case in cases]
    if everything:
        kinds += [("relu-output", n, measures.WIDENING_HIDDEN) for n in measures.WIDENING]
    print(f"compiling the kernel for {len(set(kinds))} shapes", flush=True)
    for kind in dict.fromkeys(kinds):
        compile_kernel(shape_of(specs(*kind, 1, 1.0)[0]))


def table_entry(case, pairs):
    """A shape's row of the table, printed as it grows; times in microseconds a run and step."""
    cells = []
    for density in measures.DENSITIES:
        cell = measures.side_by_side(case, density, pairs)
        head = f"{case.model:<11} {case.name:>6} {case.runs:4d} runs  density {density:<4g}  kernel {cell['kernel']:7.2f} us"
        print(head + compared("common", cell["common"], *(cell[key] for key in ("ratio", "low", "high", "target"))), flush=True)
        if cell["jax"] is not None:
            found = (cell[key] for key in ("jax", "jax_ratio", "jax_low", "jax_high", "jax_target"))
            print(" " * len(head) + compared("JAX", *found), flush=True)
        cells.append(cell)
    return {"model": case.model, "features": case.features, "hidden": case.hidden, "runs": case.runs, "cells": cells}


def compared(name, time, ratio, low, high, goal):
    """The end of a line: the time that the side `name` takes, and how many times as fast the kernel is."""
    return f"  {name:<6} {time:8.1f} us  {ratio:6.1f}x ({low:.1f} to {high:.1f}){target(ratio, goal)}"


def target(ratio, goal):
    """The goal of a ratio in words, and whether it is missed; empty where there is no goal."""
    return "" if goal is None else f"  target {goal:g}x" + ("" if ratio >= goal else "  BELOW")


def mean_of(table, key):
    """The geometric mean of the cells' ratios under `key`; None where that side was left out."""
    ratios = [cell[key] for entry in table for cell in entry["cells"]]
    return None if None in ratios else measures.geometric_mean(ratios)


def the_rest(table, pairs):
    """Everything besides the table, printed."""
    largest = measures.LARGEST
    dense = table[measures.CASES.index(largest)]["cells"][0]
    peak = measures.share_of_peak(largest, dense["kernel"])
    print(
        f"peak of multiply-then-add: {peak['gigaflops']:.0f} GFLOP/s on {CORES} cores; "
        f"the dense arithmetic of {largest.name} reaches {100 * peak['share']:.0f} % (goal 60 %)",
        flush=True,
    )
    late = [measures.late(density, pairs) for density in measures.DENSITIES[::2]]
    for row in late:
        print(
            f"{largest.name} density {row['density']:<4g}  {row['start']:.0f} us a run and step at the start, "
            f"{row['late']:.0f} us after {row['steps']} steps",
            flush=True,
        )
    return {"peak": peak, "late": late, **growth(pairs)}


def growth(pairs):
    """How time grows with runs, features and threads, the memory of the largest sweeps, and the time of compiling; printed."""
    runs = measures.growth_with_runs()
    for row in runs:
        print(f"{row['runs']:6d} runs of 5x2 for {row['steps']} steps: {row['time']:.0f} us a run, all told", flush=True)
    features = measures.growth_with_features()
    for row in features:
        print(f"{row['features']}x{row['hidden']}: {row['time']:.2f} us a run and step")
    threads = measures.growth_with_threads(pairs)
    for row in threads:
        print(
            f"{row['features']}x{row['hidden']}: {row['ratio']:.2f} times as fast with {row['threads']} threads as with one "
            f"({row['low']:.2f} to {row['high']:.2f}; target 1.8 for two)",
            flush=True,
        )
    memory = measures.memory()
    for row in memory:
        print(
            f"peak memory of a process that trains {row['runs']} runs of {row['features']}x{row['hidden']}: "
            f"{row['megabytes']:.0f} MB (goal 1000 MB)"
        )
    compilation = measures.compiling()
    print(
        f"compiling the {compilation['shapes']} kernels of {compilation['profile']} from nothing: "
        f"{compilation['seconds']:.0f} s (target 120 s on two cores)"
    )
    return {
        "compilation": compilation,
        "growth_runs": runs,
        "growth_features": features,
        "growth_threads": threads,
        "memory": memory,
    }


if __name__ == "__main__":
    main()
