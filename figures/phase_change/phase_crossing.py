"""F13, continued: the losses of two solutions cross, and the lowest loss has a kink at the crossing."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.phase_change.phase_two import SOURCE
from figures.shared import phases
from figures.style import TEXT_WIDTH, Theme, themed
from sup.phases import boundary_density, solution_losses
from sup.results import Trained
from sup.statistics import exact
from sup.sweeps import Sweep
from sup.two_features import two_feature_loss
from sup.two_minima import crossing, minima

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F13b",
    title="The change of phase is of first order",
    alt="Left: the losses of a model that drops the extra feature and of one with an antipodal pair, by density; they cross. The "
    "lowest exact loss follows the lower one from a little below, and so do trained models. Middle: its derivative by density "
    "jumps at the crossing. Right: so does the length of the extra feature's weight.",
    source=SOURCE,
    note="Said in the paper's text. The dots are the best models of one column of the map before, and nothing else is trained.",
)
AT = 0.3
"""The importance of the extra feature; the column of the map nearest to it is drawn."""
LISTED = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
"""Importances in the table, up to one near the apex."""
ALONG = np.logspace(-1, 0, 41)[1::2]
"""Importances at which the jump is measured: the centres of twenty equal parts of the boundary from 0.1 to 1, on a logarithmic
axis. Importances above 1 are their mirror image."""
JUMPS = 0.1
"""A fall of the derivative by this share of its value for sparse features counts as a jump."""


def needs(size: Size) -> dict[str, Sweep]:
    """`models`: the fits for each cell of F13's map."""
    return {"models": phases.models(2, size)}


def reduce(runs: Runs) -> Data:
    """The losses by density at one importance, and the crossings at several importances."""
    density = np.linspace(0.01, 1, 100)
    r, dots = _column(runs["models"])
    lowest = minima(density, np.full(100, r), biased=True)
    q, losses = lowest.q[:, 0], solution_losses(2, density, r)
    ideal_slope = np.where(losses[2] < losses[0], (1 + r) * density / 3, r * (1 / 3 - density / 2))
    arrays = {
        "density": array(density, "density", "density of the features, 1 - S"),
        "at": array(r, "", "importance of the extra feature"),
        "alone": array(losses[0], "density", "idealised loss with the extra feature dropped"),
        "pair": array(losses[2], "density", "idealised loss of an antipodal pair"),
        "lowest": array(lowest.loss[:, 0], "density", "lowest exact loss"),
        "slope": array(_slope(q, density, r), "density", "derivative of the lowest exact loss by density"),
        "weight": array(np.abs(q[:, 1]), "density", "norm of the extra feature at the lowest exact loss"),
        "ideal_slope": array(ideal_slope, "density", "derivative of the lower idealised loss by density"),
        **dots,
        **_crossings(),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    k, last, jumps = LISTED.index(AT), len(LISTED) - 1, _jump(data, "along_") >= JUMPS
    return {
        "importance": Value(value=float(data["at"])),
        "crossing": Value(value=float(data["crossing"][k]), digits=3),
        "ideal_crossing": Value(value=float(data["ideal_crossing"][k]), digits=3),
        "shallow": Value(value=float(data["right"][k])),
        "steep": Value(value=float(data["left"][k])),
        "near_weight": Value(value=float(data["pair_weight"][last])),
        "near_importance": Value(value=LISTED[last]),
        "near_jump": Value(value=100 * float(_jump(data)[last]), unit="%"),
        "jumps_up_to": Value(value=float(ALONG[jumps].max(initial=0)), digits=2),
    }


def _column(trained: Trained) -> tuple[float, dict[str, Array]]:
    """The map's importance nearest to `AT`, and the best models of its column."""
    maps = phases.maps(trained)
    k = int(np.argmin(np.abs(np.log(maps["importance"] / AT))))
    dots = {
        "dot_density": array(maps["density"], "model", "density of the features, 1 - S, of the best trained models"),
        "dot_loss": array(maps["best_loss"][:, k], "model", "expected loss of the best trained models"),
        "dot_weight": array(maps["best_norm"][:, k], "model", "norm of the extra feature in the best trained models"),
    }
    return float(maps["importance"][k]), dots


def _slope(q: np.ndarray, density: np.ndarray, importance: np.ndarray | float) -> np.ndarray:
    """Derivative of the lowest loss by density, from the parameters q (setting, 4) of the minima.

    At a minimum the parameters may be held fixed, since the loss does not change with them to first order.
    """
    step = 1e-5
    up, down = (two_feature_loss(q[:, :2], q[:, 2:], density + sign * step, importance) for sign in (1, -1))
    return (up - down) / (2 * step)


def _crossings() -> dict[str, Array]:
    """The crossing of the exact losses at the importances `LISTED`, and at those `ALONG` the boundary, whose names say so."""
    r = np.concatenate([LISTED, ALONG])
    density, pair = crossing(r)
    arrays = {
        "importance": (r, "importance of the extra feature where the crossing is measured"),
        "ideal_crossing": (boundary_density(2, r), "density at which the idealised losses cross"),
        "crossing": (density, "density at which the exact losses cross"),
        "left": (_slope(pair, density, r), "derivative of the lowest loss by density just below the crossing"),
        "right": (r * (1 / 3 - density / 2), "derivative of the lowest loss by density just above the crossing"),
        "pair_weight": (np.abs(pair[:, 1]), "norm of the extra feature in the pair at the crossing"),
    }
    places = {"": (slice(None, len(LISTED)), "in the table"), "along_": (slice(len(LISTED), None), "along the boundary")}
    return {
        f"{place}{name}": array(numbers[part], "importance", f"{text}, {where}")
        for place, (part, where) in places.items()
        for name, (numbers, text) in arrays.items()
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The losses, their derivative and the weight of the extra feature, by density."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, 2.5), facecolor="none")
    p = data["density"]
    dots: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 3, "color": theme.ink, "zorder": 4}
    left, middle, right = (drawn.add_axes((x, 0.19, 0.235, 0.69)) for x in (0.075, 0.42, 0.755))
    left.plot(p, data["alone"] / p, color=theme.absent, lw=1.6)
    left.plot(p, data["pair"] / p, color=theme.superposed, lw=1.6)
    left.plot(p, data["lowest"] / p, color=theme.ink, lw=0.9)
    left.plot(data["dot_density"], data["dot_loss"] / data["dot_density"], **dots)
    top = 1.35 * float((data["alone"] / p).max())
    left.set(ylim=(0, top), ylabel="loss / density")
    left.text(0.99, 0.45 * top, "dropped", color=theme.muted, ha="right", va="center", fontsize=8)
    rising = int(np.searchsorted(data["pair"] / p, 0.88 * top))
    x = p[min(rising, len(p) - 1)] - 0.04
    left.text(x, 0.86 * top, "antipodal pair", color=theme.superposed, ha="right", va="center", fontsize=8)
    middle.plot(p, data["ideal_slope"], color=theme.muted, lw=1.6, ls=(0, (3, 1.5)), label="idealised")
    middle.plot(p, data["slope"], color=theme.ink, lw=1.2, label="exact")
    middle.set(ylabel="d loss / d density")
    middle.legend(loc="upper right", fontsize=8, borderaxespad=0, handlelength=1.6)
    right.plot(p, data["weight"], color=theme.ink, lw=1.2)
    right.plot(data["dot_density"], data["dot_weight"], **dots)
    right.set(ylim=(-0.05, 1.15), ylabel=r"$\Vert W_2 \Vert$")
    titles = ("Two losses cross:", "the slope jumps,", "and so does the weight")
    for axes, title in zip((left, middle, right), titles, strict=True):
        _finish(axes, title)
    return drawn


def _finish(axes: "Axes", title: str) -> None:
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"), xlabel="density $1-S$")
    axes.set_title(title, fontsize=9)


def _jump(data: Data, place: str = "") -> np.ndarray:
    """The fall of the derivative at the crossing over its value for sparse features, r/3, by importance r.

    The derivative itself would be no unit: just above the crossing it is near zero where importances are alike.
    """
    return np.asarray(3 * (data[f"{place}left"] - data[f"{place}right"]) / data[f"{place}importance"])


def _rows(data: Data) -> list[dict[str, str]]:
    jump = _jump(data)
    return [
        {
            "importance": f"{r:g}",
            "idealised crossing": f"{data['ideal_crossing'][k]:.3f}",
            "exact crossing": f"{data['crossing'][k]:.3f}",
            "slope below": f"{data['left'][k]:.3f}",
            "above": f"{data['right'][k]:.3f}",
            "jump": f"{jump[k]:.0%}",
            "weight of the extra feature below": f"{data['pair_weight'][k]:.2f}",
        }
        for k, r in enumerate(data["importance"])
    ]


CLAIMS = (
    Claim(
        id="C23",
        text="The change of phase is of first order: two losses cross, and the derivative of the lowest one jumps.",
        source=SOURCE,
        paper="a crossover between two functions and a discontinuity in the derivative",
        quantity="share of the boundary, from importance 0.1 to 1 on a logarithmic axis, on which the derivative of the lowest "
        "exact loss by density falls, where the losses cross, by at least a tenth of its value for sparse features",
        measure=lambda data: exact((_jump(data, "along_") >= JUMPS).mean()),
        holds=Range(low=0.5),
        agrees=Range(low=0.9),
        rows=_rows,
        cause="The upper end of the boundary. As the second feature becomes as important as the first, its weight just "
        "before the crossing shrinks, so the two solutions become alike and the slope hardly changes there. In the "
        "comment of McGrath, too, the jump vanishes where the importances are equal.",
    ),
)
