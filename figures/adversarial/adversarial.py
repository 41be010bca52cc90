"""F25: superposition makes a model vulnerable, in step with the number of features per dimension."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.shared.uniform import LEVEL, LEVELS, NOTE, PROBES, density, levels_of, models, setting, sparsity_axis
from figures.style import Theme, figure, themed
from sup.geometry import dimensions_per_feature
from sup.results import Trained
from sup.robustness import analytic_harm, gradient_harm, mean_norm
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F25",
    title="Vulnerability to small attacks grows with superposition",
    alt="Left, above: vulnerability against 1/(1-S), from one for dense features to several times that for sparse ones; "
    "below: features per dimension, which rise in the same places. Middle: each model's vulnerability against its features "
    "per dimension, a rising band. Right: the harm found by following the gradient over that of the analytic attack, and the "
    "share of closed ReLUs.",
    source="Relationship to Adversarial Robustness",
    note="The models are those of F15; the paper gives neither the sizes of its own nor the details of the attack. " + NOTE + " "
    "The push has a tenth of the mean input's norm; its direction is that of a row of the products of weights, "
    "with either sign, the worst one for the model as a whole (the other reading, the worst one for each sample, is the "
    "dashed line); the target is the clean input. The unit is what the same push does to a model with a dimension of its own for "
    "each of as many features as there are dimensions: exactly the square of its norm.",
)
SPARSE = 2 * (LEVELS - 1)
"""A level beyond the paper's range, of density 0.01, for attacks that follow gradients: nearly all ReLUs are closed there."""
NAMED = {"pairs": 22, "sparse": LEVELS - 1, "sparsest": SPARSE}
"""Levels with values on pages: nearly all features in pairs, the end of the paper's range, and the one beyond it."""
TOLD = (0, *PROBES, LEVELS - 1, SPARSE)
"""Levels in the tables."""
SHARE = 0.1
"""Norm of a push over the mean norm of an input."""
SAMPLES = 512


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, the models of all levels; `sparse`, models of the same size of far sparser features."""
    return {"base": models(size), "sparse": setting(size).sweep((SPARSE,), size.steps, size.seeds)}


def samples(n_features: int, density: float, count: int = SAMPLES) -> np.ndarray:
    """Inputs (sample, feature) for attacks, the same for all models of a density."""
    rng = np.random.default_rng(round(1000 * density))
    return rng.random((count, n_features)) * (rng.random((count, n_features)) < density)


def reduce(runs: Runs) -> Data:
    """The measures of `MEASURED` for each model of every level; the last level is that of `sparse`."""
    levels = (*levels_of(runs["base"]), SPARSE)
    measures = [_measured(runs["base" if k != SPARSE else "sparse"].where(density=density(k)), density(k)) for k in levels]
    arrays = {
        "level": array(levels, "level", LEVEL),
        "density": array([density(k) for k in levels], "level", "density of the features, 1 - S"),
        **{name: array(np.stack([one[name] for one in measures]), "level seed", text) for name, text in MEASURED.items()},
    }
    values = {"density_pairs": Value(value=density(NAMED["pairs"]))}
    for tag, level in NAMED.items():
        for name in MEASURED:
            e = mean(arrays[name].values[levels.index(level)])
            values[f"{name}_{tag}"] = estimated(e, percent=name in ("closed", "blind"))
    return Data(arrays=arrays, values=values)


MEASURED = {
    "vulnerability": "loss that the worst attack for all samples adds, in units of the square of the push's norm",
    "adaptive": "loss that the worst attack for each sample adds, in units of the square of the push's norm",
    "gradient": "loss that following the gradient adds, over that of the worst attack for each sample",
    "one_step": "loss that a single step along the gradient adds, over that of the worst attack for each sample",
    "closed": "share of ReLUs that are closed",
    "blind": "share of samples without any gradient",
    "per_dimension": "features per dimension, |W|_F^2 / m",
}
"""The measures of each model, described for pages."""


def _measured(trained: Trained, density: float) -> dict[str, np.ndarray]:
    """The measures of `MEASURED` (seed) for the models of one density."""
    features = trained.runs[0].n_features
    x, push = samples(features, density), SHARE * mean_norm(features, density)
    rows = []
    for W, b in zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True):
        harm, ascent = analytic_harm(W, b, x, push), gradient_harm(W, b, x, push)
        closed = (x @ (W.T @ W) + b <= 0).mean()
        gains = [attack.added.mean() / harm.adaptive for attack in (ascent, gradient_harm(W, b, x, push, steps=1))]
        rows.append((harm.universal / push**2, harm.adaptive / push**2, *gains, closed, ascent.blind.mean()))
    names = ("vulnerability", "adaptive", "gradient", "one_step", "closed", "blind")
    columns = dict(zip(names, np.array(rows).T, strict=True))
    return {**columns, "per_dimension": 1 / dimensions_per_feature(trained["W"])}


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Vulnerability and features per dimension over density, one against the other, and the harm of attacks by gradient."""
    drawn = figure(height=3.4)
    grid = drawn.add_gridspec(2, 3, width_ratios=(1.15, 1, 1))
    upper, lower = drawn.add_subplot(grid[0, 0]), drawn.add_subplot(grid[1, 0])
    _over_density(upper, data, "vulnerability", theme.superposed, "one push for all samples")
    adaptive = data["adaptive"][:-1].mean(axis=1)
    upper.plot(1 / data["density"][:-1], adaptive, color=theme.superposed, lw=0.8, ls=(0, (3, 2)), label="one for each")
    upper.legend(loc="upper left", fontsize=7.5, handlelength=1.8, borderpad=0)
    upper.set(ylabel="vulnerability", xlabel="", xticklabels=[], ylim=(0, None))
    _over_density(lower, data, "per_dimension", theme.dedicated)
    lower.set(ylabel="features\nper dimension", ylim=(0, None))
    _scatter(drawn.add_subplot(grid[:, 1]), data, theme)
    _masking(drawn.add_subplot(grid[:, 2]), data, theme)
    return drawn


def _over_density(axes: "Axes", data: Data, name: str, colour: str, label: str = "") -> None:
    x, all_seeds = 1 / data["density"][:-1], data[name][:-1]
    axes.plot(x, all_seeds.mean(axis=1), color=colour, label=label)
    axes.plot(x, all_seeds, "o", color=colour, ms=2.5, alpha=0.6)
    sparsity_axis(axes)
    axes.set(xlabel="$1/(1-S)$", xticks=(1, 2, 3, 5, 10), xticklabels=("1", "2", "3", "5", "10"))


def _scatter(axes: "Axes", data: Data, theme: Theme) -> None:
    x, y = (data[name][:-1].ravel() for name in ("per_dimension", "vulnerability"))
    axes.plot(x, y, "o", color=theme.superposed, ms=3.5, alpha=0.7)
    axes.set(xlabel="features per dimension", ylabel="vulnerability", xlim=(0, None), ylim=(0, None))
    axes.set_title("One dot a model")


def _masking(axes: "Axes", data: Data, theme: Theme) -> None:
    x = 1 / data["density"]
    for name, label, colour, style in (
        ("gradient", "harm by gradient", theme.groups[0], "-o"),
        ("closed", "closed ReLUs", theme.groups[1], "--s"),
        ("blind", "no gradient at all", theme.groups[2], ":^"),
    ):
        axes.plot(x, data[name].mean(axis=1), style, color=colour, ms=3, label=label)
    axes.set(xscale="log", xlim=(0.9, 130), ylim=(0, 2.1), yticks=(0, 0.5, 1, 1.5), xlabel="$1/(1-S)$", ylabel="share")
    axes.set(xticks=(1, 10, 100), xticklabels=("1", "10", "100"))
    axes.minorticks_off()
    axes.legend(loc="upper left", handlelength=2)
    axes.set_title("Following the gradient")


def _tracks(data: Data) -> Estimate:
    """Correlation of vulnerability with features per dimension over the paper's range, for each seed, mean over seeds."""
    pairs = (data[name][:-1].T for name in ("vulnerability", "per_dimension"))
    return mean(np.array([np.corrcoef(one, two)[0, 1] for one, two in zip(*pairs, strict=True)]))


def _rows(names: tuple[str, ...]) -> Callable[[Data], list[dict[str, str]]]:
    def rows(data: Data) -> list[dict[str, str]]:
        return [
            {"density": f"{density:.3g}", **{name.replace("_", " "): f"{data[name][k].mean():.2f}" for name in names}}
            for k, density in enumerate(data["density"])
            if data["level"][k] in TOLD
        ]

    return rows


CLAIMS = (
    Claim(
        id="C66",
        text="As superposition forms, a model becomes more than three times as vulnerable as one without superposition.",
        source="Relationship to Adversarial Robustness",
        paper="more than 3 times; its figure ends at about 8 times",
        quantity="loss added by the worst attack at density 0.1, over what it adds to a model without superposition",
        measure=lambda data: mean(data["vulnerability"][-2]),
        holds=Range(low=3.0),
        rows=_rows(("vulnerability", "adaptive", "per_dimension")),
    ),
    Claim(
        id="C67",
        text="Vulnerability closely tracks the number of features per dimension.",
        source="Relationship to Adversarial Robustness",
        paper="closely tracks",
        quantity="correlation of vulnerability with |W|_F^2 / m over densities from 1 to 0.1, mean over seeds",
        measure=_tracks,
        holds=Range(low=0.9),
    ),
    Claim(
        id="C68",
        text="Attacks that follow the gradient fail where ReLUs are closed nearly all the time.",
        source="Relationship to Adversarial Robustness",
        paper="closed 99 % of the time; gradients are masked",
        quantity="harm found by following gradients over that of the analytic attack, worst for each sample, at density 0.01",
        measure=lambda data: mean(data["gradient"][-1]),
        holds=Range(high=0.5),
        rows=_rows(("gradient", "one_step", "closed", "blind")),
    ),
)
