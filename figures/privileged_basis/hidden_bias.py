"""F28b: given a bias inside the hidden ReLU, a model uses it to get rid of the ReLU."""

from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value
from figures.privileged_basis.privileged import HIDDEN, IMPORTANCE
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, themed, weight_image, weight_map
from sup.hidden_bias import Learned, hidden_bias_model, learn, linear_from, mean_over_spread, output_bias
from sup.specs import LINEAR_DECAY, Recipe
from sup.statistics import Estimate, share
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F28b",
    title="A hidden bias is a way out of the privileged basis",
    alt="Two matrices of the same size. Without a hidden bias each feature lies on one or a few neurons; with one, entries of "
    "all sizes fill the matrix, and the bias beside it is positive throughout. Right: dots for how often a neuron is off, a "
    "third of the time without a bias, almost never with one, and almost never without one for fifty dense features.",
    source="Superposition in a Privileged Basis",
    note="A remark in the paper, without a figure. The kernel has no hidden bias, so these models are trained in a few lines "
    "of NumPy, `sup.hidden_bias`, whose bits may differ between machines: ten features in five dimensions at density 0.15, "
    "and fifty features of equal importance at density 1. Six and four starts, AdamW from 0.01 to zero, 1,500 and 500 "
    "steps, batches of 256.",
)
DENSITY, STARTS = 0.15, 6
MANY, MANY_STARTS = 50, 4
ON = 0.05
"""Largest mean share of samples in which the neurons are off for a model to count as linear inside."""


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing from the engines: the models are trained in `reduce`, the same in every profile."""
    return {}


def reduce(runs: Runs) -> Data:
    """Models with and without a hidden bias, and those that average.

    Arrays: `W_free`, `W_held` (hidden, feature) the best with a trained and with no hidden bias, rounded to 4 decimals, `c_free`
    (hidden) its bias; `off_free`, `off_held`, `off_many` (run) mean share of samples in which a neuron is off, over neurons that
    are on at all; `bias_free` (run) the lowest hidden bias; `loss_free`, `loss_held` (run); `identity` (run) how far a model with
    its bias raised to `linear_from` is from the ReLU output model that it then equals.
    """
    recipe = Recipe(steps=1500, batch=256, learning_rate=0.01, schedule=LINEAR_DECAY)
    held, free = (learn(HIDDEN, np.array(IMPORTANCE), DENSITY, recipe, STARTS, bias=bias) for bias in (False, True))
    short = Recipe(steps=500, batch=256, learning_rate=0.01, schedule=LINEAR_DECAY)
    many = learn(HIDDEN, np.ones(MANY), 1.0, short, MANY_STARTS, bias=False)
    arrays = {
        "W_held": np.round(held.W[held.loss.argmin()], 4),
        "W_free": np.round(free.W[free.loss.argmin()], 4),
        "c_free": np.round(free.c[free.loss.argmin()], 4),
        "bias_free": free.c.min(axis=1),
        "identity": _identity(held),
        **{f"off_{name}": _off(found) for name, found in (("held", held), ("free", free), ("many", many))},
        **{f"loss_{name}": found.loss for name, found in (("held", held), ("free", free))},
    }
    values = {
        f"off_{name}": Value(value=100 * float(arrays[f"off_{name}"].mean()), unit="%") for name in ("held", "free", "many")
    }
    values["gain"] = Value(value=float(held.loss.mean() / free.loss.mean()))
    values["spread_many"] = Value(value=mean_over_spread(HIDDEN, MANY, 1.0))
    return Data(arrays=arrays, values=values)


def _off(found: Learned) -> np.ndarray:
    """Mean over the neurons that are on at all of the share of samples in which they are off; (run)."""
    used = found.off < 1
    shares: np.ndarray = np.where(used, found.off, 0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    return shares


def _identity(found: Learned) -> np.ndarray:
    """Largest difference of outputs between a model whose bias keeps all neurons on and its ReLU output model; (run)."""
    x = np.random.default_rng(3).random((len(found.W), 1000, len(IMPORTANCE)))
    c = linear_from(found.W)
    b = found.b - output_bias(found.W, c, 0 * found.b)
    linear = np.maximum(x @ found.W.swapaxes(1, 2) @ found.W + output_bias(found.W, c, b)[:, None], 0)
    gaps: np.ndarray = np.abs(hidden_bias_model(x, found.W, c, b) - linear).max(axis=(1, 2))
    return gaps


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The two matrices, and the shares of time in which neurons are off."""
    figure, axes = sheet(theme, 208)
    for left, name, words in ((26, "held", "no hidden bias"), (126, "free", "hidden bias")):
        matrix = inset(axes, left, 52, 64, 124)
        weight_image(matrix, data.arrays[f"W_{name}"].T, theme)
        matrix.set_aspect("auto")
        say(axes, left + 32, 196, words, theme, fontweight="bold")
        say(axes, left + 32, 43, "neurons", theme, color=theme.muted)
    bias = inset(axes, 126, 180, 64, 8)
    weight_image(bias, data.arrays["c_free"][None], theme)
    bias.set_aspect("auto")
    say(axes, 194, 184, "$c$", theme, ha="left")
    say(axes, 14, 114, "features", theme, rotation=90, color=theme.muted)
    key(inset(axes, 72, 22, 118, 8), weight_map(theme), ("-1", "0", "1"), theme)
    say(axes, 64, 26, "weight", theme, ha="right")
    _shares(axes, data, theme)
    return figure


def _shares(axes: "Axes", data: Data, theme: Theme) -> None:
    chart = inset(axes, 254, 52, 126, 124)
    shown: tuple[tuple[str, str, Any], ...] = (
        ("held", "none", theme.dedicated), ("free", "trained", theme.superposed), ("many", "none, 50\nfeatures", theme.groups[2]),
    )  # fmt: skip
    for k, (name, _, colour) in enumerate(shown):
        off = 100 * data.arrays[f"off_{name}"]
        chart.plot(k + np.linspace(-0.2, 0.2, len(off)), off, "o", color=colour, ms=4)
    top = 100 * max(float(data.arrays[f"off_{name}"].max()) for name, _, _ in shown)
    chart.set(xlim=(-0.5, 2.5), ylim=(-0.04 * top, 1.08 * top), xticks=range(3))
    chart.set_xticklabels([words for _, words, _ in shown])
    say(axes, 317, 196, "neurons off", theme, fontweight="bold")
    say(axes, 228, 114, "share of samples, %", theme, rotation=90)
    say(axes, 317, 14, "hidden bias", theme)


def _linear(data: Data) -> Estimate:
    return share((data.arrays["off_free"] <= ON) & (data.arrays["bias_free"] > 0))


def _rows(data: Data) -> list[dict[str, str]]:
    """What the three kinds of models do."""
    kinds = {
        "ten sparse features, no hidden bias": "held",
        "ten sparse features, hidden bias": "free",
        "fifty dense features, no hidden bias": "many",
    }
    return [
        {"models": words, "neurons off": f"{data.arrays[f'off_{name}'].mean():.1%} of samples"} for words, name in kinds.items()
    ]


CLAIMS = (
    Claim(
        id="C76",
        text="Given a hidden bias, a model makes it positive and becomes linear; without one, many features can stand in for it.",
        source="Superposition in a Privileged Basis",
        paper="models use the ReLU only if forced to; the bias becomes positive",
        quantity="share of models with only positive hidden biases whose neurons are off in at most 5 percent of samples",
        measure=_linear,
        holds=Range(low=0.5),
        rows=_rows,
    ),
)
