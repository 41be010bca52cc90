"""F5: a large network with one feature per neuron, and a small network that simulates it with some noise."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.shared.strokes import circle, heading, say, sheet
from figures.style import Point, Theme, arrow, themed
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F5",
    title="A small network that simulates a larger, sparser one",
    alt="On the left a network of three layers of six neurons, each of them one feature and only one of a layer active. On the "
    "right three layers of four neurons do the same work with noise: a feature is a pair of neurons, a neuron serves three.",
    source="Definitions and Motivation: The Superposition Hypothesis",
)
CLAIMS: tuple[Claim, ...] = ()
NEURONS = 4
EDGES = ((0, 1, 3), (1, 0, 4), (2, 2, 5), (3, 1, 3), (4, 2, 4), (5, 0, 5))  # of the large network: from, to, to
ACTIVE = (1, 4, 2)  # the one active feature of each layer


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is a drawing."""
    return {}


def reduce(runs: Runs) -> Data:
    """The code of each feature of the large network, a pair of neurons of the small one, and the active feature of each layer."""
    pairs = np.array(list(combinations(range(NEURONS), 2)))
    codes = np.zeros((len(pairs), NEURONS))
    np.put_along_axis(codes, pairs, 1.0, axis=1)
    active = np.array(ACTIVE)
    counts = {"features": len(pairs), "neurons": NEURONS, "shared": codes.sum(axis=0).max()}
    values = {name: Value(value=float(count)) for name, count in counts.items()}
    arrays = {
        "codes": array(codes, "feature neuron", "neurons of the small network that stand for each feature"),
        "active": array(active, "layer", "index of the active feature of each layer"),
        "edges": array(EDGES, "neuron column", "a neuron of the large network and the two it leads to in the next layer"),
        "on": array(codes[active], "layer neuron", "active neurons of the small network"),
    }
    return Data(arrays=arrays, values=values)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The large network on the left, the small one on the right, an arrow between them."""
    figure, axes = sheet(theme, 234)
    heading(axes, 84, 220, "Hypothetical network", "one feature per neuron, few of\nthem active, few connections", theme)
    heading(axes, 306, 220, "Observed network", "every neuron shared by\nseveral features", theme)
    _large(axes, data, theme)
    _small(axes, data, theme)
    say(axes, 192, 116, "simulated\nwith noise\nby", theme)
    arrow(axes, (171, 93), (215, 93), theme.ink, lw=1.8, mutation_scale=13)
    return figure


def _edge(axes: "Axes", x: Point, y: Point, lit: bool, theme: Theme) -> None:
    axes.plot(x, y, color=theme.ink if lit else theme.absent, lw=1.6 if lit else 0.7, zorder=2 if lit else 1)


def _large(axes: "Axes", data: Data, theme: Theme) -> None:
    xs, ys = (24.0, 84.0, 144.0), np.linspace(168, 18, len(data["codes"]))
    active = data["active"]
    for layer in (0, 1):
        for source, *targets in data["edges"]:
            for target in targets:
                lit = source == active[layer] and target == active[layer + 1]
                _edge(axes, xs[layer : layer + 2], (ys[source], ys[target]), lit, theme)
    for layer, x in enumerate(xs):
        for feature, y in enumerate(ys):
            on = feature == active[layer]
            circle(axes, (x, y), 9, fc=theme.background, ec="none", zorder=2)
            circle(axes, (x, y), 9, fc=theme.groups[feature], ec="none", alpha=1 if on else 0.22, zorder=3)
            circle(axes, (x, y), 9, fill=False, ec=theme.ink if on else theme.groups[feature], lw=1.8 if on else 0.9, zorder=4)


def _small(axes: "Axes", data: Data, theme: Theme) -> None:
    from matplotlib.patches import Wedge

    codes, on, active = data["codes"], data["on"], data["active"]
    xs, ys = (246.0, 306.0, 366.0), np.linspace(157, 29, codes.shape[1])
    for layer in (0, 1):
        for source, y in enumerate(ys):
            for target, end in enumerate(ys):
                lit = on[layer, source] and on[layer + 1, target]
                _edge(axes, xs[layer : layer + 2], (y, end), bool(lit), theme)
    for layer, x in enumerate(xs):
        for neuron, y in enumerate(ys):
            served = np.flatnonzero(codes[:, neuron])
            circle(axes, (x, y), 13, fc=theme.background, ec="none", zorder=2)
            for k, feature in enumerate(served):
                start, stop = 90 + 360 * k / len(served), 90 + 360 * (k + 1) / len(served)
                alpha = 1 if feature == active[layer] else 0.22
                axes.add_patch(Wedge((x, y), 13, start, stop, fc=theme.groups[feature], ec="none", alpha=alpha, zorder=3))
            lit = on[layer, neuron]
            circle(axes, (x, y), 13, fill=False, ec=theme.ink if lit else theme.muted, lw=1.8 if lit else 0.8, zorder=4)
