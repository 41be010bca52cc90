"""A model with one hidden layer as a graph: features, neurons and outputs as nodes, weights as edges.

Not a figure itself.
"""

from typing import TYPE_CHECKING

import numpy as np

from figures.strokes import circle, say
from figures.style import Theme, weight_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 0.05
"""Weights below this share of the largest one of their layer are not drawn."""


def layered_graph(axes: "Axes", W1: np.ndarray, W2: np.ndarray, box: tuple[float, float, float, float], theme: Theme) -> None:
    """Inputs above, hidden neurons in the middle, outputs below; an edge a weight, blue for negative and red for positive.

    Args:
        axes: A sheet in points.
        W1: Weights in, shape (hidden, feature).
        W2: Weights out, shape (feature, hidden).
        box: Left, bottom, width and height in points.
        theme: Whose colours.
    """
    left, bottom, width, height = box
    ends, hidden = (left + width * (np.arange(n) + 0.5) / n for n in (W1.shape[1], W1.shape[0]))
    rows = bottom + height, bottom + height / 2, bottom
    for layer, weights, above, below in ((0, W1.T, ends, hidden), (1, W2.T, hidden, ends)):
        largest = max(float(np.abs(weights).max()), 1e-9)
        for i, x in enumerate(above):
            for j, z in enumerate(below):
                size = weights[i, j] / largest
                if abs(size) >= FAINT:
                    colour = theme.positive if size > 0 else theme.negative
                    axes.plot((x, z), rows[layer : layer + 2], color=colour, lw=0.4 + 1.6 * abs(size), zorder=2)
    for places, y in ((ends, rows[0]), (hidden, rows[1]), (ends, rows[2])):
        for x in places:
            circle(axes, (x, y), 5, fc=theme.background, ec=theme.ink, lw=0.9, zorder=4)
    for i, x in enumerate(ends):
        say(axes, x, rows[0] + 13, f"$x_{{{i}}}$", theme)
        say(axes, x, rows[2] - 13, f"$y_{{{i}}}$", theme)


def colours_of_weights(theme: Theme, weights: np.ndarray) -> np.ndarray:
    """A colour a weight, from blue at -1 to red at 1; shape of `weights` and a last axis of red, green, blue, alpha."""
    colours: np.ndarray = weight_map(theme)((np.clip(weights, -1, 1) + 1) / 2)
    return colours
