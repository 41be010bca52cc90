"""F29: the task of a model that computes in superposition: the work of one layer of a larger, disentangled model."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.shared.strokes import bands, circle, say, sheet
from figures.style import Theme, arrow, themed, weight_map
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F29",
    title="The setup: fewer neurons do the work of a layer",
    alt="Above, a row of six nodes, the features x, with an arrow for each to a row of six nodes y, their absolute values: "
    "one layer of a hypothetical disentangled model. Below, the observed model takes the same way through a layer of three "
    "neurons.",
    source="Computation in Superposition",
)
CLAIMS: tuple[Claim, ...] = ()


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: it is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """One sparse input and its absolute values."""
    x = np.array([0.0, -0.8, 0.0, 0.0, 0.6, 0.0])
    return Data(arrays={"x": array(x, "feature", "input"), "y": array(np.abs(x), "feature", "absolute value of the input")})


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The layer of the large model on the left, the way through the small one on the right."""
    figure, axes = sheet(theme, 262)
    bands(axes, 108, theme)
    _ends(axes, data, theme)
    _way(axes, theme)
    return figure


def _ends(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the features and their absolute values, joined one by one, and the hidden neurons of the small model."""
    heights = np.linspace(222, 126, len(data["x"]))
    for x, name in ((114.0, "x"), (300.0, "y")):
        for y, amount in zip(heights, data[name], strict=True):
            circle(axes, (x, y), 8, fc=weight_map(theme)(float(amount + 1) / 2), ec=theme.muted, lw=0.9, zorder=4)
    for y in heights:
        arrow(axes, (124, y), (290, y), theme.muted, lw=0.9)
    for y in np.linspace(78, 38, 3):
        circle(axes, (207, y), 8, fc=theme.background, ec=theme.muted, lw=0.9, zorder=4)
    say(axes, 207, 240, r"$y_i = |x_i|$, one feature at a time", theme)
    say(axes, 114, 240, r"$x$", theme, fontsize=10)
    say(axes, 300, 240, r"$y$", theme, fontsize=10)


def _way(axes: "Axes", theme: Theme) -> None:
    style = {"ls": (0, (4, 2)), "lw": 1.6, "mutation_scale": 13}
    arrow(axes, (126, 114), (192, 66), theme.ink, **style)
    arrow(axes, (222, 66), (288, 114), theme.ink, **style)
    say(axes, 150, 80, r"$W_1$", theme, ha="right", fontsize=10)
    say(axes, 264, 80, r"$W_2$", theme, ha="left", fontsize=10)
    say(axes, 222, 57, "fewer neurons\nthan features", theme, ha="left", va="top", linespacing=1.3)
    say(axes, 195, 12, r"$h = \mathrm{ReLU}(W_1 x) \qquad y^\prime = \mathrm{ReLU}(W_2 h + b)$", theme, fontsize=10)
