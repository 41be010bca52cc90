"""F32: a hundred features on forty neurons: from one feature a neuron to many."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.computation import absolute
from figures.shared.stacks import LEAST, neuron_legend, stack_plot
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, score_map, themed
from sup.baseline import constant_loss
from sup.motifs import half_features
from sup.neurons import answers, monosemantic, polysemantic, primary_features, row_scores
from sup.results import Trained
from sup.statistics import Estimate, exact, least, mean, undefined
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F32",
    title="The absolute value of a hundred features on forty neurons",
    alt="Seven stack plots of forty neurons, from dense to sparse features. With dense features each neuron is one piece. As "
    "features become sparser, neurons of the less important features get several pieces, and at the sparsest setting every "
    "neuron has many.",
    source="Computation in Superposition",
    note=absolute.MANY_NOTE + " What a row's models explain is the share of the loss of the best constant outputs "
    "that they save. Where that is less than 90 % training has not settled, and the row decides nothing. A neuron answers to a "
    "feature if that weight is at least a fifth of its largest; the paper shades its neurons by eye. Colours are superposition "
    "scores of the weights in after rescaling.",
)
FEATURES, HIDDEN, DECAY = 100, 40, 0.8
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
PAPER = ("40", "40", "about 31", "about 16", "about 24, then islands", "24", "0")
"""Neurons of one feature in the paper's figure, read by eye."""
MIXED = (0.1, 0.03, 0.01)
"""Densities at which the paper's figure has neurons of both kinds."""
EXPLAINED = 0.9
"""Least share of the loss of constant outputs that models must save, on average, for their density to count."""


def needs(size: Size) -> dict[str, Sweep]:
    """Fits at each density."""
    return {"fits": absolute.fits(FEATURES, HIDDEN, DECAY, DENSITIES, size, absolute.MANY)}


def reduce(runs: Runs) -> Data:
    """The best fits, their neurons in the order of drawing, and the features that the neurons of all fits answer to."""
    parts = [_measured(runs["fits"].where(density=density)) for density in DENSITIES]
    numbers = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    blind = [constant_loss(runs["fits"].where(density=density).runs[0]) for density in DENSITIES]
    rank = "chance that a neuron of one feature has a more important primary feature than one of several, nan without such pairs"
    arrays = {
        "W1": array(
            numbers["W1"], "density hidden feature", "weights in of the best fit, each neuron's largest scaled to size 1"
        ),
        "scores": array(numbers["scores"], "density feature", "superposition score of the best fit's weights in, so scaled"),
        "answered": array(numbers["answered"], "density hidden", "features that a neuron of the best fit answers to"),
        "drawn": array(numbers["drawn"], "density", "seed of the best fit"),
        "alone": array(numbers["alone"], "density seed", "share of neurons that answer to one feature"),
        "several": array(numbers["several"], "density seed", "share of neurons that answer to several features"),
        "sides": array(numbers["sides"], "density seed", "features of which at least half comes back for both signs"),
        "rank": array(numbers["rank"], "density seed", rank),
        "loss": array(numbers["loss"], "density seed", "final loss"),
        "blind": array(blind, "density", "loss of the best constant outputs"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for k, density in enumerate(DENSITIES):
        values[f"alone_{density:g}"] = Value(value=float(HIDDEN * data["alone"][k].mean()))
        values[f"sides_{density:g}"] = Value(value=float(data["sides"][k].mean()))
        values[f"explained_{density:g}"] = Value(value=100 * float(explained(data)[k]), unit="%", digits=3)
    return values


def explained(data: Data) -> np.ndarray:
    """Share (density) of the loss of the best constant outputs that the models save on average."""
    return np.asarray(1 - data["loss"].mean(axis=1) / data["blind"])


def _measured(fits: Trained) -> dict[str, np.ndarray]:
    best = fits.best()
    W1, _ = absolute.rescaled(fits["W1"][best], fits["W2"][best])
    alone, several = monosemantic(fits["W1"]), polysemantic(fits["W1"])
    halves = np.stack([half_features(*(fits[name][k] for name in ("W1", "W2", "b"))) for k in range(len(fits))])
    return {
        "W1": np.round(W1, 3),
        "scores": row_scores(W1[None])[0],
        "answered": answers(W1[None])[0].sum(axis=1),
        "drawn": np.array(fits.runs[best].seed),
        "alone": alone.mean(axis=1),
        "several": several.mean(axis=1),
        "sides": (halves >= 0.5).all(axis=1).sum(axis=1),
        "rank": np.array([_rank(*model) for model in zip(primary_features(fits["W1"]), alone, several, strict=True)]),
        "loss": fits["final_loss"].astype(np.float64),
    }


def _rank(primary: np.ndarray, alone: np.ndarray, several: np.ndarray) -> float:
    """Share of pairs in which the neuron of one feature has the more important primary feature, ties half; NaN without pairs."""
    gaps = primary[several][None] - primary[alone][:, None]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean()) if gaps.size else math.nan


ROW, TALL = 78.0, 620.0
SEEN = 1.0
"""Height in points below which the outline of a piece hides it."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A stack plot per density."""
    figure, axes = sheet(theme, TALL)
    for k, density in enumerate(DENSITIES):
        _row(axes, data, k, density, TALL - ROW * (k + 1), theme)
    say(axes, 204, 58, r"neurons, by the importance of their largest weight $\rightarrow$", theme, color=theme.muted)
    say(axes, 10, TALL - 3.5 * ROW, "size of the weights in, largest = 1", theme, rotation=90)
    neuron_legend(axes, 26, 40, theme)
    key(inset(axes, 112, 20, 150, 8), score_map(theme), ("0", "0.5", "1 or more"), theme)
    say(axes, 104, 24, "superposition", theme, ha="right")
    return figure


def _row(axes: "Axes", data: Data, k: int, density: float, base: float, theme: Theme) -> None:
    sizes = np.abs(data["W1"][k])
    stacks = inset(axes, 34, base + 4, 346, ROW - 22)
    colours = score_map(theme)(np.clip(data["scores"][k], 0, 1))
    top = max(2, math.ceil(float(sizes.sum(axis=1).max())))
    least = max(LEAST, SEEN * top / (ROW - 22))
    stack_plot(stacks, sizes, list(colours), theme, data["answered"][k], gap=0.2, least=least)
    stacks.set(ylim=(0, top), yticks=(0, top))
    stacks.tick_params(labelsize=8, length=2)
    count, share = int((data["answered"][k] == 1).sum()), float(explained(data)[k])
    primary = len(np.unique(primary_features(data["W1"][k][None])[0]))
    settled = f", {primary} primary features" if share >= EXPLAINED else ": not settled"
    say(axes, 34, base + ROW - 10, f"$1-S={density:g}$", theme, ha="left", fontweight="bold")
    say(axes, 106, base + ROW - 10, f"explains {100 * share:.0f} %{settled}", theme, ha="left", color=theme.muted)
    say(axes, 380, base + ROW - 10, f"{count} of {HIDDEN} of one feature", theme, ha="right")


def _dedicated_then_shared(data: Data) -> Estimate:
    """The smaller share of neurons, of one feature at density 1 and of several at the sparsest; undefined unless both settled."""
    if explained(data)[[0, -1]].min() < EXPLAINED:
        return undefined(2 * data["alone"].shape[1])
    return least([mean(shares, among=2) for shares in (data["alone"][0], data["several"][-1])])


def _mixed(data: Data) -> dict[float, np.ndarray]:
    """The chances of `rank`, one for each model with neurons of both kinds, at each density of `MIXED` that counts."""
    places = [k for k, density in enumerate(DENSITIES) if density in MIXED and explained(data)[k] >= EXPLAINED]
    ranks = {DENSITIES[k]: data["rank"][k] for k in places}
    both = {density: of_models[~np.isnan(of_models)] for density, of_models in ranks.items()}
    return {density: of_models for density, of_models in both.items() if of_models.size}


def _important_last(data: Data) -> Estimate:
    """The smallest mean chance over the densities that count; undefined without one."""
    ranks = _mixed(data)
    return least([mean(row, among=len(ranks)) for row in ranks.values()]) if ranks else undefined(data["rank"].size)


def _ranks(data: Data) -> list[dict[str, str]]:
    """What each density contributes to C80, a row per density of `MIXED`."""
    counted, rows = _mixed(data), []
    for density in MIXED:
        k = DENSITIES.index(density)
        both = int((~np.isnan(data["rank"][k])).sum())
        row = {
            "density": f"{density:g}",
            "models with neurons of both kinds": f"{both} of {data['rank'].shape[1]}",
            "chance": f"{counted[density].mean():.2f}" if density in counted else "",
            "counts": "yes" if density in counted else "no, not settled" if explained(data)[k] < EXPLAINED else "no",
        }
        rows.append(row)
    return rows


def _rows(data: Data) -> list[dict[str, str]]:
    """Neurons of one feature and of several, and the number of features computed, a row per density."""
    return [
        {
            "density": f"{density:g}",
            "neurons of one feature": f"{HIDDEN * data['alone'][k].mean():.0f}",
            "in the paper, by eye": PAPER[k],
            "neurons of several": f"{HIDDEN * data['several'][k].mean():.0f}",
            "features computed on both sides": f"{data['sides'][k].mean():.0f}",
            "explained": f"{explained(data)[k]:.0%}",
        }
        for k, density in enumerate(DENSITIES)
    ]


def _losses(data: Data) -> list[dict[str, str]]:
    """The final loss and that of constant outputs, a row per density."""
    return [
        {
            "density": f"{density:g}",
            "mean final loss": f"{data['loss'][k].mean():.2e}",
            "loss of constants": f"{data['blind'][k]:.2e}",
            "ratio": f"{data['loss'][k].mean() / data['blind'][k]:.3f}",
        }
        for k, density in enumerate(DENSITIES)
    ]


SOURCE = "Computation in Superposition"
CLAIMS = (
    Claim(
        id="C79",
        source=SOURCE,
        measure=_dedicated_then_shared,
        holds=Range(low=0.9),
        rows=_rows,
        text="With dense features each neuron serves one feature; with very sparse ones every neuron serves several.",
        paper="all 40 neurons of one feature at density 1, none at 0.001",
        quantity="smaller of the shares of neurons of one feature at density 1 and of several at density 0.001; undefined unless "
        "the models of both densities explain at least 90 percent of the loss of constant outputs",
    ),
    Claim(
        id="C80",
        source=SOURCE,
        measure=_important_last,
        holds=Range(low=0.5),
        rows=_ranks,
        text="Neurons of important features stay with one feature longest.",
        paper="the first neurons, by importance, are the last to be shared",
        quantity="chance that a neuron of one feature has a more important one than a neuron of several, the smallest mean over "
        "models at densities 0.1, 0.03 and 0.01, of those that have settled and have neurons of both kinds",
    ),
    Claim(
        id="C82",
        source=SOURCE,
        identity=True,
        rows=_losses,
        holds=Range(low=2.0),
        text="Losses at different sparsities cannot be compared.",
        paper="a footnote: the loss itself depends on sparsity",
        quantity="loss of the best constant outputs at density 1 over that at density 0.001",
        measure=lambda data: exact(float(data["blind"][0] / data["blind"][-1])),
    ),
)
