"""The kernel beside the common loop: the same models, spread over threads as a build spreads them."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from sup.features import Independent
from sup.specs import Recipe, Run
from sup.sweeps import vary
from sup.training.kernel.engine import Training

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
PARTS = 4  # per thread: a thread that is done takes the next part, as in a build, so that a disturbed core does less


def specs(model, features, hidden, runs, density, steps=10**6):
    """Plain runs that differ only in their seeds."""
    distribution = Independent(density=density, low=-1.0 if model == "absolute" else 0.0)
    first = Run(model=model, n_features=features, n_hidden=hidden, distribution=distribution, recipe=Recipe(steps=steps))
    return [vary(first, seed=seed) for seed in range(runs)]


@lru_cache
def pool(threads):
    """Threads that wait for work, started once."""
    return ThreadPoolExecutor(threads)


def spread(function, runs, threads=CORES):
    """Calls `function` with every `threads`-th of the runs, side by side, and returns the results."""
    return list(pool(threads).map(function, [runs[i::threads] for i in range(min(threads, len(runs)))]))


class KernelLoop:
    """Runs at their initial weights, advanced by `threads` threads."""

    def __init__(self, runs, threads=CORES):
        parts = min(PARTS * threads, len(runs))
        self.parts = [Training(runs[i::parts]) for i in range(parts)]
        self.pool = pool(threads)
        self.done = 0

    def advance(self, steps):
        """Updates all models `steps` times."""
        start, self.done = self.done, self.done + steps
        list(self.pool.map(lambda part: part.advance(start, self.done), self.parts))
