"""F33: a closer look at neurons that serve several features: a primary one, and others that its strongest activations hide."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.computation import absolute
from figures.computation.absolute_large import DECAY, DENSITIES, EXPLAINED, FEATURES, HIDDEN
from figures.shared.stacks import neuron_colour, neuron_legend, stack_plot
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, blend, importance_colours, themed
from sup.baseline import constant_loss
from sup.neurons import answers, polysemantic, primary_features, unit_rows
from sup.results import Trained
from sup.statistics import Estimate, mean, undefined
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSITY = 0.03
ABOUT = About(
    label="F33",
    title="Primary and secondary features",
    alt="Above, stack plots of ten neurons, each piece with the number of its feature: some have one piece, others a large "
    "one and several small ones. Below, the share of a shared neuron's strongest activations that its primary feature causes, "
    "falling from nearly all at the top to fewer further down.",
    source="Computation in Superposition",
    note=absolute.MANY_NOTE + " The paper zooms in at density 0.01 and near it; here the density is 0.03, at "
    "which its figure of all densities has neurons of both kinds too. Shown are the ten neighbours of the figure before among "
    "which both kinds are most even.",
)
WINDOW, SAMPLES, TOP = 10, 16_384, 20
"""Number of drawn neurons, of samples on which activations are ranked, and of strongest ones that count as top activations."""
RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def needs(size: Size) -> dict[str, Sweep]:
    """The fits of the figure before, the same sweep."""
    return {"fits": absolute.fits(FEATURES, HIDDEN, DECAY, DENSITIES, size, absolute.MANY)}


def reduce(runs: Runs) -> Data:
    """A window on the best fit, and the share of shared neurons' strongest activations that primary features cause."""
    fits = runs["fits"].where(density=DENSITY)
    best = fits.best()
    W1, _ = absolute.rescaled(fits["W1"][best], fits["W2"][best])
    counts = answers(W1[None])[0].sum(axis=1)
    first = _window(counts)
    shares = np.stack([_caused(fits, k) for k in range(len(fits))])
    sizes = np.sort(np.abs(unit_rows(fits["W1"])), axis=2)[:, :, -2]
    several = polysemantic(fits["W1"])
    second = np.array([row[mask].mean() if mask.any() else np.nan for row, mask in zip(sizes, several, strict=True)])
    window = slice(first, first + WINDOW)
    text = "mean over neurons of several features, nan without any"
    caused = f"share of a neuron's strongest activations to which its primary feature contributes most, {text}"
    arrays = {
        "W1": array(
            np.round(W1[window], 3), "neuron feature", "weights in of the drawn neurons, each one's largest scaled to size 1"
        ),
        "answered": array(counts[window], "neuron", "features that a drawn neuron answers to"),
        "first": array(first, "", "place of the first drawn neuron among those of the best fit, from 0"),
        "caused": array(shares, "seed rank", caused),
        "ranks": array(RANKS, "rank", "how many of the strongest activations are counted"),
        "loss": array(fits["final_loss"].astype(np.float64), "seed", "final loss"),
        "blind": array(constant_loss(fits.runs[0]), "", "loss of the best constant outputs"),
        "second": array(second, "seed", f"second largest weight in over the largest, by size, {text}"),
    }
    values = {"top": Value(value=100 * float(np.nan_to_num(shares[:, RANKS.index(TOP)]).mean()), unit="%")}
    values["last"] = Value(value=100 * float(np.nan_to_num(shares[:, -1]).mean()), unit="%")
    return Data(arrays=arrays, values=values)


def _window(counts: np.ndarray) -> int:
    """The start of the window with the most neurons of its rarer kind, the first of equals; `counts` are features (neuron)."""
    windows = [counts[k : k + WINDOW] for k in range(len(counts) - WINDOW + 1)]
    return int(np.argmax([min((part == 1).sum(), (part > 1).sum()) for part in windows]))


def _caused(fits: Trained, k: int) -> np.ndarray:
    """Share (rank) of strongest activations to which the primary feature contributes most, mean over shared neurons of fit `k`.

    NaN without shared neurons.
    """
    several = np.flatnonzero(polysemantic(fits["W1"][k][None])[0])
    if not several.size:
        return np.full(len(RANKS), np.nan)
    rng = np.random.default_rng(5)
    x = np.where(rng.random((SAMPLES, FEATURES)) < DENSITY, rng.uniform(-1, 1, (SAMPLES, FEATURES)), 0.0)
    W1 = fits["W1"][k].astype(np.float64)
    primary, shares = primary_features(W1[None])[0], []
    for neuron in several:
        strongest = x[np.argsort(-(x @ W1[neuron]), kind="stable")[: RANKS[-1]]]
        most = (strongest * W1[neuron]).argmax(axis=1) == primary[neuron]
        shares.append(np.cumsum(most)[np.array(RANKS) - 1] / np.array(RANKS))
    return np.mean(shares, axis=0)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The stacks with their features' numbers, the shares by rank."""
    figure, axes = sheet(theme, 384)
    sizes = np.abs(data["W1"])
    stacks = inset(axes, 34, 218, 346, 138)
    colours = importance_colours(theme, FEATURES // 4) + [theme.absent] * FEATURES
    stack_plot(stacks, sizes, colours, theme, data["answered"])
    top = max(1.2, 1.08 * float(sizes.sum(axis=1).max()))
    stacks.set(ylim=(0, top), yticks=(0, 1))
    _numbers(stacks, sizes, top, theme)
    say(axes, 207, 372, f"ten neurons at density {DENSITY:g}, pieces named by their features", theme, fontweight="bold")
    say(axes, 12, 287, "weight in, largest = 1", theme, rotation=90)
    neuron_legend(axes, 80, 206, theme)
    key(inset(axes, 160, 182, 150, 7), blend(theme.importance), ("0", f"{FEATURES // 4}"), theme)
    say(axes, 152, 186, "feature", theme, ha="right")
    _ranks(axes, data, theme)
    return figure


def _numbers(stacks: "Axes", sizes: np.ndarray, top: float, theme: Theme) -> None:
    """Draws the number of its feature on each piece that is high enough, on a patch, since pieces have many colours."""
    patch = {"facecolor": theme.background, "edgecolor": "none", "pad": 0.8}
    for k, row in enumerate(sizes):
        end = 0.0
        for i in np.flatnonzero(row >= 0.08 * row.max()):
            if row[i] / top > 0.09:
                stacks.text(k, end + row[i] / 2, str(i), ha="center", va="center", fontsize=8, bbox=patch)
            end += row[i]


def _ranks(axes: "Axes", data: Data, theme: Theme) -> None:
    chart = inset(axes, 66, 40, 314, 104)
    colour = neuron_colour(theme, 2)
    for row in data["caused"]:
        chart.plot(data["ranks"], 100 * row, "o-", color=colour, ms=3, lw=1.0)
    chart.axvline(TOP, color=theme.muted, lw=0.8, ls=(0, (3, 2)))
    chart.set(xscale="log", xlim=(0.85, 1200), ylim=(0, 104), yticks=(0, 50, 100), xticks=(1, 10, 100, 1000))
    chart.set_xticklabels(["1", "10", "100", "1000"])
    say(axes, 223, 12, f"strongest activations counted, of {SAMPLES}", theme)
    say(axes, 26, 92, "caused by the\nprimary feature, %", theme, rotation=90, linespacing=1.3)


def _top(data: Data) -> Estimate:
    """Mean over models with shared neurons; undefined unless the models explain enough of the loss of constant outputs."""
    if data["loss"].mean() > (1 - EXPLAINED) * data["blind"]:
        return undefined(data["loss"].size)
    shares = data["caused"][:, RANKS.index(TOP)]
    shares = shares[~np.isnan(shares)]
    return mean(shares) if shares.size else undefined(data["loss"].size)


def _rows(data: Data) -> list[dict[str, str]]:
    """Share of the strongest activations that the primary feature causes, a row per number of activations."""
    return [
        {"strongest activations": f"{rank}", "caused by the primary feature": f"{np.nanmean(data['caused'][:, k]):.0%}"}
        for k, rank in enumerate(RANKS)
        if not np.isnan(data["caused"][:, k]).all()
    ]


CLAIMS = (
    Claim(
        id="C81",
        text="A shared neuron has a primary feature and secondary ones, and its top activations make it look like a neuron of "
        "one feature.",
        source="Computation in Superposition",
        paper="one might think such a neuron monosemantic from its top activations",
        quantity="mean share of the 20 strongest activations of a shared neuron, of 16,384, to which its primary feature "
        "contributes most, at density 0.03; undefined unless models explain at least 90 percent of the loss of constant outputs",
        measure=_top,
        holds=Range(low=0.8),
        rows=_rows,
    ),
)
