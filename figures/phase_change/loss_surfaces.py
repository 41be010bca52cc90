"""F38: the exact loss of two features in one dimension, and its minima with and without biases."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.shared.phases import colours
from figures.style import TEXT_WIDTH, Theme, blend, themed
from sup.geometry import superposition_score
from sup.phases import solutions
from sup.statistics import exact
from sup.sweeps import Sweep
from sup.two_features import two_feature_loss
from sup.two_minima import Minima, basin, minima

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "Comment by Tom McGrath on Superposition as a Phase Change"
ABOUT = About(
    label="F38",
    title="The exact loss surface: one phase more, and local minima",
    alt="Above: three surfaces of the loss over both weights, without biases, with lowest minima near one axis, on the diagonal "
    "with equal signs, and on the diagonal with opposite signs, where the minimum with equal signs remains as a second one. "
    "Below: maps of the lowest minimum by importance and density, without biases, where a mixture of both features fills the "
    "dense middle, and with biases, where it is gone, and the weights along two paths, one smooth and one with a jump.",
    source=SOURCE,
    note="The comment's settings are not known; these three show one phase each. Everything is exact, nothing is trained.",
)
SETTINGS = ((0.3, 0.1), (0.8, 1.0), (0.3, 1.0))
"""Density and importance of the three surfaces: a feature alone, the mixture, the antipodal pair."""
REACH, FINE = 1.5, 81
"""Largest weight on a surface, and points along each of its sides."""
IMPORTANCES, DENSITIES = np.logspace(-1, 0, 10), np.logspace(-2, 0, 19)
"""The map's settings; importances above 1 mirror it, with the features swapped."""
SPLITS, PARTS = 3, 10
"""How often the place of the largest change along a path is divided, and into how many parts."""
BASINS = ((0.2, 0.5), (0.2, 1.0), (0.4, 0.5), (0.4, 1.0))
"""Density and importance of the settings whose basins are measured."""


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is about formulas."""
    return {}


def reduce(runs: Runs) -> Data:
    """The surfaces, the minima of all settings, two paths, and the basins. W and -W count as one minimum: the same model."""
    grid_p, grid_r = (v.ravel() for v in np.meshgrid(DENSITIES, IMPORTANCES, indexing="ij"))
    free, biased = (minima(grid_p, grid_r, biased=moves) for moves in (False, True))
    chances = basin(*np.array(BASINS).T)  # in `BASINS` the antipodal pair is the lowest of two minima
    basins = "; ".join(f"{p:g}, {r:g}" for p, r in BASINS)
    arrays = {
        **_surfaces(),
        "density": array(DENSITIES, "density", "density of the features, 1 - S"),
        "importance": array(IMPORTANCES, "importance", "importance of feature 2"),
        **_minima("free", free, "without biases"),
        **_minima("biased", biased, "with biases"),
        **_paths(),
        "basin_lowest": array(
            chances, "setting", f"chance that descent ends at the lowest of two minima; density, importance: {basins}"
        ),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _surfaces() -> dict[str, Array]:
    """The loss without biases over both weights, and its minima, for each of `SETTINGS`."""
    side = np.linspace(-REACH, REACH, FINE)
    W = np.stack(np.meshgrid(side, side), axis=-1)
    surface = [two_feature_loss(W, np.zeros(2), *setting) for setting in SETTINGS]
    p, r = np.array(SETTINGS).T
    at = minima(p, r, biased=False)
    distinct = np.where(at.distinct[:, :, None], at.q[:, :, :2], np.nan)
    return {
        "side": array(side, "point", "a weight along either side of a surface"),
        "surface": array(surface, "setting point point", "loss without biases, by w_2 and w_1"),
        "surface_minima": array(distinct, "setting rank coordinate", "w_1 and w_2 of the minima, lowest first, nan for repeats"),
    }


def _minima(name: str, at: Minima, biases: str) -> dict[str, Array]:
    """The lowest minimum and the number of minima in each setting of the map."""
    shape, axes = (len(DENSITIES), len(IMPORTANCES)), "density importance"
    lowest, count = at.q[:, 0].reshape(*shape, 4), at.distinct.sum(axis=1).reshape(shape)
    return {
        f"{name}_q": array(lowest, f"{axes} coordinate", f"w_1, w_2, b_1 and b_2 of the lowest minimum {biases}"),
        f"{name}_count": array(count, axes, f"minima {biases}"),
    }


def _paths() -> dict[str, Array]:
    """The weights of the lowest minimum along two paths of settings, without biases."""

    def smooth(importance: np.ndarray) -> np.ndarray:
        return minima(np.ones(len(importance)), importance, biased=False).q[:, 0, :2]

    def jump(density: np.ndarray) -> np.ndarray:
        return minima(density, np.ones(len(density)), biased=False).q[:, 0, :2]

    along, across = np.logspace(-1, 0, 61), np.linspace(0.3, 1, 36)
    left = f"between neighbours after the place of the largest one has been divided {SPLITS} times into {PARTS}"
    return {
        "along": array(along, "place", "importance of feature 2 along the path at density 1"),
        "smooth": array(smooth(along), "place coordinate", "w_1 and w_2 of the lowest minimum at density 1, without biases"),
        "smooth_left": array(_left(smooth, along), "", f"largest change of a weight at density 1 {left}"),
        "across": array(across, "place", "density along the path at importance 1"),
        "jump": array(jump(across), "place coordinate", "w_1 and w_2 of the lowest minimum at importance 1, without biases"),
        "jump_left": array(_left(jump, across), "", f"largest change of a weight at importance 1 {left}"),
    }


def _left(weights: Callable[[np.ndarray], np.ndarray], settings: np.ndarray) -> float:
    """The change of `weights` that is left at the place of its largest change when one looks ever closer.

    A continuous change fades with the distance between neighbours, a jump stays, so the number does not depend on `settings`.
    """
    for _ in range(SPLITS):
        k = int(_steps(weights(settings)).argmax())
        settings = np.linspace(settings[k], settings[k + 1], PARTS + 1)
    return float(_steps(weights(settings)).max())


def _values(data: Data) -> dict[str, Value]:
    return {
        "two_minima": Value(value=100 * float((data["free_count"] > 1).mean()), unit="%"),
        "two_minima_biased": Value(value=100 * float((data["biased_count"] > 1).mean()), unit="%"),
        "mixed": Value(value=100 * float(_mixed(data["free_q"]).mean()), unit="%"),
        "basin": Value(value=100 * float(data["basin_lowest"].min()), unit="%", digits=3),
        "jump_density": Value(value=float(data["across"][_where_it_jumps(data)])),
        "off_free": Value(value=_off(data["free_q"])),
        "off_biased": Value(value=_off(data["biased_q"])),
    }


def _mixed(q: np.ndarray) -> np.ndarray:
    """Whether both weights have the same sign and an absolute value above 1/4."""
    return (q[..., 0] * q[..., 1] > 0) & (np.abs(q[..., :2]).min(axis=-1) > 0.25)


def _off(q: np.ndarray) -> float:
    """The largest distance of a weight at a lowest minimum from the nearest idealised solution; mixtures do not count."""
    ideal = np.array([solution.W[0] for solution in solutions(2)])
    signed = np.concatenate([ideal, -ideal])
    off = np.abs(q[..., None, :2] - signed).max(axis=-1).min(axis=-1)
    return float(off[~_mixed(q)].max())


def _steps(path: np.ndarray) -> np.ndarray:
    """The larger change of the two weights from each point of a path (step, 2) to the next, up to the model's symmetries."""
    both = np.sort(np.abs(path), axis=1) * np.stack([np.sign(path.prod(axis=1)), np.ones(len(path))], axis=1)
    return np.abs(np.diff(both, axis=0)).max(axis=1)


def _where_it_jumps(data: Data) -> int:
    return int(_steps(data["jump"]).argmax())


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Surfaces above, maps of the lowest minimum below them, and two paths of settings at the bottom."""
    from matplotlib.figure import Figure

    tall = 6.5
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    wide = 0.25
    high = wide * TEXT_WIDTH / tall
    for k, (p, r) in enumerate(SETTINGS):
        axes = drawn.add_axes((0.075 + 0.325 * k, 0.68, wide, high))
        _surface(axes, data, k, theme)
        axes.set_title(f"density {p:g}, importance {r:g}", fontsize=8.5)
        axes.set_ylabel("$W_2$" if k == 0 else "", labelpad=-4)
    for k, (name, title) in enumerate((("free", "lowest minimum, no biases"), ("biased", "with biases"))):
        axes = drawn.add_axes((0.075 + 0.325 * k, 0.32, wide, high))
        _lowest(axes, data, name, theme)
        axes.set_title(title, fontsize=8.5)
        axes.set_ylabel("density $1-S$" if k == 0 else "", labelpad=1)
    _words(drawn, theme)
    smooth, jump = (drawn.add_axes((left, 0.075, 0.41, 0.14)) for left in (0.075, 0.57))
    _path(smooth, data["along"], data["smooth"], theme)
    smooth.set(
        xscale="log", xticks=(0.1, 1), xticklabels=("0.1", "1"), yticks=(0, 1), xlabel="importance of feature 2, density 1"
    )
    _path(jump, data["across"], data["jump"], theme)
    jump.set(xticks=(0.3, 0.5, 0.7, 1), yticks=(-1, 0, 1), xlabel="density, importance 1")
    for axes, title in ((smooth, "a smooth way, no biases"), (jump, "a jump, no biases")):
        axes.set_title(title, fontsize=8.5)
        axes.minorticks_off()
        axes.xaxis.labelpad = 2
    return drawn


def _words(drawn: "Figure", theme: Theme) -> None:
    """Says beside the maps what their colours and dots mean."""
    lines = (
        ("feature 2 is", theme.muted, "normal"),
        ("not represented", theme.absent, "bold"),
        ("alone", theme.dedicated, "bold"),
        ("with feature 1", theme.superposed, "bold"),
        ("· several minima", theme.ink, "normal"),
    )
    for k, (words, colour, weight) in enumerate(lines):
        drawn.text(0.725, 0.53 - 0.034 * k, words, color=colour, fontsize=8.5, fontweight=weight)


def _surface(axes: "Axes", data: Data, k: int, theme: Theme) -> None:
    """Contours of the loss, evenly spaced in its logarithm, shaded where it is low; the lowest minimum filled, others open."""
    side, surface = data["side"], data["surface"][k]
    levels = np.geomspace(1.02 * surface.min(), surface.max(), 14)
    shades = blend((theme.absent, theme.background, theme.background), "low")
    axes.imshow(np.log(surface), cmap=shades, extent=(-REACH, REACH, -REACH, REACH), origin="lower", interpolation="bilinear")
    axes.contour(side, side, surface, levels=levels, colors=theme.muted, linewidths=0.6)
    for w1, w2 in data["surface_minima"][k]:
        if np.isnan(w1):
            continue
        first = (w1, w2) == tuple(data["surface_minima"][k, 0])
        fill = theme.superposed if first else theme.background
        for sign in (1, -1):
            axes.plot(sign * w1, sign * w2, "o", ms=6, mew=1.4, color=theme.superposed, mfc=fill)
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=(-1, 0, 1), yticks=(-1, 0, 1), aspect="equal")
    axes.set_xlabel("$W_1$", labelpad=0)


def _lowest(axes: "Axes", data: Data, name: str, theme: Theme) -> None:
    """Feature 2's norm and score at the lowest minimum, in the colours of the phase diagrams; dots mark several minima."""
    q, count = data[f"{name}_q"], data[f"{name}_count"]
    W = q[..., :2]
    both = [feature(W) for feature in (np.copy, lambda w: w[:, ::-1, ::-1][:, 1:])]  # importances above 1: features swapped
    whole = np.concatenate(both, axis=1)
    norm, score = np.abs(whole[..., 1]), superposition_score(whole.reshape(-1, 1, 2))[:, 1].reshape(whole.shape[:2])
    half = np.log10(data["importance"][-1] / data["importance"][-2]) / 2
    down = np.log10(data["density"][1] / data["density"][0]) / 2
    cells, extent = colours(norm, np.minimum(score, 1), theme), (-1 - half, 1 + half, -2 - down, down)
    axes.imshow(cells, extent=extent, origin="lower", interpolation="none", aspect="equal")
    counts = np.concatenate([count, count[:, ::-1][:, 1:]], axis=1)
    x = np.concatenate([np.log10(data["importance"]), -np.log10(data["importance"])[::-1][1:]])
    rows, columns = np.nonzero(counts > 1)
    axes.plot(x[columns], np.log10(data["density"])[rows], ".", ms=1.6, color=theme.ink)
    axes.set(xlim=(-1, 1), ylim=(-2, 0), xticks=(-1, 0, 1), xticklabels=("0.1", "1", "10"), yticks=(-2, -1, 0))
    axes.set_yticklabels(("0.01", "0.1", "1"))
    axes.set_xlabel("importance of feature 2", labelpad=2)


def _path(axes: "Axes", x: np.ndarray, path: np.ndarray, theme: Theme) -> None:
    """Both weights along a path of settings, the larger one on top, with gaps where they jump."""
    both = np.sort(np.abs(path), axis=1)
    both[:, 0] *= np.sign(path.prod(axis=1))
    jumps = np.flatnonzero(_steps(path) > 0.3) + 1
    start = jumps[0] if jumps.size else len(x)
    for k, colour, name in ((1, theme.ink, "$W_1$"), (0, theme.superposed, "$W_2$")):
        axes.plot(np.insert(x, jumps, np.nan), np.insert(both[:, k], jumps, np.nan), color=colour, lw=1.4)
        at = (x[start // 4], both[start // 4, k])
        label = axes.annotate(name, at, xytext=(0, 3 if k else -3), textcoords="offset points", color=colour, fontsize=8.5)
        label.set(ha="center", va="bottom" if k else "top")
    axes.axhline(0, color=theme.grid, lw=0.6)
    axes.set(xlim=(x[0], x[-1]), ylim=(-1.8, 1.8) if path.prod(axis=1).min() < 0 else (0, 1.25))
    axes.set_ylabel("weights", fontsize=8, labelpad=1)


def _table(data: Data) -> list[dict[str, str]]:
    """The lowest minimum and the number of minima of some settings, without and with biases."""
    rows = []
    for j in (0, 5, 9):
        for i in (4, 9, 14, 16, 18):
            cells = {"importance": f"{data['importance'][j]:.2g}", "density": f"{data['density'][i]:.2g}"}
            for name, title in (("free", "no biases"), ("biased", "with biases")):
                w = data[f"{name}_q"][i, j]
                cells |= {f"lowest, {title}": f"({w[0]:.2f}, {w[1]:.2f})", f"minima, {title}": f"{data[f'{name}_count'][i, j]}"}
            rows.append(cells)
    return rows


def _basin_rows(data: Data) -> list[dict[str, str]]:
    """The chance of the lower minimum in each setting of `BASINS`."""
    return [
        {"density": f"{p:g}", "importance": f"{r:g}", "chance of the lower minimum": f"{chance:.3f}"}
        for (p, r), chance in zip(BASINS, data["basin_lowest"], strict=True)
    ]


def _mixture(data: Data) -> float:
    """Largest distance of a weight from 1/sqrt 2 at the lowest minimum, equal features of density 0.8 to 1, no biases."""
    q = data["jump"][data["across"] >= 0.8]
    return float(np.abs(np.abs(q) * np.sign(q.prod(axis=1, keepdims=True)) - np.sqrt(0.5)).max())


CLAIMS = (
    Claim(
        id="C-M1",
        text="Without biases there is one phase more: when features are dense and equally important, the model stores their sum.",
        source=SOURCE,
        paper="both weights about 1/√2",
        quantity="largest distance of a weight at the lowest minimum from 1/√2, equal features of density 0.8 to 1, no biases",
        measure=lambda data: exact(_mixture(data)),
        holds=Range(high=0.01),
        rows=_table,
    ),
    Claim(
        id="C-M2",
        text="The minima can be quantitatively off the idealised ones.",
        source=SOURCE,
        paper="can be quantitatively off",
        quantity="largest distance of a weight at the lowest minimum from every idealised solution, no biases, mixtures aside",
        measure=lambda data: exact(_off(data["free_q"])),
        holds=Range(low=0.1),
    ),
    Claim(
        id="C-M3",
        text="A feature alone turns into the mixture continuously, which blurs the empirical phase diagram near its apex.",
        source=SOURCE,
        paper="a continuous transition",
        quantity="largest change of a weight from one importance to the next at density 1, without biases, when the place where "
        "it changes most is divided into ever smaller steps, down to a thousandth of the first",
        measure=lambda data: exact(float(data["smooth_left"])),
        holds=Range(high=0.05),
    ),
    Claim(
        id="C-M4",
        text="For some settings there are two minima, not counting signs.",
        source=SOURCE,
        paper="some settings",
        quantity="share of the map's settings with more than one minimum, no biases",
        measure=lambda data: exact((data["free_count"] > 1).mean()),
        holds=Range(low=0.01),
    ),
    Claim(
        id="C-M5",
        text="The lowest minimum may have the smaller basin.",
        source=SOURCE,
        paper="the global minimum may have the smaller basin",
        quantity="smallest chance, of four settings with two minima, that gradient descent in small steps from normal weights "
        "ends at the lower one, without biases; the smaller basin has less than 0.5, and the chance is known to 0.001",
        measure=lambda data: exact(data["basin_lowest"].min()),
        holds=Range(high=0.499),
        rows=_basin_rows,
    ),
    Claim(
        id="C-M6",
        text="The mixture turns into the antipodal pair with a jump.",
        source=SOURCE,
        paper="a discontinuous transition",
        quantity="largest change of a weight from one density to the next for equal features, without biases, when the place "
        "where it changes most is divided into ever smaller steps, down to a thousandth of the first",
        measure=lambda data: exact(float(data["jump_left"])),
        holds=Range(low=0.5),
    ),
)
