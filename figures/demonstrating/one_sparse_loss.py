"""F12: the cost of superposition to a ReLU model when one feature is active at a time, as is usual with sparse features."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.demonstrating.polygons import COUNTS, FEATURES, IMPORTANCE, arrangement, cost_bars, glyphs
from figures.style import TEXT_WIDTH, Theme, themed
from sup.geometry import gram, unit_columns
from sup.linear_loss import pair_energy
from sup.sparse_loss import (
    fully_active_terms,
    leaked_error,
    losses_by_active_count,
    one_sparse_terms,
    parts_by_active_count,
)
from sup.statistics import exact
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F12",
    title="With one feature active at a time, superposition is cheap",
    alt="Left: what one feature costs another's output, against the product of their directions. Negative products cost nothing, "
    "positive ones less and less as the bias falls, and small ones then nothing. Middle: bars of the 1-sparse loss for none to "
    "five features in two dimensions; each further feature lowers it. Right: as features become sparser, samples with one active "
    "feature take over the loss of the pentagon.",
    source="Mathematical Understanding",
    note="An equation in the paper. The bars use F1's importances; each arrangement has its best length and bias, and features "
    "that are not represented have no bias.",
)
BIASES = (0.0, -0.2, -0.4)
DENSITIES = np.logspace(-4, 0, 33)
TABLE = (1.0, 0.1, 0.01)
ALMOST_ALL, SPARSEST = 0.9, 0.001
"""Share of the loss that counts as almost all of it, and the lowest density of the paper's figures."""
SAMPLES, CHECKS = 200_000, 40


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is about formulas."""
    return {}


def reduce(runs: Runs) -> Data:
    """The arrays of the three panels, and the checks behind the claims."""
    data = Data(arrays={**_leak_arrays(), **_cost_arrays(), **_checks()})
    return replace(data, values=_values(data))


def _leak_arrays() -> dict[str, Array]:
    """The cost of interference: curves in closed form, and dots by quadrature."""
    slope, dots = np.linspace(-1, 1, 201), np.linspace(-0.9, 0.9, 19)
    leak = [leaked_error(slope, bias) for bias in BIASES]
    dot_leak = [[_quadrature(c, bias, 0.0) for c in dots] for bias in BIASES]
    biases = ", ".join(f"{bias:g}" for bias in BIASES)
    return {
        "slope": array(slope, "point", "product of two features' directions"),
        "leak": array(leak, "line point", f"cost of one feature to another's output, biases {biases}"),
        "dot_slope": array(dots, "point", "product of two features' directions at the dots"),
        "dot_leak": array(dot_leak, "line point", f"cost at the dots by quadrature, biases {biases}"),
    }


def _cost_arrays() -> dict[str, Array]:
    """The loss of each arrangement, and the pentagon's loss by the number of active features."""
    fits = [_fit(count) for count in COUNTS]
    terms = one_sparse_terms(np.concatenate([W for W, _ in fits]), np.concatenate([b for _, b in fits]), IMPORTANCE)
    W, b = fits[FEATURES][0][0], fits[FEATURES][1][0]
    losses = losses_by_active_count(W, b, IMPORTANCE)
    part, table_part = (
        np.stack([parts_by_active_count(losses, density) for density in densities], axis=1) for densities in (DENSITIES, TABLE)
    )
    sampled = np.array([_sampled(W, b, density) for density in TABLE])
    reach = np.array(_reach(losses))
    length, bias = [np.linalg.norm(fit[0][0, :, 0]) for fit in fits], [fit[1][0, 0] for fit in fits]
    table = ", ".join(f"{density:g}" for density in TABLE)
    return {
        "length": array(length, "arrangement", "best length of the features of each arrangement, 0 without any"),
        "bias": array(bias, "arrangement", "best bias of the features of each arrangement, 0 without any"),
        "benefit": array(terms.benefit, "arrangement", "benefit term of the 1-sparse loss"),
        "interference": array(terms.interference, "arrangement", "interference term of the 1-sparse loss"),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "part": array(part, "count density", "what samples with 0 to 5 active features add to the pentagon's loss"),
        "reach": array(
            reach, "", f"density up to which at most one active feature carries {ALMOST_ALL:.0%} of the pentagon's loss"
        ),
        "table_part": array(table_part, "count density", f"what samples with 0 to 5 active features add, densities {table}"),
        "table_sampled": array(sampled[:, 0], "density", f"sampled loss of the pentagon, densities {table}"),
        "table_error": array(sampled[:, 1], "density", f"standard error of the sampled loss, densities {table}"),
    }


def _checks() -> dict[str, Array]:
    return {
        "quadrature": array(_against_quadrature(), "check", "difference of the closed 1-sparse loss from quadrature"),
        "energy": array(_against_energy(), "check", "difference of interference at x = 1 from the energy of points on a sphere"),
        "free": array(_free_where_it_should_be(), "row column", "cost is zero just if product (row) + bias (column) <= 0"),
    }


def _values(data: Data) -> dict[str, Value]:
    values = {
        "pentagon_length": Value(value=float(data["length"][FEATURES]), digits=3),
        "pentagon_bias": Value(value=float(data["bias"][FEATURES]), digits=3),
        "one_sparse_share": Value(value=100 * float(data["part"][:2, 0].sum() / data["part"][:, 0].sum()), unit="%", digits=3),
        "sparsest": Value(value=float(data["density"][0]), digits=1),
        "reach": Value(value=float(data["reach"])),
    }
    for count in COUNTS:
        values[f"total_{count}"] = Value(value=float(data["benefit"][count] + data["interference"][count]), digits=2)
    return values


def _reach(losses: np.ndarray) -> float:
    """The density at which samples with at most one active feature carry `ALMOST_ALL` of the loss; by bisection, for they carry
    less of it the denser features are.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        part = parts_by_active_count(losses, middle)
        low, high = (middle, high) if part[:2].sum() >= ALMOST_ALL * part.sum() else (low, middle)
    return low


def _fit(count: int) -> tuple[np.ndarray, np.ndarray]:
    """W (1, 2, feature) and b (1, feature) of `count` features spread evenly, at the length and bias with the lowest L_1.

    Biases are at most zero: a positive one would cost L_0, which dominates when features are sparse.
    """
    from scipy.optimize import minimize

    mask = np.arange(FEATURES)[None] < count

    def loss(fit: np.ndarray) -> float:
        return float(one_sparse_terms(fit[0] * arrangement(count), fit[1] * mask, IMPORTANCE).total[0])

    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 2000}
    fits = [
        minimize(loss, start, method="Nelder-Mead", bounds=((0.1, 3), (-3, 0)), options=options)
        for start in ((1.0, 0.0), (1.2, -0.3))
    ]
    length, bias = min(fits, key=lambda fit: float(fit.fun)).x if count else (1.0, 0.0)
    return length * arrangement(count), bias * mask


def _quadrature(slope: float, bias: float, target: float) -> float:
    """int_0^1 (target x - ReLU(slope x + bias))^2 dx by adaptive quadrature, split where the line crosses zero."""
    from scipy.integrate import quad

    def error(x: float) -> float:
        return (target * x - max(0.0, slope * x + bias)) ** 2

    root = -bias / slope if slope else -1.0
    value, _ = quad(error, 0, 1, points=[root] if 0 < root < 1 else None, epsabs=1e-13, epsrel=1e-12)
    return float(value)


def _sampled(W: np.ndarray, b: np.ndarray, density: float) -> tuple[float, float]:
    """Mean and standard error of the ReLU model's loss on samples."""
    rng = np.random.default_rng(0)
    x = rng.random((SAMPLES, FEATURES)) * (rng.random((SAMPLES, FEATURES)) < density)
    losses = ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2) @ IMPORTANCE
    return float(losses.mean()), float(losses.std() / np.sqrt(SAMPLES))


def _against_quadrature() -> np.ndarray:
    """Differences of random models' 1-sparse loss in closed form from its integrals by quadrature."""
    rng, differences = np.random.default_rng(1), []
    for _ in range(CHECKS):
        W, b = rng.normal(0, 0.8, (1, 2, FEATURES)), rng.normal(-0.1, 0.4, (1, FEATURES))
        products = gram(W)[0]
        integrals = [
            IMPORTANCE[j] * _quadrature(float(products[j, i]), float(b[0, j]), float(i == j))
            for i in range(FEATURES)
            for j in range(FEATURES)
        ]
        differences.append(abs(one_sparse_terms(W, b, IMPORTANCE).total[0] - sum(integrals)))
    return np.array(differences)


def _against_energy() -> np.ndarray:
    """Differences of the interference at x_i = 1 from the energy of points on a sphere; features have norm one or zero."""
    rng, differences = np.random.default_rng(2), []
    for _ in range(CHECKS):
        W = unit_columns(rng.normal(size=(1, 3, 8))) * (rng.random(8) < 0.7)
        interference = fully_active_terms(W, np.zeros((1, 8)), np.ones(8)).interference[0]
        differences.append(abs(interference - pair_energy(W)[0]))
    return np.array(differences)


def _free_where_it_should_be() -> np.ndarray:
    """On a grid of products c in [-1, 1] and biases b in [-1, 0]: whether interference costs nothing exactly when c <= -b."""
    products, biases = np.linspace(-1, 1, 81)[:, None], np.linspace(-1, 0, 41)[None, :]
    return (leaked_error(products, biases) == 0) == (products <= -biases)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The cost of interference, the loss of arrangements, and the loss by the number of active features."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, 3.0), facecolor="none")
    _leaks(drawn.add_axes((0.07, 0.19, 0.24, 0.68)), data, theme)
    middle = drawn.add_axes((0.40, 0.34, 0.27, 0.53))
    cost_bars(middle, data, theme)
    middle.set(ylabel="1-sparse loss $L_1$", title="Five features, two dimensions")
    glyphs(drawn, middle, data["length"], theme)
    _parts(drawn.add_axes((0.755, 0.19, 0.215, 0.68)), data, theme)
    return drawn


def _leaks(axes: "Axes", data: Data, theme: Theme) -> None:
    """Curves in closed form, dots by quadrature, and the linear model's parabola."""
    slope, dots, colours = data["slope"], data["dot_slope"], theme.groups
    axes.axvspan(-1, 0, color=theme.surface, lw=0)
    axes.plot(slope, slope**2 / 3, color=theme.muted, lw=1, ls=(0, (3, 2)))
    axes.text(-0.82, 0.27, "linear\nmodel", fontsize=8, color=theme.muted, ha="left", va="center")
    for k, bias in enumerate(BIASES):
        axes.plot(slope, data["leak"][k], color=colours[k])
        axes.plot(dots, data["dot_leak"][k], "o", color=colours[k], ms=2.4)
        axes.text(0.06, 0.30 - 0.03 * k, f"$b = {bias:g}$", fontsize=8, color=colours[k], ha="left", va="center")
    axes.set(xlim=(-1, 1), ylim=(-0.006, 0.345), xticks=(-1, 0, 1), yticks=(0, 0.1, 0.2, 0.3))
    axes.set(xlabel="product $W_j \\cdot W_i$", ylabel="cost to output $j$", title="Interference of one feature")


def _parts(axes: "Axes", data: Data, theme: Theme) -> None:
    """Bands for the shares of the loss by the number of active features, with their names."""
    density, part = data["density"], data["part"] / data["part"].sum(axis=0)
    bands = np.stack([part[:2].sum(axis=0), part[2], part[3:].sum(axis=0)])
    axes.stackplot(density, bands, colors=(theme.dedicated, theme.interference, theme.grid), lw=0)
    one, two = len(density) // 3, int(bands[1].argmax())
    for name, at, height in (("one active", one, bands[0, one] / 2), ("two", two, bands[0, two] + bands[1, two] / 2)):
        axes.text(density[at], height, name, fontsize=8, color=theme.background, ha="center", va="center")
    axes.text(0.8, 0.94, "more", fontsize=8, color=theme.ink, ha="left", va="center")
    axes.set(xscale="log", xlim=(1, 1e-4), ylim=(0, 1), xticks=(1, 1e-2, 1e-4), yticks=(0, 0.5, 1))
    axes.set(xticklabels=("1", "0.01", "0.0001"), xlabel="density $1-S$", ylabel="share of the loss")
    axes.minorticks_off()
    axes.set_title("Loss of the pentagon")


def _composed_rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for k, density in enumerate(TABLE):
        part = data["table_part"][:, k]
        row = {
            "density": f"{density:g}",
            "composed loss": f"{part.sum():.3g}",
            "sampled loss": f"{data['table_sampled'][k]:.3g} ± {1.96 * data['table_error'][k]:.1g}",
            "from at most one active feature": f"{part[:2].sum() / part.sum():.1%}",
        }
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C16",
        text="The loss adds up over numbers of active features; when features are sparse, none and one carry almost all of it.",
        source="Mathematical Understanding",
        paper="L_1 and L_0 dominate as S approaches 1",
        quantity="highest density at which samples with at most one active feature carry 90 % of a pentagon's loss, where "
        "the paper's figures go down to 0.001",
        measure=lambda data: exact(float(data["reach"])),
        holds=Range(low=SPARSEST),
        rows=_composed_rows,
    ),
    Claim(
        id="C17",
        text="The 1-sparse loss has a closed form: a benefit term and an interference term for each pair of features.",
        source="Mathematical Understanding",
        paper="two sums of integrals",
        quantity="largest difference of the closed form from adaptive quadrature, over 40 random models",
        measure=lambda data: exact(data["quadrature"].max()),
        holds=Range(high=1e-9),
    ),
    Claim(
        id="C18",
        identity=True,
        text="With norms zero or one, no biases and equal importances, interference is a generalised Thomson problem.",
        source="Mathematical Understanding",
        paper="a generalised Thomson problem",
        quantity="largest difference of interference at x = 1 from the energy of points on a sphere that repel, 40 random models",
        measure=lambda data: exact(data["energy"].max()),
        holds=Range(high=1e-9),
    ),
    Claim(
        id="C19",
        identity=True,
        text="With one feature active, negative interference is free, and a negative bias frees small positive interference.",
        source="Mathematical Understanding",
        paper="free in the 1-sparse case",
        quantity="share of products in [-1, 1] and biases in [-1, 0] whose cost is zero just if product + bias is not above zero",
        measure=lambda data: exact(data["free"].mean()),
        holds=Range(low=1.0),
    ),
)
