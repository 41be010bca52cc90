"""Parts of F11 and F12: none to five features arranged in a plane, and bars of each arrangement's loss.

Not a figure itself: `linear_loss` and `one_sparse_loss` are the figures.
"""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import Data
from figures.style import Theme
from sup.specs import geometric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEATURES = 5
IMPORTANCE = np.array(geometric(0.9, FEATURES))
"""Loss weights of the five features, those of F1."""
COUNTS = tuple(range(FEATURES + 1))


def arrangement(count: int) -> np.ndarray:
    """W (1, 2, feature) of the `count` most important features spread evenly over the circle at unit length; the others are zero.

    Up to two features have a dimension each; three and more form a regular polygon.
    """
    angles = np.pi / 2 + np.arange(count) * (2 * np.pi / count if count > 2 else np.pi / 2)
    W = np.zeros((1, 2, FEATURES))
    W[0, :, :count] = np.cos(angles), np.sin(angles)
    return W


def cost_bars(axes: "Axes", data: Data, theme: Theme) -> None:
    """Stacked bars of the benefit and interference terms of each arrangement; the lowest total is in bold."""
    benefit, interference = data["benefit"], data["interference"]
    total = benefit + interference
    axes.bar(COUNTS, benefit, width=0.62, color=theme.absent, label="benefit term")
    axes.bar(COUNTS, interference, width=0.62, bottom=benefit, color=theme.interference, label="interference term")
    axes.set(xlim=(-0.6, FEATURES + 0.6), xticks=[], ylim=(0, 1.32 * total.max()))
    for count in COUNTS:
        lowest = total[count] <= total.min() + 1e-12
        weight = "bold" if lowest else "normal"
        label = f"{total[count]:.2f}" if total[count] >= 0.1 else f"{total[count]:.3f}"
        axes.text(count, total[count] + 0.02 * total.max(), label, ha="center", fontsize=8, fontweight=weight)
    axes.legend(loc="upper right", fontsize=8, borderaxespad=0, handlelength=1.0)


def glyphs(figure: "Figure", below: "Axes", lengths: np.ndarray, theme: Theme) -> None:
    """Pictures of the arrangements at their best lengths, in a row under the bars of `below`, with their numbers of features."""
    box, (wide, tall) = below.get_position(), figure.get_size_inches()
    unit = box.width * wide / (FEATURES + 1.2)  # inches from one bar to the next
    axes = figure.add_axes((box.x0, box.y0 - 1.24 * unit / tall, box.width, 1.2 * unit / tall))
    axes.set(xlim=below.get_xlim(), ylim=(-0.75, 0.45), aspect="equal")
    axes.set_axis_off()
    for count in COUNTS:
        for x, y in 0.24 * lengths[count] * arrangement(count)[0, :, :count].T:
            axes.plot((count, count + x), (0, y), color=theme.ink, lw=1.2, solid_capstyle="round")
            axes.plot(count + x, y, "o", color=theme.ink, ms=2.6)
        if count == 0:
            axes.plot(count, 0, "o", color=theme.muted, ms=2.6)
        axes.text(count, -0.6, str(count), ha="center", va="center", fontsize=8)
    figure.text(box.x0 + box.width / 2, box.y0 - 1.34 * unit / tall, "features represented", ha="center", va="top", fontsize=8.5)
