"""F30: three views of a model with one hidden layer: matrices, stacks and a graph."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.computation.wiring import layered_graph
from figures.shared.stacks import numbers, stack_plot
from figures.shared.strokes import heading, inset, say, sheet
from figures.style import Theme, themed, weight_image
from sup.neurons import answers
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F30",
    title="How to read the weights of a hidden layer",
    alt="The same model three times. As matrices: weights into and out of three neurons for two features. As stacks: a column "
    "for each neuron, above for its weights in, below for those out. As a graph: inputs above, neurons in the middle, outputs "
    "below, edges red for positive and blue for negative weights.",
    source="Computation in Superposition",
    note="Weights written down and not trained.",
)
CLAIMS: tuple[Claim, ...] = ()
W1 = np.array([[1.0, 0.0], [-1.0, 0.0], [0.5, 1.0]])
W2 = np.array([[1.0, 1.0, 0.0], [-0.5, 0.0, 1.0]])
"""Weights of three neurons, for both signs of the first feature and one of the second. The third neuron also responds to the
first feature; the first neuron cancels this at the second output."""


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: it is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """The weights, and the number of features that each neuron answers to."""
    arrays = {
        "W1": array(W1, "hidden feature", "weights in, written down for the drawing"),
        "W2": array(W2, "feature hidden", "weights out, written down for the drawing"),
        "answered": array(answers(W1[None])[0].sum(axis=1), "hidden", "features that the neuron answers to"),
    }
    return Data(arrays=arrays)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The same weights as matrices, as stacks and as a graph."""
    figure, axes = sheet(theme, 236)
    headings = (
        (62, "Matrices", "one row per feature,\none column per neuron"),
        (194, "Stacks", "one column per neuron,\none piece per weight"),
        (326, "Graph", "one node per neuron,\none edge per weight"),
    )
    for x, title, below in headings:
        heading(axes, x, 222, title, below, theme)
    _matrices(axes, data, theme)
    for base, weights, shade in ((104, data["W1"], data["answered"]), (14, data["W2"].T, None)):
        stacks = inset(axes, 146, base, 96, 74)
        stack_plot(stacks, weights, theme.groups, theme, shade)
        stacks.set(ylim=(-1.3, 1.8), yticks=(-1, 0, 1))
    layered_graph(axes, data["W1"], data["W2"], (276, 34, 100, 130), theme)
    return figure


def _matrices(axes: "Axes", data: Data, theme: Theme) -> None:
    for base, name, label in ((116, "W1", "$W_1$"), (28, "W2", "$W_2$")):
        cells = data["W1"].T if name == "W1" else data["W2"]
        matrix = inset(axes, 36, base, 72, 48)
        weight_image(matrix, cells, theme, limit=2.0)
        numbers(matrix, cells, theme)
        say(axes, 16, base + 24, label, theme, fontsize=10)
        for i in range(2):
            say(axes, 31, base + 36 - 24 * i, str(i), theme, ha="right", color=theme.groups[i], fontweight="bold")
