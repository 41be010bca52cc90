"""F28b: given a bias inside the hidden ReLU, a model uses it to get rid of the ReLU."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, replicates
from figures.privileged_basis.privileged import HIDDEN, IMPORTANCE
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, themed, weight_image, weight_map
from sup.hidden_bias import Learned, hidden_bias_model, learn, linear_from, mean_over_spread, output_bias
from sup.specs import LINEAR_DECAY, Recipe
from sup.statistics import Estimate, least, share
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
    "and fifty features of equal importance at density 1. Ten models of each kind, AdamW from 0.01 to zero, 1,500 and 500 "
    "steps, batches of 256.",
)
DENSITY, MANY, MODELS = 0.15, 50, 10
ON = 0.05
"""Largest mean share of samples with a neuron off at which a model counts as linear inside."""


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: the models are trained in `reduce`, the same in every profile."""
    return {}


def reduce(runs: Runs) -> Data:
    """Models without (held) and with (free) a hidden bias, and models of many dense features without one."""
    seeds = replicates(MODELS)
    recipe = Recipe(steps=1500, batch=256, learning_rate=0.01, schedule=LINEAR_DECAY)
    held, free = (learn(HIDDEN, np.array(IMPORTANCE), DENSITY, recipe, seeds, bias=bias) for bias in (False, True))
    short = Recipe(steps=500, batch=256, learning_rate=0.01, schedule=LINEAR_DECAY)
    many = learn(HIDDEN, np.ones(MANY), 1.0, short, seeds, bias=False)
    off = {"held": _off(held), "free": _off(free), "many": _off(many)}
    best_held, best_free = held.loss.argmin(), free.loss.argmin()
    identity = "largest difference that the hidden ReLU makes to an output once a hidden bias keeps all neurons on"
    text = "share of samples with an active feature in which a neuron is off, mean over neurons that are ever on"
    arrays = {
        "W_held": array(np.round(held.W[best_held], 4), "hidden feature", "weights of the best model without a hidden bias"),
        "W_free": array(np.round(free.W[best_free], 4), "hidden feature", "weights of the best model with a hidden bias"),
        "c_free": array(np.round(free.c[best_free], 4), "hidden", "hidden bias of the best model with one"),
        "bias_free": array(free.c.min(axis=1), "model", "lowest hidden bias of a model with one"),
        "identity": array(_identity(held), "model", identity),
        "off_held": array(off["held"], "model", f"{text}, models without a hidden bias"),
        "off_free": array(off["free"], "model", f"{text}, models with a hidden bias"),
        "off_many": array(off["many"], "model", f"{text}, models of fifty dense features without a hidden bias"),
        "loss_held": array(held.loss, "model", "final loss without a hidden bias"),
        "loss_free": array(free.loss, "model", "final loss with a hidden bias"),
    }
    values = {f"off_{name}": Value(value=100 * float(shares.mean()), unit="%") for name, shares in off.items()}
    values["gain"] = Value(value=float(held.loss.mean() / free.loss.mean()))
    values["spread_many"] = Value(value=mean_over_spread(HIDDEN, MANY, 1.0))
    return Data(arrays=arrays, values=values)


def _off(models: Learned) -> np.ndarray:
    """Share (run) of samples in which a neuron is off, mean over the neurons that are ever on; 0 without such neurons."""
    is_used = models.off < 1
    return np.where(is_used, models.off, 0).sum(axis=1) / np.maximum(is_used.sum(axis=1), 1)


def _identity(models: Learned) -> np.ndarray:
    """Largest difference (run) of outputs between a model whose bias keeps all neurons on and its ReLU output model."""
    W = models.W
    x = np.random.default_rng(3).random((len(W), 1000, len(IMPORTANCE)))
    c = linear_from(W)
    b = models.b - output_bias(W, c, 0 * models.b)
    linear = np.maximum(x @ W.swapaxes(1, 2) @ W + output_bias(W, c, b)[:, None], 0)
    return np.abs(hidden_bias_model(x, W, c, b) - linear).max(axis=(1, 2))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The two matrices, and the shares of samples in which neurons are off."""
    figure, axes = sheet(theme, 208)
    for left, name, words in ((26, "held", "no hidden bias"), (126, "free", "hidden bias")):
        matrix = inset(axes, left, 52, 64, 124)
        weight_image(matrix, data[f"W_{name}"].T, theme)
        matrix.set_aspect("auto")
        say(axes, left + 32, 196, words, theme, fontweight="bold")
        say(axes, left + 32, 43, "neurons", theme, color=theme.muted)
    bias = inset(axes, 126, 180, 64, 8)
    weight_image(bias, data["c_free"][None], theme)
    bias.set_aspect("auto")
    say(axes, 194, 184, "$c$", theme, ha="left")
    say(axes, 14, 114, "features", theme, rotation=90, color=theme.muted)
    key(inset(axes, 72, 22, 118, 8), weight_map(theme), ("-1", "0", "1"), theme)
    say(axes, 64, 26, "weight", theme, ha="right")
    _shares(axes, data, theme)
    return figure


def _shares(axes: "Axes", data: Data, theme: Theme) -> None:
    chart = inset(axes, 254, 52, 126, 124)
    kinds = (
        ("held", "none", theme.dedicated),
        ("free", "trained", theme.superposed),
        ("many", "none, 50\nfeatures", theme.groups[2]),
    )
    for k, (name, _, colour) in enumerate(kinds):
        off = 100 * data[f"off_{name}"]
        chart.plot(k + np.linspace(-0.2, 0.2, len(off)), off, "o", color=colour, ms=4)
    top = 100 * max(float(data[f"off_{name}"].max()) for name, _, _ in kinds)
    chart.set(xlim=(-0.5, 2.5), ylim=(-0.04 * top, 1.08 * top), xticks=range(3))
    chart.set_xticklabels([words for _, words, _ in kinds])
    say(axes, 317, 196, "neurons off", theme, fontweight="bold")
    say(axes, 228, 114, "share of samples, %", theme, rotation=90)
    say(axes, 317, 14, "hidden bias", theme)


def _linear(data: Data) -> Estimate:
    """The smaller of two shares of models that are linear inside: with a hidden bias, and with many features instead."""
    free, many = (data["off_free"] <= ON) & (data["bias_free"] > 0), data["off_many"] <= ON
    return least([share(hits, among=2) for hits in (free, many)])


def _rows(data: Data) -> list[dict[str, str]]:
    """Share of samples in which neurons are off, a row for each kind of models."""
    kinds = {
        "ten sparse features, no hidden bias": "held",
        "ten sparse features, hidden bias": "free",
        "fifty dense features, no hidden bias": "many",
    }
    return [
        {
            "models": words,
            "neurons off": f"{data[f'off_{name}'].mean():.1%} of samples",
            "off in at most 5 %": f"{int((data[f'off_{name}'] <= ON).sum())} of {data[f'off_{name}'].size} models",
        }
        for words, name in kinds.items()
    ]


CLAIMS = (
    Claim(
        id="C76",
        text="Given a hidden bias, a model makes it positive and becomes linear; without one, many features can stand in for it.",
        source="Superposition in a Privileged Basis",
        paper="models use the ReLU only if forced to; the bias becomes positive",
        quantity="smaller of two shares of models whose neurons are off in at most 5 percent of samples: of those with a hidden "
        "bias, which must be positive throughout, and of those with fifty dense features and no hidden bias",
        measure=_linear,
        holds=Range(low=0.5),
        rows=_rows,
    ),
)
