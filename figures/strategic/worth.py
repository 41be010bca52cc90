"""What a shared hidden dimension is worth each time it is active, beside one of a feature's own.

Not a figure itself.
"""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import Array, Data, array
from figures.style import Theme
from sup.linear_loss import uniform_moments
from sup.sparse_loss import losses_by_active_count, parts_by_active_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFFICIENCY_AT = np.logspace(-3, -0.5, 26)
PENTAGON = 1.17046, -0.28230
"""Length and bias of the best pentagon for very sparse features (Chen et al. 2023; F12)."""


def efficiencies() -> dict[str, Array]:
    """Loss saved per active hidden unit, over that of dedicated dimensions, by an antipodal pair and by a pentagon.

    The saving is relative to the loss of the best constant outputs, the features' means. A dedicated dimension is active as often
    as its feature.
    """
    length, bias = PENTAGON
    angles = 2 * np.pi * np.arange(5) / 5 + 0.3
    shapes = {
        "pair": (np.array([[1.0, -1.0]]), np.zeros(2)),
        "pentagon": (length * np.stack([np.cos(angles), np.sin(angles)]), np.full(5, bias)),
    }
    efficiencies = {}
    for name, (W, b) in shapes.items():
        losses = losses_by_active_count(W, b, np.ones(W.shape[1]))
        saved = [W.shape[1] * uniform_moments(p)[1] - parts_by_active_count(losses, p).sum() for p in EFFICIENCY_AT]
        active = W.shape[0] * (1 - (1 - EFFICIENCY_AT) ** W.shape[1])
        alone = np.array([uniform_moments(p)[1] / p for p in EFFICIENCY_AT])
        text = f"loss saved per active hidden unit by features in a {name}, over that in dimensions of their own"
        efficiencies[name] = array(np.array(saved) / active / alone, "density", text)
    return efficiencies


def draw_worth(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the worth of a pair and of a pentagon against the density."""
    axes.axhline(1, color=theme.dedicated, lw=1.2)
    axes.text(0.0011, 1.02, "a dimension of its own", fontsize=8, color=theme.dedicated, va="bottom")
    for name, label, colour in (("pair", "antipodal pair", theme.superposed), ("pentagon", "pentagon", theme.interference)):
        axes.plot(data["density"], data[name], color=colour)
        axes.text(0.0011, data[name][0] - 0.02, label, fontsize=8, color=colour, va="top")
    axes.set(xscale="log", ylim=(0, 1.15), xlabel="density $1-S$", ylabel="loss saved per activation")
    axes.set_title("Relative worth")
