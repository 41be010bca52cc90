"""F11: the linear model's loss is the sum of feature benefit and interference, and superposition never pays."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.demonstrating.polygons import COUNTS, FEATURES, IMPORTANCE, arrangement, cost_bars, glyphs
from figures.style import TEXT_WIDTH, Theme, themed
from sup.geometry import gram, unit_columns
from sup.linear_loss import (
    best_linear_bias,
    coherence,
    linear_gradient,
    linear_terms,
    lowest_linear_terms,
    uniform_moments,
)
from sup.statistics import exact
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F11",
    title="In the linear model, interference costs what superposition gains",
    alt="Left: bars of the loss for none to five features spread evenly over two dimensions, each at its best length. The loss "
    "falls down to two features; from three on, interference more than outweighs the gain. Right: the loss per variance for "
    "none, one, two and five features, sampled at densities from 1 to 0.01, lies on the levels that the formula gives.",
    source="Mathematical Understanding",
    note="An equation in the paper. The bars use F1's importances.",
)
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01)
SHOWN = {"none represented": 0, "one": 1, "two, at a right angle": 2, "five, a pentagon": FEATURES}
"""The sampled arrangements: name and number of features."""
SAMPLES, STARTS, CHECKS = 200_000, 100, 50


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is about formulas."""
    return {}


def reduce(runs: Runs) -> Data:
    """The bars, the sampled levels, and the checks behind the claims. Losses are in units of the features' variance."""
    best = [_at_best_length(arrangement(count)) for count in COUNTS]
    terms = linear_terms(np.concatenate([W for W, _ in best]), IMPORTANCE)
    sampled = np.stack([_sampled([best[count][0] for count in SHOWN.values()], density) for density in DENSITIES], axis=1)
    ends, excess = _descents()
    arrays = {
        "length": array([length for _, length in best], "arrangement", "best length of none to five features, 1 for none"),
        "benefit": array(terms.benefit, "arrangement", "benefit term of the loss per variance"),
        "interference": array(terms.interference, "arrangement", "interference term of the loss per variance"),
        "level": array(
            terms.total[list(SHOWN.values())], "arrangement", "loss per variance by the formula, none, one, two and five features"
        ),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "sampled": array(sampled[:, :, 0], "arrangement density", "sampled loss per variance of the same arrangements"),
        "error": array(sampled[:, :, 1], "arrangement density", "standard error of the sampled loss per variance"),
        "two_parts": array(_against_enumeration(), "check", "relative difference of the formula from the enumerated loss"),
        "ends": array(ends, "check", "interference where a descent from random weights ends"),
        "excess": array(excess, "check", "loss above the lowest one where a descent from random weights ends"),
        "norms": array(_against_norms(), "check", "relative difference of interference or coherence from its norm, the larger"),
    }
    floor = lowest_linear_terms(2, IMPORTANCE)
    values = {"lowest": Value(value=floor, digits=3), "starts": Value(value=float(STARTS), digits=3)}
    for count in COUNTS:
        values[f"total_{count}"] = Value(value=float(terms.total[count]), digits=3)
    return Data(arrays=arrays, values=values)


def _at_best_length(W: np.ndarray) -> tuple[np.ndarray, float]:
    """W (1, 2, feature) with unit or zero columns, rescaled to the length with the lowest loss, and this length; 1 if W is zero.

    With squared length a the loss is A (1 - a)^2 + Q a^2 + rest, where A is the sum of the represented features' importances and
    Q the interference at unit length; so a = A / (A + Q).
    """
    represented = float(IMPORTANCE @ (W[0] ** 2).sum(axis=0))
    length = float(np.sqrt(represented / (represented + linear_terms(W, IMPORTANCE).interference[0]))) if represented else 1.0
    return length * W, length


def _sampled(models: list[np.ndarray], density: float) -> np.ndarray:
    """Mean and standard error (model, 2) of the loss on samples, with the best bias, in units of the features' variance."""
    rng = np.random.default_rng(round(1 / density))
    x = rng.random((SAMPLES, FEATURES)) * (rng.random((SAMPLES, FEATURES)) < density)
    rows = []
    for W in models:
        residual = x @ (np.eye(FEATURES) - gram(W)[0]) - best_linear_bias(W, density)[0]
        losses = residual**2 @ IMPORTANCE / uniform_moments(density)[1]
        rows.append((losses.mean(), losses.std() / np.sqrt(SAMPLES)))
    return np.array(rows)


def _against_enumeration() -> np.ndarray:
    """Relative differences of random models' two-part loss from the loss enumerated over Gauss-Hermite nodes of each feature.

    Three nodes per feature are exact: the loss is quadratic in x, and the nodes have a Gaussian's moments up to the fifth.
    """
    nodes, masses = np.sqrt(3) * np.array([0.0, 1.0, -1.0]), np.array([2 / 3, 1 / 6, 1 / 6])
    x = np.array(list(itertools.product(nodes, repeat=FEATURES)))
    chance = np.array([np.prod(mass) for mass in itertools.product(masses, repeat=FEATURES)])
    rng, differences = np.random.default_rng(1), []
    for _ in range(CHECKS):
        W = rng.normal(size=(1, 2, FEATURES))
        enumerated = chance @ (((x - x @ W[0].T @ W[0]) ** 2) @ IMPORTANCE)
        differences.append(abs(linear_terms(W, IMPORTANCE).total[0] / enumerated - 1))
    return np.array(differences)


def _descents() -> tuple[np.ndarray, np.ndarray]:
    """Interference, and excess over the lowest loss, where descents of the two-part loss from random starts end; each (start)."""
    from scipy.optimize import minimize

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        W = flat.reshape(STARTS, 2, FEATURES)
        return float(linear_terms(W, IMPORTANCE).total.sum()), linear_gradient(W, IMPORTANCE).ravel()

    start = np.random.default_rng(2).normal(size=STARTS * 2 * FEATURES)
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 10_000, "maxfun": 100_000}
    # minimises the sum over starts; its terms share no parameters, so at its minimum each is at one of its own
    minimum = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    terms = linear_terms(minimum.x.reshape(STARTS, 2, FEATURES), IMPORTANCE)
    return terms.interference, terms.total - lowest_linear_terms(2, IMPORTANCE)


def _against_norms() -> np.ndarray:
    """Relative differences, for random unit features, of interference and coherence from norms of their inner products.

    Interference is compared with the squared 2-norm, coherence with the maximum norm; the larger difference counts.
    """
    rng, differences = np.random.default_rng(3), []
    for _ in range(CHECKS):
        W = unit_columns(rng.normal(size=(1, 3, 6)))
        pairs = np.array([W[0, :, i] @ W[0, :, j] for i, j in itertools.permutations(range(6), 2)])
        interference = linear_terms(W, np.ones(6)).interference[0] / np.linalg.norm(pairs) ** 2
        differences.append(max(abs(interference - 1), abs(coherence(W)[0] / np.linalg.norm(pairs, np.inf) - 1)))
    return np.array(differences)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The loss of arrangements of none to five features, and the formula's levels beside samples."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, 3.1), facecolor="none")
    left = drawn.add_axes((0.075, 0.33, 0.44, 0.55))
    cost_bars(left, data, theme)
    left.set(ylabel="loss / variance", title="Five features, two dimensions")
    glyphs(drawn, left, data["length"], theme)
    right = drawn.add_axes((0.625, 0.19, 0.36, 0.69))
    colours = (theme.muted, theme.ink, theme.dedicated, theme.superposed)
    for k, (name, colour) in enumerate(zip(SHOWN, colours, strict=True)):
        level, error = data["level"][k], 2 * data["error"][k]
        right.axhline(level, color=colour, lw=1.2)
        right.errorbar(data["density"], data["sampled"][k], error, fmt="o", color=colour, ms=3.5, lw=1)
        below = name.startswith("two")
        right.text(1.3, level - 0.06 if below else level + 0.06, name, color=colour, fontsize=8, va="top" if below else "bottom")
    right.set(xscale="log", xlim=(1.4, 0.007), ylim=left.get_ylim(), xlabel="density $1-S$", ylabel="loss / variance")
    right.set(xticks=data["density"], xticklabels=[f"{density:g}" for density in data["density"]])
    right.minorticks_off()
    right.set_title("Formula (lines), samples (dots)")
    return drawn


CLAIMS = (
    Claim(
        id="C14",
        text="The linear model's loss is the sum of a feature benefit and an interference term.",
        source="Mathematical Understanding",
        paper="a formula, derived for Gaussian features",
        quantity="largest relative difference of the formula from the enumerated loss of Gaussian features, 50 random models",
        measure=lambda data: exact(data["two_parts"].max()),
        holds=Range(high=1e-9),
    ),
    Claim(
        id="C15",
        text="Superposition is never worthwhile for the linear model.",
        source="Mathematical Understanding",
        paper="no interference at any optimum",
        quantity="largest interference, or loss above that of the two most important features alone, where 100 descents end",
        measure=lambda data: exact(np.maximum(np.abs(data["excess"]), data["ends"]).max()),
        holds=Range(high=1e-6),
    ),
    Claim(
        id="C20",
        identity=True,
        text="Interference in the linear model is to the squared 2-norm what coherence is to the maximum norm.",
        source="Mathematical Understanding, footnote",
        paper="interference as the squared L2 analogue of coherence",
        quantity="largest relative difference of either from its norm of the inner products of unit features, 50 random models",
        measure=lambda data: exact(data["norms"].max()),
        holds=Range(high=1e-9),
    ),
)
