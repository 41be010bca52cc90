"""The kernel beside the common loop: the same models, spread over threads as a build spreads them."""

import os
from concurrent.futures import ThreadPoolExecutor

from sup.features import Independent
from sup.specs import Recipe, Run
from sup.sweeps import vary
from sup.training.kernel.engine import Training

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
PARTS = 4  # for each thread: whoever is done takes the next, as in a build, so that a core that is disturbed does less
_THREADS = {threads: ThreadPoolExecutor(threads) for threads in {1, CORES}}


def specs(model, features, hidden, runs, density, steps=10**6):
    """Runs of the plain kind, which differ in their seeds."""
    distribution = Independent(density=density, low=-1.0 if model == "absolute" else 0.0)
    first = Run(model=model, n_features=features, n_hidden=hidden, distribution=distribution, recipe=Recipe(steps=steps))
    return [vary(first, seed=seed) for seed in range(runs)]


def spread(function, runs):
    """Calls `function` with every `CORES`-th of the runs, side by side, and gives what it returns."""
    return list(_THREADS[CORES].map(function, [runs[i::CORES] for i in range(min(CORES, len(runs)))]))


class KernelLoop:
    """Runs at their initial weights, advanced by one thread or by one for each core."""

    def __init__(self, runs, threads=CORES):
        parts = min(PARTS * threads, len(runs))
        self.parts = [Training(runs[i::parts]) for i in range(parts)]
        self.threads = _THREADS[threads]
        self.done = 0

    def advance(self, steps):
        """Updates all models `steps` times."""
        start, self.done = self.done, self.done + steps
        list(self.threads.map(lambda part: part.advance(start, self.done), self.parts))
