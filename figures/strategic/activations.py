"""W4: the phase diagram of two features in one dimension, with other activations in place of the ReLU."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import GROUP, About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.shared.phases import RECIPE
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import represented
from sup.results import Trained
from sup.specs import Activation, Run
from sup.statistics import Estimate, best_of_groups, difference, jackknife, mean, models_in_groups, undefined, worst
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="W4",
    title="Phases with other activation functions",
    alt="Three maps of relative importance against density, one for each activation: ReLU, GELU and square. Cells show "
    "whether the best model ignores one of the two features or superposes both.",
    source="Comments: Sachan; Scherlis et al.",
    note="The comment shows no settings. All other things are as in F13. Each cell shows the model with the lowest final loss of "
    "all its fits. For the comparison of maps the fits are divided into groups of five, each of which makes a map of its own.",
)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "gelu", "quadratic")
NAMES = {"relu": "ReLU", "gelu": "GELU", "quadratic": "square"}
RATIOS = tuple(round(float(r), 4) for r in np.logspace(-1, 1, 13))
DENSITIES = tuple(round(float(p), 4) for p in np.logspace(-2, 0, 11))
PHASES = ("neither", "second ignored", "second dedicated", "superposition")
NOISE, STRONGLY = 2, 0.1
"""Maps differ strongly if they differ in this share of all cells beyond twice the share in which maps of one activation do."""
MORE = 0.05
"""A gain of superposition in this share of all cells counts as more."""


def needs(size: Size) -> dict[str, Sweep]:
    """For each activation, two features in one dimension over relative importance and density."""
    sweeps: dict[str, Sweep] = {}
    for activation in ACTIVATIONS:
        base = Run(
            model="relu-output",
            n_features=2,
            n_hidden=1,
            distribution=Independent(density=1.0),
            activation=activation,
            recipe=replace(RECIPE, steps=size.steps),
        )
        importances = [(1.0, ratio) for ratio in RATIOS]
        sweeps[activation] = sweep(base, density=DENSITIES, importance=importances, seed=replicates(size.seeds))
    return sweeps


def reduce(runs: Runs) -> Data:
    """The phase of each cell's best model, of all fits and of each group of five, and how the maps of groups differ."""
    best, groups = zip(*(_maps(runs[activation]) for activation in ACTIVATIONS), strict=True)
    by = f"by activation ({', '.join(NAMES.values())})"
    numbers = ", ".join(f"{number} {name}" for number, name in enumerate(PHASES))
    grouped = np.stack(groups)
    arrays = {
        "ratio": array(RATIOS, "importance", "importance of the second feature over that of the first"),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "phase": array(np.stack(best), "setting density importance", f"phase of the model with the lowest loss {by}: {numbers}"),
        "group_phase": array(grouped, "setting group density importance", f"the same, of each group of {GROUP} fits"),
        "superposed": array(
            (grouped == PHASES.index("superposition")).mean(axis=(2, 3)),
            "setting group",
            f"share of cells in superposition, of each group of {GROUP} fits, {by}",
        ),
        "fits": array(
            models_in_groups(len(runs["relu"]) // (len(RATIOS) * len(DENSITIES)), GROUP), "", "fits of each cell in groups"
        ),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _maps(trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """The phases, as positions in PHASES, of each cell's best model (density, ratio) and of each group's (group first)."""
    first, second = represented(trained["W"]).T
    grid = np.where(second, np.where(first, 3, 2), np.where(first, 1, 0)).reshape(len(DENSITIES), len(RATIOS), -1)
    loss = trained["final_loss"].reshape(grid.shape)
    best = np.take_along_axis(grid, loss.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
    return best, np.moveaxis(np.take_along_axis(grid, best_of_groups(loss, GROUP), axis=2), 2, 0)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The share of cells in which maps (group, density, ratio) differ, for each pair of groups: (group, group)."""
    return np.asarray((one[:, None] != other[None]).mean(axis=(2, 3)))


def _different_groups(apart: np.ndarray) -> float:
    """The mean over pairs of two different groups; nan for a single group."""
    count = len(apart)
    return float((apart.sum() - np.trace(apart)) / (count * (count - 1))) if count > 1 else math.nan


def _noise(data: Data, k: int) -> float:
    """The share of cells in which two groups of fits of one activation differ, mean over pairs of groups."""
    maps = data["group_phase"][k]
    return _different_groups(_apart(maps, maps))


def _beyond_noise(data: Data, k: int, *, among: int = 1) -> Estimate:
    """The share of cells in which maps of activation k and of ReLU differ, less `NOISE` times that of maps of one of the two.

    A sample is a group of fits of both activations. The number is a mean over pairs of groups, so its jackknife is sound (Arvesen
    1969), and it counts the errors of ReLU's maps as well.
    """
    relu, other = data["group_phase"][0], data["group_phase"][k]
    between, *within = (_apart(one, two) for one, two in ((relu, other), (relu, relu), (other, other)))

    def number(keep: np.ndarray) -> float:
        part = np.ix_(keep, keep)
        return float(between[part].mean()) - NOISE * sum(_different_groups(apart[part]) for apart in within) / 2

    groups = np.arange(len(relu))
    if len(groups) < 2:
        return undefined(_models(data))
    return jackknife(number(groups), np.array([number(np.delete(groups, g)) for g in groups]), among=among)


def _models(data: Data) -> int:
    """The number of models in groups."""
    return int(data["fits"]) * data["phase"].size


def _values(data: Data) -> dict[str, Value]:
    """The shares of cells in superposition, and those in which maps differ from ReLU's and from each other, in percent."""
    values = {}
    for k, activation in enumerate(ACTIVATIONS):
        differs = float(_apart(data["group_phase"][0], data["group_phase"][k]).mean())
        values[f"superposed_{activation}"] = estimated(mean(data["superposed"][k]), percent=True)
        values[f"noise_{activation}"] = Value(value=100 * _noise(data, k), unit="%")
        values[f"best_{activation}"] = Value(value=100 * float((data["phase"][k] == 3).mean()), unit="%")
        if k:
            values[f"differs_{activation}"] = Value(value=100 * differs, unit="%")
    return values


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A map of phases for each activation."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    drawn = figure(height=2.75)
    colours = (theme.surface, theme.zero, theme.dedicated, theme.superposed)
    colour_map = ListedColormap(colours)
    at = np.linspace(0, len(RATIOS) - 1, 3), np.linspace(0, len(DENSITIES) - 1, 3)
    for k, axes in enumerate(drawn.subplots(1, 3)):
        axes.imshow(data["phase"][k], colour_map, vmin=-0.5, vmax=3.5, origin="lower", aspect="auto", interpolation="none")
        axes.set(xticks=at[0], xticklabels=("0.1", "1", "10"), yticks=at[1], yticklabels=("0.01", "0.1", "1"))
        axes.set(title=NAMES[ACTIVATIONS[k]], xlabel="relative importance", ylabel="density $1-S$")
    patches = [
        Patch(facecolor=colour, edgecolor=theme.muted, label=name)
        for number, (colour, name) in enumerate(zip(colours, PHASES, strict=True))
        if (data["phase"] == number).any()
    ]
    drawn.legend(handles=patches, loc="outside lower center", ncols=len(patches))
    return drawn


def _strongest(data: Data) -> Estimate:
    others = range(1, len(ACTIVATIONS))
    return worst([_beyond_noise(data, k, among=len(others)) for k in others]).over(_models(data))


def _most(data: Data) -> Estimate:
    """The largest gain in superposition over ReLU, of all activation functions.

    That of the functions tried is a lower bound. There is no upper one, since another function may lead to more.
    """
    relu, *others = (mean(shares, among=len(ACTIVATIONS) - 1) for shares in data["superposed"])
    tried = worst([difference(other, relu) for other in others]).over(_models(data))
    return replace(tried, high=math.inf)


def _rows(data: Data) -> list[dict[str, str]]:
    """The number of cells, and by activation how maps of groups differ and how much superposition they show."""
    rows = []
    for k, activation in enumerate(ACTIVATIONS):
        between = _apart(data["group_phase"][0], data["group_phase"][k])
        row = {
            "activation": NAMES[activation],
            "cells in which two of its maps differ": f"{_noise(data, k):.1%}".replace("nan%", "-"),
            "in which one of its maps and one of ReLU's differ": f"{between.mean():.1%}" if k else "-",
            "cells in superposition": f"{data['superposed'][k].mean():.1%}",
        }
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C-R1",
        text="Phase diagrams differ strongly from one activation function to another.",
        source="Comments: Sachan; Scherlis et al.",
        paper="they differ strongly",
        quantity="share of cells in which a map of another activation and one of ReLU differ, each of the best of five fits, "
        "less twice the share in which two such maps of one activation differ; the larger of GELU's and the square's",
        measure=_strongest,
        holds=Range(low=STRONGLY),
        rows=_rows,
    ),
    Claim(
        id="C-R2",
        text="Some activation functions lead to more superposition than ReLU.",
        source="Comments: Sachan; Scherlis et al.",
        paper="some give more polysemanticity",
        quantity="largest gain over ReLU, of any activation, in the share of cells in superposition, in maps of the best of five "
        "fits; GELU and the square bound it from below alone, so it cannot be refuted here",
        measure=_most,
        holds=Range(low=MORE),
    ),
)
