"""F13, continued: the losses of two solutions cross, so the lowest loss has a kink where one takes over from the other."""

from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value
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
"""The importance of the extra feature, as near as the map has it."""
CHECKED = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Importances at which the jump is measured. More important features than the other one are their mirror image."""
BESIDE = 0.9
"""An importance nearer to the apex, for comparison."""


def needs(size: Size) -> dict[str, Sweep]:
    """`models`: those of the map."""
    return {"models": phases.models(2, size)}


def reduce(runs: Runs) -> Data:
    """The losses by density at one importance, and the crossing at several.

    Arrays: `density`; at importance `at` () `alone`, `pair` (density) the idealised losses, `lowest` the lowest exact one,
    `slope` its derivative by density, `ideal_slope` that of the lower idealised one, `weight` |w_2| there; `dot_density`,
    `dot_loss`, `dot_weight` (dot) of trained models; `importance`, `ideal_crossing`, `crossing`, `left`, `right`, `pair_weight`
    (checked): the density of the crossing, the derivatives on its two sides, and |w_2| of the pair there.
    """
    density = np.linspace(0.01, 1, 100)
    dots = _column(runs["models"])
    r = float(dots.pop("at"))
    found = minima(density, np.full(100, r), biased=True)
    q, losses = found.q[:, 0], solution_losses(2, density, r)
    arrays = {
        "density": density, "at": np.array(r), "alone": losses[0], "pair": losses[2],
        "lowest": found.loss[:, 0], "slope": _slope(q, density, r), "weight": np.abs(q[:, 1]),
        "ideal_slope": np.where(losses[2] < losses[0], (1 + r) * density / 3, r * (1 / 3 - density / 2)),
        **dots, **_crossings(),
    }  # fmt: skip
    k = CHECKED.index(AT)
    values = {
        "importance": Value(value=r),
        "crossing": Value(value=float(arrays["crossing"][k]), digits=3),
        "ideal_crossing": Value(value=float(arrays["ideal_crossing"][k]), digits=3),
        "shallow": Value(value=float(arrays["right"][k])),
        "steep": Value(value=float(arrays["left"][k])),
        "near_weight": Value(value=float(arrays["pair_weight"][len(CHECKED)])),
        "near_importance": Value(value=BESIDE),
    }
    return Data(arrays=arrays, values=values)


def _column(trained: Trained) -> dict[str, np.ndarray]:
    """The best models of the column of the map whose importance is nearest to `AT`."""
    found = phases.maps(trained).arrays
    k = int(np.argmin(np.abs(np.log(found["importance"] / AT))))
    return {
        "at": found["importance"][k],
        "dot_density": found["density"],
        "dot_loss": found["best_loss"][:, k],
        "dot_weight": found["best_norm"][:, k],
    }


def _slope(q: np.ndarray, density: np.ndarray, importance: np.ndarray | float) -> np.ndarray:
    """Derivative of the lowest loss by density: at a minimum that of the loss with the parameters q (setting, 4) held fixed."""
    step = 1e-5
    up, down = (two_feature_loss(q[:, :2], q[:, 2:], density + sign * step, importance) for sign in (1, -1))
    slope: np.ndarray = (up - down) / (2 * step)
    return slope


def _crossings() -> dict[str, np.ndarray]:
    r = np.array((*CHECKED, BESIDE))
    density, pair = crossing(r)
    return {
        "importance": r,
        "ideal_crossing": boundary_density(2, r),
        "crossing": density,
        "left": _slope(pair, density, r),
        "right": r * (1 / 3 - density / 2),
        "pair_weight": np.abs(pair[:, 1]),
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The losses, their derivative and the weight of the extra feature, by density."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(TEXT_WIDTH, 2.5), facecolor="none")
    a = data.arrays
    p = a["density"]
    dots: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 3, "color": theme.ink, "zorder": 4}
    left, middle, right = (drawn.add_axes((x, 0.19, 0.235, 0.69)) for x in (0.075, 0.42, 0.755))
    left.plot(p, a["alone"] / p, color=theme.absent, lw=1.6)
    left.plot(p, a["pair"] / p, color=theme.superposed, lw=1.6)
    left.plot(p, a["lowest"] / p, color=theme.ink, lw=0.9)
    left.plot(a["dot_density"], a["dot_loss"] / a["dot_density"], **dots)
    top = 1.35 * float((a["alone"] / p).max())
    left.set(ylim=(0, top), ylabel="loss / density")
    left.text(0.99, 0.45 * top, "dropped", color=theme.muted, ha="right", va="center", fontsize=8)
    rising = int(np.searchsorted(a["pair"] / p, 0.88 * top))
    x = p[min(rising, len(p) - 1)] - 0.04
    left.text(x, 0.86 * top, "antipodal pair", color=theme.superposed, ha="right", va="center", fontsize=8)
    middle.plot(p, a["ideal_slope"], color=theme.muted, lw=1.6, ls=(0, (3, 1.5)), label="idealised")
    middle.plot(p, a["slope"], color=theme.ink, lw=1.2, label="exact")
    middle.set(ylabel="d loss / d density")
    middle.legend(loc="upper right", fontsize=8, borderaxespad=0, handlelength=1.6)
    right.plot(p, a["weight"], color=theme.ink, lw=1.2)
    right.plot(a["dot_density"], a["dot_weight"], **dots)
    right.set(ylim=(-0.05, 1.15), ylabel=r"$\Vert W_2 \Vert$")
    titles = ("Two losses cross:", "the slope jumps,", "and so does the weight")
    for axes, title in zip((left, middle, right), titles, strict=True):
        _finish(axes, title)
    return drawn


def _finish(axes: "Axes", title: str) -> None:
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"), xlabel="density $1-S$")
    axes.set_title(title, fontsize=9)


def _jump(data: Data) -> np.ndarray:
    """Share of the steeper slope that the derivative loses at the crossing, by importance."""
    jump: np.ndarray = 1 - data.arrays["right"] / data.arrays["left"]
    return jump


def _rows(data: Data) -> list[dict[str, str]]:
    a, jump = data.arrays, _jump(data)
    return [
        {
            "importance": f"{r:g}", "idealised crossing": f"{a['ideal_crossing'][k]:.3f}",
            "exact crossing": f"{a['crossing'][k]:.3f}",
            "slope below": f"{a['left'][k]:.3f}", "above": f"{a['right'][k]:.3f}", "jump": f"{jump[k]:.0%}",
            "weight of the extra feature below": f"{a['pair_weight'][k]:.2f}",
        }
        for k, r in enumerate(a["importance"])
    ]  # fmt: skip


CLAIMS = (
    Claim(
        id="C23",
        text="The change of phase is of first order: two losses cross, and the derivative of the lowest one jumps.",
        source=SOURCE,
        paper="a crossover between two functions and a discontinuity in the derivative",
        quantity="smallest jump of the exact lowest loss's slope by density, over the steeper slope, importances 0.1 to 0.5",
        measure=lambda data: exact(_jump(data)[: len(CHECKED)].min()),
        holds=Range(low=0.1),
        rows=_rows,
    ),
)
