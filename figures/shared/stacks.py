"""Parts of the figures of neurons: stack plots, which show each neuron as a column of its weights, and their colours.

Not a figure itself.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.shared.strokes import say
from figures.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 0.08
"""By default, weights below this share of the largest one of their stack form one grey piece at its end."""


def neuron_colour(theme: Theme, answered: int) -> str:
    """The colour of a neuron by the number of features it answers to: grey for none, dedicated for one, superposed for more."""
    return theme.absent if answered == 0 else theme.dedicated if answered == 1 else theme.superposed


def stack_plot(
    axes: "Axes",
    weights: np.ndarray,
    colours: Sequence[Any],
    theme: Theme,
    answered: np.ndarray | None = None,
    gap: float = 0.16,
    least: float = LEAST,
) -> None:
    """Draws a column for each neuron: its weights as pieces, positive ones stacked upwards and negative ones downwards.

    Pieces are in the order of the features, the first next to the zero line.

    Args:
        axes: Where to draw.
        weights: Shape (neuron, feature).
        colours: One per feature.
        theme: The colours of everything else.
        answered: Shape (neuron): how many features each neuron answers to, for the shade behind it; None for no shade.
        gap: Space between columns, as a share of their distance.
        least: Share of the largest weight of a stack below which weights are drawn as one piece.
    """
    from matplotlib.collections import PolyCollection

    corners, fills = [], []
    for k, row in enumerate(weights):
        for sign in (1, -1):
            for bottom, top, colour in _pieces(np.maximum(sign * row, 0.0), float(np.abs(row).max()), colours, theme, least):
                left, right = k - 0.5 + gap / 2, k + 0.5 - gap / 2
                corners.append([(left, sign * bottom), (right, sign * bottom), (right, sign * top), (left, sign * top)])
                fills.append(colour)
        if answered is not None:
            axes.axvspan(k - 0.5, k + 0.5, color=neuron_colour(theme, int(answered[k])), alpha=0.16, lw=0, zorder=0)
    axes.add_collection(PolyCollection(corners, facecolors=fills, edgecolors=theme.background, linewidths=0.3, zorder=2))
    axes.axhline(0, color=theme.muted, lw=0.7, zorder=3)
    axes.set(xlim=(-0.5, len(weights) - 0.5), xticks=[])
    axes.spines["bottom"].set_visible(False)


def _pieces(
    sizes: np.ndarray, largest: float, colours: Sequence[Any], theme: Theme, least: float
) -> list[tuple[float, float, Any]]:
    """Lower end, upper end and colour of the pieces of one side of a stack.

    The small weights are not drawn if they add up to at most 2 % of the largest.
    """
    large, pieces, end = sizes >= max(least * largest, 1e-9), [], 0.0
    for i in np.flatnonzero(large).tolist():
        pieces.append((end, end + float(sizes[i]), colours[i]))
        end += float(sizes[i])
    rest = float(sizes[~large].sum())
    return [*pieces, (end, end + rest, theme.absent)] if rest > 0.02 * largest else pieces


def numbers(matrix: "Axes", cells: np.ndarray, theme: Theme) -> None:
    """Writes each number of `cells` (row, column) into its cell of the matrix's picture."""
    for (row, column), value in np.ndenumerate(cells):
        matrix.text(column, row, f"{value:g}", ha="center", va="center", fontsize=8.5, color=theme.ink)


def neuron_legend(axes: "Axes", left: float, y: float, theme: Theme) -> None:
    """Draws the key to the shades behind neurons on a sheet, from `left` on at height `y`, in points."""
    from matplotlib.patches import Rectangle

    for x, count, words in ((left, 1, "neuron of one feature"), (left + 130, 2, "neuron of several")):
        colour = neuron_colour(theme, count)
        axes.add_patch(Rectangle((x, y - 5), 10, 10, fc=colour, ec="none", alpha=0.3))
        axes.add_patch(Rectangle((x, y - 5), 10, 10, fc="none", ec=colour, lw=0.8))
        say(axes, x + 15, y, words, theme, ha="left")
