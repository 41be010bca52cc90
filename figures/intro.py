"""F1: five features in two dimensions; the sparser they are, the more of them a model represents."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import GROUP, About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.shared.circle import gaps, turn
from figures.style import TEXT_WIDTH, Theme, arrow, importance_colours, themed
from sup.features import Independent
from sup.geometry import feature_norms, represented
from sup.specs import Recipe, Run, geometric
from sup.statistics import Estimate, best_of_groups, models_in_groups, share
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F1",
    title="As features become sparse, models represent more of them than they have dimensions",
    alt="Three planes, each with the directions of five features in a model's two hidden dimensions. On dense features the two "
    "most important ones stand at a right angle and the others lie at the origin. At 80 percent sparsity four features form two "
    "antipodal pairs and the least important one lies at the origin. At 90 percent all five form a pentagon.",
    source="Introduction",
    note="The paper does not say how it chose its models. Of each sparsity the model with the lowest final loss is drawn, turned "
    "(and mirrored, if need be) so that the most important feature points up, somewhat to the right, and the next one lies "
    "clockwise. Claims are about the best of five models: with two dimensions a single one often ends in a worse arrangement.",
)
DENSITIES = (1.0, 0.2, 0.1)
FEATURES, HIDDEN, DECAY = 5, 2, 0.9
ZERO = 0.1
"""Norms below this count as zero: a tenth of a fully represented feature's norm."""
ANGLE = 10.0
"""Tolerance of angles between features, in degrees."""
TILT = 10.0
"""Degrees between the most important feature, as drawn, and the vertical."""


def needs(size: Size) -> dict[str, Sweep]:
    """`relu`: ReLU output models of five features in two dimensions at the three densities (sup/models.py has the equation)."""
    base = Run(
        model="relu-output",
        n_features=FEATURES,
        n_hidden=HIDDEN,
        distribution=Independent(density=1.0),
        importance=geometric(DECAY, FEATURES),
        recipe=Recipe(steps=size.steps),
    )
    return {"relu": sweep(base, density=DENSITIES, seed=replicates(size.seeds))}


def reduce(runs: Runs) -> Data:
    """The models with the lowest loss, which are drawn, and which models have the paper's arrangement."""
    models = [runs["relu"].where(density=density) for density in DENSITIES]
    lowest = [trained.best() for trained in models]
    loss = np.stack([trained["final_loss"] for trained in models]).astype(np.float64)
    matches = np.stack([ideal(trained["W"]) for ideal, trained in zip(IDEALS, models, strict=True)])
    W = np.stack([upright(trained["W"][k]) for trained, k in zip(models, lowest, strict=True)])
    b = np.stack([trained["b"][k] for trained, k in zip(models, lowest, strict=True)]).astype(np.float64)
    seeds = [trained.runs[k].seed for trained, k in zip(models, lowest, strict=True)]
    best = np.take_along_axis(matches, best_of_groups(loss, GROUP), axis=1)
    arrays = {
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "W": array(W, "density hidden feature", "weights of the drawn model, turned"),
        "b": array(b, "density feature", "bias of the drawn model"),
        "steps": array(runs["relu"].runs[0].recipe.steps, "", "updates of each model"),
        "drawn": array(seeds, "density", "seed of the drawn model"),
        "ideal": array(matches[np.arange(len(lowest)), lowest], "density", "drawn model arranged as in the paper"),
        "loss": array(loss, "density seed", "final loss"),
        "found": array(matches, "density seed", "model arranged as in the paper"),
        "best": array(best, "density group", "best of five models arranged as in the paper"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def upright(W: np.ndarray) -> np.ndarray:
    """W (2, feature) turned so that feature 0 points up with a tilt, and mirrored so that the next one lies clockwise of it.

    The tilt keeps directions from hiding behind the axes. Turning and mirroring do not change the model's output.
    """
    x, y = np.asarray(W, np.float64)
    turned = turn(np.pi / 2 - np.arctan2(y[0], x[0])) @ np.stack([x, y])
    aside = np.flatnonzero((np.abs(turned[0]) > ZERO) & represented(W[None])[0])
    if aside.size and turned[0, aside[0]] < 0:  # the most important feature off the vertical decides
        turned[0] *= -1
    return turn(-np.radians(TILT)) @ turned


def _arranged(W: np.ndarray, count: int, ideal: tuple[float, ...]) -> np.ndarray:
    """Whether each model (run) has its `count` most important features at the `ideal` angles and the others at zero."""
    norms, is_represented = feature_norms(W), represented(W)
    right = np.logical_and(is_represented[:, :count].all(axis=1), (norms[:, count:] < ZERO).all(axis=1))
    return np.array([ok and bool((np.abs(np.sort(gaps(w)) - ideal) <= ANGLE).all()) for ok, w in zip(right, W, strict=True)])


IDEALS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda W: _arranged(W, 2, (90, 270)),
    lambda W: _arranged(W, 4, (90, 90, 90, 90)),
    lambda W: _arranged(W, 5, (72, 72, 72, 72, 72)),
)
"""The paper's arrangement at each density: a right angle, two antipodal pairs across each other, a pentagon."""


def _values(data: Data) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for k, density in enumerate(DENSITIES):
        W, e = data["W"][k], share(data["found"][k])
        norms, mask, angles = feature_norms(W[None])[0], represented(W[None])[0], gaps(W)
        values |= {
            f"count_{density:g}": Value(value=float(mask.sum())),
            f"share_{density:g}": estimated(e),
            f"loss_{density:g}": Value(value=float(data["loss"][k].min()), digits=3),
            f"least_norm_{density:g}": Value(value=float(norms.min())),
            f"smallest_angle_{density:g}": Value(value=float(angles.min(initial=360)), unit="°", digits=3),
            f"largest_angle_{density:g}": Value(value=float(angles.max(initial=0)), unit="°", digits=3),
            f"norm_{density:g}": Value(value=float(norms[mask].mean()) if mask.any() else 0.0, digits=3),
            f"bias_{density:g}": Value(value=float(data["b"][k][mask].mean()) if mask.any() else 0.0),
        }
    return values


CAPTIONS = ("at a right angle", "in two antipodal pairs", "in a pentagon")
PANEL, SPACE, REACH = 2.24, 0.22, 1.42
"""Side of a panel and space between panels, in inches; end of a panel's axes, in units of norms."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The feature directions of one model per density, an arrow of rising sparsity above and a key to colours below."""
    from matplotlib.figure import Figure

    tall = PANEL + 1.12
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    sheet = drawn.add_axes((0, 0, 1, 1))
    sheet.set(xlim=(0, TEXT_WIDTH), ylim=(0, tall))
    sheet.set_axis_off()
    colours = importance_colours(theme, FEATURES)
    panels = []
    for k, density in enumerate(data["density"]):
        left = (TEXT_WIDTH - 3 * PANEL - 2 * SPACE) / 2 + k * (PANEL + SPACE)
        axes = drawn.add_axes((left / TEXT_WIDTH, 0.56 / tall, PANEL / TEXT_WIDTH, PANEL / tall))
        _plane(axes, data["W"][k], colours, theme)
        sheet.text(left + PANEL / 2, PANEL + 0.66, f"{1 - density:.0%} sparsity", ha="center", fontsize=9.5)
        count = int(data.values[f"count_{density:g}"].value)
        caption = f"{count} features {CAPTIONS[k] if data['ideal'][k] else 'represented'}"
        sheet.text(left + PANEL / 2, 0.36, caption, ha="center", fontsize=8.5)
        panels.append(axes)
    _right_angle(panels[0], data["W"][0], theme)
    _at_zero(panels[0], data["W"][0], theme)
    _interference(panels[-1], data["W"][-1], theme)
    sheet.text(0.05, tall - 0.1, "increasing feature sparsity", va="center", fontsize=8.5, color=theme.muted)
    arrow(sheet, (1.75, tall - 0.1), (TEXT_WIDTH - 0.05, tall - 0.1), theme.muted, lw=1.0)
    _legend(sheet, colours, theme)
    return drawn


def _plane(axes: "Axes", W: np.ndarray, colours: list[str], theme: Theme) -> None:
    """The feature directions as spokes from the origin, the most important on top."""
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[], facecolor=theme.surface)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for line in (axes.axhline, axes.axvline):
        line(0, color=theme.muted, lw=0.7, ls=(0, (3, 3)), zorder=1)
    for i in reversed(range(W.shape[1])):
        axes.plot((0, W[0, i]), (0, W[1, i]), color=colours[i], lw=2.0, zorder=3, solid_capstyle="round")
        axes.plot(W[0, i], W[1, i], "o", color=colours[i], ms=7, zorder=4)


def _right_angle(axes: "Axes", W: np.ndarray, theme: Theme) -> None:
    """The mark of a right angle between the first two features, if they are orthogonal."""
    u, v = (W[:, i] / max(np.hypot(*W[:, i]), 1e-9) for i in (0, 1))
    if represented(W[None])[0, :2].all() and abs(u @ v) <= np.sin(np.radians(ANGLE)):
        corner = 0.16 * np.stack([u, u + v, v], axis=1)
        axes.plot(*corner, color=theme.ink, lw=0.9, zorder=5, solid_joinstyle="miter")


def _at_zero(axes: "Axes", W: np.ndarray, theme: Theme) -> None:
    """An arrow to the features at the origin, with a note, in the quadrant opposite the represented features."""
    zero, mask = feature_norms(W[None])[0] < ZERO, represented(W[None])[0]
    if not zero.any() or not mask.any():
        return
    x, y = np.where(W[:, mask].sum(axis=1) > 0, -1.0, 1.0)
    arrow(axes, (0.55 * x, 0.72 * y), (0.08 * x, 0.105 * y), theme.muted, lw=0.9, mutation_scale=7)
    ha, va = "left" if x < 0 else "right", "bottom" if y < 0 else "top"
    note = "Less important\nfeatures map\nto zero."
    axes.text(1.32 * x, 1.32 * y, note, fontsize=8, linespacing=1.25, ha=ha, va=va)


def _interference(axes: "Axes", W: np.ndarray, theme: Theme) -> None:
    """The projection of the most important feature onto the neighbour that it activates most."""
    others = np.where(represented(W[None])[0], W.T @ W[:, 0], 0.0)
    others[0] = 0.0
    near = int(np.argmax(others))
    if others[near] <= ZERO:
        return
    unit = W[:, near] / np.hypot(*W[:, near])
    foot = (W[:, 0] @ unit) * unit
    axes.plot((W[0, 0], foot[0]), (W[1, 0], foot[1]), color=theme.interference, lw=1.5, ls=(0, (1, 1.2)), zorder=5)
    axes.plot((0, foot[0]), (0, foot[1]), color=theme.interference, lw=3.6, zorder=2.5, solid_capstyle="butt")
    x, y = (W[:, 0] + foot) / 2 + 0.08 * unit
    axes.text(x, y, "interference", fontsize=8, color=theme.interference, ha="left" if unit[0] > 0 else "right", va="center")


def _legend(sheet: "Axes", colours: list[str], theme: Theme) -> None:
    left, step = 2.75, 0.42
    sheet.text(left - 0.2, 0.11, "most important", ha="right", va="center", fontsize=8.5)
    for i, colour in enumerate(colours):
        sheet.plot(left + step * i, 0.11, "o", color=colour, ms=6)
    sheet.text(left + step * (len(colours) - 1) + 0.2, 0.11, "least important", ha="left", va="center", fontsize=8.5)


def _share(panel: int) -> Callable[[Data], Estimate]:
    """Measures the share of groups of five models whose best has the paper's arrangement, over all models in groups."""

    def measure(data: Data) -> Estimate:
        return share(data["best"][panel]).over(models_in_groups(data["loss"].shape[1], GROUP))

    return measure


def _rows(panel: int) -> Callable[[Data], list[dict[str, str]]]:
    """Tabulates how often single models and the best of five have the paper's arrangement."""

    def rows(data: Data) -> list[dict[str, str]]:
        kinds = (("single models", data["found"][panel]), ("best of five", data["best"][panel]))
        return [{"of": name, "so arranged": f"{int(hits.sum())}", "all": f"{hits.size}"} for name, hits in kinds]

    return rows


def _claim(panel: int, id: str, text: str, paper: str, arrangement: str) -> Claim:
    return Claim(
        id=id,
        text=text,
        source="Introduction",
        paper=paper,
        quantity=f"share of fits, each the best of five models by final loss, with {arrangement}",
        measure=_share(panel),
        holds=Range(low=0.5),
        rows=_rows(panel),
    )


CLAIMS = (
    _claim(
        0,
        "C1",
        "On dense features the two most important features stand at a right angle and the others are ignored.",
        "top two features orthogonal, the other three zero",
        "two features within 10 degrees of a right angle and the norms of the other three below 0.1",
    ),
    _claim(
        1,
        "C2",
        "At 80 percent sparsity the four most important features form two antipodal pairs and the fifth is ignored.",
        "four features as two antipodal pairs, the least important zero",
        "four features each within 10 degrees of a right angle to the next and the norm of the least important one below 0.1",
    ),
    _claim(
        2,
        "C3",
        "At 90 percent sparsity all five features form a pentagon.",
        "a pentagon of all five",
        "five features each within 10 degrees of 72 degrees to the next",
    ),
)
