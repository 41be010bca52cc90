"""Peak memory of a fresh process that trains a sweep, as `python -m tests.benchmarks.memory MODEL FEATURES HIDDEN RUNS STEPS`."""

import resource
import subprocess
import sys
from pathlib import Path


def peak_bytes():
    """The most memory that this process has held at once.

    Linux's own count covers the program alone; `getrusage` there starts from what the parent process has held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def megabytes(model, features, hidden, runs, steps):
    """Peak memory, in MB, of a separate process that trains `runs` models to the end, final losses included."""
    arguments = map(str, (model, features, hidden, runs, steps))
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1e6


def main(model, *numbers):
    """Trains the sweep on all cores and prints the peak."""
    from sup.training import train
    from tests.benchmarks.kernel_loop import specs, spread

    features, hidden, runs, steps = map(int, numbers)
    results = spread(train, specs(model, features, hidden, runs, 0.1, steps))
    assert sum(len(part["final_loss"]) for part in results) == runs
    print(peak_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
