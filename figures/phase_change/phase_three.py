"""F14: three features in two dimensions; the outcome of one of them by its importance and by density."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, array
from figures.phase_change.maps import four_maps
from figures.phase_change.phase_two import SOURCE
from figures.shared import phases
from figures.style import Theme, themed
from sup.phases import boundary_density, solution_losses, solutions
from sup.sparse_loss import losses_by_active_count, parts_by_active_count
from sup.statistics import Estimate, exact, least
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F14",
    title="Three features in two dimensions: a phase diagram",
    alt="Four maps as in the figure before. In theory the extra feature is not represented where it is unimportant and dense, "
    "superposed below that, and dedicated wherever it is more important than the others. The best trained models show the same "
    "regions, and so do averages, with more cells between the pure colours.",
    source=SOURCE,
    note="Trained and averaged as the figure before; the paper does not say whether this map was made like that one. Single "
    "models of this size often end in a worse arrangement, so beside the average stands the best of ten by expected loss.",
)


TITLES = {"found": "average", "most_found": "majority of fits", "best_found": "best fit"}


def needs(size: Size) -> dict[str, Sweep]:
    """`models`: several fits for each cell of the map; `small`: the fits of F13, which the claim on the theory also uses."""
    return {"models": phases.models(3, size), "small": phases.models(2, size)}


def reduce(runs: Runs) -> Data:
    """The maps, the arrays behind the agreement of F13, and the checks of the theory."""
    maps, small = phases.maps(runs["models"]), phases.maps(runs["small"])
    names = ("found", "most_found", "best_found", "theory", "away", "fits")
    arrays = {
        **maps.arrays,
        **{f"small_{name}": replace(small.arrays[name], text=f"{small.arrays[name].text}; models of F13") for name in names},
        "closed": array(_closed(), "check", "difference of a closed loss from integration"),
        "sides": array(_sides(), "importance density", "the boundaries name the solution with the lowest closed loss"),
    }
    return Data(arrays=arrays, values=maps.values)


def _closed() -> np.ndarray:
    """Differences of the closed losses from integrals, over densities, importances and solutions."""
    differences = []
    for k, solution in enumerate(solutions(3)):
        for r in (0.1, 0.5, 1.0, 2.0, 10.0):
            for p in (0.01, 0.1, 0.5, 1.0):
                b = np.zeros(3)
                if solution.dropped is not None:
                    b[solution.dropped] = p / 2
                losses = losses_by_active_count(np.array(solution.W, np.float64), b, np.array([1.0, 1.0, r]))
                differences.append(abs(parts_by_active_count(losses, p).sum() - solution_losses(3, p, r)[k]))
    return np.array(differences)


def _sides() -> np.ndarray:
    """Whether the boundaries predict the solution with the lowest closed loss, on a grid that avoids them."""
    p, r = np.meshgrid(np.linspace(0.012, 0.997, 60), np.logspace(-1, 1, 60))
    lowest = np.argmin(solution_losses(3, p, r), axis=0)
    paired = p < boundary_density(3, r)
    return lowest == np.where(paired, np.where(r < 1, 2, 3), np.where(r < 1, 0, 1))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Maps of the theory, the best models, the averages and the strayed fits of three features in two dimensions."""
    return four_maps(data, 3, theme)


def _small(data: Data) -> Data:
    """The arrays of F13's map, under their names in F13."""
    return Data(arrays={name.removeprefix("small_"): part for name, part in data.arrays.items() if name.startswith("small_")})


def _both(data: Data) -> Estimate:
    return least([phases.agreement(one, among=2) for one in (data, _small(data))])


def _rows(data: Data) -> list[dict[str, str]]:
    """The agreement of both maps, for averages and for best models."""
    rows = []
    for name, one in (("n=2, m=1", _small(data)), ("n=3, m=2", data)):
        cells = {title: phases.agreement(one, key) for key, title in TITLES.items()}
        everywhere = float((one["best_found"] == one["theory"]).mean())
        row = {
            "map": name,
            **{title: f"{e.value:.1%} [{100 * e.low:.1f}, {100 * e.high:.1f}]" for title, e in cells.items()},
            "cells": f"{int(one['away'].sum())}",
            "best fit, cells near a boundary as well": f"{everywhere:.1%}",
        }
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C24",
        text="Trained models show the phases that the theory predicts.",
        source=SOURCE,
        paper="observed in both the empirical and theoretical diagrams",
        quantity="share of cells a factor of 1.25 off every boundary whose average norm and score are in the theory's phase, the "
        "lower of F13's and F14's; the cells are the replicates",
        measure=_both,
        holds=Range(low=0.9),
        rows=_rows,
    ),
    Claim(
        id="C26",
        text="With three features in two dimensions the less important ones share, so the extra one only if it matters less.",
        source=SOURCE,
        paper="the extra one's pair costs (1 + r) p^2/6, that of the others p^2/3",
        quantity="largest difference of the four closed losses from integrals, or 1 if one is lowest where it should not be",
        measure=lambda data: exact(max(data["closed"].max(), float(not data["sides"].all()))),
        holds=Range(high=1e-9),
    ),
)
