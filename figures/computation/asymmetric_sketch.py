"""F36: why asymmetric superposition works: strong interference is cut off, and only weak interference stays."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.computation.asymmetric_pairs import response_table
from figures.computation.wiring import pair_graph
from figures.shared.strokes import say, sheet
from figures.style import Theme, themed
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F36",
    title="How asymmetric superposition with inhibition works",
    alt="A graph of two neurons between two features with weights two and minus one half in, one half and two out, and an "
    "inhibitor. Beside it a table: without the inhibitor the primary feature would give the secondary's output four; with it, "
    "zero. The secondary feature leaks only a quarter onto the primary's output.",
    source="Computation in Superposition",
    note="The ideal motif with the paper's weights, written down and not trained.",
)
CLAIMS: tuple[Claim, ...] = ()
INTO = np.array([[2.0, -0.5], [1.0, 0.0]])
OUT = np.array([[0.5, 2.0], [0.0, -4.0]])
"""Weights (neuron, feature) of the shared neuron and of the inhibitor for the primary and the secondary feature."""


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: it is arithmetic."""
    return {}


def reduce(runs: Runs) -> Data:
    """The motif's outputs for x_0 = 1 and for x_1 = -1, one at a time, without and with the inhibitor."""
    hidden = np.maximum(INTO @ np.array([[1.0, 0.0], [0.0, -1.0]]), 0.0)
    stages = [np.maximum(OUT[:count].T @ hidden[:count], 0.0).T for count in (1, 2)]
    response = np.stack(stages, axis=1)
    values = {"leak": Value(value=float(response[0, 0, 1])), "stays": Value(value=float(response[1, 1, 0]))}
    arrays = {
        "into": array(INTO, "neuron feature", "weights in of the shared neuron and its inhibitor"),
        "out": array(OUT, "neuron feature", "weights out of the shared neuron and its inhibitor"),
        "response": array(response, "feature stage output", "output for one active feature, without and with the inhibitor"),
    }
    return Data(arrays=arrays, values=values)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The graph on the left, the table on the right."""
    figure, axes = sheet(theme, 196)
    pair_graph(axes, data["into"], data["out"], (66, 34, 76, 130), ("0", "1"), theme)
    say(axes, 292, 172, "outputs, one feature at a time", theme, fontweight="bold")
    response_table(axes, data["response"], 292, 146, ["$x_0 = 1$", "$x_1 = -1$"], ["$y_0$", "$y_1$"], theme)
    say(axes, 292, 62, "The inhibitor cuts the strong leak off;\nthe weak one stays.", theme, color=theme.muted, linespacing=1.4)
    return figure
