"""F39: pressure. More features for the same dimensions make cleaner shapes, and so does longer training."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.geometry import graphs
from figures.shared.uniform import NOTE, PROBES, level_arrays, models, per_level, setting
from figures.style import TEXT_WIDTH, Theme, themed
from sup.census import OTHER
from sup.geometry import feature_dimensionality
from sup.polytopes import SHARES
from sup.results import Trained
from sup.statistics import Estimate, difference, mean, share, undefined
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F39",
    title="Pressure: the same dimensions with fewer and with more features",
    alt="Bars at four densities: which shares of the represented features stand in which shape, for models with half the "
    "features, the usual number, twice as many, and a fifth of the training. Below, for one density, a dot for the "
    "dimensionality of each represented feature, over the lines of ideal shapes.",
    source="Comments & Replications",
    note=NOTE + " The sizes of the figure in the comment are not known. Here they are the section's other models, beside some "
    "with half and with twice their features; dots show the model with the lowest final loss.",
)
SHORT = 5
"""Factor by which the short training has fewer steps."""
SATURATED = 0.05
"""At a level where fewer of the compared features than this stand in named shapes, or fewer stand in none, nothing can show."""
PANELS = {"narrow": "half the features", "base": "usual", "wide": "twice the features", "short": "a fifth of the steps"}
"""The sets of models, one per panel: name and title for tables."""


def needs(size: Size) -> dict[str, Sweep]:
    """The section's models (`base`), and models with half (`narrow`) or twice (`wide`) the features or fewer steps (`short`)."""
    own = setting(size)
    narrow, wide = (own.times(by, 1).sweep(PROBES, size.steps, size.seeds) for by in (0.5, 2))
    short = own.sweep(PROBES, max(1, size.steps // SHORT), size.seeds)
    return {"base": models(size), "narrow": narrow, "wide": wide, "short": short}


def reduce(runs: Runs) -> Data:
    """The share of features in named shapes, and the dots of the drawn models, those with the lowest loss of each level."""
    arrays = level_arrays(PROBES)
    values = {"hidden": Value(value=runs["base"]["W"].shape[1])}
    for name in PANELS:
        arrays |= _measured(name, runs[name])
        values[f"{name}_clean"] = estimated(mean(arrays[f"{name}_clean"].values.mean(axis=0)), percent=True)
        values[f"{name}_features"] = Value(value=runs[name]["W"].shape[2], digits=3)
    return Data(arrays=arrays, values=values)


def _measured(name: str, trained: Trained) -> dict[str, Array]:
    W = per_level(trained, "W", PROBES).astype(np.float64)
    numbers = np.array([[graphs.shape_numbers(one) for one in models] for models in W])
    is_represented, other = numbers >= 0, numbers == graphs.NAMES.index(OTHER)
    best, dots = per_level(trained, "final_loss", PROBES).argmin(axis=1), []
    for probe, seed in enumerate(best):
        own = is_represented[probe, seed]
        shares = feature_dimensionality(W[probe, seed][None])[0][own]
        dots.append(np.column_stack([np.full(len(shares), probe), shares, numbers[probe, seed][own]]))
    named, whole = (is_represented & ~other).sum(axis=2), is_represented.sum(axis=2)
    clean = named / np.maximum(whole, 1)
    shapes = (numbers[..., None] == np.arange(len(graphs.NAMES))).sum(axis=(1, 2))
    share = f"share of represented features in named shapes, 0 without any; models: {PANELS[name]}"
    dot = f"represented features drawn: number of the level, D_i and shape ({graphs.NUMBERS}); models: {PANELS[name]}"
    return {
        f"{name}_clean": array(clean, "level seed", share),
        f"{name}_named": array(named, "level seed", f"represented features in named shapes; models: {PANELS[name]}"),
        f"{name}_represented": array(whole, "level seed", f"represented features; models: {PANELS[name]}"),
        f"{name}_shapes": array(shapes, "level shape", f"represented features of all models by shape; models: {PANELS[name]}"),
        f"{name}_dots": array(np.concatenate(dots), "point column", dot),
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Bars of shapes for each density and set of models, and dots for the density at which most is open."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    tall = 4.5
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    features = {name: f"{data.values[f'{name}_features'].value:.0f}" for name in PANELS}
    labels = [f"{features[name]} features" for name in ("narrow", "base", "wide")] + [f"{features['short']}, fewer steps"]
    for k, sparsity in enumerate(data["sparsity"]):
        axes = drawn.add_axes((0.165 + 0.208 * k, 1 - 1.5 / tall, 0.19, 1.2 / tall))
        _bars(axes, np.array([data[f"{name}_shapes"][k] for name in PANELS]), theme)
        axes.set_title(f"$1/(1-S)$ = {sparsity:.2f}")
        axes.set_yticks(range(len(PANELS)), labels if k == 0 else [])
    palette = graphs.colours(theme)
    key = [Patch(color=colour, label=name) for name, colour in zip(graphs.NAMES, palette, strict=True)]
    anchor = (0.56, 1 - 2.0 / tall)
    drawn.legend(
        handles=key,
        loc="center",
        bbox_to_anchor=anchor,
        ncols=len(key),
        fontsize=8,
        handlelength=0.8,
        columnspacing=1,
        handletextpad=0.4,
    )
    probe = int(np.argmin(np.nan_to_num(np.abs(_named_share(data, *PANELS) - 0.5), nan=1.0)))
    axes = drawn.add_axes((0.165, 0.3 / tall, 0.814, 1.85 / tall))
    _dots(axes, data, probe, theme)
    axes.set_xticks(range(len(PANELS)), labels)
    axes.set_ylabel(f"$D_i$, at {data['sparsity'][probe]:.2f}")
    return drawn


def _bars(axes: "Axes", counts: np.ndarray, theme: Theme) -> None:
    """A bar for each set of models, its represented features by shape; `counts` has shape (set, shape)."""
    whole = counts.sum(axis=1)
    shares = counts / np.maximum(whole, 1)[:, None]
    starts = np.cumsum(shares, axis=1) - shares
    for k, colour in enumerate(graphs.colours(theme)):
        axes.barh(range(len(counts)), shares[:, k], left=starts[:, k], height=0.72, color=colour)
    for row in np.flatnonzero(whole == 0):
        axes.text(0.5, float(row), "none represented", ha="center", va="center", fontsize=7.5, color=theme.muted)
    axes.set(xlim=(0, 1), ylim=(len(counts) - 0.5, -0.5), xticks=(0, 0.5, 1), xticklabels=("0", "1/2", "1"))
    axes.tick_params(axis="y", length=0)


def _dots(axes: "Axes", data: Data, probe: int, theme: Theme) -> None:
    """The dimensionalities of the features of the drawn models of one density, over the lines of the ideal shapes."""
    palette = graphs.colours(theme)
    for value, colour in zip(SHARES.values(), palette, strict=False):
        axes.axhline(value, color=colour, lw=0.7, alpha=0.6, zorder=1)
    for k, name in enumerate(PANELS):
        own = data[f"{name}_dots"][data[f"{name}_dots"][:, 0] == probe]
        places = k + 0.8 * graphs.spread(len(own))
        axes.scatter(places, own[:, 1], s=6, lw=0, c=[palette[int(number)] for number in own[:, 2]], zorder=2)
    axes.set(xlim=(-0.5, len(PANELS) - 0.5), ylim=(0, 1.04), yticks=(0.25, 0.5, 0.75, 1), yticklabels=("1/4", "1/2", "3/4", "1"))


def _counts(data: Data, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Features in named shapes and represented features of a set of models, both (level)."""
    return data[f"{name}_named"].sum(axis=1), data[f"{name}_represented"].sum(axis=1)


def _named_share(data: Data, *names: str) -> np.ndarray:
    """Share of the represented features of sets of models that stand in named shapes, by level; NaN where there are none."""
    named, whole = np.array([_counts(data, name) for name in names]).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(named / whole)


def _open(data: Data, *names: str) -> np.ndarray:
    """Whether, at each level, all models compared represent features, of which some are in named shapes and some in none."""
    least, found = np.min([_counts(data, name)[1] for name in names], axis=0), _named_share(data, *names)
    return np.asarray((least > 0) & (found >= SATURATED) & (found <= 1 - SATURATED))


def _difference(more: str, less: str) -> Callable[[Data], Estimate]:
    """Measures the difference between two sets of models in the share of features in named shapes, each feature a sample.

    Levels at which one set represents nothing, or nearly all or nearly no features stand in named shapes, are left out; undefined
    if no level is left.
    """

    def measure(data: Data) -> Estimate:
        models = data[f"{more}_named"].size + data[f"{less}_named"].size
        level, parts = _open(data, more, less), []
        for name in (more, less):
            named, whole = (int(one[level].sum()) for one in _counts(data, name))
            if not whole:
                return undefined(models)
            parts.append(share(np.arange(whole) < named))
        return difference(*parts).over(models)

    return measure


def _rows(more: str, less: str, *others: str) -> Callable[[Data], list[dict[str, str]]]:
    """Tabulates the share of features in named shapes: a row per density, a column per set of models, and what is compared."""

    def rows(data: Data) -> list[dict[str, str]]:
        level = _open(data, more, less)
        wholes = {name: _counts(data, name)[1] for name in PANELS if name in (more, less, *others)}

        def found(name: str, k: int) -> str:
            return f"{data[f'{name}_clean'][k].mean():.0%}" if wholes[name][k] else "none represented"

        def compared(k: int) -> str:
            return "yes" if level[k] else "no, saturated" if min(wholes[more][k], wholes[less][k]) else "no"

        return [
            {"1/(1-S)": f"{x:.2f}"} | {PANELS[name]: found(name, k) for name in wholes} | {"compared": compared(k)}
            for k, x in enumerate(data["sparsity"])
        ]

    return rows


CLAIMS = (
    Claim(
        id="C-P1",
        text="The more features compete for the same dimensions, the cleaner the polytopes.",
        source="Comments & Replications: Henighan and Olah",
        paper="cleaner polytopes with larger n for the same m",
        quantity="share of represented features in named shapes with twice n minus that with half n, at the "
        "densities at which both represent features and 5 to 95 % of these stand in named shapes; features are the replicates",
        measure=_difference("wide", "narrow"),
        holds=Range(low=0.01),
        rows=_rows("wide", "narrow", "base"),
    ),
    Claim(
        id="C-P2",
        text="Training longer makes the polytopes cleaner.",
        source="Comments & Replications: Henighan and Olah",
        paper="training longer cleans as well",
        quantity="share of represented features in named shapes with all steps minus that with 1/5, at the "
        "densities at which both represent features and 5 to 95 % of these stand in named shapes; features are the replicates",
        measure=_difference("base", "short"),
        holds=Range(low=0.01),
        rows=_rows("base", "short"),
    ),
)
