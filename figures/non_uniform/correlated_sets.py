"""F20: features that occur together lie at right angles or side by side, features that exclude each other lie opposite."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from figures.base import GROUP, About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.non_uniform.planes import ANGLE, cosines, exact_losses, plane, regular, spokes, upright
from figures.style import TEXT_WIDTH, Theme, themed
from sup.expected_loss import Task, descend
from sup.features import Anticorrelated, Correlated, Independent
from sup.polytopes import polygon
from sup.results import Trained
from sup.specs import Recipe, Run
from sup.statistics import Estimate, best_of_groups, difference, least, models_in_groups, share
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "Non-uniform superposition: Correlated and anticorrelated features"
ABOUT = About(
    label="F20",
    title="What occurs together lies at right angles, what excludes each other lies opposite",
    alt="Three rows of five planes. Two correlated pairs: each pair at a right angle, the pairs opposite each other. Two "
    "anticorrelated pairs: each pair opposite, the pairs at a right angle. Three correlated pairs: a hexagon with partners side "
    "by side, or, in some models, one pair collapsed into one direction.",
    source=SOURCE,
    note="The paper gives no density; ours is 0.05, of each set. The first four panels are the best of five models each by "
    "expected loss, turned so that the first feature points up and the next one aside lies right; the fifth is the model with "
    "the lowest loss among those arranged otherwise, or the one with the highest loss when there is none. A second density "
    "is 0.02. Whether six independent features should form a hexagon depends on the density: exact losses at several tell.",
)
DENSITY, SECOND = 0.05, 0.02
PANELS = 4
PAIRS, THREE = ((0, 1), (2, 3)), ((0, 1), (2, 3), (4, 5))
ALONE = 4
"""Models of independent features for each seed of a profile: about eighty fits can show that hexagons are rarer than one in
twenty."""
LOWEST = 10
"""Number of models of each kind, by lowest loss, that show which arrangement is best, however rare it is."""
EXACT = (0.01, 0.02, DENSITY, 0.07, 0.1, 0.2)
"""Densities at which the exact losses of six independent features are compared."""
STUCK = 0.01
"""A model is stuck when its expected loss exceeds the lowest one by more than this share."""


def needs(size: Size) -> dict[str, Sweep]:
    """Two `correlated`, two `anticorrelated` and `three` correlated pairs; independent features in two and three dimensions."""
    recipe, seeds = Recipe(steps=size.steps), replicates(size.seeds)
    four = Run(
        model="relu-output", n_features=4, n_hidden=2, distribution=Correlated(sizes=(2, 2), density=DENSITY), recipe=recipe
    )
    anti = Run(
        model="relu-output", n_features=4, n_hidden=2, distribution=Anticorrelated(sizes=(2, 2), density=DENSITY), recipe=recipe
    )
    six = Run(
        model="relu-output", n_features=6, n_hidden=2, distribution=Correlated(sizes=(2, 2, 2), density=DENSITY), recipe=recipe
    )
    alone = Run(model="relu-output", n_features=6, n_hidden=2, distribution=Independent(density=DENSITY), recipe=recipe)
    nine = Run(model="relu-output", n_features=9, n_hidden=3, distribution=Independent(density=DENSITY), recipe=recipe)
    densities = (DENSITY, SECOND)
    return {
        "correlated": sweep(four, density=densities, seed=seeds),
        "anticorrelated": sweep(anti, density=densities, seed=seeds),
        "three": sweep(six, density=densities, seed=seeds),
        "independent": sweep(alone, seed=replicates(ALONE * size.seeds)),
        "three_dimensions": sweep(nine, seed=replicates(max(1, size.seeds // 2))),
    }


def crossed(W: np.ndarray) -> bool:
    """Whether each of two pairs stands at a right angle and each feature points opposite to one of the other pair."""
    cosine, limit = cosines(W), np.sin(np.radians(ANGLE))
    within = max(abs(cosine[0, 1]), abs(cosine[2, 3])) <= limit
    return within and regular(W, range(4))


def opposed(W: np.ndarray) -> bool:
    """Whether each of two pairs is antipodal and the pairs stand at right angles to each other."""
    cosine = cosines(W)
    return bool(max(cosine[0, 1], cosine[2, 3]) <= -np.cos(np.radians(ANGLE))) and regular(W, range(4))


def beside(W: np.ndarray) -> bool:
    """Whether six features form a hexagon in which the partners of each pair are neighbours."""
    cosine, wide = cosines(W), np.cos(np.radians(60 + ANGLE))
    return regular(W, range(6)) and all(cosine[i, j] >= wide for i, j in THREE)


ROWS: tuple[tuple[str, Callable[[np.ndarray], bool], tuple[tuple[int, int], ...], str], ...] = (
    ("correlated", crossed, PAIRS, "two correlated pairs"),
    ("anticorrelated", opposed, PAIRS, "two anticorrelated pairs"),
    ("three", beside, THREE, "three correlated pairs"),
)


def reduce(runs: Runs) -> Data:
    """Which models of each row of ROWS are arranged as in the paper, at both densities; and arrays on independent features."""
    arrays: dict[str, Array] = {}
    for name, is_arranged, sets, title in ROWS:
        for tag, density in (("", DENSITY), ("_second", SECOND)):
            models = runs[name].where(density=density)
            loss, right = exact_losses(models), np.array([is_arranged(W) for W in models["W"]])
            best, lowest = best_of_groups(loss[None], GROUP)[0], loss.argsort(kind="stable")[:LOWEST]
            paper = f"arranged as in the paper: {title} at density {density:g}"
            arrays[f"{name}{tag or '_found'}"] = array(right, "seed", f"model {paper}")
            arrays[f"{name}{tag}_best"] = array(right[best], "group", f"best of five models {paper}")
            arrays[f"{name}{tag}_lowest"] = array(right[lowest], "rank", f"one of the {LOWEST} best models {paper}")
            if not tag:
                panels = [*best[:PANELS], _stuck(loss, right)]
                W = np.stack([upright(models["W"][k]) for k in panels])
                within = [[cosines(models["W"][k])[i, j] for i, j in sets] for k in best]
                arrays[f"{name}_W"] = array(W, "panel hidden feature", f"weights of the drawn model, turned: {title}")
                arrays[f"{name}_loss"] = array(loss[panels], "panel", f"expected loss of the drawn model: {title}")
                arrays[f"{name}_within"] = array(within, "group set", f"cosine within a pair, best of five models: {title}")
    data = Data(arrays=arrays | _independent(runs["independent"], runs["three_dimensions"]))
    return replace(data, values=_values(data))


def _independent(flat: Trained, deep: Trained) -> dict[str, Array]:
    """Arrays on independent features in two dimensions and in three."""
    loss, deep_loss = exact_losses(flat), exact_losses(deep)
    hexagon = np.array([regular(W, range(6)) for W in flat["W"]])
    best = hexagon[best_of_groups(loss[None], GROUP)[0]]
    exact = (
        "exact loss of six independent features as a hexagon, nan where that is no minimum, and as a pentagon without the sixth"
    )
    stuck = "model whose expected loss is more than 1 % above the best: {} independent features in {} dimensions"
    return {
        "hexagon": array(hexagon, "seed", "model of six independent features that is a hexagon"),
        "hexagon_best": array(best, "group", "best of five models of six independent features that is a hexagon"),
        "exact_density": array(EXACT, "density", "density of six independent features"),
        "exact": array([_exact(density) for density in EXACT], "density arrangement", exact),
        "stuck_2": array(loss > (1 + STUCK) * loss.min(), "seed", stuck.format("six", "two")),
        "stuck_3": array(deep_loss > (1 + STUCK) * deep_loss.min(), "seed", stuck.format("nine", "three")),
    }


def _stuck(loss: np.ndarray, right: np.ndarray) -> int:
    """The model with the lowest loss that is not arranged as in the paper; the one with the highest loss when all are."""
    return int(loss.argmax() if right.all() else np.where(right, np.inf, loss).argmin())


@lru_cache(maxsize=len(EXACT))
def _exact(density: float) -> tuple[float, float]:
    """Expected losses of six independent features: as the best hexagon, and as the best pentagon with the sixth dropped.

    The first is nan where descent from a hexagon ends elsewhere.
    """
    task = Task.of(Run(model="relu-output", n_features=6, n_hidden=2, distribution=Independent(density=density)))
    hexagon = descend(1.19 * polygon(6), np.full(6, -0.43), task)
    W = np.concatenate([1.14 * polygon(5), np.zeros((2, 1))], axis=1)
    pentagon = descend(W, np.array([-0.25] * 5 + [0.02]), task, absent=(5,)).loss
    return (hexagon.loss if regular(hexagon.W, range(6)) else float("nan")), pentagon


def hexagons_below(density: np.ndarray, exact: np.ndarray) -> float:
    """The density below which a hexagon has the lower exact loss (density, arrangement); nan if the two do not cross.

    Interpolated between neighbouring densities, with losses as powers of the density.

    Example:
        >>> round(hexagons_below(np.array([0.01, 0.1]), np.array([[1.0, 2.0], [2.0, 1.0]])), 4)
        0.0316
    """
    gap = np.log(exact[:, 0]) - np.log(exact[:, 1])
    at = np.flatnonzero((gap[:-1] < 0) & (gap[1:] >= 0))
    if not at.size:
        return float("nan")
    k = int(at[0])
    x = np.log(density[k : k + 2])
    return float(np.exp(x[0] - gap[k] * (x[1] - x[0]) / (gap[k + 1] - gap[k])))


def _values(data: Data) -> dict[str, Value]:
    values = {}
    for name, *_ in ROWS:
        for label, key in (("found", "found"), ("best", "best"), ("second", "second_best")):
            values[f"{name}_{label}"] = estimated(share(data[f"{name}_{key}"]))
    at = EXACT.index(DENSITY)
    return values | {
        "hexagon": estimated(share(data["hexagon"])),
        "hexagon_loss": Value(value=float(data["exact"][at, 0]), digits=3),
        "pentagon_loss": Value(value=float(data["exact"][at, 1]), digits=3),
        "hexagons_below": Value(value=hexagons_below(data["exact_density"], data["exact"]), digits=2),
        "stuck_2": Value(value=float(data["stuck_2"].mean())),
        "stuck_3": Value(value=float(data["stuck_3"].mean())),
    }


PANEL, SPACE, LEFT = 1.24, 0.08, 0.42
"""Inches: side of a plane, space between planes, room for the rows' names."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Three rows of models; colours and markers are sets."""
    from matplotlib.figure import Figure

    step = PANEL + 0.24
    tall = 3 * step + 0.06
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    for row, (name, is_arranged, sets, title) in enumerate(ROWS):
        bottom = tall - (row + 1) * step + 0.18
        x, y, label = 0.2 / TEXT_WIDTH, (bottom + PANEL / 2) / tall, title.replace(" pairs", "\npairs")
        drawn.text(x, y, label, rotation=90, fontsize=8.5, ha="center", va="center", linespacing=1.1)
        for k, W in enumerate(data[f"{name}_W"]):
            left = LEFT + k * (PANEL + SPACE)
            axes = drawn.add_axes((left / TEXT_WIDTH, bottom / tall, PANEL / TEXT_WIDTH, PANEL / tall))
            plane(axes, theme, 1.28)
            spokes(axes, W, sets, theme)
            caption = _loss(data[f"{name}_loss"][k])
            caption = f"otherwise: {caption}" if not is_arranged(W) else caption
            x, y = (left + PANEL / 2) / TEXT_WIDTH, (bottom - 0.04) / tall
            drawn.text(x, y, caption, ha="center", va="top", fontsize=7.5, color=theme.muted)
    return drawn


def _loss(loss: float) -> str:
    """A loss in words, all in one notation; below a millionth it is rounding."""
    if loss < 1e-6:
        return "loss below $10^{-6}$"
    digits, power = f"{loss:.1e}".split("e")
    return f"loss ${digits} \\times 10^{{{int(power)}}}$"


def _of_fits(best: np.ndarray, single: np.ndarray, *, among: int = 1) -> Estimate:
    """Share of fits, each the best of a group of the `single` models."""
    return share(best, among=among).over(models_in_groups(single.size, GROUP))


def _arranged(data: Data, name: str, *, among: int = 1) -> Estimate:
    return _of_fits(data[f"{name}_best"], data[f"{name}_found"], among=among)


def _right_angles(data: Data) -> Estimate:
    limit = np.sin(np.radians(ANGLE))
    return _of_fits((np.abs(data["correlated_within"]) <= limit).all(axis=1), data["correlated_found"])


def _side_by_side(data: Data) -> Estimate:
    near = np.cos(np.radians(60 + ANGLE))
    return _of_fits((data["three_within"] >= near).all(axis=1), data["three_found"])


def _outcomes(data: Data) -> Estimate:
    """Share of fits arranged as in the paper, lowest of the rows of ROWS."""
    return least([_arranged(data, name, among=len(ROWS)) for name, *_ in ROWS])


def _outcome_rows(data: Data) -> list[dict[str, str]]:
    rows = []
    for name, *_, title in ROWS:
        for density, single, tag in ((DENSITY, "found", ""), (SECOND, "second", "second_")):
            keys = {"single models": single, "best of five": f"{tag}best", "lowest losses": f"{tag}lowest"}
            hits = {label: data[f"{name}_{key}"] for label, key in keys.items()}
            cells = {label: f"{one.sum()} of {one.size}" for label, one in hits.items()}
            rows.append({"sets": title, "density": f"{density:g}", **cells})
    return rows


def _hexagon_rows(data: Data) -> list[dict[str, str]]:
    """Exact losses of both arrangements by density, and the hexagons found where models are trained."""
    rows = []
    for density, (hexagon, pentagon) in zip(EXACT, data["exact"], strict=True):
        row = {
            "density": f"{density:g}",
            "exact loss of a hexagon": f"{hexagon:.5f}" if np.isfinite(hexagon) else "no minimum",
            "of a pentagon without the sixth": f"{pentagon:.5f}",
        }
        for title, name in (("hexagons, single models", "hexagon"), ("best of five", "hexagon_best")):
            row[title] = f"{data[name].sum()} of {data[name].size}" if density == DENSITY else ""
        rows.append(row)
    return rows


def _harder(data: Data) -> Estimate:
    return difference(share(data["stuck_2"]), share(data["stuck_3"]))


def _harder_rows(data: Data) -> list[dict[str, str]]:
    return [
        {
            "hidden dimensions": f"{m}",
            "features": f"{3 * m}",
            "models": f"{data[f'stuck_{m}'].size}",
            "more than 1 % above the best": f"{data[f'stuck_{m}'].sum()}",
        }
        for m in (2, 3)
    ]


CLAIMS = (
    Claim(
        id="C45",
        text="Correlated features are ideally represented orthogonally.",
        source=SOURCE,
        paper="orthogonal",
        measure=_right_angles,
        holds=Range(low=0.5),
        quantity="share of fits, each the best of five, with both correlated pairs within 10 degrees of a right angle",
    ),
    Claim(
        id="C46",
        text="When there is no room for that, correlated features lie side by side.",
        source=SOURCE,
        paper="as close together as possible",
        measure=_side_by_side,
        holds=Range(low=0.5),
        quantity="share of fits, each the best of five, with partners of all three pairs within 70 degrees of each other",
    ),
    Claim(
        id="C48",
        text="Anticorrelated features are represented in opposite directions.",
        source=SOURCE,
        paper="negative interference",
        measure=lambda data: _arranged(data, "anticorrelated"),
        holds=Range(low=0.5),
        quantity="share of fits, each the best of five, with both anticorrelated pairs antipodal and the pairs at a right "
        "angle, within 10 degrees",
    ),
    Claim(
        id="C53",
        text="Optimisation is harder in two dimensions than in three.",
        source=SOURCE.partition(":")[0],
        paper="a lot harder than even three dimensions",
        measure=_harder,
        holds=Range(low=0.0),
        rows=_harder_rows,
        quantity="share of models more than 1 % above the best, six features in two dimensions less nine in three",
    ),
    Claim(
        id="C54",
        text="Two correlated pairs cross, two anticorrelated pairs oppose, three correlated pairs form a hexagon.",
        source=SOURCE,
        paper="the arrangements of its figure",
        measure=_outcomes,
        holds=Range(low=0.5),
        rows=_outcome_rows,
        quantity="lowest share of fits, each the best of five, with the arrangement, over the three kinds of sets",
    ),
    Claim(
        id="C55",
        text="Six independent features are not embedded as a hexagon.",
        source=SOURCE,
        paper="will not embed as a hexagon",
        measure=lambda data: _of_fits(data["hexagon_best"], data["hexagon"]),
        holds=Range(high=0.05),
        quantity="share of fits, each the best of five, of six independent features of density 0.05 that form a "
        "hexagon within 10 degrees",
        rows=_hexagon_rows,
        cause="The density, which the paper does not give. While features are sparse, a hexagon has the lower exact loss; "
        "when they are denser, a pentagon without the sixth feature has. The density of this figure is on the sparse "
        "side.",
    ),
)
