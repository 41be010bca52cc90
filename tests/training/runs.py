"""Small runs that several tests train."""

from dataclasses import replace

from sup.features import Independent
from sup.specs import Recipe, Run, geometric
from sup.sweeps import vary
from sup.training.selfcheck import cases


def tiny(n=5, m=2, model="relu-output", **changes):
    """A run of a dozen small steps whose every field matters: unequal importance, a schedule, a shifted range."""
    recipe = Recipe(steps=12, batch=128, schedule=((0.0, 0.1), (0.3, 1.0), (1.0, 0.0)), learning_rate=0.01)
    features = Independent(density=tuple(0.9 / (j + 1) for j in range(n)), low=-0.1)
    run = Run(model=model, n_features=n, n_hidden=m, distribution=features, importance=geometric(0.9, n), recipe=recipe)
    return vary(run, **changes)


CASES = cases()  # every model on every distribution, and both ways to add up a weight gradient: by lanes, and by features


def task(n=5, m=2, model="relu-output", *, density=0.1, seed=0, **recipe):
    """A run of the paper's plain kind."""
    run = Run(model=model, n_features=n, n_hidden=m, distribution=Independent(density=density), seed=seed)
    return replace(run, recipe=Recipe(**recipe))
