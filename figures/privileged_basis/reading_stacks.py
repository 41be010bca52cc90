"""F27: how to read a stack plot: the same weights as a matrix and as a stack for each neuron."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.shared.stacks import neuron_legend, numbers, stack_plot
from figures.shared.strokes import heading, inset, say, sheet
from figures.style import Theme, arrow, themed, weight_image
from sup.codes import code_words, words_per_neuron
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F27",
    title="How to read a stack plot",
    alt="On the left a matrix of three features and three neurons with its numbers. On the right a stack for each neuron: "
    "pieces as high as the weights, positive ones above the line and negative ones below. The first neuron has one piece, the "
    "second has two above the line, the third two above and one below.",
    source="Superposition in a Privileged Basis",
    note="Weights written down and not trained.",
)
CLAIMS: tuple[Claim, ...] = ()
WEIGHTS = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, 0.6], [0.5, 0.8, -0.6]])
"""Weights (neuron, feature): a neuron of one feature, one of two, and one that two features switch on and the third off."""


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: it is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """The weights, and the number of features that each neuron answers to."""
    words = words_per_neuron(code_words(WEIGHTS[None]))[0]
    arrays = {
        "W": array(WEIGHTS, "hidden feature", "weights written down for the drawing"),
        "words": array(words, "hidden", "features that the neuron answers to"),
    }
    return Data(arrays=arrays)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The matrix, an arrow, the stacks."""
    figure, axes = sheet(theme, 208)
    heading(axes, 98, 194, "Matrix", "row: feature, column: neuron", theme)
    heading(axes, 290, 194, "Stack plot", "column: neuron, piece: weight", theme)
    _matrix(axes, data, theme)
    arrow(axes, (172, 104), (206, 104), theme.muted)
    stacks = inset(axes, 236, 48, 130, 116)
    stack_plot(stacks, data["W"], theme.groups, theme, data["words"])
    stacks.set(ylim=(-0.8, 1.6), yticks=(0, 1))
    for k in range(3):
        say(axes, 236 + 130 / 3 * (k + 0.5), 38, str(k), theme, color=theme.muted)
    say(axes, 301, 25, "neuron", theme, color=theme.muted)
    neuron_legend(axes, 128, 8, theme)
    return figure


def _matrix(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the weights as coloured cells with numbers, and the features' names in the colours of the stacks."""
    left, base, side = 60.0, 54.0, 33.0
    matrix = inset(axes, left, base, 3 * side, 3 * side)
    weight_image(matrix, data["W"].T, theme, limit=2.0)
    numbers(matrix, data["W"].T, theme)
    for i in range(3):
        y = base + side * (2.5 - i)
        say(axes, left - 8, y, f"feature {i}", theme, ha="right", color=theme.groups[i], fontweight="bold")
    for k in range(3):
        say(axes, left + side * (k + 0.5), base - 9, str(k), theme, color=theme.muted)
    say(axes, left + 1.5 * side, base - 22, "neuron", theme, color=theme.muted)
