"""The numbers behind the claims about F19, computed from its arrays. Not a figure itself: `deformed_pentagon` is."""

from collections.abc import Callable
from functools import partial

import numpy as np

from figures.base import GROUP, Data
from figures.non_uniform.pentagons import OTHER, PENTAGON, SQUARE, crossing, snap, steps
from sup.statistics import Estimate, exact, least, mean, models_in_groups, share, undefined, worst

KINDS = ("density", "importance")
ALL, VARIED = slice(None), slice(0, 1)
"""Which features of a model: all of them, or the varied one."""
SPARSE = 0.2
"""Relative densities up to this count as sufficiently sparse: half of where the paper sees the snap."""


def _models(data: Data) -> int:
    """Number of models at each setting from which the best of five are taken."""
    return models_in_groups(data["density_loss"].shape[1], GROUP)


def crossings(data: Data, kind: str) -> tuple[float, float]:
    """Where the exact curves of an experiment cross, and the difference of their slopes there."""
    return crossing(*(data[f"{kind}_{name}"] for name in ("relative", "exact_square", "exact_pentagon")))


def snaps(data: Data, kind: str, chosen: str = "best") -> np.ndarray:
    """The setting (group) at which the best of five models ceases to be a square; `chosen` names the array of classes."""
    return np.array([snap(data[f"{kind}_relative"], classes) for classes in data[f"{kind}_{chosen}"].T])


def _ranked_steps(data: Data, kind: str) -> np.ndarray:
    """The largest, second largest and median step between neighbouring settings (group, 3); NaN for fewer than three fits.

    Fits in another arrangement than a square or a pentagon are left out.
    """
    rows = []
    for weights, classes in zip(data[f"{kind}_W"].swapaxes(0, 1), data[f"{kind}_best"].T, strict=True):
        fits = weights[classes != OTHER]
        sizes = np.sort(steps(fits)) if len(fits) > 2 else np.full(2, np.nan)
        rows.append((sizes[-1], sizes[-2], np.median(sizes)))
    return np.array(rows)


def smoothness(data: Data) -> Estimate:
    """Second largest step over the largest, mean over fits, in the rougher of the two experiments."""
    both = [_ranked_steps(data, kind) for kind in KINDS]
    return worst([mean(ranked[:, 1] / ranked[:, 0], among=len(KINDS)) for ranked in both]).over(_models(data))


def smoothness_rows(data: Data) -> list[dict[str, str]]:
    """Steps of each experiment, means over fits, and the number of fits in another arrangement."""
    rows = []
    for kind in KINDS:
        largest, second, median = _ranked_steps(data, kind).mean(axis=0)
        best = data[f"{kind}_best"]
        sizes = {"largest step": f"{largest:.2f}", "second": f"{second:.2f}", "median": f"{median:.2f}"}
        rows.append({"varied": kind, **sizes, "fits in another arrangement": f"{(best == OTHER).sum()} of {best.size}"})
    return rows


def _neighbour_angles(data: Data, relative: float) -> np.ndarray:
    """Mean angle in degrees (group) from the varied feature of the best fits to its two neighbours; NaN where it is dropped."""
    at = int(np.argmin(np.abs(np.log(data["density_relative"] / relative))))
    W = data["density_W"][at]
    angles = np.degrees(np.arctan2(W[:, 0], W[:, 1]))
    mean_angle = (np.abs(angles[:, 1]) + np.abs(angles[:, -1])) / 2
    return np.where(data["density_best"][at] == PENTAGON, mean_angle, np.nan)


def denser_pushes(data: Data) -> Estimate:
    """The smaller of two gains in the angle to the neighbours: from density 0.4 to 1, and from 1 to 10.

    Means over the fits that are pentagons at both densities; undefined if there are fewer than two of either.
    """
    sparse, usual, dense = (_neighbour_angles(data, relative) for relative in (0.4, 1.0, 10.0))
    gains = [gain[np.isfinite(gain)] for gain in (usual - sparse, dense - usual)]
    if min(map(len, gains)) < 2:
        return undefined(_models(data))
    return least([mean(gain, among=2) for gain in gains]).over(_models(data))


def uniform_pentagons(data: Data) -> Estimate:
    """Share of regular pentagons among the models at relative density 1."""
    at = int(np.argmin(np.abs(np.log(data["density_relative"]))))
    return share(data["density_regular"][at])


def digons_when_sparse(data: Data) -> Estimate:
    """Share of groups of seeds whose best fit is a square at every sufficiently sparse setting."""
    sparse = data["density_relative"] <= SPARSE
    return share((data["density_best"][sparse] == SQUARE).all(axis=0)).over(_models(data))


def kink(data: Data) -> Estimate:
    """Difference of the slopes of the exact curves where they cross."""
    return exact(crossings(data, "density")[1])


def snap_factor(data: Data) -> Estimate:
    """One over the relative density of the snap, mean over fits; the interval covers the settings on both sides of it."""
    relative, at = data["density_relative"], snaps(data, "density")
    e = mean(1 / at)
    if not np.isfinite(at).all():
        return e.over(_models(data))
    after = np.searchsorted(relative, at)
    low, high = min(e.low, mean(1 / relative[after]).value), max(e.high, mean(1 / relative[after - 1]).value)
    return Estimate(value=e.value, low=low, high=high, models=_models(data))


def snap_rows(data: Data) -> list[dict[str, str]]:
    """The snap by every measure, beside the paper's."""
    rows = []
    for kind in KINDS:
        classes, relative = data[f"{kind}_found"], data[f"{kind}_relative"]
        pentagons, squares = (relative[(classes == number).any(axis=1)] for number in (PENTAGON, SQUARE))
        row = {
            "varied": kind,
            "exact curves cross": f"1 / {1 / crossings(data, kind)[0]:.2f}",
            "best of five by expected loss": f"1 / {np.mean(1 / snaps(data, kind)):.2f}",
            "by final loss on samples": f"1 / {np.mean(1 / snaps(data, kind, 'best_sampled')):.2f}",
            "single pentagons from": f"{pentagons.min():.2f}" if pentagons.size else "none",
            "single squares up to": f"{squares.max():.2f}" if squares.size else "none",
            "paper": "1 / 2.5" if kind == "density" else "not given",
        }
        rows.append(row)
    blank = dict.fromkeys(rows[0], "")
    for density, factor in zip(data["baseline"], data["baseline_factor"], strict=True):
        crossed = {"varied": f"density, the others at {density:g}", "exact curves cross": f"1 / {factor:.2f}"}
        rows.append(blank | crossed)
    return rows


def _pentagons(data: Data, name: str, group: int, features: slice = ALL) -> np.ndarray:
    """The values (feature) of an array for features of the pentagons among a group's best fits, density varied."""
    at = data["density_best"][:, group] == PENTAGON
    return data[f"density_{name}"][at, group][:, features].ravel()


def _by_group(data: Data, measure: Callable[[int], float]) -> Estimate:
    groups = range(data["density_best"].shape[1])
    return mean(np.array([measure(group) for group in groups])).over(_models(data))


def outside_the_circle(data: Data) -> Estimate:
    """Share of vertices of pentagons with a norm above 1 and a bias below 0; undefined without pentagons."""
    groups = range(data["density_best"].shape[1])
    norm, bias = (np.concatenate([_pentagons(data, name, group) for group in groups]) for name in ("norm", "b"))
    return share((norm > 1) & (bias < 0)).over(_models(data)) if norm.size else undefined(_models(data))


def _correlation(data: Data, name: str, sign: int, features: slice, group: int) -> float:
    norm, other = _pentagons(data, "norm", group, features), _pentagons(data, name, group, features)
    return sign * float(np.corrcoef(norm, other)[0, 1]) if norm.size > 2 and norm.std() and other.std() else np.nan


def norms_and_interference(data: Data) -> Estimate:
    """Correlation of norms with positive interference in each group of fits, mean over groups; NaN without pentagons."""
    return _by_group(data, partial(_correlation, data, "positive", 1, ALL))


def correlation_rows(data: Data) -> list[dict[str, str]]:
    """Correlations of the norm with positive interference and with the bias: of all features, and of the varied one alone."""
    rows = []
    for title, features in (("all", ALL), ("the varied one alone", VARIED)):
        row = {"features": title}
        for column, name, sign in (("with positive interference", "positive", 1), ("with the negative bias", "b", -1)):
            e = _by_group(data, partial(_correlation, data, name, sign, features))
            row[column] = f"{e.value:.2f} [{e.low:.2f}, {e.high:.2f}]"
        rows.append(row)
    return rows


def norms_rows(data: Data) -> list[dict[str, str]]:
    """Norms and positive interference by the size of the bias."""
    norm, positive, bias = (
        np.concatenate([_pentagons(data, name, g) for g in range(data["density_best"].shape[1])])
        for name in ("norm", "positive", "b")
    )
    rows = []
    for low, high in ((-1.0, -0.3), (-0.3, -0.2), (-0.2, -0.1), (-0.1, 1.0)):
        inside = (bias >= low) & (bias < high)
        if inside.any():
            row = {
                "bias": f"{low:g} to {high:g}" if high < 1 else f"above {low:g}",
                "features": f"{inside.sum()}",
                "norm": f"{norm[inside].min():.3f} to {norm[inside].max():.3f}",
                "positive interference": f"{positive[inside].min():.2f} to {positive[inside].max():.2f}",
            }
            rows.append(row)
    return rows


READINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "|W| = 1 / (1 - b), as printed": lambda b: 1 / (1 - b),
    "|W| = 1 / (1 + b)": lambda b: 1 / (1 + b),
    "|W| = 1 - b": lambda b: 1 - b,
    "|W|^2 = 1 / (1 - b)": lambda b: (1 / (1 - b)) ** 0.5,
    "|W|^2 = 1 / (1 + b)": lambda b: (1 / (1 + b)) ** 0.5,
    "|W|^2 = 1 - b": lambda b: (1 - b) ** 0.5,
}
"""Norm as a function of the bias, for each reading of the printed relation."""


def _off(data: Data, reading: str, group: int) -> float:
    norm, bias = _pentagons(data, "norm", group), _pentagons(data, "b", group)
    return float(np.abs(READINGS[reading](bias) / norm - 1).mean()) if norm.size else np.nan


def readings(data: Data) -> Estimate:
    """Relative error of the printed relation, mean over groups of fits."""
    return _by_group(data, partial(_off, data, next(iter(READINGS))))


def reading_rows(data: Data) -> list[dict[str, str]]:
    """Relative error of each reading."""
    rows = []
    for reading in READINGS:
        e = _by_group(data, partial(_off, data, reading))
        rows.append({"reading": reading, "off by": f"{e.value:.1%}", "interval": f"[{e.low:.1%}, {e.high:.1%}]"})
    return rows
