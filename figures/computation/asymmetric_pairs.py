"""F35: the two instances of asymmetric superposition in the model before, two neurons each, with what they do in numbers."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.computation import absolute
from figures.computation.asymmetric_model import DECAY, DENSITY, FEATURES, HIDDEN
from figures.computation.instances import Instance, chosen, found_in
from figures.computation.wiring import pair_graph
from figures.shared.strokes import say, sheet
from figures.style import Theme, themed
from sup.motifs import Motif
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F35",
    title="Two instances of asymmetric superposition, in numbers",
    alt="Two small graphs, each of a shared neuron and an inhibitor between two features, with the weights on the edges: "
    "about two and one half in, one half and two out, and large negative weights out of the inhibitor. Below each a table: "
    "the primary feature alone would switch on the secondary's output several times over; with the inhibitor nothing is left "
    "of it.",
    source="Computation in Superposition",
    note="The instances of the model before. Where the inhibitor returns a third feature besides, that is drawn too.",
)
CLAIMS: tuple[Claim, ...] = ()


def needs(size: Size) -> dict[str, Sweep]:
    """The fits of the figure before, the same sweep."""
    return {"fits": absolute.fits(FEATURES, HIDDEN, DECAY, (DENSITY,), size)}


def reduce(runs: Runs) -> Data:
    """The instances in the drawn model, at most two.

    The shared neuron is balanced and the inhibitor scaled to the same weight in from the primary feature; signs are turned so
    that a positive primary switches both on. Responses, after the ReLU, are to one feature of size 1 with the sign to which the
    shared neuron responds.
    """
    fits = runs["fits"]
    instances = found_in(fits)
    model = chosen(fits, instances)
    W1, W2, b = (fits[name][model].astype(np.float64) for name in ("W1", "W2", "b"))
    drawn = instances[model][:2]
    motifs = [instance.motif for instance in drawn]
    pairs = [_pair(W1, W2, instance) for instance in drawn]
    into, out = (np.array([pair[side] for pair in pairs]).reshape(-1, 2, 3) for side in (0, 1))
    features = [(instance.motif.primary, instance.motif.secondary, instance.third) for instance in drawn]
    response = np.array([_responses(W1, W2, b, motif) for motif in motifs]).reshape(-1, 2, 3, 2)
    of_pair = "of the shared neuron and its inhibitor for the primary, the secondary and the inhibitor's third feature, scaled"
    stages = "from the shared neuron alone, with its inhibitor and from the whole model"
    arrays = {
        "into": array(into, "instance neuron feature", f"weights in {of_pair}; 0 without a third"),
        "out": array(out, "instance neuron feature", f"weights out {of_pair}; 0 without a third"),
        "features": array(
            np.array(features, np.int64).reshape(-1, 3),
            "instance feature",
            "primary, secondary and third feature, -1 for no third",
        ),
        "inhibitor": array(np.array([motif.inhibitor for motif in motifs], np.int64), "instance", "place of the inhibitor"),
        "response": array(response, "instance feature stage output", f"output for one active feature, {stages}"),
    }
    values: dict[str, Value] = {}
    for k, motif in enumerate(motifs, 1):
        values |= {f"leak_{k}": Value(value=motif.leak), f"left_{k}": Value(value=float(response[k - 1, 0, 2, 1]))}
    return Data(arrays=arrays, values=values)


def _pair(W1: np.ndarray, W2: np.ndarray, instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Weights in and out (neuron, feature) of an instance, scaled; those of a third feature that it has not are zero."""
    motif = instance.motif
    neurons, features = [motif.neuron, motif.inhibitor], [motif.primary, motif.secondary, instance.third]
    into, out = W1[np.ix_(neurons, features)], W2[np.ix_(features, neurons)].T
    factor = motif.strength / np.abs(into[:, :1])
    sign = np.sign(into[0, 0])
    has = np.array([True, True, instance.third >= 0])
    return np.where(has, into * factor * sign, 0.0), np.where(has, out / factor, 0.0)


def _responses(W1: np.ndarray, W2: np.ndarray, b: np.ndarray, motif: Motif) -> np.ndarray:
    """Outputs (active, stage, output) for the primary and for the secondary feature alone."""
    features, outputs = [motif.primary, motif.secondary], []
    for feature in features:
        hidden = np.maximum(W1[:, feature] * np.sign(W1[motif.neuron, feature]), 0.0)
        alone, both = np.zeros(len(hidden)), np.zeros(len(hidden))
        alone[motif.neuron] = both[motif.neuron] = hidden[motif.neuron]
        both[motif.inhibitor] = hidden[motif.inhibitor]
        outputs.append([W2 @ alone, W2 @ both, W2 @ hidden + b])
    return np.maximum(np.array(outputs), 0.0)[:, :, features]


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A graph and a table per instance."""
    figure, axes = sheet(theme, 320)
    for k in range(2):
        x = 97 + 196 * k
        if k >= len(data["features"]):
            say(axes, x, 200, "no such instance\nin this model", theme, color=theme.muted)
            continue
        primary, secondary, third = (str(i) for i in data["features"][k])
        has_third = int(third) >= 0
        same = ", with the same inhibitor" if k and data["inhibitor"][k] == data["inhibitor"][0] else ""
        say(axes, x, 308, f"instance {k + 1}{same}", theme, fontweight="bold")
        into, out = data["into"][k].copy(), data["out"][k].copy()
        into[0, 2] = out[0, 2] = 0.0  # only the inhibitor's part in the third feature is drawn
        shown, left = (3, x - 52) if has_third else (2, x - 36)
        names = (primary, secondary, third)[:shown]
        pair_graph(axes, into[:, :shown], out[:, :shown], (left, 144, 72, 130), names, theme)
        words = (
            f"the inhibitor also returns one side of $x_{{{third}}}$" if has_third else "the inhibitor returns no third feature"
        )
        say(axes, x, 112, words, theme, fontsize=8.5, color=theme.muted)
        _table(axes, data["response"][k], x, (primary, secondary), theme)
    return figure


def _table(axes: "Axes", response: np.ndarray, x: float, names: tuple[str, str], theme: Theme) -> None:
    inputs, outputs = [f"$|x_{{{name}}}| = 1$" for name in names], [f"$y_{{{name}}}$" for name in names]
    response_table(axes, response, x, 90, inputs, outputs, theme)


STAGES = ("shared neuron", "and inhibitor", "whole model")


def response_table(
    axes: "Axes", response: np.ndarray, x: float, top: float, inputs: list[str], outputs: list[str], theme: Theme
) -> None:
    """Draws a table of outputs: a row per stage, and for each active feature a column per output.

    Args:
        axes: A sheet in points.
        response: Shape (active, stage, output).
        x: Middle of the table.
        top: Height of its head.
        inputs: Names of the active features, one a block of columns.
        outputs: Names of the outputs.
        theme: Colours.
    """
    columns = [x - 12, x + 16, x + 52, x + 80]
    for block in range(2):
        say(axes, (columns[2 * block] + columns[2 * block + 1]) / 2, top, inputs[block], theme, fontsize=8.5)
        for k in range(2):
            say(axes, columns[2 * block + k], top - 15, outputs[k], theme, fontsize=8.5, color=theme.muted)
            for stage in range(response.shape[1]):
                leak = stage == 0 and block == 0 and k == 1
                colour = theme.interference if leak else theme.ink
                number = f"{response[block, stage, k]:.2f}"
                say(axes, columns[2 * block + k], top - 31 - 15 * stage, number, theme, fontsize=8.5, color=colour)
    for stage in range(response.shape[1]):
        say(axes, x - 92, top - 31 - 15 * stage, STAGES[stage], theme, fontsize=8.5, ha="left")
    axes.plot((x - 92, x + 94), (top - 22, top - 22), color=theme.muted, lw=0.7)
