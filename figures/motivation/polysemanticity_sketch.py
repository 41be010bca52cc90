"""F3: two reasons why one neuron answers to several features."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.shared.strokes import bars, cross, directions, heading, say, sheet, spokes
from figures.style import Theme, themed
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F3",
    title="Polysemantic neurons and superposition",
    alt="Two planes whose axes are two neurons. On the left two orthogonal features lie askew to the axes; on the right three "
    "features share the two dimensions. Bars below show that in both cases each neuron answers to every feature.",
    source="Definitions and Motivation: The Superposition Hypothesis",
)
CLAIMS = (
    Claim(
        id="C89",
        text="Later layers of InceptionV1 are more polysemantic than earlier ones.",
        source="Discussion",
        paper="an observation on a trained vision model",
        quantity="none",
        not_testable="It is about a large model of images, and only toy models are trained here.",
    ),
)


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """Feature directions: two orthogonal ones askew to the neurons, and three at 120 degrees."""
    askew, crowded = directions(30.0, 120.0), directions(75.0, 195.0, 315.0)
    return Data(
        arrays={
            "askew": array(askew, "feature neuron", "two orthogonal features, askew to the neurons"),
            "crowded": array(crowded, "feature neuron", "three features at 120 degrees to each other"),
        }
    )


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Two columns: the feature directions above, the answers of each neuron below."""
    figure, axes = sheet(theme, 292)
    heading(axes, 98, 279, "Features askew to neurons", "2 features, 2 dimensions:\northogonal, but not on the axes", theme)
    heading(axes, 292, 279, "Superposition", "3 features, 2 dimensions:\nthey cannot all be orthogonal", theme)
    _column(axes, 98, data["askew"], theme)
    _column(axes, 292, data["crowded"], theme)
    return figure


def _column(axes: "Axes", x: float, features: np.ndarray, theme: Theme) -> None:
    half, y, colours, names = 58.0, 174.0, theme.groups[: len(features)], "abc"[: len(features)]
    cross(axes, (x, y), half + 6, theme.ink, ls=(0, (1, 1.5)), lw=1.4)
    spokes(axes, (x, y), half * features, colours, names)
    say(axes, x + 64, y - 10, "neuron 1", theme, ha="right")
    side = -1 if features[0, 0] < 0.5 else 1  # the side of the vertical axis without arrows near it
    say(axes, x + 6 * side, y + 58, "neuron 2", theme, ha="left" if side > 0 else "right")
    say(axes, x, 95, "what each neuron answers to", theme, color=theme.muted)
    for neuron, middle in enumerate((x - 46, x + 46)):
        _answers(axes, middle, features[:, neuron], names, theme)
        say(axes, middle, 8, f"neuron {neuron + 1}", theme)


def _answers(axes: "Axes", middle: float, weights: np.ndarray, names: str, theme: Theme) -> None:
    pitch, scale, base = 19.0, 29.0, 50.0
    left = middle - pitch * len(weights) / 2
    bars(axes, left, base, scale * weights, theme.groups[: len(weights)], theme, pitch=pitch)
    for k, name in enumerate(names):  # each letter on the other side of the zero line from its bar
        side = -8 if weights[k] > 0 else 8
        say(axes, left + pitch * (k + 0.5), base + side, name, theme, color=theme.groups[k], fontweight="bold")
