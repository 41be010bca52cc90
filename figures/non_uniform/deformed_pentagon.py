"""F19: a pentagon with one feature made sparser or denser, or less or more important, stretches and then snaps into a square."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, replicates
from figures.non_uniform.pentagon_claims import (
    correlation_rows,
    crossings,
    denser_pushes,
    digons_when_sparse,
    kink,
    norms_and_interference,
    norms_rows,
    outside_the_circle,
    reading_rows,
    readings,
    smoothness,
    smoothness_rows,
    snap_factor,
    snap_rows,
    snaps,
    uniform_pentagons,
)
from figures.non_uniform.pentagons import (
    BASELINES,
    CLASSES,
    DENSITY,
    FEATURES,
    HIDDEN,
    PENTAGON,
    RELATIVE_DENSITIES,
    RELATIVE_IMPORTANCES,
    SQUARE,
    baseline_of,
    by_density,
    by_importance,
    crossing_factor,
    dense,
    important,
    survey,
)
from figures.non_uniform.planes import panels, plane
from figures.style import TEXT_WIDTH, Theme, arrow, blend, themed
from sup.features import Independent
from sup.specs import Recipe, Run
from sup.statistics import mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F19",
    title="A pentagon stretches, then snaps into a square",
    alt="Above: pentagons whose top vertex moves outwards and whose neighbours close in as the varied feature becomes sparser, "
    "the top and the left neighbour enlarged; and four features at right angles with the varied one at the origin. Below: loss "
    "against the varied feature's relative density, and against its relative importance. In both, the lowest "
    "models lie on two smooth curves, one of pentagons and one of squares, which cross at an angle; the best model "
    "changes from one to the other there. Others lie above, in other arrangements.",
    source="Non-uniform superposition: Perturbing a single feature",
    note="The paper varies density and shows one of several fits; it gives neither their number nor the densities. Each sign "
    "below is one model; a fit is the best of five by its exactly integrated loss, since final losses on samples differ by "
    "several percent between equal models. Importance, which the paper names but does not show, is varied likewise. Curves are "
    "exact minima; trained squares lie slightly above theirs, since the dropped feature's bias has stuck below zero, where it "
    "has no gradient.",
)
SOURCE = "Non-uniform superposition: Perturbing a single feature"
PAPER = 0.4
"""Relative density at which the paper sees the snap: 2.5 times less than the others."""


def needs(size: Size) -> dict[str, Sweep]:
    """Models of five features in two dimensions; the first differs from the others by its `density` or by its `importance`."""
    recipe, seeds = Recipe(steps=size.steps), replicates(size.seeds)
    base = Run(
        model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=Independent(density=DENSITY), recipe=recipe
    )
    return {
        "density": sweep(base, density=[dense(relative) for relative in RELATIVE_DENSITIES], seed=seeds),
        "importance": sweep(base, importance=[important(relative) for relative in RELATIVE_IMPORTANCES], seed=seeds),
    }


def reduce(runs: Runs) -> Data:
    """Both experiments, as `figures.non_uniform.pentagons.survey` measures them; names begin with `density_` or `importance_`."""
    densities = panels(runs, "density", "density", [dense(relative) for relative in RELATIVE_DENSITIES])
    importances = panels(runs, "importance", "importance", [important(relative) for relative in RELATIVE_IMPORTANCES])
    both = {
        "density": survey(densities, RELATIVE_DENSITIES, by_density),
        "importance": survey(importances, RELATIVE_IMPORTANCES, by_importance),
    }
    factors = [crossing_factor(density) for density in BASELINES]
    data = Data(
        arrays={
            **{f"{kind}_{name}": one for kind, arrays in both.items() for name, one in arrays.items()},
            "baseline": array(BASELINES, "density", "density of the other four features"),
            "baseline_factor": array(factors, "density", "density of the others over that of the first where exact curves cross"),
        }
    )
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for kind in ("density", "importance"):
        at, slopes = crossings(data, kind)
        snap = mean(snaps(data, kind))
        exists = np.isfinite(data[f"{kind}_exact_pentagon"])
        values |= {
            f"{kind}_crossing": Value(value=at, digits=3),
            f"{kind}_factor": Value(value=1 / at, digits=3),
            f"{kind}_kink": Value(value=slopes),
            f"{kind}_snap": Value(value=snap.value, interval=(snap.low, snap.high)),
            f"{kind}_last_pentagon": Value(value=float(data[f"{kind}_relative"][exists].min())),
        }
    norms = np.linalg.norm(data["density_exact_W"], axis=1)
    sparse, usual = (int(np.argmin(np.abs(data["density_relative"] - relative))) for relative in (0.4, 1))
    gap = data["density_exact_square"] / data["density_exact_pentagon"]
    return values | {
        "density": Value(value=DENSITY),
        "paper_factor": Value(value=1 / PAPER),
        "paper_baseline": Value(value=baseline_of(1 / PAPER, data["baseline"].tolist(), data["baseline_factor"].tolist())),
        "norm_usual": Value(value=float(norms[usual, 0]), digits=3),
        "norm_dense": Value(value=float(norms[-1, 0]), digits=3),
        "norm_sparse": Value(value=float(np.nanmax(norms[:, 0])), digits=3),
        "angle_usual": Value(value=_angle(data["density_exact_W"][usual]), unit="°"),
        "angle_dense": Value(value=_angle(data["density_exact_W"][-1]), unit="°"),
        "angle_sparse": Value(value=_angle(data["density_exact_W"][sparse]), unit="°"),
        "paper_gap": Value(value=float(np.interp(np.log(PAPER), np.log(data["density_relative"]), gap)), digits=3),
    }


def _angle(W: np.ndarray) -> float:
    """Degrees from the varied feature of an upright W (2, feature) to its clockwise neighbour."""
    return float(np.degrees(np.arctan2(*W[:, 1])))


TALL = 6.2
"""Height of the figure in inches. Places are set by hand: nested grids get other last bits of their places in each process."""
FEW = 7
"""Settings of which the large picture shows a pentagon."""
CLOSE = {0: "top", 4: "left neighbour"}
"""Features whose paths are enlarged."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The pentagon by relative density, two of its paths enlarged and the square above; losses of all models below."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, TALL), facecolor="none")

    def place(left: float, bottom: float, wide: float, high: float, beside: "Axes | None" = None) -> "Axes":
        return drawn.add_axes((left / TEXT_WIDTH, bottom / TALL, wide / TEXT_WIDTH, high / TALL), sharey=beside)

    pentagons, square = place(0.45, 3.2, 2.75, 2.75), place(5.55, 4.7, 1.25, 1.25)
    plane(pentagons, theme, 1.36)
    plane(square, theme, 1.36)
    at = _settings(data, PENTAGON)
    for k in at[np.linspace(0, len(at) - 1, FEW).round().astype(int)] if at.size else ():
        _solution(pentagons, data, PENTAGON, k, theme)
    for k in _settings(data, SQUARE)[:1]:
        _solution(square, data, SQUARE, k, theme)
    pentagons.set_title("pentagon: the varied feature on top", fontsize=8.5)
    square.set_title("square: it is dropped", fontsize=8.5)
    for row, (i, name) in enumerate(CLOSE.items()):
        close = place(3.75, 4.7 - 1.5 * row, 1.25, 1.25)
        close.set_title(f"{name}, enlarged", fontsize=8.5)
        _path(close, data, i, theme)
        for k in at:
            _solution(close, data, PENTAGON, k, theme)
        if at.size:
            _frame(close, data["density_exact_W"][:, :, i], theme)
    for i in range(FEATURES):
        _path(pentagons, data, i, theme)
    _key(place(5.4, 3.9, 1.55, 0.14), theme)
    density = place(0.6, 1.05, 3.15, 1.95)
    importance = place(3.95, 1.05, 3.15, 1.95, density)
    _losses(density, data, "density", theme)
    _losses(importance, data, "importance", theme)
    importance.set_ylabel("")
    importance.tick_params(labelleft=False)
    handles, labels = density.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="lower center", ncols=3, fontsize=8, handletextpad=0.4, columnspacing=1.2)
    return drawn


def _settings(data: Data, number: int) -> np.ndarray:
    """The settings of the relative density at which a best fit has this arrangement."""
    return np.flatnonzero((data["density_best"] == number).any(axis=1))


def _colour(relative: float, theme: Theme) -> tuple[float, ...]:
    """The colour of a relative density."""
    return tuple(blend(theme.score)((np.log10(relative) + 1) / 2))


def _solution(axes: "Axes", data: Data, number: int, k: int, theme: Theme) -> None:
    """Draws a best fit of one arrangement at the k-th relative density: a dot a feature, the varied one a diamond."""
    W = data["density_W"][k][data["density_best"][k] == number][0]
    colour = _colour(data["density_relative"][k], theme)
    for i in range(FEATURES):
        axes.plot((0, W[0, i]), (0, W[1, i]), color=colour, lw=0.8, alpha=0.6, zorder=2)
    axes.plot(*W[:, 1:], "o", color=colour, ms=4.6, mec=theme.background, mew=0.4, zorder=3)
    axes.plot(*W[:, :1], "D", color=colour, ms=4.6, mec=theme.background, mew=0.4, zorder=3)


def _path(axes: "Axes", data: Data, i: int, theme: Theme) -> None:
    """Draws the path of a feature of exact pentagons, from the sparsest to the densest setting, with an arrow at its end."""
    path = data["density_exact_W"][:, :, i]
    path = path[np.isfinite(path).all(axis=1)]
    axes.plot(*path.T, color=theme.ink, lw=1.1, zorder=3.5)
    for start, end in zip(path[-2:-1], path[-1:], strict=True):
        arrow(axes, start, end, theme.ink, lw=1.1, mutation_scale=8, zorder=3.6)


def _frame(axes: "Axes", path: np.ndarray, theme: Theme) -> None:
    """Shows the part of the plane around a path (setting, 2)."""
    low, high = np.nanmin(path, axis=0), np.nanmax(path, axis=0)
    half = 0.6 * float((high - low).max()) + 0.02
    x, y = (low + high) / 2
    plane(axes, theme, 1.0)
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))


def _key(axes: "Axes", theme: Theme) -> None:
    scale = np.linspace(0, 1, 256)[None]
    axes.imshow(scale, cmap=blend(theme.score), aspect="auto", extent=(-1, 1, 0, 1), interpolation="none")
    axes.set(yticks=[], xticks=(-1, 0, 1), xticklabels=("0.1", "1", "10"))
    axes.set_title("relative density", fontsize=8)
    axes.tick_params(length=2.5, pad=2)
    axes.spines[:].set_visible(False)


def _losses(axes: "Axes", data: Data, kind: str, theme: Theme) -> None:
    """Draws the loss of each model by arrangement, the two exact curves, and where they cross."""
    relative, loss, classes = (data[f"{kind}_{name}"] for name in ("relative", "loss", "found"))
    colours = {PENTAGON: theme.groups[0], SQUARE: theme.groups[1], 0: theme.absent}
    for number, marker in ((PENTAGON, "p"), (SQUARE, "s"), (0, "x")):
        at, seed = np.nonzero(classes == number)
        axes.plot(
            relative[at], loss[at, seed], marker, ls="", color=colours[number], ms=4, mew=0.9, mfc="none", label=CLASSES[number]
        )
    for number, name in ((PENTAGON, "pentagon"), (SQUARE, "square")):
        axes.plot(relative, data[f"{kind}_exact_{name}"], color=colours[number], lw=1.1, label=f"exact {name}")
    axes.axvline(data.values[f"{kind}_crossing"].value, color=theme.ink, lw=0.9, ls=(0, (1, 1.5)), label="curves cross")
    if kind == "density":
        axes.axvline(PAPER, color=theme.muted, lw=0.9, ls=(0, (4, 2)), label="snap in the paper")
    axes.set(xscale="log", yscale="log", xlabel=f"relative {kind} of one feature", ylabel="loss, mean over features")
    axes.set(xticks=(0.1, 1, 10), xticklabels=("0.1", "1", "10"))
    axes.minorticks_off()


CLAIMS = (
    Claim(
        id="C44",
        text="Varying one feature's density or importance deforms the best model smoothly, until it snaps into another shape.",
        source=SOURCE,
        paper="smooth deformation of polytopes, with sudden changes",
        measure=smoothness,
        holds=Range(high=0.5),
        quantity="largest change of a product W_i . W_j between neighbouring settings but at the snap, as a share of the "
        "snap's; fits in neither shape are left out",
        rows=smoothness_rows,
    ),
    Claim(
        id="C49",
        text="A denser feature pushes its neighbours away; towards a sparser one they move.",
        source=SOURCE,
        paper="others are repelled by the denser feature",
        measure=denser_pushes,
        holds=Range(low=0.0),
        unit="°",
        quantity="smaller gain in the angle to the neighbours, from relative density 0.4 to 1 and from 1 to 10, mean over "
        "fits that are pentagons at both densities",
    ),
    Claim(
        id="C50",
        text="Five equal features of density 0.05 in two dimensions form a regular pentagon.",
        source=SOURCE,
        paper="a regular pentagon",
        measure=uniform_pentagons,
        holds=Range(low=0.5),
        quantity="share of single models with five features within 10 degrees of 72 degrees to the next",
    ),
    Claim(
        id="C51",
        text="A sufficiently sparse feature is dropped and the others form a pair of digons.",
        source=SOURCE,
        paper="a pair of digons, the varied feature at zero",
        measure=digons_when_sparse,
        holds=Range(low=0.5),
        quantity="share of fits, each the best of five at every relative density up to 0.2, that are squares without the "
        "varied feature at all of them",
    ),
    Claim(
        id="C52",
        text="The snap is of first order: the losses of two solutions cross, so the best loss has a kink.",
        source=SOURCE,
        paper="loss curves cross",
        measure=kink,
        holds=Range(low=0.1),
        quantity="difference of the slopes d ln(loss) / d ln(relative density) of the exact curves where they cross",
    ),
    Claim(
        id="C58",
        text="The snap comes when one feature is several times less dense than the others.",
        source=SOURCE,
        paper="about 2.5 times less dense",
        measure=snap_factor,
        holds=Range(low=1.5),
        agrees=Range(low=2.0, high=3.0),
        unit="times",
        rows=snap_rows,
        cause="The density of the other features, which the paper does not give. The denser they are, the smaller the "
        "factor at which the exact losses cross, as the last rows of the table show.",
        quantity="density of the others over that of the varied feature where the best of five fits "
        "changes, the others having a density of 0.05",
    ),
    Claim(
        id="C59",
        text="Because of negative biases, the vertices of pentagons lie outside the unit circle.",
        source=SOURCE,
        paper="outside the unit circle because of negative biases",
        measure=outside_the_circle,
        holds=Range(low=0.9),
        quantity="share of the vertices of pentagons with a norm above 1 and a bias below 0, best of five at all relative "
        "densities; vertices are the replicates",
        rows=norms_rows,
    ),
    Claim(
        id="C59-D",
        text="The distance of a vertex from the centre grows in proportion to the positive interference that it receives.",
        source=SOURCE,
        paper="distance from the origin in proportion to positive interference, of the vertices in general",
        measure=norms_and_interference,
        holds=Range(low=0.9),
        quantity="correlation of |W_i| with the sum of positive W_i . W_j, over all features of pentagons and not the varied "
        "one alone; mean over fits, each the best of five",
        rows=correlation_rows,
        cause="Which features are meant. For the varied feature alone the norm follows the interference. Over all five it "
        "follows the bias more closely, as C60 has it.",
    ),
    Claim(
        id="C60",
        text="Norm and bias of a pentagon's features are tied by |W_i| = 1 / (1 - b_i).",
        source=SOURCE,
        paper="||W_i|| = 1 / (1 - b_i)",
        measure=readings,
        holds=Range(high=0.05),
        rows=reading_rows,
        cause="Probably a misprint. With a negative bias the printed relation gives a norm below one, but the vertices lie "
        "outside the unit circle (C59). A feature that is active alone comes back at full size if |W_i|^2 + b_i = 1, "
        "and this reading fits best; 1 / (1 + b_i) is nearly the same number.",
        quantity="mean of | 1 / ((1 - b_i) |W_i|) - 1 | over the features of pentagons, mean over fits, each the best of five",
    ),
)
