"""F4: five features in a plane; interference with one active feature, and inputs that two active features make ambiguous."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.shared.strokes import bars, circle, directions, heading, say, sheet, spokes
from figures.style import Theme, arrow, themed
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F4",
    title="Interference between features in superposition",
    alt="Five features stand as a pentagon in a plane. With only feature a active, its neighbours b and e read part of it. With "
    "b and e active together, their sum lies exactly where a weaker a alone would put it, so the two cannot be told apart.",
    source="Definitions and Motivation: The Superposition Hypothesis",
)
CLAIMS = (
    Claim(
        id="C4",
        text="A space of n dimensions has room for exponentially many almost orthogonal vectors.",
        source="Definitions and Motivation: The Superposition Hypothesis",
        paper="exp(n) vectors with cosine similarity below epsilon",
        quantity="number of vectors",
        not_testable="It is the lemma of Johnson and Lindenstrauss (1984), proved for every n; trials would add nothing.",
    ),
)
HALF, HIGH = 56.0, 170.0  # length of a feature direction, and height of the pentagons' centres, in points


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """A pentagon of unit features, and what it reads with one active feature and with two."""
    features = directions(90.0, 18.0, -54.0, 234.0, 162.0)  # a to e, clockwise
    one, two = np.array([1.0, 0, 0, 0, 0]), np.array([0, 1.0, 0, 0, 1.0])
    hidden = two @ features
    alone = one * (hidden @ features[0])  # a alone gives the same hidden vector
    return Data(
        arrays={
            "features": array(features, "feature hidden", "direction of each feature, a to e"),
            "read": array(features @ (one @ features), "feature", "dot product of each feature with a, the only active one"),
            "two": array(two, "feature", "input with b and e active"),
            "alone": array(alone, "feature", "input with only a active that has the same hidden vector as b and e together"),
            "hidden": array(hidden, "hidden", "hidden vector of b and e together, and of a alone"),
        },
        values={
            "leak": Value(value=float(features[0] @ features[1])),
            "same": Value(value=float(alone[0])),
        },
    )


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Two columns: the plane above, the numbers below."""
    figure, axes = sheet(theme, 290)
    _leak(axes, data, theme)
    _ambiguous(axes, data, theme)
    return figure


def _letters(axes: "Axes", left: float, base: float, values: np.ndarray, pitch: float, theme: Theme) -> None:
    """The letters of the five features, each on the other side of the zero line from its bar."""
    for k, name in enumerate("abcde"):
        say(axes, left + pitch * (k + 0.5), base + (8 if values[k] < 0 else -8), name, theme, fontweight="bold")


def _leak(axes: "Axes", data: Data, theme: Theme) -> None:
    x, features, read = 98.0, data["features"], data["read"]
    heading(axes, x, 277, "One active feature leaks", "Only a is on, but the\ndot products with b and e see it", theme)
    centre = np.array([x, HIGH])
    spokes(axes, centre, HALF * features, [theme.groups[0]] + [theme.muted] * 4, "abcde")
    tip = centre + HALF * features[0]
    for neighbour in (1, 4):
        foot = centre + HALF * read[neighbour] * features[neighbour]
        axes.plot([tip[0], foot[0]], [tip[1], foot[1]], color=theme.interference, lw=1.2, ls=(0, (1, 1.5)), zorder=4)
        axes.plot([x, foot[0]], [HIGH, foot[1]], color=theme.interference, lw=3.5, zorder=5, solid_capstyle="butt")
    pitch, base, scale = 23.0, 50.0, 34.0
    left = x - 2.5 * pitch
    leaks = [theme.interference if value > 0 else theme.muted for value in read[1:]]
    bars(axes, left, base, scale * read, [theme.groups[0], *leaks], theme, pitch=pitch)
    _letters(axes, left, base, read, pitch, theme)
    for k in (1, 4):
        say(axes, left + pitch * (k + 0.5), base + scale * read[k] + 8, f"{read[k]:.2f}", theme, color=theme.interference)
    say(axes, x, 8, "a ReLU cuts c and d, not b and e", theme)


def _ambiguous(axes: "Axes", data: Data, theme: Theme) -> None:
    x, features, two, alone = 292.0, data["features"], data["two"], data["alone"]
    heading(axes, x, 277, "Several active are ambiguous", "b and e together land\nwhere a weaker a alone would", theme)
    centre = np.array([x, HIGH])
    colours = [theme.groups[2] if value else theme.muted for value in two]
    spokes(axes, centre, HALF * features, [theme.muted, *colours[1:]], "abcde")
    point = centre + HALF * data["hidden"]
    for active in (1, 4):
        tip = centre + HALF * features[active]
        axes.plot([tip[0], point[0]], [tip[1], point[1]], color=theme.groups[2], lw=1.2, ls=(0, (1, 1.5)), zorder=4)
    arrow(axes, centre, point, theme.groups[0], lw=2.4, zorder=5, arrowstyle="-")
    circle(axes, point, 4.5, fc=theme.background, ec=theme.ink, lw=1.6, zorder=6)
    base, scale = 50.0, 34.0
    for left, values, colour in ((x - 91, alone, theme.groups[0]), (x + 11, two, theme.groups[2])):
        bars(axes, left, base, scale * values, [colour] * 5, theme, pitch=16)
        _letters(axes, left, base, values, 16, theme)
    say(axes, x - 91 + 8, base + scale * alone[0] + 8, f"{alone[0]:.2f}", theme, color=theme.groups[0])
    say(axes, x, 57, "or", theme)
    say(axes, x, 8, "the sparser the inputs, the rarer", theme)
