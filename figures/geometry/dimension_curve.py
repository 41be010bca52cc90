"""F15: hidden dimensions per feature, D*, from dense to sparse, and in models of other sizes."""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.shared.uniform import (
    LEVELS,
    NOTE,
    PROBES,
    drifting,
    level_arrays,
    levels_of,
    models,
    per_level,
    setting,
    sparsity_axis,
)
from figures.style import Theme, figure, themed
from sup.geometry import dimensions_per_feature, represented
from sup.results import Trained
from sup.statistics import Estimate, distance, least, mean, propagated, scatter, worst
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F15",
    title="Dimensions per feature: models linger at 1 and at 1/2",
    alt="A curve that falls from 1 for dense features to about 0.2 for sparse ones. It is flat near 1 at first, drops, is flat "
    "at one half over a good part of the range, and falls on. A dashed curve read off the paper's figure lies on it. Marks of "
    "models with half of everything lie on it, too; those with twice the features lie on it where it is flat, and above it "
    "where it is steepest.",
    source="The Geometry of Superposition: Uniform Superposition",
    note=NOTE + " The paper's curve was read off its figure, to about 0.005 in D* where it is flat.",
)
PAPER_LEVELS = (0, 2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 24, 26, 27, 28, 29, 30, 31, 32, 34, 36, 38, 40, 42,
                44, 46, 48, 49)  # fmt: skip
PAPER = (1.00, 1.00, 0.984, 0.938, 0.902, 0.82, 0.745, 0.638, 0.595, 0.563, 0.538, 0.527, 0.513, 0.508, 0.497, 0.493, 0.491,
         0.490, 0.484, 0.490, 0.448, 0.428, 0.418, 0.391, 0.372, 0.337, 0.316, 0.303, 0.275, 0.262, 0.243, 0.229,
         0.215)  # fmt: skip
"""D* at these levels, read off the paper's figure."""
NEAR = 0.03
"""Tolerance for counting D* as equal to a value."""
PLACES = (("leaves 1", 0.97), ("comes near 1/2", 0.53), ("leaves 1/2", 0.46))
"""Events of the paper's curve: name, and the value of D* that it first falls to. None is on a plateau."""
OTHER_SIZES = ("wide", "half")
"""The sweeps of other sizes."""
RANGES = (1.0, 1.5, 2.5, 4.0, 10.1)
"""Ends of the ranges of 1 / (1 - S) by which numbers are tabulated."""


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, the models of all levels; at `PROBES`, models with twice the features (`wide`) and half of both sizes (`half`)."""
    wide, half = (setting(size).times(*by).sweep(PROBES, size.steps, size.seeds) for by in ((2, 1), (0.5, 0.5)))
    return {"base": models(size), "wide": wide, "half": half}


def reduce(runs: Runs) -> Data:
    """D* of all models, how long it stays near 1 and 1/2, where it passes `PLACES`, and the other sizes at `PROBES`."""
    base, levels = runs["base"], levels_of(runs["base"])
    d_star = dimensions_per_feature(base["W"]).reshape(len(levels), -1)
    count = represented(base["W"]).sum(axis=1).reshape(len(levels), -1)
    arrays = {
        **level_arrays(levels),
        "ratio": array(d_star, "level seed", "dimensions per feature, D*"),
        "count": array(count, "level seed", "represented features"),
        "squares": array(base["W"].shape[1] / d_star, "level seed", "squared Frobenius norm of W"),
        **level_arrays(PROBES, "probe", "probe_sparsity"),
        **level_arrays(PAPER_LEVELS, "paper_level", "paper_sparsity"),
        "paper": array(PAPER, "level", "D* read off the paper's figure"),
        **_course(d_star, levels),
    }
    sizes = {"base": "models of the usual size", "wide": "twice the features", "half": "half the features and dimensions"}
    for name, words in sizes.items():
        text = f"squared Frobenius norm of W per hidden dimension: {words}"
        arrays[f"{name}_squares"] = array(_squares(runs[name]), "level seed", text)
    data = Data(arrays=arrays, unsettled=drifting(base))
    return replace(data, values=_values(base, data))


def _course(d_star: np.ndarray, levels: tuple[int, ...]) -> dict[str, Array]:
    """How long the mean of D* (level, seed), cut off at 1, stays near 1 and 1/2, and where it and the paper's pass `PLACES`.

    For its interval, each number is computed again with each level's mean moved up and down by the curve's `scatter`.
    """
    fine, curve = np.linspace(levels[0], levels[-1], 10 * (LEVELS - 1) + 1), d_star.mean(axis=1)
    reading, noise = np.interp(fine, PAPER_LEVELS, PAPER), scatter(np.array(levels), curve)

    def numbers(moved: np.ndarray) -> np.ndarray:
        one = np.interp(fine, levels, np.minimum(moved, 1.0))
        return np.array([*(stay(one, at) for at in (1.0, 0.5)), *(fall(fine, one, to) for _, to in PLACES)])

    whole, moves = numbers(curve), noise * np.eye(len(levels))
    changes = np.array([(numbers(curve + move) - numbers(curve - move)) / 2 for move in moves]).T
    ends = ", ".join(name for name, _ in PLACES)
    longer = "how many times longer the mean D* is near 1 and near 1/2 than in a steady fall"
    place = f"level at which the mean D* {ends}; nan where it does not"
    change = "change of the {} when a level moves by its noise: {}"
    return {
        "stay": array(whole[:2], "line", longer),
        "stay_changes": array(changes[:2], "line level", change.format("number", longer)),
        "place": array(whole[2:], "place", place),
        "place_changes": array(changes[2:], "place level", change.format("place", place)),
        "paper_place": array([fall(fine, reading, to) for _, to in PLACES], "place", f"level at which the paper's D* {ends}"),
    }


def _squares(trained: Trained) -> np.ndarray:
    """|W|_F^2 per hidden dimension, which is about the features per dimension, at `PROBES`: (level, seed)."""
    W = per_level(trained, "W", PROBES)
    return 1 / dimensions_per_feature(W.reshape(-1, *W.shape[2:])).reshape(W.shape[:2])


def stay(values: np.ndarray, at: float) -> float:
    """How many times longer a curve is within `NEAR` of the value `at` than a steady fall from 1 to its end.

    nan if the steady fall never comes that near.

    Example: a curve that stays at 0.5 for a third of its range.
        >>> round(stay(np.interp(np.linspace(0, 3, 31), [0, 1, 2, 3], [1, 0.5, 0.5, 0]), 0.5), 2)
        5.91
    """
    low, high = max(at - NEAR, values[-1]), min(at + NEAR, 1.0)
    if low >= high:
        return float("nan")
    return float((np.abs(values - at) <= NEAR).mean() * (1.0 - values[-1]) / (high - low))


def fall(places: np.ndarray, values: np.ndarray, to: float) -> float:
    """The first of `places` where a curve is at most `to`; nan if it never is.

    Example:
        >>> fall(np.arange(4), np.array([1.0, 0.8, 0.4, 0.6]), 0.5)
        2.0
    """
    below = np.flatnonzero(values <= to)
    return float(places[below[0]]) if below.size else float("nan")


def _values(base: Trained, data: Data) -> dict[str, Value]:
    _, hidden, features = base["W"].shape
    paper = np.interp(data["level"], PAPER_LEVELS, PAPER)
    out = {
        "features": Value(value=features, digits=3),
        "hidden": Value(value=hidden),
        "levels": Value(value=len(data["level"])),
        "models": Value(value=len(base), digits=3),
        "from_paper": Value(value=float(np.abs(data["ratio"].mean(axis=1) - paper).max())),
    }
    for name, e in (("dense", mean(data["ratio"][0])), ("sparse", mean(data["ratio"][-1]))):
        out[name] = estimated(e, digits=3)
    return out


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """D* over 1 / (1 - S): the mean, every model, the paper's curve, and the other sizes."""
    drawn = figure(share=0.75, height=3.3)
    axes = drawn.subplots()
    for value in (1.0, 0.5):
        axes.axhline(value, color=theme.interference, lw=1.0, ls=(0, (1, 2)), zorder=1)
    axes.plot(data["sparsity"], data["ratio"].mean(axis=1), color=theme.dedicated, lw=1.6, label="mean of our models")
    each = np.repeat(data["sparsity"], data["ratio"].shape[1])
    axes.plot(each, data["ratio"].ravel(), "o", label="each model", color=theme.dedicated, ms=2.2, zorder=3)
    axes.plot(data["paper_sparsity"], data["paper"], color=theme.ink, lw=1.1, ls=(0, (4, 2)), label="the paper's curve")
    for name, mark, label, colour in (
        ("wide", "^", "twice the features", theme.groups[2]),
        ("half", "s", "half the features and dimensions", theme.groups[4]),
    ):
        heights = 1 / data[f"{name}_squares"].mean(axis=1)
        axes.plot(data["probe_sparsity"], heights, mark, ms=5.5, mfc="none", mec=colour, mew=1.2, label=label, zorder=4)
    sparsity_axis(axes)
    axes.set(ylim=(0, 1.06), yticks=(0, 0.5, 1), yticklabels=("0", "1/2", "1"))
    axes.set_ylabel(r"$D^* = m\,/\,\|W\|_F^2$")
    axes.legend(loc="lower left", fontsize=8.5, handlelength=1.8, borderaxespad=0.3)
    return drawn


def _differences(data: Data, name: str) -> np.ndarray:
    """Relative difference (level) of |W|_F^2 / m from that of the usual models, means over the models of a level."""
    return np.asarray(np.abs(data[f"{name}_squares"].mean(axis=1) / data["base_squares"].mean(axis=1) - 1))


def _scaling(data: Data) -> Estimate:
    """The mean relative difference over levels, of the size for which it is larger."""
    parts = [mean(_differences(data, name), among=len(OTHER_SIZES)) for name in OTHER_SIZES]
    return worst(parts).over(sum(data[f"{name}_squares"].size for name in ("base", *OTHER_SIZES)))


def _scaling_rows(data: Data) -> list[dict[str, str]]:
    """Features per dimension of the three sizes, a row per level, and the largest relative differences."""
    labels = {"base": "base", "wide": "twice n", "half": "half n and m"}
    rows = [
        {"1/(1-S)": f"{x:.2f}", **{label: f"{data[f'{name}_squares'][k].mean():.2f}" for name, label in labels.items()}}
        for k, x in enumerate(data["probe_sparsity"])
    ]
    for title, pick in (("mean difference", np.mean), ("largest difference", np.max)):
        rows.append(
            {"1/(1-S)": title, "base": "", **{labels[name]: f"{pick(_differences(data, name)):.1%}" for name in OTHER_SIZES}}
        )
    return rows


def _count_gaps(data: Data) -> np.ndarray:
    """The difference of |W|_F^2 from the represented features, as a share of the larger: (level), mean over its models."""
    squares, count = data["squares"], data["count"]
    return np.asarray((np.abs(squares - count) / np.maximum(np.maximum(squares, count), 1e-9)).mean(axis=1))


def _counts(data: Data) -> Estimate:
    """The mean of these differences over the range of levels (trapezoidal rule), with the noise of a level from `scatter`."""
    level, gaps = data["level"], _count_gaps(data)
    steps = np.diff(level) / (level[-1] - level[0])
    weights = (np.append(steps, 0) + np.append(0, steps)) / 2
    return propagated(float(weights @ gaps), weights * scatter(level, gaps)).over(data["ratio"].size)


def _count_rows(data: Data) -> list[dict[str, str]]:
    """The differences by ranges of 1 / (1 - S)."""
    rows, gaps = [], _count_gaps(data)
    for low, high in pairwise(RANGES):
        own = gaps[(data["sparsity"] >= low - 1e-9) & (data["sparsity"] < high - 1e-9)]
        if own.size:
            cells = {"levels": f"{own.size}", "mean difference": f"{own.mean():.0%}", "largest": f"{own.max():.0%}"}
            rows.append({"1/(1-S)": f"{low:g} to {min(high, 10):g}", **cells})
    return rows


def _stays(data: Data, *, among: int = 1) -> list[Estimate]:
    """How many times longer D* stays near 1 and near 1/2."""
    return [propagated(*pair, among=among) for pair in zip(data["stay"].tolist(), data["stay_changes"], strict=True)]


def _least_stay(data: Data) -> Estimate:
    return least(_stays(data, among=2)).over(data["ratio"].size)


def _stay_rows(data: Data) -> list[dict[str, str]]:
    return [
        {"D* near": value, "times a steady fall": f"{e.value:.1f} [{e.low:.1f}, {e.high:.1f}]"}
        for value, e in zip(("1", "1/2"), _stays(data), strict=True)
    ]


def _places(data: Data, *, among: int = 1) -> list[Estimate]:
    """The levels at which D* passes `PLACES`."""
    return [propagated(*pair, among=among) for pair in zip(data["place"].tolist(), data["place_changes"], strict=True)]


def _farthest_place(data: Data) -> Estimate:
    """The largest distance of our places from the paper's, in levels."""
    places = zip(_places(data, among=len(PLACES)), data["paper_place"], strict=True)
    return worst([distance(ours, paper) for ours, paper in places]).over(data["ratio"].size)


def _place_rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for (name, to), e, paper in zip(PLACES, _places(data), data["paper_place"], strict=True):
        value, low, high, reading = (10 ** (level / (LEVELS - 1)) for level in (e.value, e.low, e.high, paper))
        place = f"{value:.2f} [{low:.2f}, {high:.2f}]"
        rows.append({"D*": f"{name} (falls to {to:g})", "1/(1-S)": place, "paper": f"{reading:.2f}"})
    return rows


_SOURCE = "The Geometry of Superposition: Uniform Superposition"
CLAIMS = (
    Claim(
        id="C28",
        text="With many more features than dimensions, their number does not matter; twice the dimensions hold twice "
        "the features.",
        source=_SOURCE,
        paper="n is irrelevant if n is much larger than m; doubling m doubles the features",
        quantity="relative difference in features per dimension, |W|_F^2 / m, from models with twice n, or with half n and m: "
        "mean over four levels, of the two sizes the one that differs more; levels are the replicates",
        measure=_scaling,
        holds=Range(high=0.1),
        rows=_scaling_rows,
    ),
    Claim(
        id="C29",
        text="The squared Frobenius norm of W is about the number of represented features.",
        source=_SOURCE,
        paper="about equal",
        measure=_counts,
        holds=Range(high=0.2),
        quantity="difference between |W|_F^2 and the number of represented features, as a share of the larger: mean over "
        "the whole range of densities, that of dense features included; its noise is judged from level to level",
        rows=_count_rows,
    ),
    Claim(
        id="C30",
        text="The dimensions per feature are sticky at 1 and at 1/2.",
        source=_SOURCE,
        paper="sticky at 1 and 1/2",
        quantity="how many times longer D*, cut off at 1, is within 0.03 of 1 or of 1/2, the smaller of the two, than in a "
        "steady fall; of the mean curve, whose noise is judged from level to level",
        measure=_least_stay,
        holds=Range(low=2),
        unit="times",
        rows=_stay_rows,
    ),
    Claim(
        id="C39",
        text="D* leaves 1, comes near 1/2, and leaves 1/2 where it does so in the paper.",
        source=_SOURCE,
        paper="it falls to 0.97, 0.53 and 0.46 at the places of its curve",
        quantity="distance of the places where D* falls to 0.97, 0.53 and 0.46 from the paper's, the farthest of the three, in "
        "levels of 4.8 %; of the mean curve, whose noise is judged from level to level",
        measure=_farthest_place,
        holds=Range(high=2),
        unit="levels",
        rows=_place_rows,
        cause="The recipe and its length. Where features share dimensions only slightly, D* goes on falling long after the "
        "loss has settled: in trials at this size it came nearer to the paper's curve with every multiple of the "
        "samples.",
    ),
)
