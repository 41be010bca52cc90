"""W4: the phase diagram of two features in one dimension, with other activations in place of the ReLU."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, array, estimated, replicates
from figures.shared.phases import RECIPE
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import represented
from sup.results import Trained
from sup.specs import Activation, Run
from sup.statistics import Estimate, difference, mean, worst
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="W4",
    title="Phases depend on the activation function",
    alt="Three maps of relative importance against density, one for each activation: ReLU, GELU and square. Cells show "
    "whether the best model ignores the second feature, gives it the dimension, or superposes both. The regions differ from "
    "map to map.",
    source="Comments: Sachan; Scherlis et al.",
    note="The comment shows no settings. The maps are coarse; each cell shows the model with the lowest final loss of its "
    "fits. All other things are as in F13, whose recipe has lower losses than the usual one with all three activations.",
)
ACTIVATIONS: tuple[Activation, ...] = ("relu", "gelu", "quadratic")
NAMES = {"relu": "ReLU", "gelu": "GELU", "quadratic": "square"}
RATIOS = tuple(round(float(r), 4) for r in np.logspace(-1, 1, 9))
DENSITIES = tuple(round(float(p), 4) for p in np.logspace(-2, 0, 7))
PHASES = ("neither", "second ignored", "second dedicated", "superposition")


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
    """The phase of each cell's best model, and the shares of cells that differ from ReLU's or are in superposition."""
    maps = {activation: _maps(runs[activation]) for activation in ACTIVATIONS}
    reference = maps["relu"][0]
    each = [maps[activation][1] for activation in ACTIVATIONS]
    phase = np.stack([maps[activation][0] for activation in ACTIVATIONS])
    differs = np.stack([(phases != reference[:, :, None]).mean(axis=(0, 1)) for phases in each])
    superposed = np.stack([(phases == PHASES.index("superposition")).mean(axis=(0, 1)) for phases in each])
    by = f"by activation ({', '.join(NAMES.values())})"
    numbers = ", ".join(f"{number} {name}" for number, name in enumerate(PHASES))
    arrays = {
        "ratio": array(RATIOS, "importance", "importance of the second feature over that of the first"),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "phase": array(phase, "setting density importance", f"phase of the model with the lowest loss {by}: {numbers}"),
        "differs": array(differs, "setting seed", f"share of cells whose phase is not that of the best ReLU model, {by}"),
        "superposed": array(superposed, "setting seed", f"share of cells in superposition, {by}"),
    }
    data = Data(arrays=arrays)
    values = {}
    for k, activation in enumerate(ACTIVATIONS):
        for name in ("differs", "superposed"):
            values[f"{name}_{activation}"] = estimated(mean(data[name][k]), percent=True)
    return replace(data, values=values)


def _maps(trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """The phases, as positions in PHASES, of each cell's best model (density, ratio) and of all models (density, ratio, seed)."""
    first, second = represented(trained["W"]).T
    phases = np.where(second, np.where(first, 3, 2), np.where(first, 1, 0))
    grid = phases.reshape(len(DENSITIES), len(RATIOS), -1)
    best = trained["final_loss"].reshape(grid.shape).argmin(axis=2)[:, :, None]
    return np.take_along_axis(grid, best, axis=2)[:, :, 0], grid


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A map of phases for each activation."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    drawn = figure(height=2.75)
    colours = (theme.surface, theme.absent, theme.dedicated, theme.superposed)
    colour_map = ListedColormap(colours)
    at = np.linspace(0, len(RATIOS) - 1, 3), np.linspace(0, len(DENSITIES) - 1, 3)
    for k, axes in enumerate(drawn.subplots(1, 3, sharey=True)):
        axes.imshow(data["phase"][k], colour_map, vmin=-0.5, vmax=3.5, origin="lower", aspect="auto", interpolation="none")
        axes.set(xticks=at[0], xticklabels=("0.1", "1", "10"), yticks=at[1], yticklabels=("0.01", "0.1", "1"))
        axes.set(title=NAMES[ACTIVATIONS[k]], xlabel="relative importance", ylabel="density $1-S$" if k == 0 else "")
    patches = [Patch(facecolor=colour, edgecolor=theme.muted, label=name) for colour, name in zip(colours, PHASES, strict=True)]
    drawn.legend(handles=patches, loc="outside lower center", ncols=4)
    return drawn


def _beyond_relu(data: Data, name: str) -> Estimate:
    """A share of cells less that of ReLU models, for the activation with the largest difference."""
    relu, *others = (mean(shares, among=len(ACTIVATIONS) - 1) for shares in data[name])
    return worst([difference(other, relu) for other in others]).over(data[name].size)


CLAIMS = (
    Claim(
        id="C-R1",
        text="Phase diagrams differ strongly from one activation function to another.",
        source="Comments: Sachan; Scherlis et al.",
        paper="they differ strongly",
        quantity="share of cells whose phase is not ReLU's, less the share for single ReLU models, activation with the most",
        measure=lambda data: _beyond_relu(data, "differs"),
        holds=Range(low=0.2),
    ),
    Claim(
        id="C-R2",
        text="Some activation functions lead to more superposition than ReLU.",
        source="Comments: Sachan; Scherlis et al.",
        paper="some give more polysemanticity",
        quantity="share of cells in superposition less that of ReLU, activation with the most",
        measure=lambda data: _beyond_relu(data, "superposed"),
        holds=Range(low=0.0),
    ),
)
