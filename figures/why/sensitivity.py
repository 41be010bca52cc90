"""W7: the key numbers of ten central claims under five recipes and at three sizes."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array, estimated, replicates
from figures.style import Theme, figure, themed
from figures.why.key_numbers import NUMBERS, Number
from sup.features import Independent
from sup.results import Trained
from sup.specs import LINEAR_DECAY, Model, Recipe, Run, geometric
from sup.statistics import mean
from sup.sweeps import Sweep, vary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W7",
    title="What the recipe and the size change",
    alt="Ten small panels, one for each number, with five recipes on the horizontal axis and a marker for each of three sizes. A "
    "shaded band marks the values that the paper's statement leads one to expect. Most markers lie within their bands.",
    source="Throughout",
    note="The paper shows no such figure. Every marker is the mean of all models of a size that were trained with a recipe. All "
    "recipes have batches of 1024 and the same number of steps.",
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Models of one kind at three sizes.

    Attributes:
        models: Their kinds, by the name of their part.
        sizes: Features and hidden dimensions, from small to large.
        decay: Importance of each feature over that of the one before, at the usual size; other sizes have the power of it that
            gives about the same least importance.
        densities: From dense to sparse.
        low: Least value of an active feature.
    """

    models: dict[str, Model]
    sizes: tuple[tuple[int, int], ...]
    decay: float
    densities: tuple[float, ...]
    low: float = 0.0


FAMILIES = {
    "falling": Family(
        models={"relu": "relu-output", "linear": "linear"},
        sizes=((8, 2), (20, 5), (40, 10)),
        decay=0.7,
        densities=(1.0, 0.001),
    ),
    "equal": Family(models={"relu": "relu-output"}, sizes=((40, 4), (60, 5), (100, 10)), decay=1.0, densities=(1.0, 0.35, 0.1)),
    "privileged": Family(models={"relu": "relu-hidden"}, sizes=((6, 3), (10, 5), (20, 10)), decay=0.75, densities=(1.0, 0.08)),
    "absolute": Family(models={"relu": "absolute"}, sizes=((10, 4), (25, 10), (50, 20)), decay=0.8, densities=(1.0,), low=-1.0),
}
SIZES = ("small", "usual", "large")
RECIPES = {
    "notebook": Recipe(),
    "plain": Recipe(weight_decay=0.0),
    "fast": Recipe(learning_rate=0.01),
    "falling": Recipe(learning_rate=0.01, schedule=LINEAR_DECAY),
    "small": Recipe(learning_rate=0.01, schedule=LINEAR_DECAY, init_scale=0.1),
}
RECIPE_WORDS = {
    "notebook": "the authors' notebook: AdamW, 0.001 throughout",
    "plain": "the same without weight decay",
    "fast": "0.01 throughout",
    "falling": "0.01 falling to zero",
    "small": "the same from a tenth of the usual start",
}
"""The recipes in words, in the figure's order."""


def needs(size: Size) -> dict[str, Sweep]:
    """For each part of each family and each size, a sweep of all recipes, densities and seeds."""
    sweeps = {}
    for family_name, family in FAMILIES.items():
        for part, model in family.models.items():
            for size_name, (features, hidden) in zip(SIZES, family.sizes, strict=True):
                base = Run(
                    model=model,
                    n_features=features,
                    n_hidden=hidden,
                    distribution=Independent(density=1.0, low=family.low),
                    importance=geometric(round(family.decay ** (family.sizes[1][0] / features), 6), features),
                )
                runs = (
                    vary(replace(base, recipe=replace(recipe, steps=size.steps)), density=density, seed=seed)
                    for recipe in RECIPES.values()
                    for density in family.densities
                    for seed in replicates(size.seeds)
                )
                sweeps[f"{family_name}-{part}-{size_name}"] = Sweep(tuple(runs))
    return sweeps


def reduce(runs: Runs) -> Data:
    """Every number of every model, by recipe and size."""
    found = np.array([[_by_recipe(number, runs[f"{number.part}-{size}"]) for size in SIZES] for number in NUMBERS.values()])
    arrays = {
        "number": array(
            found,
            "check size setting seed",
            f"key numbers ({'; '.join(f'{name}: {number.words}' for name, number in NUMBERS.items())}) "
            f"of models of each size ({', '.join(SIZES)}) and recipe "
            f"({'; '.join(RECIPE_WORDS.values())})",
        ),
        "low": array([number.low for number in NUMBERS.values()], "check", "least value that the statement leads one to expect"),
        "high": array(
            [number.high for number in NUMBERS.values()], "check", "largest value that the statement leads one to expect"
        ),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _by_recipe(number: Number, trained: Trained) -> np.ndarray:
    """The number of each model: (recipe, seed)."""
    densities = list(dict.fromkeys(run.distribution.density for run in trained.runs))
    by_density = [trained.where(density=density) for density in densities]
    return np.asarray(number.measure(by_density), np.float64).reshape(len(RECIPES), -1)


def _values(data: Data) -> dict[str, Value]:
    """The mean of each number, and how many are as the statements lead one to expect."""
    means = data["number"].mean(axis=3)
    inside = (means >= data["low"][:, None, None]) & (means <= data["high"][:, None, None])
    out = {"cells": Value(value=inside.size), "inside": Value(value=int(inside.sum()), digits=3)}
    for i, name in enumerate(NUMBERS):
        out[f"{name}_inside"] = Value(value=int(inside[i].sum()))
        for j, size in enumerate(SIZES):
            for k, recipe in enumerate(RECIPES):
                out[f"{name}_{size}_{recipe}"] = estimated(mean(data["number"][i, j, k]))
    for k, recipe in enumerate(RECIPES):
        out[f"inside_{recipe}"] = Value(value=int(inside[:, :, k].sum()))
    return out


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A panel for each number: recipes from left to right, a marker for each size."""
    drawn = figure(height=4.6)
    axes = drawn.subplots(2, 5)
    for i, (number, panel) in enumerate(zip(NUMBERS.values(), axes.flat, strict=True)):
        _panel(panel, data, i, number, theme)
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(SIZES))
    return drawn


def _panel(axes: "Axes", data: Data, i: int, number: Number, theme: Theme) -> None:
    rows = data["number"][i].mean(axis=2)
    top = max(float(rows.max()), number.low) * 1.12 + 0.05
    axes.axhspan(number.low, min(number.high, top), color=theme.grid, lw=0, zorder=0)
    colours = (theme.dedicated, theme.ink, theme.superposed)
    for j, (size, marker, colour) in enumerate(zip(SIZES, "os^", colours, strict=True)):
        x = np.arange(len(RECIPES)) + 0.22 * (j - 1)
        axes.plot(x, rows[j], marker, color=colour, ms=3.6, mew=0, label=size)
    axes.set(xlim=(-0.6, len(RECIPES) - 0.4), ylim=(-0.03 * top, top), xticks=range(len(RECIPES)))
    axes.set_xticklabels([str(k + 1) for k in range(len(RECIPES))])
    axes.set_title(number.title.replace(", ", ",\n"), fontsize=7.5)
    axes.set_xlabel("recipe", fontsize=7.5)
    axes.tick_params(labelsize=7)


CLAIMS: tuple[Claim, ...] = ()
