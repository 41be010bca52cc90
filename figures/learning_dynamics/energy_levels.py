"""F23: features jump between discrete dimensionalities while a model is trained, and the loss falls when they do."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import feature_dimensionality
from sup.results import Trained
from sup.specs import Recipe, Run
from sup.statistics import Estimate, difference, mean, share, undefined
from sup.sweeps import Sweep, sweep
from sup.trajectories import jumps, log_steps, settled_from

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "Superposition and learning dynamics: Discrete energy level jumps"
ABOUT = About(
    label="F23",
    title="Features jump between discrete levels, and the loss falls with them",
    alt="Above, the dimensionality of each of forty features against training step: from a crowd below 0.5 they part into 0.5 "
    "and 0, and late ones jump from one level to the other while all others rest. Below, the loss: a fall, then steps down where "
    "features jump. Shaded bands mark the jumps.",
    source=SOURCE,
    note="The paper does not give its sizes or its density: ours are 40 features in 10 dimensions at density 0.35, for which the "
    "converged loss is near the paper's. Of all models the one with the latest jump is drawn; most converge without a late one. "
    "The paper trains for 100,000 steps; after a few thousand ours rest. Models with initial weights ten times smaller are "
    "counted, too.",
)
DENSITY = 0.35
SIZES = {"small": (8, 2), "middle": (20, 5), "models": (40, 10)}
"""Features and dimensions of each sweep; those of `models` are drawn."""
FIRST, PER_DECADE = 100, 30
SMOOTH = 0.5
"""Largest share of a late fall, of the loss after settling, in one jump of a model whose late fall is many jumps added up."""
LONE = 0.06
"""Tolerance between 1 / sqrt 2 and the dimensionality of a feature that counts as alone in a dimension."""
KEEP = (math.sqrt(0.5), 0.5, 0.0)
"""Levels drawn as lines: 1 / sqrt 2, which the paper marks, 1 / 2 and 0."""


def needs(size: Size) -> dict[str, Sweep]:
    """`small`, `middle` and `models`: three sizes of the same proportions; `gentle`: initial weights ten times smaller."""
    snapshots = log_steps(FIRST, size.steps, PER_DECADE)
    distribution, recipe = Independent(density=DENSITY), Recipe(steps=size.steps)
    sweeps = {}
    for name, (features, hidden) in SIZES.items():
        base = Run(model="relu-output", n_features=features, n_hidden=hidden, distribution=distribution, recipe=recipe)
        sweeps[name] = sweep(base, seed=replicates(size.seeds), snapshots=snapshots)
    recipe = Recipe(steps=size.steps, init_scale=0.1)
    gentle = Run(model="relu-output", n_features=40, n_hidden=10, distribution=distribution, recipe=recipe)
    sweeps["gentle"] = sweep(gentle, seed=replicates(max(1, size.seeds // 4)), snapshots=snapshots)
    return sweeps


def reduce(runs: Runs) -> Data:
    """The drawn trajectory, the one with the latest jump; and all late jumps, those after nine in ten features have settled."""
    models = runs["models"]
    step = np.array(log_steps(FIRST, models.runs[0].recipe.steps, PER_DECADE))
    dims, late = np.stack([feature_dimensionality(W) for W in models["snapshot_W"]]), _all_late(models, step)
    drawn = int(np.argmax([one["last"] for one in late]))
    loss = models["snapshot_loss"][drawn].astype(np.float64)
    bands = step[np.array([(j.start, j.end) for j in jumps(dims[drawn], settled_from(dims[drawn]))], int).reshape(-1, 2)]
    arrays = {
        "step": array(step, "snapshot", "training step of the snapshot"),
        "dims": array(dims[drawn], "snapshot feature", "dimensionality of a feature of the drawn model, D_i"),
        "loss": array(loss, "snapshot", "loss of the drawn model"),
        "settled": array(settled_from(dims[drawn]), "", "snapshot from which on nine in ten features of the drawn model rest"),
        "bands": array(bands, "jump end", "training steps between which a late jump of the drawn model lies"),
        **{name: array([one[name] for one in late], "seed", text) for name, text in LATE.items()},
        **_ends(models, "", "usual"),
        **_ends(runs["gentle"], "gentle_", "smaller"),
    }
    counts = [len(jumps(d, settled_from(d))) for d in map(feature_dimensionality, runs["gentle"]["snapshot_W"])]
    arrays["gentle_count"] = array(counts, "seed", "late jumps, models from smaller initial weights")
    for name, (features, hidden) in SIZES.items():
        own = late if name == "models" else _all_late(runs[name], step)
        text = f"{features} features in {hidden} dimensions"
        arrays[f"count_{name}"] = array([one["count"] for one in own], "seed", f"{LATE['count']}; {text}")
        arrays[f"largest_{name}"] = array([one["largest"] for one in own], "seed", f"{LATE['largest']}; {text}")
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _ends(models: Trained, tag: str, scale: str) -> dict[str, Array]:
    """Arrays on the final weights of models that start at one scale."""
    digons = f"share of hidden dimensions that digons fill at the end, models from {scale} initial weights"
    lone = f"model from {scale} initial weights that ends with a feature alone in a dimension"
    return {
        f"{tag}digons": array(_digons(models), "seed", digons),
        f"{tag}lone": array(_lone(models), "seed", lone),
    }


def _digons(models: Trained) -> np.ndarray:
    """Share of hidden dimensions that pairs of features at dimensionality 1/2 fill in each trained model (seed)."""
    return (np.abs(feature_dimensionality(models["W"]) - 0.5) <= 0.1).sum(axis=1) / 2 / models["W"].shape[1]


def _lone(models: Trained) -> np.ndarray:
    """Whether a trained model (seed) ends with a feature near 1 / sqrt 2, alone in a dimension that could hold two."""
    return np.abs(feature_dimensionality(models["W"]) - KEEP[0]).min(axis=1) <= LONE


LATE = {
    "count": "late jumps, after nine in ten features rest",
    "last": "training step at which the last late jump ends, 0 without any",
    "fall": "share of the loss's fall after settling that lies in late jumps, nan without jumps or fall",
    "largest": "share of the loss's fall after settling that lies in the largest late jump, nan without jumps or fall",
    "time": "share of the logarithm of steps after settling that late jumps take, nan without any",
    "first_fall": "fall of the loss at the first of several late jumps, nan without several",
    "last_fall": "fall of the loss at the last of several late jumps, nan without several",
}
"""The measures of each model's late jumps, described for pages."""


def _all_late(models: Trained, step: np.ndarray) -> list[dict[str, float]]:
    """The measures of `LATE` of each model."""
    pairs = zip(models["snapshot_W"], models["snapshot_loss"], strict=True)
    return [_late(feature_dimensionality(W), loss, step) for W, loss in pairs]


def _late(dims: np.ndarray, loss: np.ndarray, step: np.ndarray) -> dict[str, float]:
    """The measures of `LATE` for one trajectory, from dimensionalities (snapshot, feature) and loss (snapshot)."""
    settled = settled_from(dims)
    late = jumps(dims, settled)
    falls = [float(loss[j.start]) - float(loss[j.end]) for j in late]
    whole = float(loss[settled]) - float(loss[-1])
    span = math.log(step[-1] / step[settled]) or math.nan
    several = len(late) > 1
    return {
        "count": len(late),
        "last": float(step[late[-1].end]) if late else 0.0,
        "fall": sum(falls) / whole if late and whole > 0 else math.nan,
        "largest": max(falls) / whole if late and whole > 0 else math.nan,
        "time": sum(math.log(step[j.end] / step[j.start]) for j in late) / span if late else math.nan,
        "first_fall": falls[0] if several else math.nan,
        "last_fall": falls[-1] if several else math.nan,
    }


def _values(data: Data) -> dict[str, Value]:
    late = share(data["count"] > 0)
    return {
        "late": estimated(late, percent=True),
        "most": Value(value=float(data["count"].max())),
        "latest": Value(value=float(data["last"].max()), digits=3),
        "loss": Value(value=float(data["loss"][-1]), digits=3),
        "digons": Value(value=float(data["digons"].mean()), digits=3),
        "lone": Value(value=100 * float(data["lone"].mean()), unit="%"),
        "gentle_lone": Value(value=100 * float(data["gentle_lone"].mean()), unit="%"),
        "gentle_late": Value(value=100 * float((data["gentle_count"] > 0).mean()), unit="%"),
        "gentle_models": Value(value=float(data["gentle_count"].size)),
        "gentle_digons": Value(value=float(data["gentle_digons"].mean()), digits=3),
        "late_models": Value(value=float((data["count"] > 0).sum())),
        "models": Value(value=float(data["count"].size)),
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Dimensionalities above, loss below, on one axis of steps; bands mark the late jumps."""
    drawn = figure(height=4.0)
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
    _levels(above, data, theme)
    below.plot(data["step"], data["loss"], color=theme.ink, lw=1.3)
    low, settled = data["loss"][-1], data["loss"][int(data["settled"])]
    room = max(settled - low, 1e-9)
    below.set(xscale="log", xlabel="training step", ylabel="loss (cut off above)", ylim=(low - 0.25 * room, settled + 2.5 * room))
    for k, (start, end) in enumerate(data["bands"]):
        for axes in (above, below):
            label = "jump" if not k and axes is above else None
            axes.axvspan(start, end, color=theme.interference, alpha=0.18, lw=0, label=label)
    if len(data["bands"]):
        above.legend(loc="upper left", fontsize=8)
    return drawn


def _levels(axes: "Axes", data: Data, theme: Theme) -> None:
    step, dims = data["step"], data["dims"]
    up = dims[-1] > 0.25
    for i in np.argsort(up):
        axes.plot(step, dims[:, i], color=theme.groups[0] if up[i] else theme.absent, lw=1.0, alpha=0.8)
    for level, name in zip(KEEP, (r"$1/\sqrt{2}$", "1/2", "0"), strict=True):
        axes.axhline(level, color=theme.muted, lw=0.7, ls=(0, (1, 2)), zorder=1)
        axes.annotate(name, (1.01, level), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=theme.muted)
    axes.set(ylabel="feature dimensionality", ylim=(-0.04, 0.8))


def _falls(data: Data) -> Estimate:
    falls = data["fall"][np.isfinite(data["fall"])]
    return mean(falls) if falls.size else undefined(data["count"].size)


def _fall_rows(data: Data) -> list[dict[str, str]]:
    """Number of models and mean measures of `LATE`, a row for each number of late jumps."""
    columns = (
        ("share of the loss's fall", "fall", ".0%"),
        ("share of log steps", "time", ".0%"),
        ("fall at the first jump", "first_fall", ".1e"),
        ("at the last", "last_fall", ".1e"),
    )
    rows = []
    for count in range(int(data["count"].max()) + 1):
        models = data["count"] == count
        if models.any():
            row = {"late jumps": f"{count}", "models": f"{models.sum()}"}
            for title, name, form in columns:
                numbers = data[name][models]
                row[title] = f"{np.nanmean(numbers):{form}}" if np.isfinite(numbers).any() else "none"
            rows.append(row)
    return rows


def _smooth(data: Data, name: str) -> np.ndarray:
    """Whether the late fall is spread over jumps, none with more than `SMOOTH` of it: of models with late jumps (model)."""
    largest = data[f"largest_{name}"]
    return np.asarray(largest[np.isfinite(largest)] <= SMOOTH)


def _smoother(data: Data) -> Estimate:
    """The share of such models among the large ones less that among the small ones; undefined where a size has no late jumps."""
    large, small = (_smooth(data, name) for name in ("models", "small"))
    if not (large.size and small.size):
        return undefined(data["count"].size + data["count_small"].size)
    return difference(share(large), share(small))


def _smooth_rows(data: Data) -> list[dict[str, str]]:
    """Late jumps of each size."""
    rows = []
    for name, (n, m) in SIZES.items():
        count, largest = data[f"count_{name}"], data[f"largest_{name}"]
        largest = largest[np.isfinite(largest)]
        row = {
            "features": f"{n}",
            "dimensions": f"{m}",
            "models with late jumps": f"{(count > 0).sum()} of {count.size}",
            "late jumps of these, mean": f"{count[count > 0].mean():.1f}" if (count > 0).any() else "none",
            "largest jump's share of the late fall": f"{largest.mean():.0%}" if largest.size else "none",
        }
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C61",
        text="Features jump between discrete dimensionalities, and the loss drops when they do.",
        source=SOURCE,
        paper="a very small drop at the first jump, a larger one at the second",
        measure=_falls,
        holds=Range(low=0.8),
        rows=_fall_rows,
        quantity="share of the loss's fall after nine in ten features have settled that lies within jumps, mean over "
        "those models that still jump then (the table says how many)",
    ),
    Claim(
        id="C62",
        text="The larger the model, the smoother its loss falls, since more and smaller jumps add up.",
        source=SOURCE,
        paper="a conjecture",
        measure=_smoother,
        holds=Range(low=0.0),
        rows=_smooth_rows,
        quantity="share of models in which no late jump makes more than half of the loss's fall after nine in ten features have "
        "settled, 40 features in 10 dimensions less 8 in 2, of models that jump then",
    ),
)
