"""F13: two features in one dimension; the outcome of one of them by its importance and by density."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.phase_change.maps import four_maps
from figures.shared import phases
from figures.style import Theme, themed
from sup.geometry import REPRESENTED, feature_norms, superposition_score
from sup.phases import ABSENT, APEX, DEDICATED, SUPERPOSED, outcome, solution_losses, solutions
from sup.results import Trained
from sup.statistics import Estimate, exact, share
from sup.sweeps import Sweep
from sup.two_features import two_feature_loss
from sup.two_minima import crossing, minima

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "Superposition as a Phase Change"
ABOUT = About(
    label="F13",
    title="Two features in one dimension: a phase diagram",
    alt="Four maps over importance, from a tenth to ten times, and density, from 0.01 to 1. In theory an upper left region, "
    "where the extra feature is not represented, and an upper right one, where it has the dimension to itself, meet over a "
    "region of superposition, which rises to a point at equal importance and a density of four sevenths. The maps of the best "
    "trained models and of averages show the same three regions. The last map shows where fits end in another phase than the "
    "best one.",
    source=SOURCE,
    note="As in the paper ten models are trained for each cell and the one with the highest loss is left out; whether it "
    "averaged norms and scores, as here, or colours, it does not say; how many of the fits strayed is shown, too. Losses are "
    "expected ones, not sampled. The paper's grid of about 200 by 200 is coarser here. The recipe is not the paper's, which is "
    "unknown: it has the lowest final loss of some forty at equal numbers of samples, on other seeds.",
)


def needs(size: Size) -> dict[str, Sweep]:
    """`models`: several fits for each cell of the map."""
    return {"models": phases.models(2, size)}


def reduce(runs: Runs) -> Data:
    """The maps, and the checks of the theory."""
    maps = phases.maps(runs["models"])
    density, importance = np.linspace(0.5, 1, 26), np.logspace(-1, np.log10(0.6), 6)
    lowest = minima(density, np.ones(26), biased=True)
    norms = np.abs(lowest.q[:, 0, :2]).min(axis=1)
    arrays = {
        **maps.arrays,
        "ended": array(
            _ended(runs["models"], maps["norm"].shape), "density importance solution", f"fits by outcome: {phases.OUTCOMES}"
        ),
        "steps": array(runs["models"].runs[0].recipe.steps, "", "updates of each model"),
        "closed": array(_closed(), "check", "difference of a closed loss from the exact integral"),
        "degenerate": array(_degenerate(), "solution", "exact loss of [1, 0], [1, -1]/√2 and [1, 1]/√2, equal dense features"),
        "exact_importance": array(importance, "crossing", "importance of the less important feature"),
        "exact_crossing": array(crossing(importance)[0], "crossing", "density below which a pair has the lower exact loss"),
        "equal_density": array(density, "point", "density of two equal features"),
        "equal_norm": array(norms, "point", "shorter norm of two equal features at their lowest exact loss"),
    }
    data = Data(arrays=arrays)
    values = {
        "equal_superposed": Value(value=float(density[norms >= REPRESENTED].max())),
        "shorter": Value(value=float(norms[-1])),
        "apex": Value(value=APEX, digits=3),
        "least_equal": Value(value=float(lowest.loss[-1, 0]), digits=5),
        "degenerate": Value(value=float(data["degenerate"][0]), digits=5),
        "dense_superposed": estimated(_dense(data), percent=True),
    }
    return replace(data, values={**maps.values, **values})


def _ended(trained: Trained, cells: tuple[int, ...]) -> np.ndarray:
    """How many fits of each cell end in each outcome, shape (density, importance, outcome)."""
    ends = outcome(feature_norms(trained["W"])[:, -1], superposition_score(trained["W"])[:, -1]).reshape(*cells, -1)
    return np.stack([(ends == kind).sum(axis=2) for kind in (ABSENT, DEDICATED, SUPERPOSED)], axis=2)


def _closed() -> np.ndarray:
    """Differences of the closed losses from exact integrals, over densities, importances and solutions."""
    p, r = np.meshgrid(np.linspace(0.01, 1, 25), np.logspace(-1, 1, 25))
    closed = solution_losses(2, p, r)
    differences = []
    for k, solution in enumerate(solutions(2)):
        b = np.zeros((*p.shape, 2))
        if solution.dropped is not None:
            b[..., solution.dropped] = p / 2
        differences.append(np.abs(two_feature_loss(np.array(solution.W[0], np.float64), b, p, r) - closed[k]).ravel())
    return np.concatenate(differences)


def _degenerate() -> np.ndarray:
    """Exact losses at density 1 and importance 1 of [1, 0], [1, -1]/sqrt 2 and [1, 1]/sqrt 2, each with its best linear bias."""
    W = np.array([[1, 0], [np.sqrt(0.5), -np.sqrt(0.5)], [np.sqrt(0.5), np.sqrt(0.5)]])
    b = 0.5 * (1 - W * W.sum(axis=1, keepdims=True))  # makes the mean of each output before the ReLU that of its feature
    return two_feature_loss(W, b, 1.0, 1.0)


def _dense(data: Data) -> Estimate:
    """Share of cells in superposition, by the mean norm and score, among those `phases.NEAR` times denser than the apex."""
    density = data["density"]
    rows = data["found"][density >= min(APEX * phases.NEAR, density.max())]  # at least the densest row, even of a coarse map
    return share(rows == SUPERPOSED).over(int(rows.size * data["fits"]))


def _corners(data: Data, name: str) -> np.ndarray:
    """Whether the extra feature has one of the three outcomes within `phases.CORNER`, by cell; `name` starts the arrays."""
    n, s = data[f"{name}norm"], data[f"{name}score"]
    full = n >= 1 - phases.CORNER
    return np.asarray((n <= phases.CORNER) | (full & (s <= phases.CORNER)) | (full & (s >= 1 - phases.CORNER)))


def _at_corners(data: Data) -> Estimate:
    """Share of cells whose best model has one of the three outcomes for the extra feature."""
    return share(_corners(data, "best_")).over(int(data["away"].size * data["fits"]))


def _regions(data: Data) -> list[dict[str, str]]:
    """The share of cells with one of the three outcomes, away from a boundary and near one, by the best fit and the average."""
    near = ~data["away"]
    rows = []
    for title, cells in (("away from a boundary", ~near), ("near one", near), ("all", near | True)):
        row = {"cells": title, "number": f"{int(cells.sum())}"}
        for name, of in (("best_", "best model"), ("", "average")):
            row[f"one of the three, {of}"] = f"{_corners(data, name)[cells].mean():.1%}" if cells.any() else "none"
        rows.append(row)
    return rows


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Maps of the theory, the best models, the averages and the strayed fits of two features in one dimension."""
    return four_maps(data, 2, theme)


CLAIMS = (
    Claim(
        id="C21",
        text="A feature is ignored, gets a dimension of its own, or is stored in superposition, with little in between.",
        source=SOURCE,
        paper="three outcomes; transitions look discontinuous",
        quantity="share of all cells of the map, near its boundaries and away from them, in which the best fit has the extra "
        "feature's norm and score within 0.25 of one of the three; the cells are the replicates",
        measure=_at_corners,
        holds=Range(low=0.9),
        rows=_regions,
    ),
    Claim(
        id="C22",
        text="The losses of two features in one dimension have simple closed forms.",
        source=SOURCE,
        paper="p/3 - p^2/4 for a dropped feature, (1 + r) p^2/6 for a pair",
        quantity="largest difference of the closed forms from exact integrals, 625 settings and three solutions",
        measure=lambda data: exact(data["closed"].max()),
        holds=Range(high=1e-12),
    ),
    Claim(
        id="C25",
        text="Sparsity is necessary for superposition: on dense features there is none, whatever their importance.",
        source=SOURCE,
        paper="none at high density; the theory's region ends at density 4/7",
        quantity="share of cells in superposition, by the mean norm and score, among those at least 1.25 times denser than the "
        "apex of the theory's region; the cells are the replicates",
        measure=_dense,
        holds=Range(high=0.05),
    ),
    Claim(
        id="C27",
        text="With equal, dense features the choice is degenerate: one alone, opposite ones and aligned ones cost the same.",
        source=SOURCE,
        paper="all three have the loss 1/12",
        quantity="largest difference from 1/12 of the exact losses of [1, 0], [1, -1]/√2 and [1, 1]/√2, at best linear bias",
        measure=lambda data: exact(np.abs(data["degenerate"] - 1 / 12).max()),
        holds=Range(high=1e-12),
    ),
)
