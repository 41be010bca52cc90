"""A model with one hidden layer as a graph: features, neurons and outputs as nodes, weights as edges.

Not a figure itself.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from figures.shared.strokes import circle, say
from figures.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 0.05
"""Weights below this share of the largest one of their layer are not drawn."""

THIRD = 54.0
"""Distance in points of a third feature from the secondary one."""


def layered_graph(axes: "Axes", W1: np.ndarray, W2: np.ndarray, box: tuple[float, float, float, float], theme: Theme) -> None:
    """Draws inputs above, hidden neurons in the middle, outputs below; an edge a weight, blue if negative, red if positive.

    Args:
        axes: A sheet in points.
        W1: Weights in, shape (hidden, feature).
        W2: Weights out, shape (feature, hidden).
        box: Left, bottom, width and height in points.
        theme: Colours.
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


def pair_graph(
    axes: "Axes", into: np.ndarray, out: np.ndarray, box: tuple[float, float, float, float], names: Sequence[str], theme: Theme
) -> None:
    """Draws a shared neuron and its inhibitor between two or three features, with the weights written on the edges.

    Args:
        axes: A sheet in points.
        into: Weights in, shape (neuron, feature): the primary, the secondary and perhaps a third feature, which stands to the
            right; the first neuron is the shared one.
        out: Weights out, of the same shape.
        box: Left, bottom, width and height of the pair in points.
        names: Indices of the features, for `x` and `y`.
        theme: Colours.
    """
    left, bottom, width, height = box
    places, rows = (left, left + width, left + width + THIRD)[: into.shape[1]], (bottom + height, bottom + height / 2, bottom)
    box_style = {"facecolor": theme.background, "edgecolor": "none", "pad": 1.0}
    for layer, weights in ((0, into.T), (1, out)):
        largest = max(float(np.abs(weights).max()), 1e-9)
        for (i, j), weight in np.ndenumerate(weights):
            if abs(weight) < FAINT * largest:
                continue
            colour = theme.positive if weight > 0 else theme.negative
            ends = (places[i], places[j]), rows[layer : layer + 2]
            axes.plot(*ends, color=colour, lw=0.5 + 1.8 * abs(weight) / largest, zorder=2)
            part = 0.5 if i == j else 0.3 if max(i, j) < 2 else (0.25, 0.75)[layer]
            x, y = (end[0] + part * (end[1] - end[0]) for end in ends)
            side = (-1 if i == 0 else 1) if i == j else 0
            say(axes, x + 14 * side, y, f"{weight:.2g}", theme, color=colour, fontsize=8.5, bbox=box_style)
    for row, y in enumerate(rows):
        for k, x in enumerate(places[: 2 if row == 1 else None]):
            circle(axes, (x, y), 6, fc=theme.surface if row == 1 else theme.background, ec=theme.ink, lw=0.9, zorder=4)
            if row != 1:
                say(axes, x, y + (14 if row == 0 else -14), f"${'x' if row == 0 else 'y'}_{{{names[k]}}}$", theme)
    for k, words in enumerate(("shared", "inhibits")):
        at = places[k] + (-12, 12)[k]
        say(axes, at, rows[1], words, theme, ha=("right", "left")[k], fontsize=8, color=theme.muted, bbox=box_style)
