"""Small runs that several tests train."""

import random
from dataclasses import replace

from sup.features import Anticorrelated, Correlated, Independent
from sup.specs import TRAITS, Recipe, Run, geometric
from sup.sweeps import vary
from sup.training.selfcheck import cases


def tiny(n=5, m=2, model="relu-output", **changes):
    """A run of a dozen small steps whose every field matters: unequal importance, a schedule, a shifted range."""
    recipe = Recipe(steps=12, batch=128, schedule=((0.0, 0.1), (0.3, 1.0), (1.0, 0.0)), learning_rate=0.01)
    features = Independent(density=tuple(0.9 / (j + 1) for j in range(n)), low=-0.1)
    run = Run(model=model, n_features=n, n_hidden=m, distribution=features, importance=geometric(0.9, n), recipe=recipe)
    return vary(run, **changes)


CASES = cases()  # every model on every distribution, and both ways to add up a weight gradient: by lanes, and by samples


ACTIVATIONS = ("relu", "quadratic", "gelu")
OPTIONS = ("unit_norm", "l1", "attack", "dataset", "large")


def mixed():
    """Three runs of each model on each distribution, by name: one per activation, with every option on in one and off in another.

    Otherwise the options are mixed at random, the same way in every process. `large` adds up gradients by samples.
    """
    chance, runs = random.Random(0), {}
    for model in TRAITS:
        for kind in (Independent, Correlated, Anticorrelated):
            switches = [chance.sample([True, False, chance.random() < 0.5], 3) for _ in OPTIONS]
            for activation, *on in zip(ACTIVATIONS, *switches, strict=True):
                used = [name for name, is_on in zip(OPTIONS, on, strict=True) if is_on]
                run = _mixed_run(model, kind, activation if TRAITS[model].hidden or TRAITS[model].output else "relu", used)
                runs["-".join([model, kind.__name__.lower(), run.activation, *used])] = run
    return runs


def _mixed_run(model, kind, activation, used):
    n, m = (20, 9) if "large" in used else (6, 3)
    sizes = {"density": 0.7, "low": -0.5} if kind is Independent else {"density": (0.9, 0.6), "sizes": (2, n - 2)}
    recipe = Recipe(
        steps=12,
        learning_rate=0.01,
        weight_decay=0.0 if "l1" in used else 0.5,
        schedule=((0.0, 0.1), (0.3, 1.0), (1.0, 0.0)),
        batch=100 if "dataset" in used else 128,
        dataset=7 if "dataset" in used else None,
        l1=0.03 if "l1" in used else 0.0,
        attack=0.4 if "attack" in used else 0.0,
    )
    features = kind(**sizes, unit_norm="unit_norm" in used)
    return Run(
        model=model,
        n_features=n,
        n_hidden=m,
        distribution=features,
        importance=geometric(0.9, n),
        recipe=recipe,
        activation=activation,
    )


MIXED = mixed()


def task(n=5, m=2, model="relu-output", *, density=0.1, seed=0, **recipe):
    """A run of the paper's basic kind."""
    run = Run(model=model, n_features=n, n_hidden=m, distribution=Independent(density=density), seed=seed)
    return replace(run, recipe=Recipe(**recipe))
