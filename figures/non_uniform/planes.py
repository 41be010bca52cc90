"""Shared by the figures of models with two hidden dimensions: exact losses, one orientation, measures of angles, drawing.

Not a figure itself: F19, F20 and F22 are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from figures.base import Runs
from figures.shared.circle import gaps, turn
from figures.style import Theme
from sup.expected_loss import Task, expected_loss
from sup.geometry import feature_norms, represented, unit_columns
from sup.results import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANGLE = 10.0
"""Tolerance in degrees between an angle and the ideal one."""


def exact_losses(trained: Trained) -> np.ndarray:
    """The expected loss of each model (run), integrated: final losses are sampled, and two samples differ by several percent."""
    models = zip(trained.runs, trained["W"], trained["b"], strict=True)
    return np.array([expected_loss(W, b, Task.of(run))[0] for run, W, b in models])


def panels(runs: Runs, name: str, field: str, values: Sequence[object]) -> list[Trained]:
    """The models of the sweep `name`, split by the values of a field."""
    return [runs[name].where(**{field: value}) for value in values]


def cut(settings: Sequence[float] | np.ndarray, flags: np.ndarray) -> float:
    """Where `flags` (setting) flips from false to true: the cut with the fewest flags on the wrong side.

    It is the geometric mean of the two neighbouring settings; NaN if all flags are true or none is.
    """
    if flags.all() or not flags.any():
        return np.nan
    errors = [int(flags[:k].sum() + (~flags[k:]).sum()) for k in range(1, len(flags))]
    k = int(np.argmin(errors))
    return float(np.sqrt(settings[k] * settings[k + 1]))


def upright(W: np.ndarray) -> np.ndarray:
    """W (2, feature) turned so that the first represented feature points up, and mirrored so that the next one off its axis lies
    right.

    Neither changes what the model computes. A model that represents nothing is returned as it is.
    """
    features = np.flatnonzero(represented(W[None])[0])
    if not features.size:
        return np.asarray(W, np.float64)
    x, y = np.asarray(W, np.float64)
    first = features[0]
    result: np.ndarray = turn(np.pi / 2 - np.arctan2(y[first], x[first])) @ np.stack([x, y])
    aside = features[np.abs(result[0, features]) > 0.1]
    if aside.size and result[0, aside[0]] < 0:
        result[0] *= -1
    return result


def clockwise(W: np.ndarray) -> np.ndarray:
    """`upright(W)` with the features (2, feature) after the first in clockwise order, for features that are all alike."""
    x, y = upright(W)
    angles = np.arctan2(x, y) % (2 * np.pi)
    order = np.concatenate([[0], 1 + np.argsort(angles[1:].round(3) % 6.283, kind="stable")])
    return np.stack([x, y])[:, order]


def regular(W: np.ndarray, features: Sequence[int]) -> bool:
    """Whether exactly these features of W (2, feature) are represented, spread evenly around the circle within ANGLE degrees."""
    is_represented = represented(W[None])[0]
    expected = np.isin(np.arange(W.shape[1]), features)
    return bool((is_represented == expected).all()) and bool((np.abs(gaps(W) - 360 / len(features)) <= ANGLE).all())


def cosines(W: np.ndarray) -> np.ndarray:
    """Cosines (feature, feature) of the angles between the features of W (hidden, feature); zero for one that is not embedded."""
    units = unit_columns(W[None])[0]
    return units.T @ units


def collapsed(W: np.ndarray, sets: Sequence[Sequence[int]]) -> np.ndarray:
    """Whether all members of each set of W (2, feature) lie in one direction: any two at most ANGLE degrees apart; (set).

    A set with a member of norm at most a tenth is not collapsed: it has lost that member.
    """
    is_near, is_embedded = cosines(W) >= np.cos(np.radians(ANGLE)), feature_norms(W[None])[0] > 0.1
    return np.array([bool(is_embedded[list(s)].all() and is_near[np.ix_(s, s)].all()) for s in sets])


def plane(axes: "Axes", theme: Theme, reach: float, circles: Sequence[float] = (1.0,)) -> None:
    """Draws an empty plane of hidden directions, to scale, with dashed circles of these radii."""
    from matplotlib.patches import Circle

    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal", facecolor=theme.surface)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for radius in circles:
        axes.add_patch(Circle((0, 0), radius, fill=False, ec=theme.muted, lw=0.7, ls=(0, (3, 3)), zorder=1))
    axes.plot(0, 0, "+", color=theme.muted, ms=5, mew=0.8, zorder=1)


MARKERS = "osD^vP"


def spokes(axes: "Axes", W: np.ndarray, sets: Sequence[Sequence[int]], theme: Theme) -> None:
    """Draws the features of W (2, feature) as spokes, with a colour and a marker for each set; a hidden marker shows as a rim."""
    for number, members in enumerate(sets):
        colour = theme.groups[number]
        for order, i in enumerate(members):
            axes.plot((0, W[0, i]), (0, W[1, i]), color=colour, lw=1.8, zorder=3, solid_capstyle="round")
            size = 6.5 if order == 0 else 3.2  # a second member on top of the first leaves its rim visible
            fill = colour if order == 0 else theme.background
            axes.plot(W[0, i], W[1, i], MARKERS[number], color=colour, mfc=fill, mew=1.2, ms=size, zorder=4 + order)
