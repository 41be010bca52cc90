"""F28: codes for ten features on five neurons; the sparser the features, the more of them share neurons."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.privileged_basis import privileged
from figures.privileged_basis.privileged import DENSITIES, FEATURES, HIDDEN
from figures.shared.stacks import neuron_colour, neuron_legend, stack_plot
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, score_map, themed, weight_image, weight_map
from sup.codes import code_name, code_words, reading_order, recovered, words_per_neuron
from sup.geometry import superposition_score
from sup.results import Trained
from sup.statistics import Estimate, best_of_groups, distance, mean, share, worst
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F28",
    title="Codes for ten features on five neurons",
    alt="Six rows, from dense to sparse features, each a matrix of weights and a stack plot of five neurons. On top five neurons "
    "of one feature each; further down fewer and fewer of these, and more and more features that share neurons; at the bottom "
    "ten features on the ten pairs of five neurons. Below, the neurons of one feature and of several by density.",
    source="Superposition in a Privileged Basis",
    note=privileged.NOTE
    + " The paper shows the best of 1,000 fits; a profile here has fewer, 500 in the largest. Rows show the best of all fits "
    "at a density, verdicts rest on the best fits of groups of 20. A neuron answers to a feature if its weight is at least "
    "half of the feature's largest; neurons of one feature come first, then those with negative weights. The paper's 14 "
    "densities are not stated.",
)
ROWS = (0.65, 0.32, 0.15, 0.12, 0.06, 0.03)
"""A density for each row of the paper's figure."""
PAPER = (
    "5 dedicated",
    "3 dedicated + two signs",
    "2 dedicated + 5 in 3",
    "1 dedicated + all pairs of 4",
    "hub of 4",
    "all pairs of 5",
)
"""The code of each row, in the words of `sup.codes.code_name`."""
PAPER_COUNT = (5, 6, 7, 7, 8, 10)
PAPER_ALONE = (5, 5, 5, 5, 3, 3, 3, 3, 2, 1, 0, 0, 0, 0)
"""Neurons of one feature at the paper's 14 densities, from dense to sparse."""
MIXED = (0.32, 0.15, 0.12)
"""The densities of the rows in which the paper's figure has neurons of both kinds."""


def needs(size: Size) -> dict[str, Sweep]:
    """The fits at all densities."""
    return {"relu": privileged.fits("relu-hidden", DENSITIES, size, size.seeds)}


def reduce(runs: Runs) -> Data:
    """The drawn models, their neurons in reading order, and the codes of the best fits of groups."""
    all_fits = [_fits(runs["relu"].where(density=density)) for density in DENSITIES]
    rows = [all_fits[DENSITIES.index(density)] for density in ROWS]
    W = np.stack([fits["W"][fits["best"]] for fits in rows]).astype(np.float64)
    W = np.stack([w[reading_order(code)] for w, code in zip(W, code_words(W), strict=True)])
    places = [int(fits["best"]) for fits in rows]
    alone = [int(fits["alone"][fits["best"]]) for fits in all_fits]
    least = np.array([[_least(fits, code) for fits in all_fits] for code in range(len(PAPER))])
    equal = [crossing(least[k : k + 2]) for k in range(len(PAPER) - 1)]
    code = "code of the drawn fit: 1 for a strong weight of a recovered feature, -1 for a negative one as strong, else 0"
    arrays = {
        "W": array(np.round(W, 4), "row hidden feature", "weights of the drawn fit, the best at the row's density"),
        "code": array(code_words(W), "row hidden feature", code),
        "scores": array(superposition_score(W), "row feature", "superposition score in the drawn fit"),
        "drawn": array(places, "row", "position of the drawn fit among those of its density, from 0"),
        "alone": array(alone, "density", "neurons of one feature in the best of all fits of a density"),
        "least": array(least, "code density", "lowest final loss of fits with this code of the paper, nan without any"),
        "boundary": array(equal, "crossing", "density at which a code of the paper and the next cost the same, nan if not seen"),
        "size": array(len(all_fits[0]["loss"]) // len(all_fits[0]["groups"]), "", "fits of a group"),
        **_grouped(all_fits),
    }
    values = {f"count_{d:g}": Value(value=float(fits["count"][fits["best"]])) for d, fits in zip(ROWS, rows, strict=True)}
    values["fits"] = Value(value=float(len(all_fits[0]["loss"])), digits=4)
    return Data(arrays=arrays, values=values)


def _grouped(all_fits: list[dict[str, np.ndarray]]) -> dict[str, Array]:
    """Arrays on the best fit of each group, from the fits of each density."""
    names = ("alone", "shared", "count", "code", "name")
    best = {name: np.stack([fits[name][fits["groups"]] for fits in all_fits]) for name in names}
    same = "whether this code is also that of the group's best fit at a neighbouring density"
    code = "code of a group's best fit, numbered from 0 as the rows of the paper's figure; -1 for another code"
    return {
        "group_alone": array(best["alone"], "density group", "neurons of one feature in a group's best fit"),
        "group_shared": array(best["shared"], "density group", "neurons of several features in a group's best fit"),
        "group_count": array(best["count"], "density group", "features recovered by a group's best fit"),
        "group_code": array(best["code"], "density group", code),
        "group_same": array(_same(best["name"]), "density group", same),
    }


def _fits(trained: Trained) -> dict[str, np.ndarray]:
    """Measures of each fit (fit); positions of the `best` fit of all and of the best of each group, `groups` (group)."""
    codes, loss = code_words(trained["W"]), trained["final_loss"].astype(np.float64)
    words, names = words_per_neuron(codes), np.array([code_name(code) for code in codes])
    return {
        "W": trained["W"],
        "loss": loss,
        "name": names,
        "code": np.array([PAPER.index(name) if name in PAPER else -1 for name in names]),
        "alone": (words == 1).sum(axis=1),
        "shared": (words > 1).sum(axis=1),
        "count": recovered(trained["W"]).sum(axis=1),
        "best": np.array(int(loss.argmin())),
        "groups": best_of_groups(loss, privileged.GROUP),
    }


def _least(fits: dict[str, np.ndarray], code: int) -> float:
    losses = fits["loss"][fits["code"] == code]
    return float(losses.min()) if losses.size else math.nan


def _same(names: np.ndarray) -> np.ndarray:
    """Whether the best fit of a group has the same code at a neighbouring density, shape (density, group) as `names`."""
    equal = names[1:] == names[:-1]
    edge = np.zeros((1, names.shape[1]), bool)
    return np.concatenate([edge, equal]) | np.concatenate([equal, edge])


def crossing(least: np.ndarray) -> float:
    """The density at which two codes have the same loss: where the logarithm of their losses' ratio crosses zero.

    It is interpolated in the logarithm of the density, between the two nearest densities that have fits of both codes. The last
    such crossing, if there are several; NaN if there is none.

    Args:
        least: The lowest losses of the denser and the sparser code, shape (2, density) from dense to sparse, NaN without fits.

    Example: equal half way between the first two densities.
        >>> round(crossing(np.array([[1.0, 2.0] + [np.nan] * 12, [2.0, 1.0] + [np.nan] * 12])) ** 2, 6)
        0.8
    """
    gap = np.log(least[0] / least[1])
    both = np.flatnonzero(~np.isnan(gap))
    turns = [(i, j) for i, j in pairwise(both) if gap[i] < 0 <= gap[j]]
    if not turns:
        return math.nan
    i, j = turns[-1]
    part = gap[i] / (gap[i] - gap[j])
    return float(math.exp((1 - part) * math.log(DENSITIES[i]) + part * math.log(DENSITIES[j])))


LOWEST = -0.8
"""Weights below this are drawn cut off: how far below zero a neuron is pushed does not matter once it is off."""
ROW, TALL = 80.0, 680.0
"""Height of a row and of the sheet, in points."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A row per code, the neurons at all densities, the keys."""
    figure, axes = sheet(theme, TALL)
    weights = np.clip(data["W"], LOWEST, None)
    reach = max(1.0, *(1.02 * float(np.maximum(sign * weights, 0.0).sum(axis=2).max()) for sign in (1, -1)))
    for k in range(len(ROWS)):
        _row(axes, data, k, TALL - 20 - ROW * (k + 1), theme, weights[k], reach)
    say(axes, 51, TALL - 10, "weights", theme, color=theme.muted)
    say(axes, 160, TALL - 10, "the same as stacks", theme, color=theme.muted)
    _neurons(axes, data, theme)
    _keys(axes, theme)
    return figure


def _row(axes: "Axes", data: Data, k: int, base: float, theme: Theme, weights: np.ndarray, reach: float) -> None:
    W, code = data["W"][k], data["code"][k]
    matrix = inset(axes, 22, base + 4, 58, ROW - 10)
    weight_image(matrix, W.T, theme)
    matrix.set_aspect("auto")
    for row in (0, FEATURES - 1):
        y = base + 4 + (ROW - 10) * (1 - (row + 0.5) / FEATURES)
        say(axes, 18, y, str(row), theme, ha="right", fontsize=8, color=theme.muted)
    stacks = inset(axes, 92, base + 4, 136, ROW - 10)
    colours = score_map(theme)(np.clip(data["scores"][k], 0, 1))
    stack_plot(stacks, weights, list(colours), theme, words_per_neuron(code[None])[0])
    stacks.set(ylim=(-reach, reach), yticks=())
    stacks.spines["left"].set_visible(False)
    count = int((code > 0).any(axis=0).sum())
    say(axes, 238, base + 58, f"density {ROWS[k]:g}: {count} features", theme, ha="left", fontweight="bold")
    name = code_name(code)
    lines = name.split(" + ")
    for line, words in enumerate(lines):
        say(axes, 238, base + 42 - 13 * line, words, theme, ha="left")
    if name == PAPER[k]:
        say(axes, 238, base + 42 - 13 * len(lines), "as in the paper", theme, ha="left", color=theme.muted)


def _neurons(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the neurons of one feature and of several in the best fit at each density; the paper's are a line."""
    chart = inset(axes, 60, 88, 318, 62)
    alone = data["alone"]
    for count, bottom, heights in ((1, 0 * alone, alone), (2, alone, HIDDEN - alone)):
        chart.bar(range(len(alone)), heights, bottom=bottom, width=0.9, color=neuron_colour(theme, count), alpha=0.3)
    chart.stairs(PAPER_ALONE, np.arange(len(alone) + 1) - 0.5, color=theme.ink, lw=1.4, baseline=None)
    chart.set(xlim=(-0.6, len(alone) - 0.4), ylim=(0, 5.4), yticks=(0, 5), xticks=range(len(alone)))
    chart.set_xticklabels([f"{density:g}".lstrip("0") for density in DENSITIES], fontsize=8)
    chart.tick_params(length=2, labelsize=8)
    say(axes, 219, 66, "density $1-S$", theme)
    say(axes, 4, 119, "best fits'\nneurons;\nline: the\npaper's", theme, ha="left", fontsize=8, linespacing=1.3)


def _keys(axes: "Axes", theme: Theme) -> None:
    neuron_legend(axes, 70, 50, theme)
    scales = ((70, "weight", weight_map(theme), ("-1", "0", "1")), (272, "score", score_map(theme), ("0", "1")))
    for left, words, colours, ticks in scales:
        say(axes, left - 8, 26, words, theme, ha="right")
        key(inset(axes, left, 22, 96, 8), colours, ticks, theme)


def _models(data: Data, densities: int) -> int:
    """Number of models, at this number of densities, from which the best fits of groups are taken."""
    return int(densities * data["group_code"].shape[1] * data["size"])


def _shift(data: Data) -> Estimate:
    alone = data["group_alone"] / HIDDEN
    return mean(alone[0] - alone[-1]).over(_models(data, 2))


def _both(data: Data) -> Estimate:
    at = [DENSITIES.index(density) for density in MIXED]
    both = (data["group_alone"][at] > 0) & (data["group_shared"][at] > 0)
    return share(both).over(_models(data, len(MIXED)))


def _counts(data: Data) -> Estimate:
    """The worst distance of a row's mean number of features from the paper's."""
    means = [mean(data["group_count"][DENSITIES.index(density)], among=len(ROWS)) for density in ROWS]
    distances = [distance(e, count) for e, count in zip(means, PAPER_COUNT, strict=True)]
    return worst(distances).over(_models(data, len(ROWS)))


def _ranges(data: Data) -> Estimate:
    return mean(data["group_same"].mean(axis=0)).over(_models(data, len(DENSITIES)))


def _rows(data: Data) -> list[dict[str, str]]:
    """The paper's code and that of the best fit, a row per density of the figure."""
    rows = []
    for k, density in enumerate(ROWS):
        groups, code = data["group_code"][DENSITIES.index(density)], data["code"][k]
        row = {
            "density": f"{density:g}",
            "paper": f"{PAPER_COUNT[k]} features: {PAPER[k]}",
            "best of all fits": f"{int((code > 0).any(axis=0).sum())} features: {code_name(code)}",
            f"best of {data['size']} with the paper's code": f"{int((groups == k).sum())} of {groups.size}",
            "mean features": f"{data['group_count'][DENSITIES.index(density)].mean():.1f}",
        }
        rows.append(row)
    return rows


def _boundaries(data: Data) -> list[dict[str, str]]:
    """The density at which the lowest losses of two successive codes of the paper are equal, a row per pair."""
    return [
        {"denser": PAPER[k], "sparser": PAPER[k + 1], "equal loss at density": "not seen" if math.isnan(at) else f"{at:.3f}"}
        for k, at in enumerate(data["boundary"].tolist())
    ]


SOURCE = "Superposition in a Privileged Basis"
CLAIMS = (
    Claim(
        id="C72",
        source=SOURCE,
        measure=_shift,
        holds=Range(low=0.5),
        agrees=Range(low=0.9),
        text="As features become sparse, neurons go from answering to one feature to answering to several.",
        paper="all five neurons of one feature when dense, none when sparse",
        quantity="share of neurons of one feature at density 1 less that at the sparsest density, best fits of groups",
    ),
    Claim(
        id="C73",
        source=SOURCE,
        measure=_both,
        holds=Range(low=0.5),
        text="In between, one model has neurons of both kinds.",
        paper="three of the six models shown have both",
        quantity="share of best fits of groups with neurons of one and of several features at densities 0.32, 0.15 and 0.12",
    ),
    Claim(
        id="C74",
        source=SOURCE,
        measure=_counts,
        holds=Range(high=1.0),
        rows=_rows,
        text="There are six regimes, from five features to all ten.",
        paper="5, 6, 7, 7, 8 and 10 features, in the codes of the table",
        quantity="worst distance from the paper of a row's mean number of features, best fits of groups",
    ),
    Claim(
        id="C75",
        source=SOURCE,
        measure=_ranges,
        holds=Range(low=0.5),
        rows=_boundaries,
        text="Ranges of sparsity share one optimal configuration.",
        paper="14 densities fall into ranges with one configuration each",
        quantity="share of densities at which the best fit of a group has the code of a neighbouring density's",
    ),
)
