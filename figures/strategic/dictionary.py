"""W2: sparse coding recovers features from superposition; cosine similarity misleads there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.strategic.learners import FEATURES, HIDDEN, L1, LEARNERS, hidden_vectors, learning_steps
from figures.style import Theme, figure, themed
from sup.dictionary import Dictionaries, alive, dictionary_loss, distinct, learn, matches
from sup.features import Independent
from sup.geometry import gram, represented, unit_columns
from sup.results import Trained
from sup.specs import Recipe, Run
from sup.statistics import Estimate, least, mean, share
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W2",
    title="Looking for the features of a model in superposition",
    alt="Left: the share of features found, against the density, for models with up to 20 features in 5 dimensions, by "
    "sparse coding, by a one-layer autoencoder and by random directions. Right: the autoencoder's loss against its number of "
    "units, for ten features in five dimensions, with a line at the number of represented features.",
    source="Strategic Picture; Comments: Sharkey, Braun and Millidge",
    note="The paper shows no such figure. Penalty and steps were chosen on other seeds. A feature counts as found when a "
    "direction of the dictionary has a cosine of at least 0.95 with it. Sharkey et al. use random directions, two a "
    "dimension; here the models are trained.",
)
DENSITIES = (0.2, 0.1, 0.05, 0.02)
CLAIMED = 0.05
FOUND, PAIRED = 0.95, 10
UNITS = (5, 8, 9, 10, 11, 12, 15, 20)
ENOUGH = 1.05
"""A loss within 5 % of the lowest counts as equal to it."""
NEARLY_ALL = 0.9
"""Share of a model's features from which on they count as recovered."""
METHODS = {"by_life": "units alive", "by_loss": "by loss", "by_comparison": "by comparison"}
"""The ways to count features, and their names in the table."""
OFF = 0.1
"""Largest relative error of a count that is right."""


def needs(size: Size) -> dict[str, Sweep]:
    """`many`: models of 20 equal features in 5 dimensions at four densities; `ten`: of 10 features, which pair up."""
    recipe, seeds = Recipe(steps=size.steps), replicates(size.seeds)
    base = Run(model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=Independent(density=1.0), recipe=recipe)
    ten = Run(model="relu-output", n_features=PAIRED, n_hidden=HIDDEN, distribution=Independent(density=CLAIMED), recipe=recipe)
    return {"many": sweep(base, density=DENSITIES, seed=seeds), "ten": sweep(ten, seed=seeds)}


def reduce(runs: Runs) -> Data:
    """Shares of features found in each model, counts of features, and cosines between unrelated features."""
    many = [runs["many"].where(density=density) for density in DENSITIES]
    shares = {name: np.stack([_shares(trained, learner) for trained in many]) for name, learner in LEARNERS.items()}
    counts = np.stack([represented(trained["W"]).sum(axis=1) for trained in many])
    nearest = f"largest cosine of a feature with another, mean over features, at density {CLAIMED:g}"
    text = f"share of represented features, nan without any, found by {2 * FEATURES}"
    arrays = {
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "coding": array(shares["coding"], "density seed", f"{text} directions of sparse coding"),
        "autoencoder": array(shares["autoencoder"], "density seed", f"{text} units of an autoencoder"),
        "chance": array(shares["chance"], "density seed", f"{text} random directions"),
        "kept": array(counts, "density seed", f"represented features, of {FEATURES}"),
        "units": array(UNITS, "size", "units of the autoencoder"),
        **_counted(runs["ten"]),
        "alike": array(_alike(many[DENSITIES.index(CLAIMED)]["W"]), "seed", f"{nearest}, models of {FEATURES} features"),
        "alike_ten": array(_alike(runs["ten"]["W"]), "seed", f"{nearest}, models of {PAIRED} features"),
        "alike_chance": array(_alike(_anywhere(many[0].runs)), "seed", f"the same of {FEATURES} random directions"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {
        name: estimated(mean(data[name]))
        for name in ("found", "by_life", "by_loss", "by_comparison", "truth", "alike", "alike_ten")
    }
    for name in LEARNERS:
        values |= {f"{name}_{density:g}": estimated(mean(data[name][k]), percent=True) for k, density in enumerate(DENSITIES)}
    return values


def _shares(trained: Trained, learner: Callable[[Trained], np.ndarray]) -> np.ndarray:
    """The share (run) of each model's represented features that a dictionary finds; NaN for a model without any."""
    W = np.asarray(trained["W"], np.float64)
    is_represented = represented(W)
    hits = ((matches(W, learner(trained)) >= FOUND) & is_represented).sum(axis=1)
    counts = is_represented.sum(axis=1)
    return np.divide(hits, counts, out=np.full(len(W), np.nan), where=counts > 0)


def _counted(trained: Trained) -> dict[str, Array]:
    """Arrays on models of ten features, counted by autoencoders of several sizes without use of the weights."""
    h, W = hidden_vectors(trained), np.asarray(trained["W"], np.float64)
    autoencoders = [learn(h, units, l1=L1["autoencoder"], steps=learning_steps(trained, "autoencoder")) for units in UNITS]
    loss = np.stack([dictionary_loss(one, h, L1["autoencoder"]) for one in autoencoders])
    second, largest = autoencoders[-2:]
    is_represented = represented(W)
    truth = is_represented.sum(axis=1)
    hits = ((matches(W, largest.decoder) >= FOUND) & is_represented).sum(axis=1)
    part = hits / np.maximum(truth, 1)
    by_loss = np.array(UNITS)[(loss <= ENOUGH * loss.min(axis=0)).argmax(axis=0)]
    by_comparison = [_in_both(second, largest, run) for run in range(len(W))]
    return {
        "loss": array(loss, "size seed", "loss of the autoencoder of a model of ten features"),
        "found": array(part, "seed", "share of represented features, of ten, found by the largest autoencoder, 0 without any"),
        "truth": array(truth, "seed", "represented features, of ten"),
        "by_life": array(alive(largest, h).sum(axis=1), "seed", "live units of the largest autoencoder"),
        "by_loss": array(by_loss, "seed", "units of the smallest autoencoder whose loss counts as equal to the lowest"),
        "by_comparison": array(by_comparison, "seed", "different directions that the two largest autoencoders have in common"),
    }


def _in_both(one: Dictionaries, two: Dictionaries, run: int) -> int:
    """Number of different directions of dictionary `one` that `two` has as well, for model `run`."""
    directions = distinct(one.decoder[run], FOUND)
    return int((matches(directions[None], two.decoder[run : run + 1]) >= FOUND).sum())


def _alike(W: np.ndarray) -> np.ndarray:
    """Largest cosine of a represented feature with another one, mean (run) over a model's features; 0 without two."""
    is_represented = represented(W)
    both = is_represented[:, :, None] & is_represented[:, None, :] & ~np.eye(W.shape[2], dtype=bool)
    nearest = np.where(both, gram(unit_columns(W)), -1.0).max(axis=2)
    has = both.any(axis=2)
    return np.where(has, nearest, 0.0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)


def _anywhere(runs: Sequence[Run]) -> np.ndarray:
    """For each run as many random directions of length 1 as a model of many features has features: (run, hidden, feature)."""
    return unit_columns(np.stack([np.random.default_rng(run.seed).normal(size=(HIDDEN, FEATURES)) for run in runs]))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Shares of features found against the density; the loss of autoencoders against their size."""
    drawn = figure(height=2.9)
    left, right = drawn.subplots(1, 2)
    styles = (
        ("coding", "sparse coding", theme.groups[0], "o"),
        ("autoencoder", "autoencoder", theme.groups[1], "s"),
        ("chance", "random directions", theme.muted, "^"),
    )
    for name, label, colour, marker in styles:
        shares = data[name]
        left.plot(data["density"], np.nanmean(shares, axis=1), color=colour, label=label)
        for k, density in enumerate(data["density"]):
            left.plot([density] * shares.shape[1], shares[k], marker, color=colour, ms=3.5, alpha=0.6)
    left.set(xscale="log", xlim=(0.25, 0.016), ylim=(-0.03, 1.05), xlabel="density $1-S$", ylabel="share of features found")
    left.set(xticks=data["density"], xticklabels=[f"{density:g}" for density in data["density"]])
    left.minorticks_off()
    left.set_title("Up to 20 features in 5 dimensions")
    left.legend(loc="upper right", bbox_to_anchor=(0.93, 0.96))
    _elbow(right, data, theme)
    return drawn


def _elbow(axes: "Axes", data: Data, theme: Theme) -> None:
    axes.plot(data["units"], data["loss"], "-s", color=theme.groups[1], ms=3.5, lw=1.0, alpha=0.8)
    truth = float(data["truth"].mean())
    axes.axvline(truth, color=theme.muted, lw=1.0, ls=(0, (3, 2)))
    axes.text(truth + 0.3, 0.97 * axes.get_ylim()[1], "features represented", fontsize=8, va="top")
    axes.set(xlabel="units of the autoencoder", ylabel="its loss", ylim=(0, None), xticks=data["units"])
    axes.set_title("Ten features in 5 dimensions")


def _at(data: Data, name: str) -> np.ndarray:
    return np.asarray(data[name][DENSITIES.index(CLAIMED)])


def _recovered(data: Data) -> Estimate:
    """Share of models of which sparse coding finds nearly all features; a model without any counts as a miss."""
    return share(np.nan_to_num(_at(data, "coding")) >= NEARLY_ALL)


def _worse(data: Data) -> Estimate:
    """The smaller mean share of features that an autoencoder finds, of models of 20 and of 10 features."""
    return least([mean(np.nan_to_num(shares), among=2) for shares in (_at(data, "autoencoder"), data["found"])])


def _right(data: Data, name: str) -> np.ndarray:
    """Whether a count is right for each model."""
    return np.abs(data[name] - data["truth"]) <= OFF * data["truth"] + 1e-9


def _methods(data: Data) -> Estimate:
    """The number of methods that count right for more than half of the models, from an interval for each method's share."""
    shares = [share(_right(data, name), among=len(METHODS)) for name in METHODS]
    value, low, high = (float(sum(getattr(e, end) > 0.5 for e in shares)) for end in ("value", "low", "high"))
    return Estimate(value=value, low=low, high=high, models=data["truth"].size)


def _table(data: Data) -> list[dict[str, str]]:
    rows = [{"counted": "represented", "mean": f"{data['truth'].mean():.1f}", "right within a tenth": ""}]
    for name, label in METHODS.items():
        right = _right(data, name)
        cells = {"mean": f"{data[name].mean():.1f}", "right within a tenth": f"{int(right.sum())} of {right.size} models"}
        rows.append({"counted": label, **cells})
    return rows


def _found_rows(data: Data) -> list[dict[str, str]]:
    """Shares of features found in the models that C-S1 judges, by the autoencoder and by others."""
    rows = [
        {"features": str(FEATURES), "learner": label, "found": f"{np.nanmean(_at(data, name)):.0%}"}
        for name, label in (("autoencoder", "autoencoder"), ("coding", "sparse coding"), ("chance", "random directions"))
    ]
    return [*rows, {"features": str(PAIRED), "learner": "autoencoder", "found": f"{data['found'].mean():.0%}"}]


def _alike_rows(data: Data) -> list[dict[str, str]]:
    """Largest cosines of features with others, beside those of random directions."""
    kinds = (
        ("alike", f"{FEATURES} features of trained models"),
        ("alike_ten", f"{PAIRED} features of trained models"),
        ("alike_chance", f"{FEATURES} random directions"),
    )
    return [{"directions": words, "largest cosine": f"{data[name].mean():.2f}"} for name, words in kinds]


CLAIMS = (
    Claim(
        id="C87",
        text="Sparse coding with an overcomplete basis recovers the features of a toy model from its hidden vectors.",
        source="Strategic Picture",
        paper="proposed, not shown",
        quantity="share of models of which at least nine in ten represented features are found, 20 in 5 dimensions at density "
        "0.05",
        measure=_recovered,
        holds=Range(low=0.5),
    ),
    Claim(
        id="C-S1",
        text="A one-layer autoencoder with a penalty on its units recovers a toy's features.",
        source="Comments: Sharkey, Braun and Millidge",
        paper="the ground truth is recovered",
        quantity="share of represented features found at density 0.05, mean over models, the smaller of 20 and of 10 features "
        "in 5 dimensions; most of them are needed, and nine in ten for the ground truth",
        measure=_worse,
        holds=Range(low=0.5),
        agrees=Range(low=0.9),
        rows=_found_rows,
        cause="Features per dimension, and perhaps the encoder. At the source's two features per dimension the autoencoder "
        "finds nearly all. At twice that it finds few, while sparse coding finds nearly all in the same hidden "
        "vectors: the information is there, and the autoencoder misses it.",
    ),
    Claim(
        id="C-S2",
        text="How many features there are can be told in three ways: by the units that stay alive, by the loss, and by comparing "
        "dictionaries.",
        source="Comments: Sharkey, Braun and Millidge",
        paper="by dead units, by loss, and by comparing dictionaries of different sizes",
        quantity="ways, of the three, that count the features of more than half of the models within a tenth, 10 in 5 dimensions",
        measure=_methods,
        holds=Range(low=2),
        agrees=Range(low=3),
        unit="ways",
        rows=_table,
        cause="Units that double each other. Two units of one direction cost no more than one, so spare units need not die. "
        "The way that counts different directions is right.",
    ),
    Claim(
        id="C88",
        text="Under superposition, cosine similarity misleads: directions of unrelated features are alike.",
        source="Strategic Picture",
        paper="a caution, not measured",
        quantity="largest cosine of a feature with another that is independent of it, opposite directions not counted as "
        "alike, mean over features, 20 in 5 dimensions at density 0.05",
        measure=lambda data: mean(data["alike"]),
        holds=Range(low=0.5),
        rows=_alike_rows,
        cause="Training keeps features apart. A positive cosine costs loss; a negative one costs little, since the ReLU "
        "cuts it off. So the features of trained models are less alike than as many random directions, and for "
        "features in opposite pairs the largest cosine, that with another pair, is about zero.",
    ),
)
