"""Which fits, and which codes, are best at a density: losses on a million samples.

Not a figure itself. Codes can cost nearly the same. A final loss is the mean over 65,536 samples, and for such codes that is too
few: on other samples another one is ahead. So the codes that are close are compared here on more samples, the same for all.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float64

from figures.privileged_basis.privileged import DENSITIES, FEATURES, GROUP, IMPORTANCE
from sup.codes import code_name, code_words, recovered, words_per_neuron
from sup.results import Trained

PAPER = (
    "5 dedicated",
    "3 dedicated + two signs",
    "2 dedicated + 5 in 3",
    "1 dedicated + all pairs of 4",
    "hub of 4",
    "all pairs of 5",
)
"""The code of each row of the paper's figure, in the words of `sup.codes.code_name`."""
SAMPLES, CHUNK, SEED = 2**20, 2**13, 28
NEAR = 1.03
"""A code can be the best if its final loss is within 3 % of the lowest; on other samples that shifts by a percent or two."""


@dataclass(frozen=True, kw_only=True)
class Fits:
    """The fits at one density.

    Attributes:
        W: Weights (fit hidden feature).
        b: Biases (fit feature).
        name: The name of each fit's code (fit).
        code: Its place in `PAPER`, -1 for another code (fit).
        alone: Neurons of one feature (fit).
        shared: Neurons of several features (fit).
        count: Represented features (fit).
        loss: The loss on many samples, nan for a fit that was not compared (fit).
        best: Position of the best fit of all.
        groups: Position of the best fit of each group (group).
        excess: How much more the best fit with each of the codes in `PAPER` costs than the best of all, as a share of the
            latter's loss; nan for a code that was not found (code).
        error: The standard error of `excess` that comes from the samples (code).
    """

    W: np.ndarray
    b: np.ndarray
    name: np.ndarray
    code: np.ndarray
    alone: np.ndarray
    shared: np.ndarray
    count: np.ndarray
    loss: np.ndarray
    best: int
    groups: np.ndarray
    excess: np.ndarray
    error: np.ndarray


def compared(trained: Trained, density: float) -> Fits:
    """The fits of one density: their codes, and which of them are best on many samples."""
    codes, final = code_words(trained["W"]), trained["final_loss"].astype(np.float64)
    words, name = words_per_neuron(codes), np.array([code_name(code) for code in codes])
    teams = _teams(len(final))
    rivals = [_rivals(final, name, team) for team in teams]
    everyone = _rivals(final, name, np.arange(len(final)))
    lowest = [_lowest(final, np.flatnonzero(name == code)) for code in PAPER if (name == code).any()]
    places = np.array(sorted({*everyone, *lowest, *(k for few in rivals if len(few) > 1 for k in few)}))
    mean, covariance = many_losses(trained["W"][places], trained["b"][places], density)
    loss = np.full(len(final), np.nan)
    loss[places] = mean
    best = places[mean.argmin()]
    code = np.array([PAPER.index(one) if one in PAPER else -1 for one in name])
    excess, error = np.full((2, len(PAPER)), np.nan)
    first = int(mean.argmin())
    for k in range(len(PAPER)):
        if (code[places] == k).any():
            one = int(np.where(code[places] == k, mean, np.inf).argmin())
            variance = covariance[one, one] + covariance[first, first] - 2 * covariance[one, first]
            excess[k], error[k] = mean[one] / mean[first] - 1, np.sqrt(max(variance, 0.0)) / mean[first]
    return Fits(
        W=trained["W"],
        b=trained["b"],
        name=name,
        code=code,
        alone=(words == 1).sum(axis=1),
        shared=(words > 1).sum(axis=1),
        count=recovered(trained["W"]).sum(axis=1),
        loss=loss,
        best=int(best),
        groups=np.array([few[0] if len(few) == 1 else few[int(loss[few].argmin())] for few in rivals]),
        excess=excess,
        error=error,
    )


def _teams(fits: int) -> list[np.ndarray]:
    """Positions of the fits of each group of `GROUP`; fewer fits than that make one group."""
    size = min(GROUP, fits)
    return [np.arange(k * size, (k + 1) * size) for k in range(fits // size)]


def _lowest(final: np.ndarray, places: np.ndarray) -> int:
    return int(places[final[places].argmin()])


def _rivals(final: np.ndarray, name: np.ndarray, places: np.ndarray) -> list[int]:
    """Of the fits at `places`, the one of lowest final loss of each code that is within `NEAR` of the lowest of all."""
    near = places[final[places] <= NEAR * final[places].min()]
    return [_lowest(final, near[name[near] == code]) for code in np.unique(name[near])]


def many_losses(
    W: Float[np.ndarray, "run hidden feature"], b: Float[np.ndarray, "run feature"], density: float
) -> tuple[Float64[np.ndarray, " run"], Float64[np.ndarray, "run run"]]:
    """The loss of ReLU hidden models on `SAMPLES` samples, the same for all, and the covariance of these means.

    The loss is the mean over samples and features of I_i (x_i - x'_i)^2 with x' = ReLU(W^T ReLU(W x) + b), in float64. Samples
    without an active feature are counted and not computed one by one: they cost ReLU(b)^2.

    Example: five features of ten with a neuron each; of each other one the mean square is lost, a third.
        >>> loss, _ = many_losses(np.eye(5, 10)[None], np.zeros((1, 10)), 1.0)
        >>> round(float(loss[0] / (sum(IMPORTANCE[5:]) / 3 / 10)), 2)
        1.0
    """
    W, b, importance = np.asarray(W, np.float64), np.asarray(b, np.float64), np.array(IMPORTANCE)
    rng = np.random.default_rng(SEED)
    empty, silent = 0, (np.maximum(b, 0.0) ** 2 @ importance) / FEATURES
    total, products = np.zeros(len(W)), np.zeros((len(W), len(W)))
    for _ in range(max(1, SAMPLES // CHUNK)):
        drawn = rng.random((CHUNK, FEATURES))
        x = np.where(drawn < density, drawn / density, 0.0)
        x = x[x.any(axis=1)]
        empty += CHUNK - len(x)
        errors = np.stack([_errors(x, *model, importance) for model in zip(W, b, strict=True)])
        total += errors.sum(axis=1)
        products += errors @ errors.T
    samples = CHUNK * max(1, SAMPLES // CHUNK)
    mean = (total + empty * silent) / samples
    return mean, ((products + empty * np.outer(silent, silent)) / samples - np.outer(mean, mean)) / samples


def _errors(x: np.ndarray, W: np.ndarray, b: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """The loss of one model on each sample x (sample feature); in place, since this is most of the work."""
    h = x @ W.T
    np.maximum(h, 0.0, out=h)
    out = h @ W
    out += b
    np.maximum(out, 0.0, out=out)
    out -= x
    out *= out
    return np.asarray(out @ importance) / len(importance)


def lowest(fits: Fits, code: int) -> float:
    """The lowest loss on many samples of a fit with code `code` of `PAPER`; nan without such a fit."""
    losses = fits.loss[(fits.code == code) & ~np.isnan(fits.loss)]
    return float(losses.min()) if losses.size else math.nan


def crossing(losses: np.ndarray) -> float:
    """The density at which two codes have the same loss: where the logarithm of their losses' ratio crosses zero.

    It is interpolated in the logarithm of the density, between the two nearest densities that have fits of both codes. The last
    such crossing, if there are several; NaN if there is none.

    Args:
        losses: The lowest losses of the denser and the sparser code, shape (2, density) from dense to sparse, NaN without fits.

    Example: equal half way between the first two densities.
        >>> round(crossing(np.array([[1.0, 2.0] + [np.nan] * 12, [2.0, 1.0] + [np.nan] * 12])) ** 2, 6)
        0.8
    """
    gap = np.log(losses[0] / losses[1])
    both = np.flatnonzero(~np.isnan(gap))
    turns = [(i, j) for i, j in pairwise(both) if gap[i] < 0 <= gap[j]]
    if not turns:
        return math.nan
    i, j = turns[-1]
    part = gap[i] / (gap[i] - gap[j])
    return float(math.exp((1 - part) * math.log(DENSITIES[i]) + part * math.log(DENSITIES[j])))
