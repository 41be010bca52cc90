"""Compiles all kernels of a profile into an empty cache, as a build does: `python -m tests.benchmarks.compilation laptop`."""

import os
import subprocess
import sys
import tempfile
import time

from figures import NAMES, module
from report import engines, profiles
from report.compiling import silently
from sup.sweeps import shape_of
from tests.benchmarks.kernel_loop import CORES


def seconds(profile):
    """How many kernels the profile needs, and how long a fresh process takes to compile them into an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.compilation", profile]
        done = subprocess.run(
            command, env=os.environ | {"NUMBA_CACHE_DIR": folder}, stdout=subprocess.PIPE, text=True, check=True
        )
    shapes, taken = done.stdout.split()
    return int(shapes), float(taken)


def main(profile):
    """Compiles and prints both numbers."""
    size = profiles.get(profile).size
    sweeps = [sweep for name in NAMES for sweep in module(name).needs(size(name)).values()]
    shapes = list(dict.fromkeys(shape_of(sweep.runs[0]) for sweep in sweeps))
    start = time.perf_counter()
    engines.compiler(engines.engine("cpu"), CORES)(shapes, silently)
    print(len(shapes), time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
