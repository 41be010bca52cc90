"""F10: what models with 80 features and 20 hidden dimensions learn, and a comparison with the smaller models of F9."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, array
from figures.demonstrating import basic
from figures.demonstrating.basic import DENSITIES, LARGE, SMALL
from figures.style import Theme, themed
from sup.statistics import Estimate, difference, distance, mean, worst
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F10",
    title="Basic results with 80 features in 20 dimensions",
    alt="The eight columns of the figure before, for models of four times its size: a matrix of products and a bias above, a bar "
    "for the norm of each of 80 features below. Dense features: the 20 most important ones, each alone. Sparser features: more "
    "and more of them, first in antipodal pairs, then all in superposition.",
    source="Demonstrating Superposition: Basic Results",
    note="Trained and chosen as the models of the figure before.",
)
PAPER_COUNT = (5, 7, 9, 10, 12, 13, 13)
"""Represented features in the paper's F9 at each density, read off its bars."""
PAPER_TOTAL = (5.0, 6.93, 8.96, 10.4, 12.1, 13.7, 14.5)
"""Sum of the bars of the paper's F9 at each density; bars are cut off at 1."""
ONE_FEATURE, PART = 1.0, 0.7
"""Tolerances of a mean count and of a mean sum around the paper's."""


def needs(size: Size) -> dict[str, Sweep]:
    """`linear`, the linear models at one density; `relu`, the ReLU output models; `small`, the cheap ReLU models of F9.

    `small` has eight times the seeds. Where a profile gives F9 as many, and equal steps, it is F9's own sweep, trained once.
    """
    small = basic.sweeps(SMALL, Size(steps=size.steps, seeds=8 * size.seeds), DENSITIES[-1:])["relu"]
    return {**basic.sweeps(LARGE, size, DENSITIES[-1:]), "small": small}


def reduce(runs: Runs) -> Data:
    """The drawn models, counts and sums of all models of both sizes, and the dense models' distance from the linear solution."""
    large, small = basic.tally(runs["relu"]), basic.tally(runs["small"])
    dense_small, dense_large = (
        np.maximum(*basic.from_linear(runs[name], setting, 1.0)) for name, setting in (("small", SMALL), ("relu", LARGE))
    )
    off = "largest difference from the best linear W^T W or b at density 1"
    arrays = {
        **basic.columns(runs),
        **{f"seed_{name}": large[name] for name in ("count", "total", "loss")},
        **{f"small_{name}": replace(small[name], text=f"{small[name].text}, models of F9") for name in ("count", "total")},
        "dense_small": array(dense_small, "seed", f"{off}, models of F9"),
        "dense_large": array(dense_large, "seed", off),
    }
    data = Data(arrays=arrays)
    return replace(data, values=basic.values(data))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The picture of `basic.row_of_models`, with taller bars."""
    return basic.row_of_models(data, theme, bars=2.6)


def _dense(data: Data) -> Estimate:
    small, large = data["dense_small"], data["dense_large"]
    return worst([mean(models, among=2) for models in (small, large)])


def _from_paper(data: Data) -> Estimate:
    """The worst distance of F9's mean counts and sums from the paper's, in units of the tolerance."""
    distances = [
        distance(mean(data[name][k], among=2 * len(DENSITIES)), paper[k], allowed)
        for name, paper, allowed in (("small_count", PAPER_COUNT, ONE_FEATURE), ("small_total", PAPER_TOTAL, PART))
        for k in range(len(DENSITIES))
    ]
    return worst(distances).over(data["small_count"].size)


def _rescaled(data: Data) -> Estimate:
    """The worst difference between F9 and F10 in represented features per dimension, in units of one feature of F9."""
    differences = []
    for large, small in zip(data["seed_count"], data["small_count"], strict=True):
        sizes = ((large, LARGE), (small, SMALL))
        per_dimension = (mean(count / setting.hidden, among=len(DENSITIES)) for count, setting in sizes)
        differences.append(distance(difference(*per_dimension), 0.0, ONE_FEATURE / SMALL.hidden))
    return worst(differences)


def _table(data: Data) -> list[dict[str, str]]:
    """Counts and sums of both figures with their intervals, and the paper's, a row per density."""
    rows = []
    for k, density in enumerate(DENSITIES):
        means = {name: mean(data[name][k]) for name in ("small_count", "small_total", "seed_count", "seed_total")}
        row = {
            "density": f"{density:g}",
            "F9 represented": _cell(means["small_count"]),
            "paper's F9": f"{PAPER_COUNT[k]}",
            "F9 sum of min(norm, 1)": _cell(means["small_total"]),
            "paper's F9 sum": f"{PAPER_TOTAL[k]:g}",
            "F10 represented": _cell(means["seed_count"]),
            "F10 sum of min(norm, 1)": _cell(means["seed_total"]),
        }
        rows.append(row)
    return rows


def _cell(e: Estimate) -> str:
    return f"{e.value:.1f} [{e.low:.1f}, {e.high:.1f}]"


def _per_dimension(data: Data) -> list[dict[str, str]]:
    """Represented features per hidden dimension in both figures, a row per density."""
    return [
        {
            "density": f"{density:g}",
            "F9": f"{data['small_count'][k].mean() / SMALL.hidden:.2f}",
            "F10": f"{data['seed_count'][k].mean() / LARGE.hidden:.2f}",
        }
        for k, density in enumerate(DENSITIES)
    ]


CLAIMS = (
    Claim(
        id="C8",
        text="On dense features the ReLU output model learns what the linear model does, at both sizes.",
        source="Demonstrating Superposition: Basic Results",
        paper="the linear solution: 5 of 20 and 20 of 80 features",
        quantity="largest difference of a ReLU model's W^T W or b from the best linear solution at density 1, worse of F9, F10",
        measure=_dense,
        holds=Range(high=basic.SMALL_WEIGHT),
    ),
    Claim(
        id="C9",
        text="The sparser features are, the more of them a model represents, many more than it has dimensions.",
        source="Demonstrating Superposition: Basic Results",
        paper="F9: 5, 7, 9, 10, 12, 13, 13 represented features from density 1 to 0.001, bars adding up to 5 to 14.5",
        quantity="worst distance from the paper of F9's mean counts, in features, or its sums of min(norm, 1), in steps of 0.7",
        measure=_from_paper,
        holds=Range(high=1.0),
        rows=_table,
    ),
    Claim(
        id="C13",
        text="The larger model is about a rescaled version of the smaller one.",
        source="Demonstrating Superposition: Basic Results",
        paper="essentially a rescaled version",
        quantity="worst difference in represented features per dimension between F9 and F10, in steps of one of F9's features",
        measure=_rescaled,
        holds=Range(high=1.0),
        rows=_per_dimension,
    ),
)
