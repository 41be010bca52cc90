"""A comment's explanation of why dimensionalities add up to m: they are bounded by leverage scores, which add up to the rank."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.shared.uniform import NOTE, level_arrays, levels_of, models, per_level, sparsity_axis
from figures.style import Theme, figure, themed
from sup.geometry import feature_dimensionality, leverage_scores
from sup.statistics import Estimate, exact, mean
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="Zhang's comment",
    title="Dimensionalities add up to the number of dimensions, as leverage scores do",
    alt="Left: dimensionality of each feature against its leverage score; all dots lie on the diagonal or just below it. Right: "
    "both added up per hidden dimension, from dense to sparse; leverage scores lie on 1, dimensionalities next to it.",
    source="Comments & Replications",
    note=NOTE + " The paper gives the comment without a figure; this one is ours.",
)
CHECKS = 40
"""Number of random W: with evenly spread columns, on which the equality is checked, and without."""


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, the models of all levels."""
    return {"base": models(size)}


def reduce(runs: Runs) -> Data:
    """Both measures of every feature for one model per level, and their sums for every model."""
    levels = levels_of(runs["base"])
    W = per_level(runs["base"], "W", levels).astype(np.float64)
    flat = W.reshape(-1, *W.shape[2:])
    shares, scores = (measure(flat).reshape(*W.shape[:2], -1) for measure in (feature_dimensionality, leverage_scores))
    total_shares, total_scores = shares.sum(axis=2) / W.shape[2], scores.sum(axis=2) / W.shape[2]
    arrays = {
        **level_arrays(levels),
        "shares": array(shares[:, 0], "level feature", "dimensionality of a feature of the first model, D_i"),
        "scores": array(scores[:, 0], "level feature", "leverage score of a feature of the first model"),
        "total_shares": array(total_shares, "level seed", "sum of D_i over all features, per hidden dimension"),
        "total_scores": array(total_scores, "level seed", "sum of leverage scores over all features, per hidden dimension"),
        "above": array((shares - scores).max(axis=2), "level seed", "most by which a D_i is above its leverage score"),
        "random": array(_random(*W.shape[2:]), "check", "sum of D_i of a random W over its hidden dimensions"),
        "even": array(_evenly_spread(), "check", "largest difference of D_i from leverage, random columns spread evenly"),
    }
    lowest = float(total_shares.mean(axis=1).min())
    return Data(arrays=arrays, values={"lowest": Value(value=lowest, digits=3), "hidden": Value(value=W.shape[2])})


def _evenly_spread() -> np.ndarray:
    """Largest difference of D_i from leverage for each random W with W W^T a multiple of the identity and unequal columns."""
    rng, out = np.random.default_rng(0), []
    for _ in range(CHECKS):
        rows, _ = np.linalg.qr(rng.normal(size=(12, 4)))
        W = rng.uniform(0.5, 2) * rows.T[None]
        out.append(np.abs(feature_dimensionality(W) - leverage_scores(W)).max())
    return np.array(out)


def _random(hidden: int, features: int) -> np.ndarray:
    """The sum of D_i per hidden dimension for normal random W of this size, which pack features without care."""
    W = np.random.default_rng(0).normal(size=(CHECKS, hidden, features))
    return np.asarray(feature_dimensionality(W).sum(axis=1) / hidden)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Dots of all features of one model per level, and the mean sums at each level."""
    drawn = figure(share=0.75, height=2.7)
    left, right = drawn.subplots(1, 2)
    left.plot((0, 1), (0, 1), color=theme.muted, lw=0.9, zorder=1)
    left.plot(data["scores"].ravel(), data["shares"].ravel(), "o", ms=2, mew=0, color=theme.dedicated, zorder=2)
    left.set(xlim=(-0.02, 1), ylim=(-0.02, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
    left.set(xlabel="leverage score of a feature", ylabel="its dimensionality $D_i$")
    right.axhline(1, color=theme.muted, lw=0.9)
    for name, colour, mark, label in (
        ("total_scores", theme.groups[1], "s", "leverage scores"),
        ("total_shares", theme.dedicated, "o", "dimensionalities"),
    ):
        right.plot(data["sparsity"], data[name].mean(axis=1), mark, ms=3.4, mfc="none", mec=colour, label=label)
    sparsity_axis(right)
    right.set(ylim=(0.98, 1.006), yticks=(0.98, 0.99, 1), xticks=(1, 2, 3, 5, 10), xticklabels=("1", "2", "3", "5", "10"))
    right.set(xlabel="$1/(1-S)$", ylabel="sum over features, per dimension")
    right.legend(loc="lower left", fontsize=8.5, handletextpad=0.2)
    return drawn


def _missing(data: Data) -> np.ndarray:
    """By how much the sum of D_i over m differs from 1: (level), mean over its models."""
    return np.asarray(np.abs(data["total_shares"] - 1).mean(axis=1))


def _sums(data: Data) -> Estimate:
    """The mean of these differences over all levels; each level is a sample."""
    return mean(_missing(data)).over(data["total_shares"].size)


def _sum_rows(data: Data) -> list[dict[str, str]]:
    """The differences of trained models and of random ones."""
    missing = {"trained": _missing(data), "random, of the same size": 1 - data["random"]}
    return [
        {"models": name, "mean difference from m": f"{one.mean():.2%}", "largest": f"{one.max():.2%}"}
        for name, one in missing.items()
    ]


def _bound(data: Data) -> Estimate:
    """The largest violation of the bound by a trained model, or of the equality by a random W with evenly spread columns."""
    return exact(max(float(data["above"].max()), float(data["even"].max())))


CLAIMS = (
    Claim(
        id="C32",
        text="The dimensionalities of all features add up to the number of dimensions.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="about m when packed efficiently",
        quantity="difference of the sum of D_i over m from 1, mean over all levels; levels are the replicates",
        measure=_sums,
        holds=Range(high=0.01),
        rows=_sum_rows,
    ),
    Claim(
        id="C-Z1",
        text="No dimensionality is above its feature's leverage score, and the two are equal where features are "
        "spread evenly over the dimensions.",
        source="Comments & Replications: Zhang",
        paper="D_i at most the leverage score",
        quantity="largest D_i - leverage of any trained model, or difference for 40 random even W, the larger",
        measure=_bound,
        identity=True,
        holds=Range(high=1e-9),
    ),
)
