"""The picture of F13 and F14: the regions of the theory, and maps of trained models.

Not a figure itself: `phase_two` and `phase_three` are the figures.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import Data
from figures.shared.phases import colours
from figures.shared.strokes import key
from figures.style import TEXT_WIDTH, Theme, blend
from sup.phases import ABSENT, APEX, DEDICATED, SUPERPOSED, boundary_density

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, TALL = 2.1, 5.62
"""Inches: side of a map, height of the figure."""
COLUMNS, ROWS = (0.52, 3.16), (3.2, 0.47)
"""Inches: left ends of the maps from left to right, lower ends from top to bottom."""
REGIONS = {
    2: (
        (-0.53, -0.19, ABSENT, "not represented\n$W=[1\\;\\;0]$"),
        (0.54, -0.19, DEDICATED, "dedicated\n$W=[0\\;\\;1]$"),
        (0.0, -1.3, SUPERPOSED, "superposed\n$W=[1\\;{-1}]$"),
    ),
    3: (
        (-0.53, -0.19, ABSENT, "not represented\n$W\\perp[0,0,1]$"),
        (0.5, -0.12, DEDICATED, "$W\\perp[1,0,0]$"),
        (-0.48, -1.5, SUPERPOSED, "superposed\n$W\\perp[0,1,1]$"),
        (0.5, -1.15, DEDICATED, "dedicated\n$W\\perp[1,1,0]$"),
    ),
}
"""By the number of features, the theory's regions: where the label stands, the extra feature's outcome, and the label."""


def four_maps(data: Data, features: int, theme: Theme) -> "Figure":
    """Theory and best fits above, average and share of strayed fits below, the theory's boundaries on every map, keys beside."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, TALL), facecolor="none")
    fits = int(data["fits"])
    theory, best, average, strayed = (
        drawn.add_axes((x / TEXT_WIDTH, y / TALL, SIDE / TEXT_WIDTH, SIDE / TALL)) for y in ROWS for x in COLUMNS
    )
    _regions(theory, features, theme)
    _cells(best, colours(data["best_norm"], data["best_score"], theme))
    _cells(average, colours(data["norm"], data["score"], theme))
    missed = blend((theme.zero, theme.interference))
    _cells(strayed, missed(data["strayed"])[..., :3])
    titles = (
        "theory",
        f"best of {fits}",
        f"average of the best {max(1, fits - 1)} of {fits}",
        "fits in another phase than the best",
    )
    for axes, title in zip((theory, best, average, strayed), titles, strict=True):
        _frame(axes, title)
        _boundaries(axes, data if axes is not theory else Data(), features, theme)
    right = COLUMNS[-1] + SIDE + 0.4
    wide = TEXT_WIDTH - right - 0.28
    _key(drawn.add_axes((right / TEXT_WIDTH, (ROWS[0] + 0.42) / TALL, wide / TEXT_WIDTH, wide / TALL)), theme)
    bar = drawn.add_axes((right / TEXT_WIDTH, (ROWS[1] + 0.95) / TALL, wide / TEXT_WIDTH, 0.1 / TALL))
    key(bar, missed, ("0", "0.5", "1"), theme)
    bar.set_title("share of fits", fontsize=8.5)
    return drawn


def _regions(axes: "Axes", features: int, theme: Theme) -> None:
    """The regions of the theory in the colours of their outcomes, with names and weights."""
    fill: dict[str, Any] = {"lw": 0.4, "zorder": 0}  # edges close the seam between the halves
    dropped, pair = (theme.zero, theme.dedicated), (theme.superposed, theme.superposed if features == 2 else theme.dedicated)
    for k, x in enumerate((np.linspace(-1, 0, 201), np.linspace(0, 1, 201))):
        middle = np.clip(x, -1, -1e-9) if k == 0 else np.clip(x, 1e-9, 1)  # the boundary's limit from this side
        y = np.log10(boundary_density(features, 10**middle))
        axes.fill_between(x, y, 0, color=dropped[k], **fill)
        axes.fill_between(x, -2, y, color=pair[k], **fill)
    for left, up, outcome, text in REGIONS[features]:
        colour = theme.ink if outcome == ABSENT else theme.background
        axes.text(left, up, text, color=colour, fontsize=8, ha="center", va="center", linespacing=1.35)


def _cells(axes: "Axes", cells: np.ndarray) -> None:
    axes.imshow(cells, extent=(-1, 1, -2, 0), origin="lower", interpolation="none", aspect="equal")


def _frame(axes: "Axes", title: str) -> None:
    axes.set(xlim=(-1, 1), ylim=(-2, 0), xticks=(-1, 0, 1), xticklabels=("0.1", "1", "10"), yticks=(-2, -1, 0))
    axes.set_yticklabels(("0.01", "0.1", "1"))
    axes.set_ylabel("density $1-S$", labelpad=-1)
    axes.set_xlabel("importance of the extra feature", labelpad=1)
    axes.set_title(title, fontsize=9)


def _boundaries(axes: "Axes", data: Data, features: int, theme: Theme) -> None:
    """The boundaries of the theory; dotted, the exact ones, if the data have them."""
    r = np.linspace(-1, 1, 401)
    axes.plot(r, np.log10(boundary_density(features, 10**r)), color=theme.ink, lw=1.0)
    bottom = -2 if features == 3 else np.log10(APEX)
    axes.plot((0, 0), (bottom, 0), color=theme.ink, lw=1.0)
    if "exact_crossing" in data.arrays:
        x, y = np.log10(data["exact_importance"]), np.log10(data["exact_crossing"])
        for mirrored in (x, -x):  # above an importance of 1 the features swap places
            axes.plot(mirrored, y, color=theme.ink, lw=1.2, ls=(0, (1, 1)))


def _key(axes: "Axes", theme: Theme) -> None:
    """The colours of norms and scores, with the names of the three outcomes."""
    s, n = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 64))
    axes.imshow(colours(n, s, theme), extent=(0, 1, 0, 1), origin="lower", interpolation="none", aspect="equal")
    axes.set(xticks=(0, 1), yticks=(0, 1), xticklabels=("0", "≥ 1"), yticklabels=("0", "≥ 1"))
    axes.set_xlabel("superposition score", labelpad=2)
    axes.set_ylabel("norm", labelpad=-8)
    axes.set_title("the extra feature is", fontsize=9, pad=18)
    for x, side, word, colour in ((-0.16, "left", "dedicated", theme.dedicated), (1.16, "right", "superposed", theme.superposed)):
        axes.text(x, 1.05, word, color=colour, fontsize=8, ha=side, va="bottom", fontweight="bold")
    axes.text(0.5, 0.06, "not represented", color=theme.ink, fontsize=8, ha="center")
