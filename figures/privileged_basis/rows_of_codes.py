"""The picture of codes: a row for each density with the weights, the same as stacks, and the code's name.

Not a figure itself.
"""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import Data
from figures.privileged_basis.best_codes import PAPER
from figures.privileged_basis.privileged import DENSITIES, FEATURES, HIDDEN
from figures.shared.stacks import LEAST, neuron_colour, neuron_legend, stack_plot
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, score_map, weight_image, weight_map
from sup.codes import code_name, words_per_neuron

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS = (0.65, 0.32, 0.15, 0.12, 0.06, 0.03)
"""A density for each row of the paper's figure."""
PAPER_ALONE = (5, 5, 5, 5, 3, 3, 3, 3, 2, 1, 0, 0, 0, 0)
"""Neurons of one feature at the paper's 14 densities, from dense to sparse."""
LOWEST = -0.8
"""Weights below this are drawn cut off: how far below zero a neuron is pushed does not matter once it is off."""
ROW, TALL = 80.0, 680.0
"""Height of a row and of the sheet, in points."""


def rows_of_codes(data: Data, theme: Theme) -> "Figure":
    """Draws a row for each drawn fit, the neurons at all densities, and the keys."""
    figure, axes = sheet(theme, TALL)
    weights = np.clip(data["W"], LOWEST, None)
    reach = max(1.0, *(1.02 * float(np.maximum(sign * weights, 0.0).sum(axis=2).max()) for sign in (1, -1)))
    for k in range(len(ROWS)):
        _row(axes, data, k, TALL - 20 - ROW * (k + 1), theme, weights[k], reach)
    say(axes, 51, TALL - 10, "weights", theme, color=theme.muted)
    say(axes, 160, TALL - 10, "the same as stacks", theme, color=theme.muted)
    _neurons(axes, data, theme)
    _keys(axes, theme)
    return figure


def _row(axes: "Axes", data: Data, k: int, base: float, theme: Theme, weights: np.ndarray, reach: float) -> None:
    W, code = data["W"][k], data["code"][k]
    matrix = inset(axes, 22, base + 4, 58, ROW - 10)
    weight_image(matrix, W.T, theme)
    matrix.set_aspect("auto")
    for row in (0, FEATURES - 1):
        y = base + 4 + (ROW - 10) * (1 - (row + 0.5) / FEATURES)
        say(axes, 18, y, str(row), theme, ha="right", fontsize=8, color=theme.muted)
    stacks = inset(axes, 92, base + 4, 136, ROW - 10)
    colours = score_map(theme)(np.clip(data["scores"][k], 0, 1))
    stack_plot(stacks, weights, list(colours), theme, words_per_neuron(code[None])[0])
    stacks.set(ylim=(-reach, reach), yticks=())
    _numbers(stacks, weights, (ROW - 10) / (2 * reach), theme)
    stacks.spines["left"].set_visible(False)
    count = int((code > 0).any(axis=0).sum())
    say(axes, 238, base + 58, f"density {ROWS[k]:g}: {count} features", theme, ha="left", fontweight="bold")
    name = code_name(code)
    lines = name.split(" + ")
    for line, words in enumerate(lines):
        say(axes, 238, base + 42 - 13 * line, words, theme, ha="left")
    paper = "as in the paper" if name == PAPER[k] else f"paper: {PAPER[k]}"
    say(axes, 238, base + 40 - 13 * len(lines), paper, theme, ha="left", fontsize=8.5, color=theme.muted)


def _numbers(stacks: "Axes", weights: np.ndarray, scale: float, theme: Theme) -> None:
    """Writes the number of its feature on each piece that is high enough; `scale` is points per unit of weight."""
    patch = {"facecolor": theme.background, "edgecolor": "none", "pad": 0.2}
    for k, row in enumerate(weights):
        ends, large = {1: 0.0, -1: 0.0}, LEAST * float(np.abs(row).max())
        for i in np.flatnonzero(np.abs(row) >= max(large, 1e-9)).tolist():
            weight, side = float(row[i]), 1 if row[i] > 0 else -1
            if abs(weight) * scale > 8.4:
                stacks.text(k, ends[side] + weight / 2, str(i), ha="center", va="center", fontsize=6.5, bbox=patch)
            ends[side] += weight


def _neurons(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the neurons of one feature and of several in the best fit at each density; the paper's are a line."""
    chart = inset(axes, 60, 88, 318, 62)
    alone = data["alone"]
    for count, bottom, heights in ((1, 0 * alone, alone), (2, alone, HIDDEN - alone)):
        chart.bar(range(len(alone)), heights, bottom=bottom, width=0.9, color=neuron_colour(theme, count), alpha=0.3)
    chart.stairs(PAPER_ALONE, np.arange(len(alone) + 1) - 0.5, color=theme.ink, lw=1.4, baseline=None)
    chart.set(xlim=(-0.6, len(alone) - 0.4), ylim=(0, 5.4), yticks=(0, 5), xticks=range(len(alone)))
    chart.set_xticklabels([f"{density:g}".lstrip("0") for density in DENSITIES], fontsize=8)
    chart.tick_params(length=2, labelsize=8)
    say(axes, 219, 66, "density $1-S$", theme)
    say(axes, 4, 119, "best fits'\nneurons;\nline: the\npaper's", theme, ha="left", fontsize=8, linespacing=1.3)


def _keys(axes: "Axes", theme: Theme) -> None:
    neuron_legend(axes, 70, 50, theme)
    scales = ((70, "weight", weight_map(theme), ("-1", "0", "1")), (272, "score", score_map(theme), ("0", "1")))
    for left, words, colours, ticks in scales:
        say(axes, left - 8, 26, words, theme, ha="right")
        key(inset(axes, left, 22, 96, 8), colours, ticks, theme)
