"""Parts of F13 and F14: a map of trained models by importance and density, and the theory's map.

Not a figure itself: `phase_two`, `phase_three` and `phase_crossing` are the figures.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from figures.base import Array, Data, Size, array, estimated, replicates
from figures.style import Theme
from sup.features import Independent
from sup.geometry import feature_norms, superposition_score
from sup.phases import ABSENT, DEDICATED, SUPERPOSED, outcome, phase
from sup.results import Trained
from sup.specs import Recipe, Run, power_of_ten
from sup.statistics import Estimate, share
from sup.sweeps import Sweep, sweep
from sup.three_features import three_feature_loss
from sup.two_features import two_feature_loss

HOLD = ((0.0, 1.0), (0.7, 1.0), (1.0, 0.0))
RECIPE = Recipe(batch=256, learning_rate=0.1, schedule=HOLD, beta1=0.7, beta2=0.5, init_scale=0.1)
"""Recipe of the models of both maps, chosen by final loss on seeds that no figure uses, at equal numbers of samples.

Two rounds compared 24 rates, schedules and batches, and starts of 0.01 to 4 times the usual spread; the best left single fits in
worse solutions where both importances are alike, since an output that starts below zero gets no gradient. A short memory of
gradients wakes such outputs. A third round compared memories and rates: on 256 cells of each map with 8 fresh fits a cell, beta
0.7 and 0.5 with a rate of 0.1 has geometric mean losses of 0.00339 (F13) and 0.00249 (F14), against 0.00457 and 0.00266 with 0.9,
0.999 and 0.06. Where the best fits are, 0.00320 and 0.00235, hardly changes."""
NEAR = 1.25
"""A cell is away from the boundary if the theory's outcome is the same when density, importance or both change by this factor."""
CORNER = 0.25
"""Tolerance of a norm and a score for one of the three outcomes, around the ideal 0 or 1."""
OUTCOMES = f"{ABSENT} not represented, {DEDICATED} dedicated, {SUPERPOSED} superposed"
"""Meaning of the numbers of outcomes, for pages."""


def importances(grid: int) -> np.ndarray:
    """Importances of the extra feature from 0.1 to 10: the centres of `grid` equal cells on a logarithmic axis."""
    return np.array([power_of_ten((k + 0.5) / grid * 2 - 1) for k in range(grid)])


def densities(grid: int) -> np.ndarray:
    """Densities from 0.01 to 1: the centres of `grid` equal cells on a logarithmic axis."""
    return np.array([power_of_ten((k + 0.5) / grid * 2 - 2) for k in range(grid)])


@lru_cache
def models(features: int, size: Size) -> Sweep:
    """`size.seeds` fits of each cell: ReLU output models of 2 features in 1 dimension or 3 in 2, the extra feature last."""
    base = Run(
        model="relu-output", n_features=features, n_hidden=features - 1, distribution=Independent(density=1.0), recipe=RECIPE
    )
    weights = [(1.0,) * (features - 1) + (float(r),) for r in importances(size.grid)]
    return sweep(base, steps=[size.steps], density=densities(size.grid).tolist(), importance=weights, seed=replicates(size.seeds))


def maps(trained: Trained) -> Data:
    """The maps of the fits of `models`, and their agreement with the theory.

    The worst fit of a cell has the highest expected loss; averages leave it out, unless it is the only fit.
    """
    run = trained.runs[0]
    r, p = (np.array(sorted({value(run) for run in trained.runs})) for value in (_importance, _density))
    shape = (len(p), len(r), -1)
    loss = expected_loss(trained).reshape(shape)
    norm = feature_norms(trained["W"])[:, -1].reshape(shape)
    score = np.minimum(superposition_score(trained["W"])[:, -1], 1.0).reshape(shape)
    arrays = {
        "importance": array(r, "importance", "importance of the extra feature"),
        "density": array(p, "density", "density of the features, 1 - S"),
        "fits": array(loss.shape[2], "", "fits of each cell"),
        **_theory(run.n_features, p, r),
        **_fitted(loss, norm, score),
    }
    data = Data(arrays=arrays)
    strayed = share(outcome(norm, score) != data["best_found"][:, :, None])
    values = {
        "agreement": estimated(agreement(data), percent=True, digits=3),
        "best_agreement": estimated(agreement(data, "best_found"), percent=True, digits=4),
        "strayed": estimated(strayed, percent=True, digits=3),
    }
    return replace(data, values=values)


def _fitted(loss: np.ndarray, norm: np.ndarray, score: np.ndarray) -> dict[str, Array]:
    """The average, most frequent and best outcome of each cell; all arguments have the shape (density, importance, fit)."""
    rest = np.argsort(loss, axis=2, kind="stable")[:, :, : max(1, loss.shape[2] - 1)]
    average_norm, average_score = (np.take_along_axis(part, rest, axis=2).mean(axis=2) for part in (norm, score))
    best_norm, best_score, best_loss = (np.take_along_axis(part, rest[:, :, :1], axis=2)[:, :, 0] for part in (norm, score, loss))
    each = np.take_along_axis(outcome(norm, score), rest, axis=2)
    strayed = outcome(norm, score) != outcome(best_norm, best_score)[:, :, None]
    votes = np.stack([(each == k).sum(axis=2) for k in (ABSENT, DEDICATED, SUPERPOSED)])
    cells = {
        "norm": (average_norm, "norm of the extra feature, mean of all fits but the worst"),
        "score": (average_score, "superposition score of the extra feature, at most 1, mean of all fits but the worst"),
        "best_norm": (best_norm, "norm of the extra feature in the best fit"),
        "best_score": (best_score, "superposition score of the extra feature in the best fit, at most 1"),
        "best_loss": (best_loss, "expected loss of the best fit"),
        "found": (outcome(average_norm, average_score), f"outcome by the mean norm and score: {OUTCOMES}"),
        "best_found": (outcome(best_norm, best_score), f"outcome of the best fit: {OUTCOMES}"),
        "most_found": (votes.argmax(axis=0), f"most frequent outcome of all fits but the worst: {OUTCOMES}"),
        "strayed": (strayed.mean(axis=2), "share of the fits that have another outcome than the best one"),
    }
    return {name: array(numbers, "density importance", text) for name, (numbers, text) in cells.items()}


def expected_loss(trained: Trained) -> np.ndarray:
    """The expected loss of each model, without sampling.

    The final loss of training is too noisy here. At a density of 0.01 only six or seven of its 65,536 samples have a given pair
    of features active, and the solutions differ only on these. All models have the same samples, so the choice of the best would
    fail for a whole row of cells at once.
    """
    p, r = (np.array([value(run) for run in trained.runs]) for value in (_density, _importance))
    if trained.runs[0].n_features == 2:
        return two_feature_loss(trained["W"][:, 0], trained["b"], p, r)
    return three_feature_loss(trained["W"], trained["b"], p, r)


def _importance(run: Run) -> float:
    return run.importance[-1] if isinstance(run.importance, tuple) else run.importance


def _density(run: Run) -> float:
    density = run.distribution.density
    return density[-1] if isinstance(density, tuple) else density


def _theory(features: int, p: np.ndarray, r: np.ndarray) -> dict[str, Array]:
    theory = phase(features, p[:, None], r[None, :])
    steps = (1 / NEAR, 1.0, NEAR)
    around = [phase(features, np.minimum(p[:, None] * up, 1.0), r[None, :] * right) for up in steps for right in steps]
    away = np.all(np.stack(around) == theory, axis=0)
    return {
        "theory": array(theory, "density importance", f"outcome in theory: {OUTCOMES}"),
        "away": array(away, "density importance", "cell is away from the boundaries of the theory"),
    }


def agreement(data: Data, name: str = "found", *, among: int = 1) -> Estimate:
    """Share of the cells away from the boundary whose outcome in the array `name` is the theory's."""
    away = data["away"]
    return share((data[name] == data["theory"])[away], among=among).over(int(away.sum() * data["fits"]))


def colours(norm: np.ndarray, score: np.ndarray, theme: Theme) -> np.ndarray:
    """The paper's colours of norm and score, shape (..., 3): pale at norm 0; at norm 1 from blue at score 0 to red at score 1."""
    from matplotlib.colors import to_rgb

    absent, dedicated, superposed = (np.array(to_rgb(c)) for c in (theme.zero, theme.dedicated, theme.superposed))
    n, s = (np.clip(part, 0, 1)[..., None] for part in (norm, score))
    return (1 - n) * absent + n * ((1 - s) * dedicated + s * superposed)
