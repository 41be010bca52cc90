"""F6: the toy model, which squeezes sparse features through a few dimensions and recovers them."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.shared.strokes import bands, circle, say, sheet
from figures.style import Theme, arrow, blend, themed, weight_map
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F6",
    title="The setup: stored in fewer dimensions, then recovered",
    alt="Six features x of a hypothetical disentangled model are stored by W in the three dimensions h of the observed model and "
    "recovered by its transpose as x', which a loss weighted by importance compares with x. One feature is active; x' shows it "
    "and some interference.",
    source="Demonstrating Superposition: Experiment Setup",
)
CLAIMS: tuple[Claim, ...] = ()


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """One input, its hidden vector and its output, for a model whose columns are the six diagonals of an icosahedron.

    These are unit vectors in three dimensions with |W_i . W_j| = 1 / sqrt(5); no six have a smaller largest |W_i . W_j|.
    """
    g = (1 + np.sqrt(5)) / 2
    corners = [(0, 1, g), (0, 1, -g), (1, g, 0), (1, -g, 0), (g, 0, 1), (-g, 0, 1)]
    w = np.array(corners).T / np.hypot(1, g)
    x = np.array([0, 1.0, 0, 0, 0, 0])
    arrays = {
        "W": array(w, "hidden feature", "weights"),
        "x": array(x, "feature", "input, one feature active"),
        "h": array(w @ x, "hidden", "hidden vector, h = W x"),
        "recovered": array(np.maximum(w.T @ (w @ x), 0), "feature", "output, ReLU(W^T h)"),
    }
    return Data(arrays=arrays)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Features and their recovery above, the bottleneck below, arrows down and up."""
    figure, axes = sheet(theme, 276)
    bands(axes, 122, theme)
    _nodes(axes, data, theme)
    _way(axes, theme)
    return figure


def _nodes(axes: "Axes", data: Data, theme: Theme) -> None:
    heights, active = np.linspace(239, 139, len(data["x"])), data["x"] > 0
    for x, name in ((114.0, "x"), (300.0, "recovered")):
        for y, amount, meant in zip(heights, data[name], active, strict=True):
            filled = blend((theme.background, theme.groups[2] if meant else theme.interference))
            circle(axes, (x, y), 8, fc=filled(float(amount)), ec=theme.muted, lw=0.9, zorder=4)
    for y in heights[(data["recovered"] > 0) & ~active]:
        say(axes, 315, y, "interference", theme, ha="left", color=theme.interference)
    for y, amount in zip(np.linspace(78, 38, len(data["h"])), data["h"], strict=True):
        circle(axes, (207, y), 8, fc=weight_map(theme)(float(amount + 1) / 2), ec=theme.muted, lw=0.9, zorder=4)


def _way(axes: "Axes", theme: Theme) -> None:
    dashed = {"ls": (0, (4, 2)), "lw": 1.6, "mutation_scale": 13}
    arrow(axes, (126, 127), (192, 66), theme.ink, **dashed)
    arrow(axes, (222, 66), (288, 127), theme.ink, **dashed)
    arrow(axes, (130, 189), (284, 189), theme.muted, lw=1.2, arrowstyle="<|-|>")
    say(axes, 207, 200, "importance-weighted loss", theme)
    say(axes, 207, 174, r"$\sum_i I_i\,(x_i - x^\prime_i)^2$", theme, fontsize=9.5)
    say(axes, 114, 259, r"$x \in \mathbb{R}^n$", theme, fontsize=10)
    say(axes, 300, 259, r"$x^\prime \in \mathbb{R}^n$", theme, fontsize=10)
    say(axes, 226, 48, r"$h \in \mathbb{R}^m$", theme, fontsize=10, ha="left")
    say(axes, 139, 101, r"stored by $W$", theme, ha="right")
    say(axes, 275, 101, r"recovered by $W^T$", theme, ha="left")
    say(axes, 207, 11, r"$h = Wx \qquad x^\prime = \mathrm{ReLU}(W^T h + b)$", theme, fontsize=10)
