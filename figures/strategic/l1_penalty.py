"""W1: a penalty on hidden activations removes superposition, and the features below its threshold."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.strategic.worth import EFFICIENCY_AT, draw_worth, efficiencies
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import represented, superposed
from sup.results import Trained
from sup.specs import Model, Recipe, Run, geometric
from sup.statistics import Estimate, difference, exact, least, mean, ratio, share, undefined, worst
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W1",
    title="What a penalty on hidden activations does to superposition",
    alt="Left and middle: represented features, those of them in superposition, and the loss, against the strength of the "
    "penalty, for models with a linear and with a ReLU hidden layer; a staircase "
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
STRENGTHS = (0.0, 0.03, 0.05, 0.06, 0.1, 0.3, 1.0, 2.0, 4.0)
CHEAP = 0.05
"""Largest rise of the loss, as a share of it, at which a penalty counts as almost free."""
MODELS: tuple[Model, ...] = ("relu-output", "relu-hidden")


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
    kept_below = (is_represented & below[:, None]).sum(axis=3).astype(np.float64)
    lost_above = (~is_represented & ~below[:, None]).sum(axis=3).astype(np.float64)
    count, sharing = (mask.sum(axis=3).astype(np.float64) for mask in (is_represented, is_superposed))
    in_theory = np.minimum(HIDDEN, (~below).sum(axis=1))
    layers = "first with a linear hidden layer, then with a ReLU"
    arrays = {
        "strength": array(STRENGTHS, "strength", "strength of the penalty, in the figure's unit"),
        "count": array(count, "setting strength seed", f"represented features, {layers}"),
        "superposed": array(sharing, "setting strength seed", f"represented features in superposition, {layers}"),
        "loss": array(loss, "setting strength seed", f"final loss without the penalty's part, {layers}"),
        "kept_below": array(kept_below, "setting strength seed", f"features below the penalty's threshold and kept, {layers}"),
        "lost_above": array(lost_above, "setting strength seed", f"features above the penalty's threshold and lost, {layers}"),
        "kept": array(in_theory, "strength", "features that theory keeps, each in a dimension of its own"),
        "density": array(EFFICIENCY_AT, "density", "density of the features in shared dimensions, 1 - S"),
        **efficiencies(),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {"threshold": Value(value=threshold(UNIT)), "unit": Value(value=UNIT)}
    for k, model in enumerate(MODELS):
        for strength in (0.0, 0.05, 0.1, 1.0):
            at = STRENGTHS.index(strength)
            for name in ("count", "superposed", "loss"):
                values[f"{name}_{model.split('-')[1]}_{strength:g}"] = estimated(mean(data[name][k, at]))
    return values


def alone(trained: Trained) -> np.ndarray:
    """Hidden vectors of single features of size 1, shape (run, hidden, feature): W_i, or ReLU(W_i) behind a ReLU."""
    W = np.asarray(trained["W"], np.float64)
    return np.maximum(W, 0.0) if trained.runs[0].traits.hidden else W


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
    draw_worth(drawn.add_subplot(axes[0, 0].get_gridspec()[:, 2]), data, theme)
    return drawn


def _x(data: Data) -> np.ndarray:
    """Positions of the strengths on the axis, evenly spaced, since the first strength is zero."""
    return np.arange(len(data["strength"]))


def _against(axes: "Axes", data: Data, rows: np.ndarray, colour: str, style: str, label: str = "") -> None:
    axes.plot(_x(data), rows.mean(axis=1), style, color=colour, ms=3, label=label)
    axes.set(xticks=_x(data), xticklabels=[f"{strength:g}".removeprefix("0") or "0" for strength in data["strength"]])
    axes.tick_params(axis="x", labelsize=7)


def _counts(axes: "Axes", data: Data, k: int, theme: Theme) -> None:
    _against(axes, data, data["count"][k], theme.dedicated, "-o", "represented")
    _against(axes, data, data["superposed"][k], theme.superposed, "--s", "in superposition")
    axes.step(_x(data), data["kept"], where="mid", color=theme.muted, lw=1.0, ls=(0, (2, 1.5)), label="kept in theory")
    axes.set(ylim=(-0.3, FEATURES + 0.5))


def _removed(data: Data) -> Estimate:
    """The smaller share, of both hidden layers, of models at unit strength without superposition and with a higher loss."""
    at = STRENGTHS.index(1.0)
    done = (data["superposed"][:, at] == 0) & (data["loss"][:, at] > data["loss"][:, 0].mean(axis=1, keepdims=True))
    return least([share(row, among=len(MODELS)) for row in done])


def _wrong(data: Data) -> Estimate:
    """Features on the wrong side of the threshold: largest mean over models, of both layers and the strengths from 1 on."""
    strong = [k for k, strength in enumerate(STRENGTHS) if strength >= 1]
    wrong = data["kept_below"] + data["lost_above"]
    cases = [wrong[i, k] for i in range(len(MODELS)) for k in strong]
    return worst([mean(case, among=len(cases)) for case in cases])


def _wrong_rows(data: Data) -> list[dict[str, str]]:
    """Features on the wrong side of the threshold, mean over models, a row for each strength from 1 on."""
    rows = []
    for k, strength in enumerate(STRENGTHS):
        if strength < 1:
            continue
        row = {"strength": f"{strength:g}", "kept in theory": f"{data['kept'][k]}"}
        for i, name in enumerate(("linear", "ReLU")):
            for key, label in (("kept_below", "kept below"), ("lost_above", "lost above")):
                row[f"{name}: {label}"] = f"{data[key][i, k].mean():.2f}"
        rows.append(row)
    return rows


def affordable(data: Data, layer: int) -> tuple[float, np.ndarray]:
    """The strongest penalty that raises the mean loss by at most `CHEAP`, and the features in superposition there (seed).

    Both are interpolated along a straight line between the last strength that is cheap enough and the next.
    """
    loss, shared = data["loss"][layer].mean(axis=1), data["superposed"][layer]
    limit = (1 + CHEAP) * loss[0]
    k = max(k for k in range(len(STRENGTHS)) if loss[k] <= limit)
    if k == len(STRENGTHS) - 1:
        return STRENGTHS[k], shared[k]
    part = float((limit - loss[k]) / (loss[k + 1] - loss[k]))
    return (1 - part) * STRENGTHS[k] + part * STRENGTHS[k + 1], (1 - part) * shared[k] + part * shared[k + 1]


def _gone(data: Data, layer: int) -> Estimate:
    """Share of the features in superposition that the strongest affordable penalty removes."""
    shared, (_, there) = data["superposed"][layer], affordable(data, layer)
    if not shared[0].any():
        return undefined(shared[0].size)
    return difference(exact(1.0), ratio(*(mean(counts, among=len(MODELS)) for counts in (there, shared[0]))))


def _free(data: Data) -> Estimate:
    return least([_gone(data, layer) for layer in range(len(MODELS))])


def _free_rows(data: Data) -> list[dict[str, str]]:
    """The affordable penalty and what it does, a row per hidden layer."""
    rows = []
    for i, name in enumerate(("linear", "ReLU")):
        strength, there = affordable(data, i)
        before = data["superposed"][i, 0].mean()
        rows.append(
            {
                "hidden layer": name,
                f"penalty that costs {CHEAP:.0%} of loss": f"{strength:.3f}",
                "in superposition without it": f"{before:.2f}",
                "with it": f"{there.mean():.2f}",
            }
        )
    return rows


def _rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for k, strength in enumerate(STRENGTHS):
        row = {"strength": f"{strength:g}", "kept in theory": f"{data['kept'][k]}"}
        for i, name in enumerate(("linear", "ReLU")):
            for key, label in (("count", "represented"), ("superposed", "superposed"), ("loss", "loss")):
                row[f"{name}: {label}"] = f"{data[key][i, k].mean():.3g}"
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C84",
        text="A penalty on the sum of absolute hidden activations removes superposition, at a higher loss.",
        source="Strategic Picture",
        paper="superposition goes, the loss rises",
        quantity="share of models at unit strength without a feature in superposition and with a higher loss than the mean "
        "without a penalty, the smaller of a linear and a ReLU hidden layer",
        measure=_removed,
        holds=Range(low=0.5),
        rows=_rows,
        cause="The linear hidden layer. Two features back to back on one axis cost this penalty no more than one at a time, "
        "so pairs survive it. With a ReLU on the hidden layer there are no such pairs.",
    ),
    Claim(
        id="C84-T",
        text="The penalty kills the features below a threshold of importance, and only these.",
        source="Strategic Picture",
        paper="features below a threshold",
        quantity="features on the wrong side of the threshold, kept below it or lost above it, worst mean of two hidden layers "
        "and three strengths from the unit on",
        measure=_wrong,
        holds=Range(high=0.5),
        unit="features",
        rows=_wrong_rows,
        cause="Training. Near the threshold there are two minima, one without the feature and one with it, since for a "
        "short feature the penalty grows with the norm and the gain only with its square. A feature that becomes "
        "short is lost even if it is worth keeping, and one that is long may stay even if it is not.",
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
        quantity="share of features in superposition that are gone at the penalty that costs 5 % of loss, the smaller of a "
        "linear and a ReLU hidden layer",
        measure=_free,
        holds=Range(low=0.1),
        rows=_free_rows,
        cause="The linear hidden layer. The same rise of the loss removes next to nothing there and more with a ReLU, as "
        "the table shows; the statement asks for both. Some of the features that go are not represented any more, "
        "rather than alone.",
    ),
)
