"""F16: the dimensionality of each feature from dense to sparse, and the shapes that features form."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.geometry import graphs
from figures.shared.uniform import LEVELS, NOTE, density, level_arrays, levels_of, models, per_level, sparsity_axis
from figures.style import TEXT_WIDTH, Theme, themed
from sup.census import EDGE, OTHER, TOLERANCE
from sup.geometry import dimensions_per_feature, feature_dimensionality
from sup.polytopes import SHAPES, SHARES, simplex
from sup.results import Trained
from sup.statistics import Estimate, exact, mean
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F16",
    title="Features arrange themselves as the vertices of polytopes",
    alt="A dot for the dimensionality of each feature, from dense to sparse, and horizontal lines with the names of shapes, from "
    "a dedicated dimension at one to not learned at zero. Dots gather on some of them, most of all on one half, for digons, over "
    "a wide range, and on zero. Six graphs below show which features of six of the models are not orthogonal.",
    source="The Geometry of Superposition: Uniform Superposition",
    note=NOTE + " Of each density the model with the lowest final loss is drawn. Two represented features, of a norm of at least "
    f"0.5, are joined if their cosine is beyond ±{EDGE:g}; a component has a shape's name if its cosines are within "
    f"{TOLERANCE:g} of the shape's. The paper states no thresholds. Components are drawn on circles, the paper's by springs.",
)
INSETS = (5, 11, 22, 31, 34, 47)
"""Levels of the paper's graphs."""
REGIONS = {"tetrahedron": (3, 8), "triangle": (9, 14), "digon": (11, 31), "pentagon": (27, 31), "square antiprism": (27, 31)}
"""First and last level at which the paper's figure shows each shape."""
LINES = (*((name, SHARES[name], *levels) for name, levels in REGIONS.items()), ("not learned", 0.0, 11, LEVELS - 1))
"""Lines of the paper's figure: name, dimensionality, first and last level."""
LINE, FLANK = 0.01, 0.02
"""Features up to `LINE` from a line are on it, those from there up to `FLANK` beside it. (2/5 is 0.025 from 3/8.)"""
PEAK = 2.0
"""A line is distinct if features are at least this many times denser on it than beside it."""
UNLEARNED_DOTS = 40
"""About how many of a model's unrepresented features are drawn, evenly by dimensionality."""


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, the models of all levels."""
    return {"base": models(size)}


def reduce(runs: Runs) -> Data:
    """Dimensionalities, the census of shapes, and the graphs of `INSETS`; drawn are the models with the lowest loss."""
    base, levels = runs["base"], levels_of(runs["base"])
    W = per_level(base, "W", levels)
    flat = W.reshape(-1, *W.shape[2:]).astype(np.float64)
    shares = feature_dimensionality(flat).reshape(*W.shape[:2], -1)
    shapes = np.stack([graphs.shape_numbers(one) for one in flat]).reshape(shares.shape)
    best = per_level(base, "final_loss", levels).argmin(axis=1)
    rows, seeds = np.arange(len(levels)), base.runs[: W.shape[1]]
    d_star = dimensions_per_feature(flat).reshape(W.shape[:2]).mean(axis=1)
    shape = f"shape of a feature of the drawn model: {graphs.NUMBERS}; -1 where it is not represented"
    arrays = {
        **level_arrays(levels),
        "ratio": array(d_star, "level", "dimensions per feature, D*, mean over models"),
        "shares": array(shares[rows, best], "level feature", "dimensionality of a feature of the drawn model, D_i"),
        "shape": array(shapes[rows, best], "level feature", shape),
        "drawn": array([seeds[k].seed for k in best], "level", "seed of the drawn model"),
        "largest": array(shares[0].max(axis=1), "seed", "largest D_i at the first level"),
        "average": array(shares[0].mean(axis=1), "seed", "mean D_i at the first level"),
        **_census(shapes, shares, np.array(levels)),
    }
    nodes = f"represented features of a drawn model: x, y and shape ({graphs.NUMBERS})"
    for level in INSETS:
        row = levels.index(level)
        graph = graphs.graph(W[row, best[row]].astype(np.float64))
        arrays[f"nodes_{level}"] = array(graph["nodes"], "point column", nodes)
        arrays[f"edges_{level}"] = array(graph["edges"], "edge column", "pairs of joined nodes: their numbers and |W_i . W_j|")
    data = Data(arrays=arrays)
    return replace(data, values=_values(base, data))


def _census(shapes: np.ndarray, shares: np.ndarray, levels: np.ndarray) -> dict[str, Array]:
    """The features in each shape, the distinctness of lines and the levels of each shape, from (level, seed, feature)."""
    census = np.stack([(shapes == k).sum(axis=2) for k in range(len(graphs.NAMES))], axis=2)
    lines, regions = (", ".join(names) for names in ((name for name, *_ in LINES), REGIONS))
    peaks = f"how many times denser features lie on a line than beside it, none beside it counted as one: {lines}"
    median = f"level up to which half of a shape's features lie, nan without any: {regions}"
    return {
        "census": array(census, "level seed shape", f"features in each shape: {graphs.NUMBERS}"),
        "peaks": array(_peaks(shares, levels), "line seed", peaks),
        "median": array(_medians(census, levels), "shape seed", median),
    }


def _peaks(shares: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """How many times denser features lie on each line than beside it: (line, seed). None beside it counts as one."""
    out = []
    for _, value, first, last in LINES:
        away = np.abs(shares[(levels >= first) & (levels <= last)] - value)
        inside, beside = (away <= LINE).sum(axis=(0, 2)), ((away > LINE) & (away <= FLANK)).sum(axis=(0, 2))
        out.append(inside / np.maximum(beside, 1) * (FLANK - LINE) / LINE)
    return np.array(out)


def _medians(census: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The level up to which half of the features in each shape lie: (shape, seed); nan if no feature is in it."""
    out = np.full((len(REGIONS), census.shape[1]), np.nan)
    for row, name in enumerate(REGIONS):
        for seed, counts in enumerate(census[:, :, graphs.NAMES.index(name)].T):
            if counts.any():
                out[row, seed] = levels[np.searchsorted(counts.cumsum(), counts.sum() / 2)]
    return out


def _values(base: Trained, data: Data) -> dict[str, Value]:
    """Numbers for the pages, among them the represented features and the number of each shape in the drawn graphs."""
    _, hidden, features = base["W"].shape
    out = {
        "hidden": Value(value=hidden),
        "features": Value(value=features, digits=3),
        "average": Value(value=float(data["average"].mean())),
        "even": Value(value=hidden / features),
    }
    levels = data["level"].tolist()
    for level in INSETS:
        numbers = data["shape"][levels.index(level)]
        out[f"represented_{level}"] = Value(value=float((numbers >= 0).sum()), digits=3)
        for k, name in enumerate(graphs.NAMES):
            size = SHAPES[name].shape[1] if name in SHAPES else 1
            out[f"{name.replace(' ', '_')}_{level}"] = Value(value=float((numbers == k).sum()) / size, digits=3)
    return out


TALL, SIDE, SPACE = 5.6, 1.09, 0.10
"""Inches: height of the figure, side of a graph, space between graphs."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Dots over the lines of ideal shapes, and a row of graphs below, whose letters mark their levels above."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, TALL), facecolor="none")
    axes = drawn.add_axes((0.078, 2.34 / TALL, 0.715, (TALL - 2.58) / TALL))
    _lines(axes, theme)
    _dots(axes, data, theme)
    left = (TEXT_WIDTH - 6 * SIDE - 5 * SPACE) / 2
    for k, level in enumerate(INSETS):
        sparsity, letter = 1 / density(level), "abcdef"[k]
        axes.axvline(sparsity, ymax=0.985, color=theme.grid, lw=0.9, zorder=0)
        axes.text(sparsity, 1.045, letter, ha="center", va="bottom", fontsize=9, fontweight="bold")
        inset = drawn.add_axes(((left + k * (SIDE + SPACE)) / TEXT_WIDTH, 0.50 / TALL, SIDE / TEXT_WIDTH, SIDE / TALL))
        graphs.draw_graph(inset, data[f"nodes_{level}"], data[f"edges_{level}"], theme)
        inset.set_title(f"$\\bf{{{letter}}}$   $1/(1-S)={sparsity:.2f}$", fontsize=8, pad=3)
        _said(inset, data[f"nodes_{level}"][:, 2].astype(int))
    return drawn


def _lines(axes: "Axes", theme: Theme) -> None:
    """The lines of ideal shapes with their names on the right."""
    palette = graphs.colours(theme)
    fractions = {
        "dedicated dimension": "1",
        "tetrahedron": "3/4",
        "triangle": "2/3",
        "digon": "1/2",
        "pentagon": "2/5",
        "square antiprism": "3/8",
    }
    shift = {"pentagon": 0.018, "square antiprism": -0.018}
    for name, value in [*SHARES.items(), ("not learned", 0.0)]:
        colour = theme.absent if name not in SHAPES else palette[graphs.NAMES.index(name)]
        axes.axhline(value, color=colour, lw=1.0, zorder=1)
        style: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "fontsize": 8, "va": "center"}
        axes.text(1.015, value + shift.get(name, 0), f"{fractions.get(name, '0')}  {name}", **style)


def _dots(axes: "Axes", data: Data, theme: Theme) -> None:
    """Dots for the features of the drawn models, coloured by shape and spread a little sideways; the mean D* behind them."""
    palette = graphs.colours(theme)
    axes.plot(data["sparsity"], data["ratio"], color=theme.muted, lw=1.0, zorder=0.5)
    axes.text(1.58, 0.88, "$D^*$", fontsize=8.5, color=theme.muted, ha="left", va="bottom")
    for sparsity, shares, numbers in zip(data["sparsity"], data["shares"], data["shape"], strict=True):
        ignored = np.flatnonzero(numbers < 0)
        ignored = ignored[np.argsort(shares[ignored])][:: max(1, len(ignored) // UNLEARNED_DOTS)]
        for indices, colour in [(ignored, theme.absent), *((np.flatnonzero(numbers == k), c) for k, c in enumerate(palette))]:
            if indices.size:
                aside = np.linspace(-0.014, 0.014, indices.size) if indices.size > 1 else np.zeros(1)
                axes.plot(sparsity * 10**aside, shares[indices], "o", ms=1.9, mew=0, color=colour, zorder=2)
    sparsity_axis(axes)
    axes.set(ylim=(-0.03, 1.04), yticks=np.linspace(0, 1, 5), yticklabels=("0", "1/4", "1/2", "3/4", "1"))
    axes.set_ylabel("dimensionality $D_i$ of each feature")


def _said(axes: "Axes", numbers: np.ndarray) -> None:
    """A note below a graph: how many it shows of its first three shapes, and of features in other components."""
    one = {"dedicated dimension": "alone", "square antiprism": "antiprism", OTHER: "in others"}
    several = {name: f"{one.get(name, name)}s" for name in SHAPES} | {"dedicated dimension": "alone", OTHER: "in others"}
    words = []
    for k, name in enumerate(graphs.NAMES):
        count = int((numbers == k).sum()) // (SHAPES[name].shape[1] if name in SHAPES else 1)
        if count:
            words.append(f"{count} {one.get(name, name) if count == 1 else several[name]}")
    text = "\n".join(words[:3]) + (", ..." if len(words) > 3 else "")
    axes.text(0.5, -0.06, text, transform=axes.transAxes, fontsize=7.5, ha="center", va="top")


def _digons(data: Data) -> Estimate:
    """Digons per hidden dimension at the level of the paper's graph with digons."""
    row, shape = data["level"].tolist().index(22), graphs.NAMES.index("digon")
    return mean(data["census"][row, :, shape] / 2 / data.values["hidden"].value)


def _distinct(data: Data) -> Estimate:
    """The number of distinct lines in the models of one seed."""
    return mean((data["peaks"] >= PEAK).sum(axis=0)).over(data["census"][:, :, 0].size)


def _distinct_rows(data: Data) -> list[dict[str, str]]:
    return [
        {
            "line": f"{name}, {value:.3g}",
            "times denser than beside it": f"{peaks.mean():.1f}",
            "distinct in": f"{(peaks >= PEAK).mean():.0%}",
        }
        for (name, value, *_), peaks in zip(LINES, data["peaks"], strict=True)
    ]


def _places(data: Data) -> Estimate:
    """The number of shapes whose median level lies in the paper's region."""
    ends = np.array(list(REGIONS.values()))
    inside = (data["median"] >= ends[:, :1]) & (data["median"] <= ends[:, 1:])
    return mean(inside.sum(axis=0)).over(data["census"][:, :, 0].size)


def _place_rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for (name, (first, last)), medians in zip(REGIONS.items(), data["median"], strict=True):
        counts = data["census"][:, :, graphs.NAMES.index(name)].sum(axis=1)
        region = data["sparsity"][counts > 0]
        row = {
            "shape": name,
            "paper, 1/(1-S)": f"{1 / density(first):.2f} to {1 / density(last):.2f}",
            "found": f"{region.min():.2f} to {region.max():.2f}" if region.size else "nowhere",
            "middle, by seed": ", ".join(f"{10 ** (k / (LEVELS - 1)):.2f}" if np.isfinite(k) else "none" for k in medians),
        }
        rows.append(row)
    return rows


def _ideal(data: Data) -> Estimate:
    """Largest difference between the D_i of ideal shapes, from their coordinates, and the paper's fractions."""
    shapes = [(W, SHARES[name]) for name, W in SHAPES.items()] + [(simplex(k), k / (k + 1)) for k in range(1, 9)]
    return exact(max(np.abs(feature_dimensionality(W[None]) - share).max() for W, share in shapes))


def _at_zero_sparsity(data: Data) -> Estimate:
    return mean(data["largest"])


_SOURCE = "The Geometry of Superposition: Uniform Superposition"
CLAIMS = (
    Claim(
        id="C31",
        text="On the plateau at 1/2 the features are antipodal pairs, one for each dimension.",
        source=_SOURCE,
        paper="30 digons in 30 dimensions at 1/(1-S) of 2.81",
        quantity="digons per hidden dimension at 1/(1-S) of 2.81",
        measure=_digons,
        holds=Range(low=0.9),
    ),
    Claim(
        id="C33",
        text="The dimensionalities of features lie on distinct lines: 3/4, 2/3, 1/2, 2/5, 3/8 and 0.",
        source=_SOURCE,
        paper="distinct lines",
        measure=_distinct,
        holds=Range(low=6),
        rows=_distinct_rows,
        quantity="number of the six lines with at least twice as many features within 0.01 of them as 0.01 to 0.02 away",
    ),
    Claim(
        id="C34",
        text="Ideal polytopes have these dimensionalities: k/(k+1) for a simplex, 2/5 for a pentagon, 3/8 for a square "
        "antiprism.",
        source=_SOURCE,
        paper="1, 3/4, 2/3, 1/2, 2/5, 3/8",
        measure=_ideal,
        holds=Range(high=1e-9),
        quantity="largest difference of D_i, computed from coordinates, from these fractions; simplices of 1 to 8 dimensions",
    ),
    Claim(
        id="C37",
        text="Each shape has its range of densities, those of the paper.",
        source=_SOURCE,
        paper="tetrahedra, triangles, digons, then pentagons and antiprisms, at the places of its figure",
        quantity="number of the five shapes whose median feature lies in the paper's range",
        measure=_places,
        holds=Range(low=5),
        rows=_place_rows,
    ),
    Claim(
        id="C38",
        text="On dense features the model learns directions that are not aligned with features.",
        source=_SOURCE,
        paper="a cloud of D_i of 0.03 to 0.15 around m/n",
        quantity="largest D_i of any feature at S = 0",
        measure=_at_zero_sparsity,
        holds=Range(high=0.5),
    ),
)
