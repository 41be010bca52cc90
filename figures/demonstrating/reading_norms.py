"""F8: how to read the bars of feature norms coloured by superposition score, on arrangements known in closed form."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.shared.strokes import circle, directions, inset, key, say, sheet
from figures.style import Theme, norm_bars, score_map, themed
from sup.geometry import REPRESENTED, feature_norms, superposition_score
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F8",
    title="How to read feature norms and superposition",
    alt="A bar per feature, as long as the norm of its direction, with a dashed line at one. The colour runs from dark for two "
    "features with a dimension of their own over three in a triangle to light for an antipodal pair and a pentagon. Two short "
    "bars at the end are features that are not represented.",
    source="Demonstrating Superposition: Basic Results",
    note="Ideal arrangements side by side, written down and not trained.",
)
CLAIMS: tuple[Claim, ...] = ()
SHAPES: dict[str, np.ndarray] = {  # (feature, 2) each: the directions of a group's features in their plane
    "dedicated": directions(90, 0),
    "triangle": directions(90, 210, 330),
    "pair": directions(90, 270),
    "pentagon": directions(90, 162, 234, 306, 18),
    "faint": directions(90, 0) * [[0.35], [0.0]],
}

TEXTS = {
    "dedicated": "a dimension of its own:",
    "triangle": "three in two dimensions:",
    "pair": "antipodal pair:",
    "pentagon": "five in two dimensions:",
}


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the arrangements are known in closed form."""
    return {}


def reduce(runs: Runs) -> Data:
    """One model with all groups, each in its own plane."""
    plane = np.concatenate(list(SHAPES.values()))
    group = np.repeat(np.arange(len(SHAPES)), [len(shape) for shape in SHAPES.values()])
    w = np.zeros((2 * len(SHAPES), len(plane)))
    for axis in (0, 1):
        w[2 * group + axis, np.arange(len(plane))] = plane[:, axis]
    norms, scores = feature_norms(w[None])[0], superposition_score(w[None])[0]
    values = {name: Value(value=float(scores[group == k].max())) for k, name in enumerate(SHAPES)}
    arrays = {
        "W": array(w, "hidden feature", "weights"),
        "norms": array(norms, "feature", "norm of each feature"),
        "scores": array(scores, "feature", "superposition score of each feature"),
        "plane": array(plane, "feature coordinate", "direction of each feature in the plane of its group"),
        "group": array(group, "feature", f"group of each feature: {', '.join(f'{k} {name}' for k, name in enumerate(SHAPES))}"),
    }
    return Data(arrays=arrays, values=values)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Bars on the left; a picture and the meaning of each group on the right."""
    figure, axes = sheet(theme, 296)
    row, top, left, width = 16.0, 280.0, 24.0, 160.0
    count = len(data["norms"])
    chart = inset(axes, left, top - row * count, width, row * count)
    norm_bars(chart, data["norms"], data["scores"], theme)
    chart.set(yticks=range(count), xticks=(0, 0.5, 1), ylim=(count - 0.5, -0.5))
    chart.tick_params(axis="y", length=0, labelsize=8)
    say(axes, left + width / 2, 26, r"norm $|W_i|$", theme)
    say(axes, left + width / 1.25, 288, "fully represented", theme, color=theme.muted)
    say(axes, 12, 288, "feature", theme, ha="left", color=theme.muted)
    _groups(axes, data, top, row, theme)
    key(inset(axes, 244, 24, 120, 9), score_map(theme), ("0", "0.5", "1 or more"), theme)
    say(axes, 304, 42, "superposition score", theme)
    return figure


def _groups(axes: "Axes", data: Data, top: float, row: float, theme: Theme) -> None:
    colours = score_map(theme)(np.clip(data["scores"], 0.0, 1.0))
    for k, name in enumerate(SHAPES):
        rows = np.flatnonzero(data["group"] == k)
        middle = top - row * (rows.mean() + 0.5)
        _bracket(axes, 194, top - row * rows[0] - 2, top - row * (rows[-1] + 1) + 2, theme)
        if name in TEXTS:
            _glyph(axes, (217, middle), data["plane"][rows], colours[rows[0]], theme)
            say(axes, 238, middle, f"{TEXTS[name]}\nscore {data.values[name].value:.1f}", theme, ha="left", linespacing=1.3)
        else:
            say(axes, 206, middle, f"not represented:\nnorm below {REPRESENTED:g}", theme, ha="left", linespacing=1.3)


def _bracket(axes: "Axes", x: float, high: float, low: float, theme: Theme) -> None:
    axes.plot((x - 4, x, x, x - 4), (high, high, low, low), color=theme.muted, lw=0.9)


def _glyph(axes: "Axes", centre: tuple[float, float], ends: np.ndarray, colour: object, theme: Theme) -> None:
    x, y = centre
    circle(axes, centre, 13, fill=False, ec=theme.grid, lw=0.8)
    for dx, dy in 13 * ends:
        axes.plot((x, x + dx), (y, y + dy), color=colour, lw=1.8, solid_capstyle="round")
        axes.plot((x + dx,), (y + dy,), "o", color=colour, ms=3.6)
