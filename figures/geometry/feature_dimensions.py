"""F16: the dimensionality of each feature from dense to sparse, and the shapes that features form."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.geometry import graphs, inventory
from figures.geometry.feature_claims import (
    aligned,
    aligned_rows,
    counted,
    digons,
    distinct,
    distinct_rows,
    ideal,
    place_rows,
    places,
)
from figures.shared.uniform import NOTE, density, drifting, level_arrays, levels_of, models, per_level, sparsity_axis
from figures.style import TEXT_WIDTH, Theme, themed
from sup.census import EDGE, OTHER, TOLERANCE
from sup.geometry import dimensions_per_feature, feature_dimensionality
from sup.polytopes import SHAPES, SHARES
from sup.results import Trained
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
        "dense": array(shares[0], "seed feature", "D_i at the first level"),
        **counted(shapes, shares, np.array(levels)),
        "trained": array(
            [*W.shape[:1:-1], seeds[0].recipe.steps], "count", "features, hidden dimensions and updates of each model"
        ),
        **inventory.inventory(W[rows, best].astype(np.float64), shares[rows, best]),
    }
    nodes = f"represented features of a drawn model: x, y and shape ({graphs.NUMBERS})"
    for level in INSETS:
        row = levels.index(level)
        graph = graphs.graph(W[row, best[row]].astype(np.float64))
        arrays[f"nodes_{level}"] = array(graph["nodes"], "point column", nodes)
        arrays[f"edges_{level}"] = array(graph["edges"], "edge column", "pairs of joined nodes: their numbers and |W_i . W_j|")
    data = Data(arrays=arrays, unsettled=drifting(base))
    return replace(data, values=_values(base, data))


def _values(base: Trained, data: Data) -> dict[str, Value]:
    """Numbers for the pages, among them the represented features and the number of each shape in the drawn graphs."""
    _, hidden, features = base["W"].shape
    out = {
        "hidden": Value(value=hidden),
        "features": Value(value=features, digits=3),
        "average": Value(value=float(data["dense"].mean())),
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
    width = min(1.0, 20 / len(data["sparsity"]))  # more levels stand closer together
    axes.text(1.0, 0.29, "not aligned\nwith features", fontsize=8, color=theme.muted, ha="left", va="bottom", linespacing=1.1)
    for sparsity, shares, numbers in zip(data["sparsity"], data["shares"], data["shape"], strict=True):
        ignored = np.flatnonzero(numbers < 0)
        ignored = ignored[np.argsort(shares[ignored])][:: max(1, len(ignored) // UNLEARNED_DOTS)]
        for indices, colour in [(ignored, theme.absent), *((np.flatnonzero(numbers == k), c) for k, c in enumerate(palette))]:
            if indices.size:
                aside = 0.028 * width * graphs.spread(indices.size)
                axes.plot(sparsity * 10**aside, shares[indices], "o", ms=2.4, mew=0, color=colour, alpha=0.8, zorder=2)
    sparsity_axis(axes)
    axes.set(ylim=(-0.03, 1.04), yticks=np.linspace(0, 1, 5), yticklabels=("0", "1/4", "1/2", "3/4", "1"))
    axes.set_ylabel("dimensionality $D_i$ of each feature")


def _said(axes: "Axes", numbers: np.ndarray) -> None:
    """A note below a graph: how many it shows of its first three shapes, and of features in other components."""
    one = {"dedicated dimension": "alone", "square antiprism": "antiprism", OTHER: "in others"}
    several = {name: f"{one.get(name, name)}s" for name in SHAPES} | {
        "tetrahedron": "tetrahedra",
        "dedicated dimension": "alone",
        OTHER: "in others",
    }
    words = []
    for k, name in enumerate(graphs.NAMES):
        count = int((numbers == k).sum()) // (SHAPES[name].shape[1] if name in SHAPES else 1)
        if count:
            words.append(f"{count} {one.get(name, name) if count == 1 else several[name]}")
    text = "\n".join(words[:3] or ["none represented"]) + (", ..." if len(words) > 3 else "")
    axes.text(0.5, -0.06, text, transform=axes.transAxes, fontsize=7.5, ha="center", va="top")


_SOURCE = "The Geometry of Superposition: Uniform Superposition"
CLAIMS = (
    Claim(
        id="C31",
        text="On the plateau at 1/2 the features are antipodal pairs, one for each dimension.",
        source=_SOURCE,
        paper="30 digons in 30 dimensions at 1/(1-S) of 2.81",
        quantity="digons per hidden dimension, mean over the levels at which the paper's D* is within 0.03 of 1/2 "
        "before its pentagons begin (1/(1-S) of 2.12 to 3.39); levels are the replicates",
        measure=digons,
        holds=Range(low=0.9),
    ),
    Claim(
        id="C33",
        text="The dimensionalities of features lie on distinct lines: 3/4, 2/3, 1/2, 2/5, 3/8 and 0.",
        source=_SOURCE,
        paper="distinct lines",
        measure=distinct,
        holds=Range(low=6),
        rows=distinct_rows,
        cause="Two lines. There are few tetrahedra: they form where D* still falls when training ends (C39). Square antiprisms "
        "do form, but at sparser levels than those at which the paper has their line (C37).",
        unit="lines",
        quantity="number of the six lines with at least twice as many features within 0.01 of them as 0.01 to 0.02 away, at the "
        "levels where the paper has the line, all models together; features are the replicates",
    ),
    Claim(
        id="C34",
        text="Ideal polytopes have these dimensionalities: k/(k+1) for a simplex, 2/5 for a pentagon, 3/8 for a square "
        "antiprism.",
        source=_SOURCE,
        paper="1, 3/4, 2/3, 1/2, 2/5, 3/8",
        measure=ideal,
        holds=Range(high=1e-9),
        identity=True,
        quantity="largest difference of D_i, computed from coordinates, from these fractions; simplices of 1 to 8 dimensions",
    ),
    Claim(
        id="C37",
        text="Each shape has its range of densities, those of the paper.",
        source=_SOURCE,
        paper="tetrahedra, triangles, digons, then pentagons and antiprisms, at the places of its figure",
        quantity="number of the five shapes whose median instance, of all models together, lies in the paper's range of "
        "densities; instances are the replicates",
        unit="shapes",
        measure=places,
        holds=Range(low=5),
        rows=place_rows,
        cause="The length of training. Tetrahedra form last, at densities where the loss hardly depends on the arrangement.",
    ),
    Claim(
        id="C38",
        text="On dense features the model learns directions that are not aligned with features.",
        source=_SOURCE,
        paper="a cloud of D_i of 0.03 to 0.15 around m/n",
        quantity="number of features with a D_i of at least 1/2 at S = 0, per hidden dimension (1 if they were aligned); "
        "features are the replicates",
        measure=aligned,
        holds=Range(high=0.5),
        rows=aligned_rows,
    ),
)
