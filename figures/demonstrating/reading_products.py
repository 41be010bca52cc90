"""F7: how to read W^T W and b, on the ideal solution of a linear model."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Runs, Size, Value, array
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, themed, weight_image, weight_map
from sup.geometry import gram
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F7",
    title="How to read a matrix of products and a bias",
    alt="A matrix of 20 by 20 cells beside a column of 20. The first five diagonal cells are red, for features kept in full; all "
    "other cells are grey, for no interference. The bias is zero for the five and positive for the fifteen others.",
    source="Demonstrating Superposition: Basic Results",
    note="An ideal solution for dense inputs, written down and not trained.",
)
CLAIMS: tuple[Claim, ...] = ()
FEATURES, HIDDEN = 20, 5


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the solution is known in closed form."""
    return {}


def reduce(runs: Runs) -> Data:
    """The solution that keeps the first m features and outputs the mean for the others; inputs are uniform on [0, 1]."""
    w = np.eye(HIDDEN, FEATURES)
    products = gram(w[None])[0]
    mean = 0.5  # of dense inputs, uniform on [0, 1]
    bias = mean * (1 - np.diag(products))
    values = {"learned": Value(value=float(np.trace(products))), "mean": Value(value=float(bias.max()))}
    arrays = {
        "products": array(products, "feature feature", "products of feature directions, W^T W"),
        "bias": array(bias, "feature", "bias of the ideal solution"),
    }
    return Data(arrays=arrays, values=values)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The matrix and the bias, with explanations in and beside them."""
    figure, axes = sheet(theme, 250)
    side = 206.0
    left, bottom, cell = 18.0, 20.0, side / len(data["bias"])
    weight_image(inset(axes, left, bottom, side, side), data["products"], theme)
    weight_image(inset(axes, left + side + 10, bottom, cell, side), data["bias"], theme)
    say(axes, left + side / 2, 239, r"$W^T W$", theme, fontsize=11)
    say(axes, left + side + 10 + cell / 2, 239, "$b$", theme, fontsize=11)
    say(axes, left + side / 2, 9, "input feature, most important first", theme)
    say(axes, 8, bottom + side / 2, "output feature", theme, rotation=90)
    _products(figure.axes[1], data, theme)
    _bias(axes, data, (left + side + 10 + cell, bottom + side, cell), theme)
    key(inset(axes, 268, 34, 108, 9), weight_map(theme), ("\N{MINUS SIGN}1", "0", "1"), theme)
    say(axes, 322, 52, "value of an entry", theme)
    return figure


def _products(image: "Axes", data: Data, theme: Theme) -> None:
    learned = round(data.values["learned"].value)
    note = {"ha": "left", "linespacing": 1.3, "in_layout": False}
    image.plot((2.7, 5.9), (1.7, 1.7), color=theme.ink, lw=0.9)
    say(image, 6.2, 1.7, "diagonal $|W_i|^2$: 1 for\na feature kept in full", theme, **note)
    image.plot((8.5,), (7.5,), "s", ms=8, mfc="none", mec=theme.ink, mew=0.9)
    say(image, 9.4, 8.4, "off the diagonal\n$W_i\\cdot W_j$: interference,\nhere none", theme, va="center", **note)
    say(image, 9.5, 15, f"rows and columns from\nfeature {learned} on: not learned", theme, linespacing=1.3)


def _bias(axes: "Axes", data: Data, corner: tuple[float, float, float], theme: Theme) -> None:
    right, top, cell = corner
    count, learned = len(data["bias"]), round(data.values["learned"].value)
    mean = data.values["mean"].value
    for first, last, text in (
        (0, learned, "learned:\nno bias needed"),
        (learned, count, f"not learned: the\nmodel answers with\nthe expected value,\n{mean:.2f} for dense inputs"),
    ):
        high, low = top - first * cell - 2, top - last * cell + 2
        axes.plot((right + 3, right + 7, right + 7, right + 3), (high, high, low, low), color=theme.muted, lw=0.9)
        middle = (high + low) / 2 if first == 0 else high - 40
        say(axes, right + 12, middle, text, theme, ha="left", linespacing=1.3)
