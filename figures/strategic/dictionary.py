"""W2: sparse coding recovers features from superposition; cosine similarity misleads there."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.style import Theme, figure, themed
from sup.dictionary import Dictionaries, alive, dictionary_loss, distinct, learn, matches
from sup.features import Independent
from sup.geometry import gram, represented, unit_columns
from sup.results import Trained
from sup.sparse_coding import learn_dictionary
from sup.specs import Recipe, Run
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W2",
    title="Sparse coding finds the features of a model in superposition",
    alt="Left: the share of features found, against the density, for models with up to 20 features in 5 dimensions. Sparse "
    "coding finds nearly all where features are sparse, a one-layer autoencoder few, random directions hardly any. Right: the "
    "autoencoder's loss against its number of units, for ten features in five dimensions. It falls up to ten units and is level "
    "from there on.",
    source="Strategic Picture; Comments: Sharkey, Braun and Millidge",
    note="The paper shows no such figure. Penalty and steps were chosen on other seeds. A feature counts as found when a "
    "direction of the dictionary has a cosine of at least 0.95 with it. Sharkey et al. use random directions, two a "
    "dimension; here the models are trained.",
)
DENSITIES = (0.2, 0.1, 0.05, 0.02)
CLAIMED = 0.05
FOUND, CHANCE_SEED = 0.95, 7
L1 = {"coding": 0.3, "autoencoder": 0.2}
STEPS = {"coding": 150, "autoencoder": 3000}
HIDDEN, FEATURES, PAIRED = 5, 20, 10
UNITS = (5, 8, 10, 12, 15, 20)
SAMPLES = 12_000
ENOUGH = 1.05
"""A loss within 5 % of the lowest counts as equal to it."""


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
    alike = _alike(many[DENSITIES.index(CLAIMED)]["W"])
    text = f"share of represented features, nan without any, found by {2 * FEATURES}"
    arrays = {
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "coding": array(shares["coding"], "density seed", f"{text} directions of sparse coding"),
        "autoencoder": array(shares["autoencoder"], "density seed", f"{text} units of an autoencoder"),
        "chance": array(shares["chance"], "density seed", f"{text} random directions"),
        "kept": array(counts, "density seed", f"represented features, of {FEATURES}"),
        "units": array(UNITS, "size", "units of the autoencoder"),
        **_counted(runs["ten"]),
        "alike": array(alike, "seed", f"largest |cosine| of a feature with another, mean over features, at density {CLAIMED:g}"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {name: estimated(mean(data[name])) for name in ("found", "by_life", "by_loss", "by_comparison", "truth", "alike")}
    for name in LEARNERS:
        values |= {f"{name}_{density:g}": estimated(mean(data[name][k]), percent=True) for k, density in enumerate(DENSITIES)}
    return values


def hidden_vectors(trained: Trained) -> np.ndarray:
    """The vectors h = W x (run, sample, hidden) for samples with an active feature; x is the same for all models."""
    run = trained.runs[0]
    assert isinstance(run.distribution, Independent) and isinstance(run.distribution.density, float)
    rng = np.random.default_rng(round(1 / run.distribution.density))
    shape = (SAMPLES, run.n_features)
    x = rng.random(shape) * (rng.random(shape) < run.distribution.density)
    return np.einsum("sf,rhf->rsh", x[x.any(axis=1)], np.asarray(trained["W"], np.float64))


def _steps(trained: Trained, name: str) -> int:
    """Steps of a learner, at most as many as the models were trained for, so that small profiles are quick."""
    return min(STEPS[name], trained.runs[0].recipe.steps)


def _coding(trained: Trained) -> np.ndarray:
    return learn_dictionary(hidden_vectors(trained), 2 * FEATURES, l1=L1["coding"], steps=_steps(trained, "coding"))


def _autoencoder(trained: Trained) -> np.ndarray:
    h = hidden_vectors(trained)
    autoencoders = learn(h, 2 * FEATURES, l1=L1["autoencoder"], steps=_steps(trained, "autoencoder"))
    return autoencoders.decoder * alive(autoencoders, h)[:, None]


def _chance(trained: Trained) -> np.ndarray:
    random = np.random.default_rng(CHANCE_SEED).normal(size=(len(trained), HIDDEN, 2 * FEATURES))
    return unit_columns(random)


LEARNERS: dict[str, Callable[[Trained], np.ndarray]] = {"coding": _coding, "autoencoder": _autoencoder, "chance": _chance}


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
    autoencoders = [learn(h, units, l1=L1["autoencoder"], steps=_steps(trained, "autoencoder")) for units in UNITS]
    loss = np.stack([dictionary_loss(one, h, L1["autoencoder"]) for one in autoencoders])
    second, largest = autoencoders[-2:]
    is_represented = represented(W)
    truth = is_represented.sum(axis=1)
    hits = ((matches(W, largest.decoder) >= FOUND) & is_represented).sum(axis=1)
    share = hits / np.maximum(truth, 1)
    by_loss = np.array(UNITS)[(loss <= ENOUGH * loss.min(axis=0)).argmax(axis=0)]
    by_comparison = [_in_both(second, largest, run) for run in range(len(W))]
    return {
        "loss": array(loss, "size seed", "loss of the autoencoder of a model of ten features"),
        "found": array(share, "seed", "share of represented features, of ten, found by the largest autoencoder, 0 without any"),
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
    """Largest |cosine| of a represented feature with another one, mean (run) over a model's features; 0 without any."""
    is_represented = represented(W)
    both = is_represented[:, :, None] & is_represented[:, None, :] & ~np.eye(W.shape[2], dtype=bool)
    nearest = np.where(both, np.abs(gram(unit_columns(W))), 0.0).max(axis=2)
    return (nearest * is_represented).sum(axis=1) / np.maximum(is_represented.sum(axis=1), 1)


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


def _at(name: str) -> Callable[[Data], Estimate]:
    return lambda data: mean(data[name][DENSITIES.index(CLAIMED)])


def _off(data: Data) -> Estimate:
    """Relative error of the worse of the counts by loss and by comparison, mean over models."""
    counts = np.stack([data[name] for name in ("by_loss", "by_comparison")])
    return mean(np.abs(counts / data["truth"] - 1).max(axis=0))


def _table(data: Data) -> list[dict[str, str]]:
    names = {"truth": "represented", "by_life": "units alive", "by_loss": "by loss", "by_comparison": "by comparison"}
    return [{"counted": label, "mean": f"{data[name].mean():.1f}"} for name, label in names.items()]


CLAIMS = (
    Claim(
        id="C87",
        text="Sparse coding with an overcomplete basis recovers the features of a toy model from its hidden vectors.",
        source="Strategic Picture",
        paper="proposed, not shown",
        quantity="share of represented features found, of 20 in 5 dimensions at density 0.05",
        measure=_at("coding"),
        holds=Range(low=0.9),
    ),
    Claim(
        id="C-S1",
        text="A one-layer autoencoder with a penalty on its units recovers a toy's features.",
        source="Comments: Sharkey, Braun and Millidge",
        paper="the ground truth is recovered",
        quantity="share of represented features found, of 10 in 5 dimensions at density 0.05",
        measure=lambda data: mean(data["found"]),
        holds=Range(low=0.9),
    ),
    Claim(
        id="C-S2",
        text="How many features there are can be told from the autoencoder's loss, and by comparing dictionaries.",
        source="Comments: Sharkey, Braun and Millidge",
        paper="by dead units, by loss, and by comparing dictionaries of different sizes",
        quantity="relative error of the worse of the two counts; the table has the count of live units besides",
        measure=_off,
        holds=Range(high=0.1),
        rows=_table,
    ),
    Claim(
        id="C88",
        text="Under superposition, cosine similarity misleads: directions of unrelated features are alike.",
        source="Strategic Picture",
        paper="a caution, not measured",
        quantity="largest |cosine| of a feature with another that is independent of it, mean over features, 20 in 5 dimensions",
        measure=lambda data: mean(data["alike"]),
        holds=Range(low=0.5),
    ),
)
