"""W5: the number of features that fit, against the bound of compressed sensing, and a premise of the bound that models miss."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.shared.uniform import RECIPE
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import dimensions_per_feature, gram, represented
from sup.results import Trained
from sup.specs import Run
from sup.statistics import Estimate, distance, mean, undefined, worst
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="W5",
    title="How many features fit in how many dimensions",
    alt="Left: represented features against hidden dimensions, both on logarithmic axes, near a straight line of slope one for "
    "each of four densities; sparser features lie higher. Right: features per dimension against the density, beside the curve "
    "of the bound.",
    source="Related Work; Appendix: Compressed Sensing",
    note="The paper proves a bound and shows no figure. Models have eight features for each of 10, 20 or 40 dimensions, all "
    "equally important; |W|_F^2 counts those that are represented. The recipe is that of the models of uniform "
    "superposition: at a constant rate of 0.001 the wide models are trained too little, which says nothing about how many "
    "features fit.",
)
DENSITIES = (0.5, 0.3, 0.2, 0.1)
WIDTHS = (10, 20, 40)
PER_DIMENSION = 8
CLAIMED = 0.1


def needs(size: Size) -> dict[str, Sweep]:
    """For each width, models of eight features a dimension at four densities."""
    dense, recipe = Independent(density=1.0), replace(RECIPE, steps=size.steps)

    def models(width: int) -> Sweep:
        base = Run(model="relu-output", n_features=PER_DIMENSION * width, n_hidden=width, distribution=dense, recipe=recipe)
        return sweep(base, density=DENSITIES, seed=replicates(size.seeds))

    return {str(width): models(width) for width in WIDTHS}


def reduce(runs: Runs) -> Data:
    """Counts of features at each width, and errors on the worst and on typical inputs."""
    count = np.array([[_count(runs[str(width)].where(density=p)) for p in DENSITIES] for width in WIDTHS])
    log = np.log(WIDTHS) - np.log(WIDTHS).mean()
    slope = np.einsum("w,wps->ps", log, np.log(count)) / (log @ log)
    trained = runs["10"].where(density=CLAIMED)
    bound = [1 / (-p * np.log(p)) for p in DENSITIES]
    worst_pair = [_worst_pair(W, b) for W, b in zip(trained["W"], trained["b"], strict=True)]
    at = f"at density {CLAIMED:g} in 10 dimensions"
    typical = trained["final_loss"] * 3 / CLAIMED
    arrays = {
        "width": array(WIDTHS, "size", "hidden dimensions"),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "count": array(count, "size density seed", "represented features, counted by |W|_F^2"),
        "slope": array(slope, "density seed", "exponent with which represented features grow with hidden dimensions"),
        "bound": array(bound, "density", "features per dimension that the bound allows, up to a constant: 1 / (p ln 1/p)"),
        "worst_pair": array(
            worst_pair,
            "seed",
            f"squared error over squared norm of the worst input with two fully active represented features, {at}",
        ),
        "typical": array(typical, "seed", f"mean squared error of samples over their mean squared norm, {at}"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {"worst_pair": estimated(_worst(data), percent=True), "typical": estimated(mean(data["typical"]), percent=True)}
    for k, density in enumerate(DENSITIES):
        constant = float(data["bound"][k] * WIDTHS[-1] / data["count"][-1, k].mean())
        values[f"constant_{density:g}"] = Value(value=constant)
        values[f"slope_{density:g}"] = Value(value=float(data["slope"][k].mean()))
    return values


def _count(trained: Trained) -> np.ndarray:
    """|W|_F^2 (run) of each model."""
    return trained.runs[0].n_hidden / dimensions_per_feature(trained["W"])


def _worst_pair(W: np.ndarray, b: np.ndarray) -> float:
    """The largest |x - x'|^2 / |x|^2 over inputs x with two represented features of size 1; nan without two.

    A feature that is not represented is lost in any case.
    """
    products, kept = gram(W[None])[0], np.flatnonzero(represented(W[None])[0])
    if len(kept) < 2:
        return math.nan
    first, second = kept[np.array(np.triu_indices(len(kept), 1))]
    x = np.zeros((len(first), W.shape[1]))
    x[np.arange(len(first)), first] = x[np.arange(len(first)), second] = 1.0
    errors = ((np.maximum(x @ products + b, 0.0) - x) ** 2).sum(axis=1)
    return float(errors.max() / 2)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Features against dimensions for each density, and features per dimension beside the bound's curve."""
    drawn = figure(height=2.9)
    left, right = drawn.subplots(1, 2)
    width = data["width"]
    for k, density in enumerate(data["density"]):
        counts, colour = data["count"][:, k], theme.groups[k]
        left.plot(width, counts, "o", color=colour, ms=3, alpha=0.6)
        left.plot(width, counts[-1].mean() * width / width[-1], color=colour, lw=1.0)
        left.text(42.4, counts[-1].mean(), f"{density:g}", color=theme.ink, fontsize=8, va="center")
    left.set(xscale="log", yscale="log", xlim=(9, 54), xlabel="hidden dimensions", ylabel="represented features")
    left.set(xticks=width, xticklabels=[str(w) for w in width], yticks=(20, 50, 100, 200), yticklabels=("20", "50", "100", "200"))
    left.minorticks_off()
    left.set_title("Lines in proportion, by density")
    per = data["count"] / width[:, None, None]
    for k, marker in enumerate("os^"):
        right.plot(data["density"], per[k].mean(axis=1), marker, color=theme.superposed, ms=4, label=f"m = {width[k]}")
    p = np.linspace(0.09, 0.55, 100)
    right.plot(p, 1 / (-p * np.log(p)), color=theme.muted, label="$1 / (p \\ln 1/p)$")
    right.set(xscale="log", xlim=(0.56, 0.088), ylim=(0, None), xlabel="density $p = 1-S$", ylabel="features per dimension")
    right.set(xticks=data["density"], xticklabels=[f"{density:g}" for density in data["density"]])
    right.minorticks_off()
    right.legend(loc="upper left")
    return drawn


def _linear(data: Data) -> Estimate:
    """Largest difference from 1, over densities, of the exponent with which features grow with dimensions."""
    slopes = data["slope"]
    return worst([distance(mean(row, among=len(slopes)), 1.0) for row in slopes]).over(slopes.size * len(WIDTHS))


def _rows(data: Data) -> list[dict[str, str]]:
    """Exponents, and the constant C in m = C n p ln(1/p) for n represented features, a row per density."""
    return [
        {
            "density": f"{density:g}",
            "exponent": f"{data['slope'][k].mean():.3f}",
            "features per dimension": f"{data['count'][-1, k].mean() / WIDTHS[-1]:.2f}",
            "constant of the bound": f"{data.values[f'constant_{density:g}'].value:.2f}",
        }
        for k, density in enumerate(DENSITIES)
    ]


def _worst(data: Data) -> Estimate:
    known = data["worst_pair"][~np.isnan(data["worst_pair"])]
    return mean(known) if known.size else undefined(data["worst_pair"].size)


CLAIMS = (
    Claim(
        id="C90",
        text="At a given density, the number of features is linear in the number of dimensions.",
        source="Related Work: Compressed Sensing",
        paper="m = Omega(-n (1-S) log(1-S))",
        quantity="worst difference from 1, over four densities, of the exponent with which represented features grow from 10 to "
        "40 dimensions",
        measure=_linear,
        holds=Range(high=0.1),
        rows=_rows,
        cause="One density of four, 0.5, where features have only begun to share dimensions and larger models hold fewer of them "
        "for each dimension. At the other three the exponents are within a twentieth of one. Longer training was not tried.",
    ),
    Claim(
        id="C92",
        text="The bound supposes that all sparse inputs are recovered; trained toy models do not do that.",
        source="Appendix: Compressed Sensing",
        paper="the hypothesis is stronger than what toys do",
        quantity="squared error over squared norm of the worst input with two fully active features, both of them represented, "
        "10 dimensions at density 0.1",
        measure=_worst,
        holds=Range(low=0.5),
    ),
)
