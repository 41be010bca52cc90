"""F2: a space whose axes have no meaning, and one whose axes a nonlinearity singles out."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, array
from figures.shared.strokes import circle, cross, directions, heading, say, sheet, spokes
from figures.style import Theme, arrow, themed
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F2",
    title="With and without a privileged basis",
    alt="Two planes with two feature directions each. On the left the directions stand at odd angles and a rotated copy serves "
    "as well. On the right a ReLU acts on each axis by itself, and the features lie along the axes, which are the neurons.",
    source="Definitions and Motivation: Features as Directions",
)
CLAIMS = (
    Claim(
        id="C5",
        text="Representations form a hierarchy: decomposable, linear, with or without superposition, aligned with a basis.",
        source="Definitions and Motivation",
        paper="each property supposes those before it",
        quantity="none",
        not_testable="It defines how words are used; no model can decide it.",
    ),
)
HALF = 62.0  # length of a feature direction, in points


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """Unit directions of free features, of the same features turned, and of features along the axes."""
    free, turn = np.array([18.0, 77.0]), 115.0
    return Data(
        arrays={
            "free": array(directions(*free), "feature coordinate", "features in a space without a privileged basis"),
            "turned": array(directions(*(free + turn)), "feature coordinate", f"these features turned by {turn:g} degrees"),
            "aligned": array(directions(0.0, 90.0), "feature neuron", "features along the neurons"),
        }
    )


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Two panels, each a plane of activations."""
    figure, axes = sheet(theme, 212)
    _free(axes, data, theme)
    _privileged(axes, data, theme)
    return figure


def _free(axes: "Axes", data: Data, theme: Theme) -> None:
    centre = np.array([98.0, 91.0])
    heading(axes, 98, 198, "No privileged basis", "Word embeddings, residual stream:\nany rotation serves as well", theme)
    circle(axes, centre, HALF, fill=False, ec=theme.grid, lw=0.8)
    spokes(axes, centre, HALF * data["turned"], [theme.muted] * 2, ls=(0, (3, 2)), lw=1.2)
    spokes(axes, centre, HALF * data["free"], theme.groups[:2], "ab")
    start, end = directions(88.0, 124.0) * (HALF + 7)
    arrow(axes, centre + start, centre + end, theme.muted, lw=1.0, connectionstyle="arc3,rad=0.18")
    say(axes, 98, 8, "features have to be searched for", theme)


def _privileged(axes: "Axes", data: Data, theme: Theme) -> None:
    from matplotlib.patches import Rectangle

    x, y = centre = np.array([290.0, 91.0])
    heading(axes, 290, 198, "Privileged basis", "Neurons of conv nets and MLPs:\na nonlinearity acts on each axis", theme)
    axes.add_patch(Rectangle((x, y), HALF, HALF, fc=theme.surface, ec="none", zorder=0))
    say(axes, x + HALF / 2 + 2, y + HALF / 2, "kept by\nReLU", theme, color=theme.muted)
    cross(axes, centre, HALF, theme.ink, ls=(0, (1, 1.5)), lw=1.4)
    spokes(axes, centre, HALF * data["aligned"], theme.groups[:2], "ab")
    say(axes, x + HALF, y - 10, "neuron 1", theme, ha="right")
    say(axes, x - 6, y + HALF - 5, "neuron 2", theme, ha="right")
    say(axes, 290, 8, "features tend to lie on the neurons", theme)
