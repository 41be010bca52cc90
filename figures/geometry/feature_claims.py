"""The census of F16 and the numbers behind its claims, computed from its arrays. Not a figure itself: `feature_dimensions` is."""

import math

import numpy as np

from figures.base import Array, Data, array
from figures.geometry import graphs
from figures.shared.uniform import LEVELS, density
from sup.geometry import feature_dimensionality
from sup.polytopes import SHAPES, SHARES, simplex
from sup.statistics import Estimate, exact, mean, share

REGIONS = {"tetrahedron": (3, 8), "triangle": (9, 14), "digon": (11, 31), "pentagon": (27, 31), "square antiprism": (27, 31)}
"""First and last level at which the paper's figure shows each shape."""
LINES = (*((name, SHARES[name], *levels) for name, levels in REGIONS.items()), ("not learned", 0.0, 11, LEVELS - 1))
"""Lines of the paper's figure: name, dimensionality, first and last level."""
LINE, FLANK = 0.01, 0.02
"""Features up to `LINE` from a line are on it, those from there up to `FLANK` beside it. (2/5 is 0.025 from 3/8.)"""
PEAK = 2.0
"""A line is distinct if features are at least this many times denser on it than beside it."""
PLATEAU = (16, 26)
"""First and last level at which the paper's D* is within 0.03 of 1/2, before its pentagons begin."""
ALIGNED = 0.5
"""Least D_i of a feature that a hidden dimension is aligned with: it has at least half of it."""


def counted(shapes: np.ndarray, shares: np.ndarray, levels: np.ndarray) -> dict[str, Array]:
    """The features in each shape, on and beside lines, and the levels of each shape, from (level, seed, feature)."""
    census = np.stack([(shapes == k).sum(axis=2) for k in range(len(graphs.NAMES))], axis=2)
    lines, regions = (", ".join(names) for names in ((name for name, *_ in LINES), REGIONS))
    on, beside = _near_lines(shares, levels)
    within = f"at the levels where the paper has the line, all models: {lines}"
    median = f"level up to which half of a shape's features lie, all models, nan without any: {regions}"
    return {
        "census": array(census, "level seed shape", f"features in each shape: {graphs.NUMBERS}"),
        "on": array(on, "line", f"features up to {LINE:g} from a line, {within}"),
        "beside": array(beside, "line", f"features {LINE:g} to {FLANK:g} from a line, {within}"),
        "median": array(_medians(census.sum(axis=1), levels), "shape", median),
    }


def _near_lines(shares: np.ndarray, levels: np.ndarray) -> tuple[list[int], list[int]]:
    """How many features lie on each line and beside it; the two have the same width."""
    on, beside = [], []
    for _, value, first, last in LINES:
        away = np.abs(shares[(levels >= first) & (levels <= last)] - value)
        on.append(int((away <= LINE).sum()))
        beside.append(int(((away > LINE) & (away <= FLANK)).sum()))
    return on, beside


def _medians(census: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The level up to which half of the features in each shape lie, from (level, shape): (shape); nan if no feature is in it."""
    out = np.full(len(REGIONS), np.nan)
    for row, name in enumerate(REGIONS):
        counts = census[:, graphs.NAMES.index(name)]
        if counts.any():
            out[row] = levels[np.searchsorted(counts.cumsum(), counts.sum() / 2)]
    return out


def _all_models(data: Data) -> int:
    return int(data["census"][:, :, 0].size)


def digons(data: Data) -> Estimate:
    """Digons per hidden dimension, mean over the levels of the paper's plateau; each level is a sample."""
    own = (data["level"] >= PLATEAU[0]) & (data["level"] <= PLATEAU[1])
    found = data["census"][own][:, :, graphs.NAMES.index("digon")] / 2 / data.values["hidden"].value
    return mean(found.mean(axis=1)).over(found.size)


def _peak(on: int, beside: int, among: int) -> Estimate:
    """How many times denser features lie on a line than beside it, from the share of those on it; anything without features."""
    if not on + beside:
        return Estimate(value=math.nan, low=0.0, high=math.inf, models=0, among=among)
    e = share(np.arange(on + beside) < on, among=among)
    value, low, high = (x / (1 - x) if x < 1 else math.inf for x in (e.value, e.low, e.high))
    return Estimate(value=value, low=low, high=high, models=e.models, among=among)


def _peaks(data: Data) -> list[Estimate]:
    """`_peak` of each line; all intervals hold at once, with 95 % confidence."""
    return [_peak(on, beside, len(LINES)) for on, beside in zip(data["on"].tolist(), data["beside"].tolist(), strict=True)]


def distinct(data: Data) -> Estimate:
    """The number of distinct lines: those that are, that are with confidence, and that may be."""
    value, low, high = (sum(getattr(e, end) >= PEAK for e in _peaks(data)) for end in ("value", "low", "high"))
    return Estimate(value=value, low=low, high=high, models=_all_models(data))


def distinct_rows(data: Data) -> list[dict[str, str]]:
    """The features on and beside each line, and how many times denser they are on it, with the intervals of the claim."""
    return [
        {
            "line": f"{name}, {value:.3g}",
            "features on it": f"{on}",
            "beside it": f"{beside}",
            "times denser": "none near" if math.isnan(e.value) else f"{_times(e.value)} [{_times(e.low)}, {_times(e.high)}]",
        }
        for (name, value, *_), e, on, beside in zip(LINES, _peaks(data), data["on"], data["beside"], strict=True)
    ]


def _times(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.1f}"


def _outside(data: Data, name: str, among: int) -> list[Estimate]:
    """Share of a shape's instances at levels before and after the paper's range; none if there is no instance."""
    instances = data["census"][:, :, graphs.NAMES.index(name)].sum(axis=1) // SHAPES[name].shape[1]
    first, last = REGIONS[name]
    if not instances.any():
        return []
    return [share(np.repeat(side, instances), among=among) for side in (data["level"] < first, data["level"] > last)]


def places(data: Data) -> Estimate:
    """The number of shapes whose median instance lies in the paper's range: at most half are before it, at most half after."""
    shares = [_outside(data, name, 2 * len(REGIONS)) for name in REGIONS]
    value, low, high = (
        sum(bool(both) and max(getattr(e, end) for e in both) <= 0.5 for both in shares) for end in ("value", "high", "low")
    )
    return Estimate(value=value, low=low, high=high, models=_all_models(data))


def place_rows(data: Data) -> list[dict[str, str]]:
    """Where each shape is found, beside the paper's range."""
    rows = []
    for (name, (first, last)), median in zip(REGIONS.items(), data["median"], strict=True):
        counts = data["census"][:, :, graphs.NAMES.index(name)].sum(axis=1)
        region = data["sparsity"][counts > 0]
        row = {
            "shape": name,
            "paper, 1/(1-S)": f"{1 / density(first):.2f} to {1 / density(last):.2f}",
            "found": f"{region.min():.2f} to {region.max():.2f}" if region.size else "nowhere",
            "median": f"{10 ** (median / (LEVELS - 1)):.2f}" if np.isfinite(median) else "none",
            "number": f"{counts.sum() // SHAPES[name].shape[1]}",
        }
        rows.append(row)
    return rows


def ideal(data: Data) -> Estimate:
    """Largest difference between the D_i of ideal shapes, from their coordinates, and the paper's fractions."""
    shapes = [(W, SHARES[name]) for name, W in SHAPES.items()] + [(simplex(k), k / (k + 1)) for k in range(1, 9)]
    return exact(max(np.abs(feature_dimensionality(W[None]) - fraction).max() for W, fraction in shapes))


def aligned(data: Data) -> Estimate:
    """Features with a D_i of at least `ALIGNED` at S = 0, per hidden dimension; each feature of each model is a sample."""
    dense, hidden = data["dense"], data.values["hidden"].value
    e, scale = share(dense >= ALIGNED), dense.shape[1] / hidden
    return Estimate(value=scale * e.value, low=scale * e.low, high=scale * e.high, models=len(dense))


def aligned_rows(data: Data) -> list[dict[str, str]]:
    """The D_i at S = 0 beside those of models whose dimensions are aligned with features."""
    dense, even = data["dense"], data.values["even"].value
    return [
        {"models": "trained", "mean D_i": f"{dense.mean():.3f}", "largest D_i": f"{dense.max():.3f}"},
        {"models": "aligned with features", "mean D_i": f"{even:.3f}", "largest D_i": "1.000"},
    ]
