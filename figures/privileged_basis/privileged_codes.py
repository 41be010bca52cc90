"""F28: codes for ten features on five neurons; the sparser the features, the more of them share neurons."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.privileged_basis import best_codes, privileged
from figures.privileged_basis.best_codes import PAPER, Fits, compared, crossing, lowest
from figures.privileged_basis.privileged import DENSITIES, HIDDEN
from figures.privileged_basis.rows_of_codes import ROWS, rows_of_codes
from figures.style import Theme, themed
from sup.codes import code_name, code_words, reading_order
from sup.geometry import superposition_score
from sup.statistics import Estimate, least, mean, share, undefined
from sup.sweeps import Sweep

if TYPE_CHECKING:
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
    "at a density, verdicts rest on the best fits of groups of 20. Codes that cost nearly the same are "
    "compared on a million samples, since a final loss is too coarse for that. A neuron answers to a feature if its weight is at "
    "least half of the feature's largest; neurons of one feature come first, then those with negative weights. The paper's 14 "
    "densities are not stated.",
)
PAPER_COUNT = (5, 6, 7, 7, 8, 10)
MIXED = (0.32, 0.15, 0.12)
"""The densities of the rows in which the paper's figure has neurons of both kinds."""


def needs(size: Size) -> dict[str, Sweep]:
    """The fits at all densities."""
    return {"relu": privileged.fits("relu-hidden", DENSITIES, size, size.seeds)}


def reduce(runs: Runs) -> Data:
    """The drawn models, their neurons in reading order, and the codes of the best fits of groups."""
    all_fits = [compared(runs["relu"].where(density=density), density) for density in DENSITIES]
    rows = [all_fits[DENSITIES.index(density)] for density in ROWS]
    W = _in_order(rows)
    places = [fits.best for fits in rows]
    alone = [int(fits.alone[fits.best]) for fits in all_fits]
    costs = np.array([[lowest(fits, code) for fits in all_fits] for code in range(len(PAPER))])
    equal = [crossing(costs[k : k + 2]) for k in range(len(PAPER) - 1)]
    code = "code of the drawn fit: 1 for a strong weight of a recovered feature, -1 for a negative one as strong, else 0"
    excess = (
        "how much more the best fit with the paper's code of this row costs than the best of all fits, as a share of its loss"
    )
    arrays = {
        "W": array(np.round(W, 4), "row hidden feature", "weights of the drawn fit, the best at the row's density"),
        "code": array(code_words(W), "row hidden feature", code),
        "scores": array(superposition_score(W), "row feature", "superposition score in the drawn fit"),
        "drawn": array(places, "row", "position of the drawn fit among those of its density, from 0"),
        "alone": array(alone, "density", "neurons of one feature in the best of all fits of a density"),
        "least": array(costs, "code density", "lowest loss on many samples with this code of the paper, nan without any fit"),
        "excess": array([fits.excess[k] for k, fits in enumerate(rows)], "row", f"{excess}, nan without such a fit"),
        "excess_error": array([fits.error[k] for k, fits in enumerate(rows)], "row", "standard error of this from the samples"),
        "boundary": array(equal, "crossing", "density at which a code of the paper and the next cost the same, nan if not seen"),
        **_best(all_fits),
        "size": array(len(all_fits[0].loss) // len(all_fits[0].groups), "", "fits of a group"),
        **_grouped(all_fits),
    }
    values = {f"count_{d:g}": Value(value=float(fits.count[fits.best])) for d, fits in zip(ROWS, rows, strict=True)}
    values["fits"] = Value(value=float(len(all_fits[0].loss)), digits=4)
    values["samples"] = Value(value=float(best_codes.SAMPLES), digits=7)
    return Data(arrays=arrays, values=values)


def _in_order(all_fits: list[Fits]) -> np.ndarray:
    """The weights of the best fits, their neurons in reading order."""
    W = np.stack([fits.W[fits.best] for fits in all_fits]).astype(np.float64)
    return np.stack([w[reading_order(code)] for w, code in zip(W, code_words(W), strict=True)])


def _best(all_fits: list[Fits]) -> dict[str, Array]:
    """The model of the best fit at each density."""
    b = np.stack([fits.b[fits.best] for fits in all_fits]).astype(np.float64)
    return {
        "best_W": array(np.round(_in_order(all_fits), 4), "density hidden feature", "weights of the best fit at a density"),
        "best_b": array(np.round(b, 4), "density feature", "biases of the best fit at a density"),
        "density": array(DENSITIES, "density", "density of the features"),
    }


def _grouped(all_fits: list[Fits]) -> dict[str, Array]:
    """Arrays on the best fit of each group, from the fits of each density."""
    same = "whether this code is also that of the group's best fit at a neighbouring density"
    code = "code of a group's best fit, numbered from 0 as the rows of the paper's figure; -1 for another code"
    return {
        "group_alone": _of_groups(all_fits, "alone", "neurons of one feature in a group's best fit"),
        "group_shared": _of_groups(all_fits, "shared", "neurons of several features in a group's best fit"),
        "group_count": _of_groups(all_fits, "count", "features recovered by a group's best fit"),
        "group_code": _of_groups(all_fits, "code", code),
        "group_same": array(_same(np.stack([fits.name[fits.groups] for fits in all_fits])), "density group", same),
    }


def _of_groups(all_fits: list[Fits], name: str, text: str) -> Array:
    return array(np.stack([getattr(fits, name)[fits.groups] for fits in all_fits]), "density group", text)


def _same(names: np.ndarray) -> np.ndarray:
    """Whether the best fit of a group has the same code at a neighbouring density, shape (density, group) as `names`."""
    equal = names[1:] == names[:-1]
    edge = np.zeros((1, names.shape[1]), bool)
    return np.concatenate([edge, equal]) | np.concatenate([equal, edge])


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A row per code, the neurons at all densities, the keys."""
    return rows_of_codes(data, theme)


def _models(data: Data, densities: int) -> int:
    """Number of models, at this number of densities, from which the best fits of groups are taken."""
    return int(densities * data["group_code"].shape[1] * data["size"])


def _shift(data: Data) -> Estimate:
    """The smaller of two shares of best fits: all neurons of one feature at density 1, of several at the sparsest density."""
    dense, sparse = data["group_alone"][0] == HIDDEN, data["group_shared"][-1] == HIDDEN
    return least([share(hits, among=2) for hits in (dense, sparse)]).over(_models(data, 2))


def _both(data: Data) -> Estimate:
    """The smallest share, over the densities `MIXED`, of best fits with neurons of both kinds."""
    at = [DENSITIES.index(density) for density in MIXED]
    both = (data["group_alone"][at] > 0) & (data["group_shared"][at] > 0)
    return least([share(row, among=len(MIXED)) for row in both]).over(_models(data, len(MIXED)))


def _row_numbers(data: Data, name: str) -> np.ndarray:
    """An array on groups at the densities of the figure's rows, shape (row, group)."""
    return data[name][[DENSITIES.index(density) for density in ROWS]]


def _counts(data: Data) -> Estimate:
    """Share of groups with best fits whose numbers of features differ from the paper's by at most one, in every row."""
    off = np.abs(_row_numbers(data, "group_count") - np.array(PAPER_COUNT)[:, None])
    return share((off <= 1).all(axis=0)).over(_models(data, len(ROWS)))


def _codes(data: Data) -> Estimate:
    """The number of rows in which most groups' best fits have the paper's code, from an interval for each row's share."""
    hits = _row_numbers(data, "group_code") == np.arange(len(ROWS))[:, None]
    shares = [share(row, among=len(ROWS)) for row in hits]
    value, low, high = (float(sum(getattr(e, end) > 0.5 for e in shares)) for end in ("value", "low", "high"))
    return Estimate(value=value, low=low, high=high, models=_models(data, len(ROWS)))


def _ranges(data: Data) -> Estimate:
    """Share of a group's densities with shared neurons that have a neighbour of the same code, mean over groups."""
    shared = data["group_shared"] > 0
    some = shared.any(axis=0)
    if not some.any():
        return undefined(_models(data, len(DENSITIES)))
    same = (data["group_same"] & shared).sum(axis=0)[some] / shared.sum(axis=0)[some]
    e = mean(same)
    return replace(e, low=max(e.low, 0.0), high=min(e.high, 1.0), models=_models(data, len(DENSITIES)))


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
            "the paper's code costs more by": _excess(data, k),
        }
        rows.append(row)
    return rows


def _excess(data: Data, row: int) -> str:
    """How much more the paper's code of a row costs than the best code found, with the standard error."""
    excess, error = 100 * float(data["excess"][row]), 100 * float(data["excess_error"][row])
    if math.isnan(excess):
        return "not found"
    return f"{excess:.1f} % ± {error:.1f}" if excess > 0 else "it is the best"


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
        text="As features become sparse, neurons go from answering to one feature to answering to several.",
        paper="all five neurons of one feature when dense, none when sparse",
        quantity="smaller of two shares of best fits of groups: those with five neurons of one feature at density 1, and those "
        "with five neurons of several at the sparsest density",
    ),
    Claim(
        id="C73",
        source=SOURCE,
        measure=_both,
        holds=Range(low=0.5),
        text="In between, one model has neurons of both kinds.",
        paper="three of the six models shown have both",
        quantity="share of best fits of groups with neurons of one and of several features, the smallest of those at densities "
        "0.32, 0.15 and 0.12",
    ),
    Claim(
        id="C74",
        source=SOURCE,
        measure=_counts,
        holds=Range(low=0.5),
        text="There are six regimes, in which five neurons represent 5, 6, 7, 7, 8 and all ten features.",
        paper="5, 6, 7, 7, 8 and 10 features",
        quantity="share of groups whose best fits have the paper's number of features, give or take one, at all six densities",
    ),
    Claim(
        id="C74-C",
        source=SOURCE,
        measure=_codes,
        holds=Range(low=4),
        agrees=Range(low=6),
        unit="rows",
        rows=_rows,
        text="The best codes of these regimes are those of the paper's figure.",
        paper="six codes, named in the table",
        quantity="rows of the figure, of six, in which more than half of the best fits of groups have the paper's code",
    ),
    Claim(
        id="C75",
        source=SOURCE,
        measure=_ranges,
        holds=Range(low=0.5),
        rows=_boundaries,
        text="Ranges of sparsity share one optimal configuration.",
        paper="14 densities fall into ranges with one configuration each",
        quantity="of the densities at which the best fit of a group has shared neurons, the share with the code of a "
        "neighbouring density, mean over groups",
    ),
)
