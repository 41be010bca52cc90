"""F31: three features on six neurons: the model learns |x| = ReLU(x) + ReLU(-x)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import GROUP, About, Claim, Data, Range, Runs, Size, Value, array
from figures.computation import absolute
from figures.computation.wiring import layered_graph
from figures.shared.stacks import stack_plot
from figures.shared.strokes import heading, inset, say, sheet
from figures.style import Theme, themed
from sup.motifs import half_features, single_responses
from sup.neurons import monosemantic
from sup.results import Trained
from sup.statistics import Estimate, best_of_groups, exact, models_in_groups, share
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F31",
    title="With two neurons per feature, a model computes the absolute value exactly",
    alt="Left: stack plots of six neurons. Weights in are plus one and minus one for each of three features, weights out are "
    "all plus one. Right: the same as a graph, from each input one red and one blue edge to neurons of its own, and two red "
    "edges on to its output.",
    source="Computation in Superposition",
    note=absolute.NOTE + " Density 0.5 and equal importances are our choice. Shown is the best of all fits by final loss.",
)
FEATURES, HIDDEN, DENSITY = 3, 6, 0.5
OTHERS = (1.0, 0.1)
"""Other densities, with half as many fits, to check that the result does not depend on the choice."""
EXACT = 0.05
"""Largest error of the response to a single feature for a fit to count as exact."""
WEIGHTS = 100
"""Number of random models whose neurons are rescaled."""


def needs(size: Size) -> dict[str, Sweep]:
    """Fits from many seeds; `others`, fewer at other densities."""
    half = replace(size, seeds=(size.seeds + 1) // 2)
    return {
        "fits": absolute.fits(FEATURES, HIDDEN, 1.0, (DENSITY,), size),
        "others": absolute.fits(FEATURES, HIDDEN, 1.0, OTHERS, half),
    }


def reduce(runs: Runs) -> Data:
    """The best fit, and which fits are the exact solution.

    A fit is exact if it responds to each single feature as |x| does, within `EXACT`, and all its neurons answer to one feature.
    """
    fits = runs["fits"]
    is_exact = _all_exact(fits)
    best = fits.best()
    W1, W2 = absolute.rescaled(fits["W1"][best], fits["W2"][best])
    others = np.stack([_all_exact(runs["others"].where(density=density)) for density in OTHERS])
    text = "responds to each feature alone as |x| does, with neurons of one feature"
    arrays = {
        "W1": array(np.round(W1, 4), "hidden feature", "weights in of the best fit, each neuron's largest scaled to size 1"),
        "W2": array(np.round(W2, 4), "hidden feature", "weights out of the best fit, scaled to match"),
        "exact": array(is_exact, "seed", f"whether a fit {text}"),
        "others": array(others, "density seed", f"whether a fit at another density {text}"),
        "best": array(is_exact[best_of_groups(fits["final_loss"], GROUP)], "group", f"whether the best of five fits {text}"),
        "scaled": array(_rescaling(), "model", "largest change of a random model's outputs when its neurons are rescaled"),
    }
    off = max(float(np.abs(np.abs(W1).max(axis=1) - 1).max()), float(np.abs(W2.max(axis=1) - 1).max()))
    values = {"exact": Value(value=float(is_exact.sum())), "fits": Value(value=float(len(fits))), "off": Value(value=off)}
    return Data(arrays=arrays, values=values)


def _all_exact(fits: Trained) -> np.ndarray:
    return np.array([_is_exact(fits, k) for k in range(len(fits))])


def _is_exact(fits: Trained, k: int) -> bool:
    model = fits["W1"][k], fits["W2"][k], fits["b"][k]
    error = np.abs(single_responses(*model) - np.eye(FEATURES)).max()
    both_sides = bool((half_features(*model) > 0).all())
    return bool(error <= EXACT and both_sides and monosemantic(fits["W1"][k][None]).all())


def _rescaling() -> np.ndarray:
    """Largest change (model) of a random model's outputs when a factor scales each neuron's weights in and divides those out."""
    rng, changes = np.random.default_rng(0), []
    for _ in range(WEIGHTS):
        W1, W2, x = rng.normal(size=(HIDDEN, FEATURES)), rng.normal(size=(FEATURES, HIDDEN)), rng.uniform(-1, 1, (FEATURES, 50))
        factor = np.exp(rng.normal(size=(HIDDEN, 1)))
        plain, scaled = W2 @ np.maximum(W1 @ x, 0), (W2 / factor.T) @ np.maximum(factor * W1 @ x, 0)
        changes.append(np.abs(plain - scaled).max())
    return np.array(changes)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Stacks on the left, the graph on the right."""
    figure, axes = sheet(theme, 232)
    heading(axes, 118, 218, "Stacks", "one column per neuron, one colour per feature", theme)
    heading(axes, 318, 218, "Graph", "red: +1, blue: -1", theme)
    for base, name, label in ((112, "W1", "in"), (14, "W2", "out")):
        stacks = inset(axes, 50, base, 150, 80)
        stack_plot(stacks, data[name], theme.groups, theme)
        stacks.set(ylim=(-1.25, 1.25), yticks=(-1, 0, 1))
        for level in (-1, 1):
            stacks.axhline(level, color=theme.muted, lw=0.8, ls=(0, (3, 2)), zorder=1)
        say(axes, 18, base + 40, f"weights {label}", theme, rotation=90)
    layered_graph(axes, data["W1"], data["W2"].T, (244, 30, 140, 146), theme)
    return figure


def _exact(data: Data) -> Estimate:
    return share(data["best"]).over(models_in_groups(data["exact"].size, GROUP))


def _rows(data: Data) -> list[dict[str, str]]:
    groups = [("single fits", data["exact"]), ("best of five", data["best"])]
    groups += [(f"single fits at density {density:g}", data["others"][k]) for k, density in enumerate(OTHERS)]
    return [{"of": name, "exact": f"{int(hits.sum())}", "all": f"{hits.size}"} for name, hits in groups]


CLAIMS = (
    Claim(
        id="C77",
        text="With two neurons for each feature, models learn |x| = ReLU(x) + ReLU(-x).",
        source="Computation in Superposition",
        paper="weights in of +1 and -1 and weights out of +1 for each feature",
        quantity="share of fits, each the best of five, with neurons of one feature that respond to single features as |x| "
        "within 0.05",
        measure=_exact,
        holds=Range(low=0.5),
        rows=_rows,
    ),
    Claim(
        id="C78",
        identity=True,
        text="Each neuron's weights in can be scaled by a positive factor if those out are divided by it: nothing changes.",
        source="Computation in Superposition",
        paper="a freedom of rescaling",
        quantity="largest change of the outputs of random models whose neurons are rescaled at random",
        measure=lambda data: exact(float(data["scaled"].max())),
        holds=Range(high=1e-12),
    ),
)
