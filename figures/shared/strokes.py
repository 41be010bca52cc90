"""Elements of the explanatory sketches: a sheet measured in points, text, nodes, spokes and small bars.

A sheet is narrower than the text column so that its words stay readable on a phone.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.style import Point, Theme, arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

SHEET = 390.0
"""Width of a sheet in points."""


def sheet(theme: Theme, height: float) -> "tuple[Figure, Axes]":
    """A figure with one empty sheet, `SHEET` points wide and `height` points high, origin at the lower left."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(SHEET / 72, height / 72), facecolor="none")
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, SHEET), ylim=(0, height))
    axes.set_axis_off()
    return drawn, axes


def say(axes: "Axes", x: float, y: float, text: str, theme: Theme, **options: Any) -> None:
    """Writes `text` centred on a point; `options` go to `Axes.text`."""
    axes.text(x, y, minus(text), **{"fontsize": 9.0, "color": theme.ink, "ha": "center", "va": "center", "zorder": 6, **options})


def minus(text: str) -> str:
    """`text` with each hyphen before a number replaced by a minus sign.

    Example:
        >>> minus("-0.5, left-1 and -x")
        '−0.5, left-1 and -x'
    """
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)


def inset(axes: "Axes", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Axes for data on the sheet `axes`; the box is in points."""
    figure, (_, tall) = axes.get_figure(root=True), axes.get_ylim()
    assert figure is not None  # a sheet's axes belong to its figure
    return figure.add_axes((left / SHEET, bottom / tall, width / SHEET, height / tall))


def key(axes: "Axes", colours: "Colormap", ticks: Sequence[str], theme: Theme) -> None:
    """Fills `axes` with a colour map from left to right, evenly spaced labels below it."""
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=colours, aspect="auto", extent=(0, 1, 0, 1), interpolation="none")
    axes.set(yticks=[], xticks=np.linspace(0, 1, len(ticks)), xticklabels=list(map(minus, ticks)))
    axes.tick_params(length=2.5, pad=2, color=theme.muted)
    for spine in axes.spines.values():
        spine.set_visible(False)


def heading(axes: "Axes", x: float, y: float, title: str, below: str, theme: Theme) -> None:
    """Writes a bold title centred at `x` on the base line `y`, and lines of explanation below it."""
    say(axes, x, y, title, theme, fontsize=10.0, fontweight="bold", va="baseline")
    for row, line in enumerate(below.splitlines()):
        say(axes, x, y - 14 - 12 * row, line, theme, va="baseline", color=theme.muted)


def spokes(axes: "Axes", centre: Point, ends: np.ndarray, colours: Sequence[str], names: str = "", **options: Any) -> None:
    """Draws arrows from `centre` to `centre + ends`, each with its letter of `names` just past the tip.

    Args:
        axes: The sheet.
        centre: Where the arrows start.
        ends: Shape (arrow, 2), in points.
        colours: One per arrow.
        names: One letter per arrow, or empty.
        options: For `figures.style.arrow`.
    """
    start = np.asarray(centre)
    for end, colour in zip(ends, colours, strict=True):
        arrow(axes, start, start + end, colour, **{"lw": 2.0, "mutation_scale": 11, **options})
    for end, colour, name in zip(ends, colours, names, strict=False):
        x, y = start + end * (1 + 9 / np.hypot(*end))
        axes.text(x, y, name, color=colour, fontsize=10, fontweight="bold", ha="center", va="center_baseline")


def cross(axes: "Axes", centre: Point, reach: float, colour: str, **options: Any) -> None:
    """Draws two axes through `centre`, each from `-reach` to `reach`."""
    (x, y), style = centre, {"lw": 0.8, "zorder": 1, **options}
    axes.plot([x - reach, x + reach], [y, y], color=colour, **style)
    axes.plot([x, x], [y - reach, y + reach], color=colour, **style)


def circle(axes: "Axes", centre: Point, radius: float, **options: Any) -> None:
    """Draws a circle; `options` go to `matplotlib.patches.Circle`."""
    from matplotlib.patches import Circle

    axes.add_patch(Circle((centre[0], centre[1]), radius, **options))


def bars(
    axes: "Axes", left: float, base: float, heights: np.ndarray, colours: Sequence[str], theme: Theme, **options: Any
) -> None:
    """Draws small bars side by side on a zero line that starts at (`left`, `base`).

    Args:
        axes: The sheet.
        left: Left end of the zero line, in points.
        base: Height of the zero line, in points.
        heights: Shape (bar), in points; negative ones hang down.
        colours: One per bar.
        theme: The colour of the zero line.
        options: `pitch`, points from bar to bar (14 by default); others go to `Axes.bar`.
    """
    pitch = options.pop("pitch", 14.0)
    centres = left + pitch * (np.arange(len(heights)) + 0.5)
    axes.bar(centres, heights, bottom=base, width=0.72 * pitch, color=colours, **{"zorder": 3, **options})
    axes.plot([left, left + pitch * len(heights)], [base, base], color=theme.muted, lw=0.8, zorder=4)


def directions(*degrees: float) -> np.ndarray:
    """Unit vectors at these angles, shape (vector, 2).

    Example:
        >>> directions(0, 90).round(6).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def bands(axes: "Axes", base: float, theme: Theme) -> None:
    """Draws the backgrounds of two models: the hypothetical large one from height `base` on, the observed one below it."""
    from matplotlib.patches import Rectangle

    for bottom, height, title in ((base, 150, "Hypothetical\ndisentangled\nmodel"), (26, 64, "Observed\nmodel")):
        axes.add_patch(Rectangle((3, bottom), 384, height, fc=theme.surface, ec="none", zorder=0))
        say(axes, 11, bottom + height - 8, title, theme, ha="left", va="top", fontweight="bold")
