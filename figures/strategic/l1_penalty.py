"""W1: a penalty on hidden activations removes superposition, and the features below its threshold."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import represented, superposed
from sup.linear_loss import uniform_moments
from sup.results import Trained
from sup.sparse_loss import losses_by_active_count, parts_by_active_count
from sup.specs import Model, Recipe, Run, geometric
from sup.statistics import Estimate, exact, mean, worst
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W1",
    title="A penalty on hidden activations removes superposition at a price",
    alt="Left and middle: represented features, those of them in superposition, and the loss, against the strength of the "
    "penalty, for models with a linear and with a ReLU hidden layer. Stronger penalties leave fewer features; a staircase "
    "shows how many theory keeps. Right: how much loss a shared hidden dimension saves per activation, relative to one of a "
    "feature's own, from dense to sparse.",
    source="Strategic Picture; Discussion",
    note="The paper shows no such figure. Ten features with importances 0.75^i share five dimensions at density 0.05. The "
    "unit of the penalty is that at which, in theory, as many features are kept as there are dimensions. Behind a ReLU a "
    "feature's direction is that in which it moves the hidden layer by itself: its negative weights, which do nothing then, "
    "do not count.",
)
FEATURES, HIDDEN, DECAY, DENSITY = 10, 5, 0.75, 0.05
WORTH = 2 * (2 / 3) ** 0.5 - (2 / 3) ** 1.5
"""Maximum of 2 s - s^3, for `threshold`."""
UNIT = round(DECAY ** (HIDDEN - 0.5) * 2 * WORTH / (3 * FEATURES), 5)
"""The penalty whose threshold is the geometric mean of the importances of the last feature that has room and the next."""
STRENGTHS = (0.0, 0.03, 0.1, 0.3, 1.0, 2.0, 4.0)
MODELS: tuple[Model, ...] = ("relu-output", "relu-hidden")
EFFICIENCY_AT = np.logspace(-3, -0.5, 26)
PENTAGON = 1.17046, -0.28230
"""Length and bias of the best pentagon for very sparse features (Chen et al. 2023; F12)."""


def threshold(penalty: float) -> float:
    """The importance up to which a sparse feature with a dimension of its own is not worth its penalty.

    A feature of norm s, alone and without bias, costs p I (1 - s^2)^2 / (3 n) + l1 p s / 2, the mean over features of its error
    and the penalty of h = s x. This is below p I / (3 n), the cost at s = 0, for some s when 3 n l1 / (2 I) < max of 2 s - s^3.
    """
    return 3 * FEATURES * penalty / (2 * WORTH)


def needs(size: Size) -> dict[str, Sweep]:
    """Ten features in five dimensions: for each of MODELS, `{model}` with a penalty and `{model}-free` without one."""
    sweeps: dict[str, Sweep] = {}
    for model in MODELS:
        base = Run(
            model=model,
            n_features=FEATURES,
            n_hidden=HIDDEN,
            distribution=Independent(density=DENSITY),
            importance=geometric(DECAY, FEATURES),
            recipe=Recipe(steps=size.steps),
        )
        seeds = replicates(size.seeds)
        sweeps[model] = sweep(base, l1=[strength * UNIT for strength in STRENGTHS[1:]], seed=seeds)
        sweeps[f"{model}-free"] = sweep(base, seed=seeds)  # another training step, without the penalty's code
    return sweeps


def reduce(runs: Runs) -> Data:
    """Counts of features and losses of the models, and the exact worth of shared dimensions."""
    models = [[runs[f"{model}-free"], *(runs[model].where(l1=s * UNIT) for s in STRENGTHS[1:])] for model in MODELS]
    directions = [[alone(trained) for trained in row] for row in models]
    is_represented = np.array([[represented(W) for W in row] for row in directions])
    is_superposed = np.array([[superposed(W) for W in row] for row in directions])
    loss = np.array([[trained["final_loss"] for trained in row] for row in models], np.float64)
    importance = np.array(geometric(DECAY, FEATURES))
    below = np.array([importance <= threshold(strength * UNIT) for strength in STRENGTHS])
    survivors = (is_represented & below[:, None]).sum(axis=3).astype(np.float64)
    count, sharing = (mask.sum(axis=3).astype(np.float64) for mask in (is_represented, is_superposed))
    in_theory = np.minimum(HIDDEN, (~below).sum(axis=1))
    layers = "first with a linear hidden layer, then with a ReLU"
    arrays = {
        "strength": array(STRENGTHS, "strength", "strength of the penalty, in the figure's unit"),
        "count": array(count, "setting strength seed", f"represented features, {layers}"),
        "superposed": array(sharing, "setting strength seed", f"represented features in superposition, {layers}"),
        "loss": array(loss, "setting strength seed", f"final loss without the penalty's part, {layers}"),
        "below": array(survivors, "setting strength seed", f"represented features below the penalty's threshold, {layers}"),
        "kept": array(in_theory, "strength", "features that theory keeps, each in a dimension of its own"),
        "density": array(EFFICIENCY_AT, "density", "density of the features in shared dimensions, 1 - S"),
        **_efficiencies(),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {"threshold": Value(value=threshold(UNIT)), "unit": Value(value=UNIT)}
    for k, model in enumerate(MODELS):
        for strength in (0.0, 0.1, 1.0):
            at = STRENGTHS.index(strength)
            for name in ("count", "superposed", "loss"):
                values[f"{name}_{model.split('-')[1]}_{strength:g}"] = estimated(mean(data[name][k, at]))
    return values


def alone(trained: Trained) -> np.ndarray:
    """Hidden vectors of single features of size 1, shape (run, hidden, feature): W_i, or ReLU(W_i) behind a ReLU."""
    W = np.asarray(trained["W"], np.float64)
    return np.maximum(W, 0.0) if trained.runs[0].traits.hidden else W


def _efficiencies() -> dict[str, Array]:
    """Loss saved per active hidden unit, over that of dedicated dimensions, by an antipodal pair and by a pentagon.

    The saving is relative to the loss of the best constant outputs, the features' means. A dedicated dimension is active as often
    as its feature.
    """
    length, bias = PENTAGON
    angles = 2 * np.pi * np.arange(5) / 5 + 0.3
    shapes = {
        "pair": (np.array([[1.0, -1.0]]), np.zeros(2)),
        "pentagon": (length * np.stack([np.cos(angles), np.sin(angles)]), np.full(5, bias)),
    }
    efficiencies = {}
    for name, (W, b) in shapes.items():
        losses = losses_by_active_count(W, b, np.ones(W.shape[1]))
        saved = [W.shape[1] * uniform_moments(p)[1] - parts_by_active_count(losses, p).sum() for p in EFFICIENCY_AT]
        active = W.shape[0] * (1 - (1 - EFFICIENCY_AT) ** W.shape[1])
        alone = np.array([uniform_moments(p)[1] / p for p in EFFICIENCY_AT])
        text = f"loss saved per active hidden unit by features in a {name}, over that in dimensions of their own"
        efficiencies[name] = array(np.array(saved) / active / alone, "density", text)
    return efficiencies


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Counts and loss against the penalty for both models; the worth of shared dimensions."""
    drawn = figure(height=3.5)
    axes = drawn.subplots(2, 3, gridspec_kw={"height_ratios": (1.5, 1), "wspace": 0.05})
    for k, title in enumerate(("Linear hidden layer", "ReLU hidden layer")):
        _counts(axes[0, k], data, k, theme)
        axes[0, k].set(title=title, ylabel="features" if k == 0 else "")
        _against(axes[1, k], data, data["loss"][k], theme.ink, "-o")
        axes[1, k].set(xlabel="strength of the penalty", ylabel="loss" if k == 0 else "", yscale="log")
        axes[1, k].set(ylim=(5e-5, 2e-2), yticks=(1e-4, 1e-3, 1e-2))
        axes[1, k].minorticks_off()
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=3, handlelength=1.8)
    for spare in axes[:, 2]:
        spare.remove()
    _worth(drawn.add_subplot(axes[0, 0].get_gridspec()[:, 2]), data, theme)
    return drawn


def _x(data: Data) -> np.ndarray:
    """Positions of the strengths on the axis, evenly spaced, since the first strength is zero."""
    return np.arange(len(data["strength"]))


def _against(axes: "Axes", data: Data, rows: np.ndarray, colour: str, style: str, label: str = "") -> None:
    axes.plot(_x(data), rows.mean(axis=1), style, color=colour, ms=3, label=label)
    axes.set(xticks=_x(data), xticklabels=[f"{strength:g}" for strength in data["strength"]])
    axes.tick_params(axis="x", labelsize=7)


def _counts(axes: "Axes", data: Data, k: int, theme: Theme) -> None:
    _against(axes, data, data["count"][k], theme.dedicated, "-o", "represented")
    _against(axes, data, data["superposed"][k], theme.superposed, "--s", "in superposition")
    axes.step(_x(data), data["kept"], where="mid", color=theme.muted, lw=1.0, ls=(0, (2, 1.5)), label="kept in theory")
    axes.set(ylim=(-0.3, FEATURES + 0.5))


def _worth(axes: "Axes", data: Data, theme: Theme) -> None:
    axes.axhline(1, color=theme.dedicated, lw=1.2)
    axes.text(0.0011, 1.02, "a dimension of its own", fontsize=8, color=theme.dedicated, va="bottom")
    for name, label, colour in (("pair", "antipodal pair", theme.superposed), ("pentagon", "pentagon", theme.interference)):
        axes.plot(data["density"], data[name], color=colour)
        axes.text(0.0011, data[name][0] - 0.02, label, fontsize=8, color=colour, va="top")
    axes.set(xscale="log", ylim=(0, 1.15), xlabel="density $1-S$", ylabel="loss saved per activation")
    axes.set_title("Relative worth")


def _survivors(data: Data) -> Estimate:
    """Represented features below the threshold, ReLU hidden layer: largest mean over models of the strengths from 1 on."""
    above = [k for k, strength in enumerate(STRENGTHS) if strength >= 1]
    return worst([mean(data["below"][1, k], among=len(above)) for k in above])


def _free(data: Data) -> Estimate:
    """Share of superposition removed by the strongest penalty that raises the mean loss by at most 5 %, ReLU hidden layer."""
    loss, shared = data["loss"][1].mean(axis=1), data["superposed"][1]
    cheap = max(k for k in range(len(STRENGTHS)) if loss[k] <= 1.05 * loss[0])
    return mean(1 - shared[cheap] / max(shared[0].mean(), 1.0))


def _rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for k, strength in enumerate(STRENGTHS):
        row = {"strength": f"{strength:g}", "kept in theory": f"{data['kept'][k]}"}
        for i, name in enumerate(("linear", "ReLU")):
            for key, label in (("count", "represented"), ("superposed", "superposed"), ("loss", "loss")):
                row[f"{name}: {label}"] = f"{data[key][i, k].mean():.3g}"
        rows.append(row)
    return rows


def _mean_at(strength: float) -> Callable[[Data], Estimate]:
    return lambda data: mean(data["superposed"][1, STRENGTHS.index(strength)])


CLAIMS = (
    Claim(
        id="C84",
        text="A penalty on the sum of absolute hidden activations removes superposition, at a higher loss.",
        source="Strategic Picture",
        paper="superposition goes, the loss rises",
        quantity="features in superposition at unit strength, ReLU hidden layer, mean over models",
        measure=_mean_at(1.0),
        holds=Range(high=0.5),
        rows=_rows,
    ),
    Claim(
        id="C84-T",
        text="The penalty kills the features below a threshold of importance.",
        source="Strategic Picture",
        paper="features below a threshold",
        quantity="represented features below the threshold, ReLU hidden layer, worst mean of three strengths from the unit on",
        measure=_survivors,
        holds=Range(high=0.5),
    ),
    Claim(
        id="C85",
        text="Per activation of a hidden unit superposition never saves more than dimensions of their own, but comes close "
        "when sparse.",
        source="Discussion",
        paper="not optimal, but approached asymptotically",
        quantity="loss saved per activation by an antipodal pair over that of dedicated dimensions, at density 0.001",
        measure=lambda data: exact(data["pair"][0] if data["pair"].max() <= 1 else data["pair"].max()),
        holds=Range(low=0.999, high=1.0),
    ),
    Claim(
        id="C86",
        text="A small penalty reduces superposition at almost no cost.",
        source="Strategic Picture, footnote",
        paper="should be almost free",
        quantity="share of superposition gone at the strongest penalty that costs at most 5 % of loss, ReLU hidden layer",
        measure=_free,
        holds=Range(low=0.1),
    ),
)
