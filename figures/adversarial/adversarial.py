"""F25: superposition makes a model vulnerable, in step with the number of features per dimension."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.adversarial.attacks import NOTE, SMALL, harms, models
from figures.adversarial.curves import (
    ENDS,
    EVEN,
    PAPER_PER_DIMENSION,
    PAPER_VULNERABILITY,
    PLATEAU,
    READ,
    STARTS,
    at,
    at_rest,
    growth,
    jackknife,
    together,
)
from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.shared.uniform import LEVEL, Setting, density, level_arrays, sparsity_axis
from figures.style import Theme, figure, themed
from sup.geometry import dimensions_per_feature
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F25",
    title="Vulnerability to small attacks grows with superposition",
    alt="Left, above: vulnerability against 1/(1-S), from one for dense features to several times that for sparse ones, with "
    "crosses read off the paper's figure and a lower, dashed line for one push for all samples. Below: features per dimension, "
    "with the paper's crosses. Two dotted lines mark where the paper's models start to use superposition, and where they use "
    "more than antipodal superposition. Right: vulnerability against features per dimension, one dot per model, and the crosses.",
    source="Relationship to Adversarial Robustness",
    note=NOTE + " Each sample meets the worst of the pushes along a row of the products of weights, with either sign; a push has "
    "a tenth of the mean input's norm; the target is the clean input. The unit is what the same push does to a model with a "
    "dimension of its own for each of as many features as there are dimensions: exactly the square of its norm. This reading and "
    "this size were chosen, on other seeds, because of all that were tried their curve is the nearest to the paper's. So the "
    "height of the curve is a fit to the paper's and no prediction. Tables have the other reading and other sizes.",
)
COMPARED = (16, 26, 34, 49)
"""Levels at which larger models are compared."""
LARGER = {"wider": Setting(features=60, hidden=5), "larger": Setting(features=100, hidden=10)}
"""Larger models, by the name of their sweep."""
_PAPER_END = PAPER_VULNERABILITY[-1]


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, small models at all levels; `wider` and `larger`, a quarter as many of larger ones at `COMPARED`."""
    few = max(1, size.seeds // 4)
    larger = {name: models(setting, COMPARED, size.steps, few) for name, setting in LARGER.items()}
    return {"base": models(SMALL, READ, size.steps, size.seeds), **larger}


def reduce(runs: Runs) -> Data:
    """Both readings of vulnerability and the features per dimension of every model, and what the paper's figure has."""
    base = runs["base"]
    each, one = harms(base, READ)
    larger = np.stack([harms(runs[name], COMPARED) for name in LARGER])
    per_dimension = np.stack([1 / dimensions_per_feature(base.where(density=density(k))["W"]) for k in READ])
    unit = "in units of the square of the push's norm"
    sizes = " and ".join(f"{setting.features} features in {setting.hidden} dimensions" for setting in LARGER.values())
    arrays = {
        **level_arrays(READ),
        "vulnerability": array(each, "level seed", f"vulnerability: loss that the worst push for each sample adds, {unit}"),
        "universal": array(one, "level seed", f"loss that the worst single push for all samples adds, {unit}"),
        "per_dimension": array(per_dimension, "level seed", "features per dimension, |W|_F^2 / m"),
        "paper_vulnerability": array(PAPER_VULNERABILITY, "level", "vulnerability, read off the paper's figure"),
        "paper_per_dimension": array(PAPER_PER_DIMENSION, "level", "features per dimension, read off the paper's figure"),
        "compared": array(COMPARED, "level", f"the levels of larger models; {LEVEL}"),
        "larger_vulnerability": array(larger[:, 0], "size level seed", f"vulnerability of models with {sizes}"),
        "larger_universal": array(larger[:, 1], "size level seed", f"the same for the worst single push, of {sizes}"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    curves = data["vulnerability"], data["per_dimension"]
    paper = data["paper_vulnerability"][:, None], data["paper_per_dimension"][:, None]
    ratios = data["vulnerability"].mean(axis=1) / data["paper_vulnerability"]
    out = {
        "features": Value(value=SMALL.features),
        "hidden": Value(value=SMALL.hidden),
        "misfit": Value(value=100 * float(np.abs(ratios - 1).max()), unit="%"),
        "correlation": estimated(jackknife(curves, together)),
        "paper_correlation": Value(value=together(*paper)),
        "rest": estimated(jackknife(curves, at_rest)),
        "paper_rest": Value(value=round(at_rest(*paper), 2) + 0.0),
        "per_dimension_end": estimated(mean(data["per_dimension"][-1])),
        "paper_per_dimension_end": Value(value=PAPER_PER_DIMENSION[-1]),
        "paper_vulnerability_end": Value(value=_PAPER_END),
    }
    for name in ("vulnerability", "universal"):
        out[f"{name}_plateau"], out[f"{name}_end"] = estimated(plateau(data, name)), estimated(mean(data[name][-1]))
    return out


def plateau(data: Data, name: str = "vulnerability") -> Estimate:
    """The mean of a measure over the levels of `PLATEAU`: of one model per level for each seed, mean over seeds."""
    rows = data[name][at(PLATEAU)]
    return mean(rows.mean(axis=0)).over(rows.size)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Vulnerability and features per dimension over density with the paper's readings, and one against the other."""
    drawn = figure(height=3.7)
    grid = drawn.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(1.5, 1))
    upper, lower, right = (drawn.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1]))
    _over_density(upper, data, "vulnerability", theme, theme.superposed, reach=0.7)
    upper.plot(
        data["sparsity"], data["universal"].mean(axis=1), color=theme.muted, lw=0.9, ls=(0, (3, 2)), label="one push for all"
    )
    heads, labels = upper.get_legend_handles_labels()
    order = [labels.index(label) for label in ("worst push for each sample", "one push for all", "paper")]
    upper.legend([heads[k] for k in order], [labels[k] for k in order], loc="upper left", fontsize=7.5, handlelength=1.8)
    top = max(10.5, 1.05 * float(data["vulnerability"].max()))
    for axes in (upper, right):
        axes.set(ylabel="vulnerability", ylim=(0, top))
    upper.set(xlabel="", xticklabels=[])
    upper.yaxis.set_major_formatter("{x:g}x")
    _over_density(lower, data, "per_dimension", theme, theme.dedicated)
    lower.set(ylabel="features\nper dimension", ylim=(0, max(5.4, 1.05 * float(data["per_dimension"].max()))))
    for x, words in ((STARTS, "superposition\nstarts"), (ENDS, "more than\nantipodal")):
        lower.text(x * 1.03, 0.98, words, color=theme.interference, fontsize=7, va="top", transform=lower.get_xaxis_transform())
    _scatter(right, data, theme)
    return drawn


def _over_density(axes: "Axes", data: Data, name: str, theme: Theme, colour: str, reach: float = 1.0) -> None:
    for x in (STARTS, ENDS):
        axes.axvline(x, 0, reach, color=theme.interference, lw=1.0, ls=(0, (1, 2)), zorder=1)
    axes.plot(data["sparsity"], data[name], "o", color=colour, ms=2, mew=0, alpha=0.45, zorder=2)
    axes.plot(data["sparsity"], data[name].mean(axis=1), color=colour, label="worst push for each sample", zorder=3)
    axes.plot(data["sparsity"], data[f"paper_{name}"], "x", color=theme.ink, ms=4, mew=1.1, label="paper", zorder=4)
    sparsity_axis(axes)


def _scatter(axes: "Axes", data: Data, theme: Theme) -> None:
    x, y = data["per_dimension"].ravel(), data["vulnerability"].ravel()
    axes.plot(x, y, "o", color=theme.superposed, ms=2.2, mew=0, alpha=0.5, label="a model")
    axes.plot(data["paper_per_dimension"], data["paper_vulnerability"], "x", color=theme.ink, ms=4, mew=1.1, label="paper")
    axes.legend(loc="upper left", fontsize=7.5, handlelength=1)
    axes.set(xlabel="features per dimension", xlim=(0, max(5.4, 1.05 * float(x.max()))))


TOLD = (0, 8, 12, 16, 22, 26, 34, 40, 49)
"""Levels in the table of both readings."""


def _reading_rows(data: Data) -> list[dict[str, str]]:
    names = {
        "paper_vulnerability": "paper",
        "vulnerability": "worst push for each sample",
        "universal": "one push for all",
        "per_dimension": "features per dimension",
        "paper_per_dimension": "paper: features per dimension",
    }
    return [
        {"1/(1-S)": f"{data['sparsity'][k]:.2f}", **{label: f"{np.mean(data[name][k]):.2f}" for name, label in names.items()}}
        for k in at(TOLD)
    ]


def _size_rows(data: Data) -> list[dict[str, str]]:
    """Both readings of every size, and the paper's curve, a row each."""
    places, readings = at(COMPARED), (("worst push for each sample", "vulnerability"), ("one push for all", "universal"))

    def row(size: str, words: str, heights: np.ndarray) -> dict[str, str]:
        cells = {f"at {data['sparsity'][k]:.2f}": f"{height:.1f}" for k, height in zip(places, heights, strict=True)}
        return {"model": size, "reading": words, **cells}

    rows = [row("paper", "", data["paper_vulnerability"][places])]
    for words, name in readings:
        rows.append(row(f"{SMALL.features} in {SMALL.hidden}", words, data[name][places].mean(axis=1)))
        for setting, heights in zip(LARGER.values(), data[f"larger_{name}"].mean(axis=2), strict=True):
            rows.append(row(f"{setting.features} in {setting.hidden}", words, heights))
    return rows


def _growth_rows(data: Data) -> list[dict[str, str]]:
    """The growth of both curves, ours and the paper's, a row per interval."""
    names = {
        "vulnerability": "vulnerability",
        "per_dimension": "features per dimension",
        "paper_vulnerability": "paper: vulnerability",
        "paper_per_dimension": "paper: features per dimension",
    }
    steps = {label: growth(data[name].reshape(len(READ), -1)) for name, label in names.items()}
    x = data["sparsity"][at(EVEN)]
    return [
        {"1/(1-S)": f"{x[k]:.2f} to {x[k + 1]:.2f}", **{label: f"{grown[k]:.1f}" for label, grown in steps.items()}}
        for k in range(len(EVEN) - 1)
    ]


_SOURCE = "Relationship to Adversarial Robustness"
_MEASURE = "loss that the worst push for each sample adds, over what it adds to a model without superposition"
CLAIMS = (
    Claim(
        id="C66",
        text="As superposition forms, a model becomes more than three times as vulnerable as one without superposition.",
        source=_SOURCE,
        paper="more than 3 times",
        quantity=f"{_MEASURE}, mean over four densities from 1/2.12 to 1/3.09, where the paper has two features per dimension",
        measure=plateau,
        holds=Range(low=3.0),
        unit="times",
        rows=_reading_rows,
    ),
    Claim(
        id="C66-F",
        text="With more than antipodal superposition vulnerability grows further, to about eight times at a density of 0.1.",
        source=_SOURCE,
        paper="its figure ends at 8.4 times",
        quantity=f"{_MEASURE}, at a density of 0.1",
        measure=lambda data: mean(data["vulnerability"][-1]),
        holds=Range(low=_PAPER_END / 2, high=2 * _PAPER_END),  # within a factor of two; to agree, within a tenth
        agrees=Range(low=round(0.9 * _PAPER_END, 1), high=round(1.1 * _PAPER_END, 1)),
        unit="times",
        rows=_size_rows,
    ),
    Claim(
        id="C67",
        text="Vulnerability closely tracks the number of features per dimension.",
        source=_SOURCE,
        paper="closely tracks",
        quantity="growth of vulnerability where features per dimension, |W|_F^2 / m, do not grow, over its mean growth; by a "
        "line through the logarithmic growths of both mean curves over eleven intervals of 1/(1-S), jackknife over seeds",
        measure=lambda data: jackknife((data["vulnerability"], data["per_dimension"]), at_rest),
        holds=Range(low=-0.25, high=0.25),
        rows=_growth_rows,
    ),
)
