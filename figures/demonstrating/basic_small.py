"""F9: what models with 20 features and 5 hidden dimensions learn as features become sparse."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, array
from figures.demonstrating import basic
from figures.demonstrating.basic import DENSITIES, SMALL
from figures.style import Theme, themed
from sup.statistics import Estimate, mean, share, undefined
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F9",
    title="Basic results with 20 features in 5 dimensions",
    alt="Eight models side by side, each with its matrix of products, its bias and a bar for the norm of each feature. The "
    "linear model and the ReLU model on dense features keep the five most important features, each in a dimension of its own. "
    "As features become sparser more of them are represented: first the less important ones share dimensions in antipodal "
    "pairs, then all of them share, with positive interference and negative biases.",
    source="Demonstrating Superposition: Basic Results",
    note="The paper does not say how it trained or chose its models. Here AdamW at a rate that falls linearly from 0.01 to 0, on "
    "batches of 1024; of five recipes, tried on other seeds, it gave the lowest final losses, below those of a constant rate "
    "of 0.001 for twice the steps. Of each density the model with the lowest final loss is drawn; claims are about all models.",
)
LINEAR_DENSITIES = (1.0, 0.001)
SPARSEST = tuple(DENSITIES.index(density) for density in (0.01, 0.003, 0.001))
DENSEST = tuple(DENSITIES.index(density) for density in (1.0, 0.3, 0.1))


def needs(size: Size) -> dict[str, Sweep]:
    """`linear`, the linear models at the highest and the lowest density, and `relu`, the ReLU output models at all densities."""
    return basic.sweeps(SMALL, size, LINEAR_DENSITIES)


def reduce(runs: Runs) -> Data:
    """The drawn models, the measures of all ReLU models, and the linear models' distance from the best linear solution."""
    off = [basic.from_linear(runs["linear"], SMALL, density) for density in LINEAR_DENSITIES]
    products, biases = (np.stack(parts) for parts in zip(*off, strict=True))
    models = f"linear models at densities {' and '.join(f'{density:g}' for density in LINEAR_DENSITIES)}"
    arrays = {
        **basic.columns(runs),
        **{f"seed_{name}": measure for name, measure in basic.tally(runs["relu"]).items()},
        "linear_products": array(products, "density seed", f"largest difference from the best W^T W, {models}"),
        "linear_biases": array(biases, "density seed", f"largest difference from the best bias, {models}"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=basic.values(data))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The picture of `basic.row_of_models`."""
    return basic.row_of_models(data, SMALL, theme, bars=1.5)


def _linear_everywhere(data: Data) -> Estimate:
    return mean(data["linear_products"].max(axis=0))


def _linear_dense(data: Data) -> Estimate:
    return mean(np.maximum(data["linear_products"][0], data["linear_biases"][0]))


def _least_important_first(data: Data) -> Estimate:
    """Share of seeds whose models, from dense to sparse, put less important features in superposition first and all at last."""
    dedicated = data["seed_dedicated"]
    shares = ~np.isnan(data["seed_mean_shared"])
    good = []
    for seed in range(dedicated.shape[1]):
        if not shares[:, seed].any():
            good.append(False)
            continue
        first = int(np.argmax(shares[:, seed]))  # the densest setting with superposition
        alone, shared = data["seed_mean_alone"][first, seed], data["seed_mean_shared"][first, seed]
        starts = data["seed_most_alone"][first, seed] and alone < shared
        good.append(bool(starts and (np.diff(dedicated[:, seed]) <= 0).all() and dedicated[-1, seed] == 0))
    return share(np.array(good))


def _pairs_first(data: Data) -> Estimate:
    """Share of models in which every feature in superposition has an opposite, of those with any, at density 0.3."""
    paired = data["seed_paired"][DENSITIES.index(0.3)]
    known = paired[~np.isnan(paired)]
    return share(known >= 1) if known.size else undefined(paired.size)


def _positive_and_negative(data: Data) -> Estimate:
    """Share of seeds with positive interference and negative biases at every density up to 0.01, and neither from 0.1 on."""
    positive, bias = data["seed_positive"], data["seed_bias"]
    with np.errstate(invalid="ignore"):
        shows = (positive >= basic.SMALL_WEIGHT) & (bias < 0)
        clean = (positive < basic.SMALL_WEIGHT) & (bias > -basic.SMALL_WEIGHT)
    return share(np.logical_and(shows[list(SPARSEST)].all(axis=0), clean[list(DENSEST)].all(axis=0)))


def _rows(title: str, name: str, form: str) -> Callable[[Data], list[dict[str, str]]]:
    """Tabulates the means over seeds of the array `seed_<name>`, a row per density."""

    def rows(data: Data) -> list[dict[str, str]]:
        means = data[f"seed_{name}"].mean(axis=1)
        return [
            {"density": f"{density:g}", title: "none" if np.isnan(cell) else form.format(cell)}
            for density, cell in zip(DENSITIES, means, strict=True)
        ]

    return rows


def _interference_rows(data: Data) -> list[dict[str, str]]:
    products = _rows("largest product of represented features", "positive", "{:.2f}")(data)
    biases = _rows("their median bias", "bias", "{:+.2f}")(data)
    return [{**product, **bias} for product, bias in zip(products, biases, strict=True)]


CLAIMS = (
    Claim(
        id="C6",
        text="What the linear model learns does not depend on sparsity: it represents the five most important features.",
        source="Demonstrating Superposition: Basic Results",
        paper="the same solution at every sparsity, if optimised well enough",
        quantity="largest difference of a linear model's W^T W from that of the best solution, the worse of densities 1, 0.001",
        measure=_linear_everywhere,
        holds=Range(high=basic.SMALL_WEIGHT),
    ),
    Claim(
        id="C7",
        text="The linear model keeps the most important features unchanged and apart and answers with the mean for the others.",
        source="Demonstrating Superposition: Basic Results",
        paper="identity for the five most important features, zero elsewhere; bias zero for these, the expected value for others",
        quantity="largest difference of W^T W or b from this solution, linear models at density 1",
        measure=_linear_dense,
        holds=Range(high=basic.SMALL_WEIGHT),
    ),
    Claim(
        id="C10",
        text="Superposition begins with less important features and reaches the most important ones as features become sparser.",
        source="Demonstrating Superposition: Basic Results",
        paper="starts with the less important, gradually affects the most important",
        quantity="share of seeds where, at the first density with superposition, the most important feature is alone and those "
        "alone are on average more important than those that share; where sparser never means more of them alone; and where "
        "none is alone at density 0.001",
        measure=_least_important_first,
        holds=Range(low=0.5),
        rows=_rows("represented features that are alone", "dedicated", "{:.1f}"),
    ),
    Claim(
        id="C11",
        text="At first, features share dimensions in antipodal pairs.",
        source="Demonstrating Superposition: Basic Results",
        paper="initially antipodal pairs",
        quantity="share of models with superposition at density 0.3 in which every feature in superposition has an opposite, "
        "another one within 10 degrees of the opposite direction",
        measure=_pairs_first,
        holds=Range(low=0.75),
        rows=_rows("mean share of the features in superposition that have an opposite", "paired", "{:.0%}"),
    ),
    Claim(
        id="C12",
        text="When features are very sparse, positive interference and negative biases appear.",
        source="Demonstrating Superposition: Basic Results",
        paper="from density 0.01 on",
        quantity="share of seeds with a positive product of at least 0.1 between represented features and a negative median bias "
        "at each density up to 0.01, and with products below 0.1 and no median bias below -0.1 from density 0.1 on",
        measure=_positive_and_negative,
        holds=Range(low=0.5),
        rows=_interference_rows,
    ),
)
