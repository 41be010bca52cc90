"""Computations of F19: pentagons and squares with one feature unlike the others, trained and exact, and where the best changes.

Not a figure itself: `deformed_pentagon` is.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from figures.base import GROUP, Array, array
from figures.non_uniform.planes import clockwise, cut, exact_losses, regular
from figures.shared.circle import gaps
from sup.expected_loss import Minimum, Task, descend
from sup.features import Independent
from sup.geometry import feature_norms, gram, represented
from sup.results import Trained
from sup.specs import Run
from sup.statistics import best_of_groups

FEATURES, HIDDEN, DENSITY = 5, 2, 0.05
OTHER, SQUARE, PENTAGON = 0, 1, 2
CLASSES = ("another arrangement", "square: the varied feature is dropped", "pentagon")
NUMBERS = ", ".join(f"{number} {name}" for number, name in enumerate(CLASSES))
"""The numbers of arrangements with their names, for pages."""
RELATIVE_DENSITIES = tuple(round(10 ** (k / 20), 6) for k in (-20, -18, *range(-16, -5), -4, 0, 4, 8, 12, 16, 20))
"""Density of the varied feature over that of the others: fine around the snap, the paper's and ours, coarser elsewhere."""
RELATIVE_IMPORTANCES = tuple(round(10 ** (k / 20), 6) for k in (-20, -16, -14, -12, -10, -8, -6, -4, 0, 6, 13, 20))
"""Importance of the varied feature over that of the others."""
BASELINES = (DENSITY, 0.08, 0.1)
"""Densities of the other features at which the exact curves are compared: this figure's, and denser ones."""
LEAST_GAP = 30.0
"""Smallest angle in degrees between neighbours at which five represented features count as a pentagon, however stretched."""


def dense(relative: float, density: float = DENSITY) -> tuple[float, ...]:
    """Densities of the five features when the first one's is `relative` times that of the others, which is `density`."""
    return (density * relative, *(density,) * (FEATURES - 1))


def important(relative: float) -> tuple[float, ...]:
    """Importances of the five features when the first one's is `relative` and the others' are 1."""
    return (relative, *(1.0,) * (FEATURES - 1))


def by_density(relative: float, density: float = DENSITY) -> Task:
    """The task of models whose first feature is denser or sparser than the others."""
    distribution = Independent(density=dense(relative, density))
    return Task.of(Run(model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=distribution))


def by_importance(relative: float) -> Task:
    """The task of models whose first feature is more or less important than the others."""
    distribution, importance = Independent(density=DENSITY), important(relative)
    return Task.of(
        Run(model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=distribution, importance=importance)
    )


def arrangement(W: np.ndarray) -> int:
    """The number in CLASSES of the arrangement of W (2, feature).

    PENTAGON: all five represented, none nearer to another than LEAST_GAP. SQUARE: the first dropped, the others two digons.

    Example:
        >>> arrangement(np.zeros((2, 5)))
        0
    """
    if represented(W[None])[0].all() and gaps(W).min() >= LEAST_GAP:
        return PENTAGON
    return SQUARE if regular(W, range(1, FEATURES)) else OTHER


def ideal_pentagon() -> Minimum:
    """The start of descents to pentagons, near the best one of five equal features; its loss is NaN."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(FEATURES) / FEATURES
    return Minimum(1.14 * np.stack([np.cos(angles), np.sin(angles)]), np.full(FEATURES, -0.25), np.nan)


def ideal_square() -> Minimum:
    """The start of descents to squares: two digons of unit length, the first feature at zero; its loss is NaN."""
    angles = np.pi / 2 - np.pi / 2 * np.arange(FEATURES - 1)
    W = np.concatenate([np.zeros((2, 1)), np.stack([np.cos(angles), np.sin(angles)])], axis=1)
    bias = np.array([0.02, *(0.0,) * (FEATURES - 1)])  # above zero, where the dropped feature's bias has a gradient
    return Minimum(W, bias, np.nan)


def branch(
    start: Minimum, relative: Sequence[float], task: Callable[[float], Task], absent: tuple[int, ...] = ()
) -> list[Minimum]:
    """The minima of one branch of solutions, one a setting.

    The descent at the setting nearest to 1 begins at `start`; each other one begins at the minimum of its neighbour nearer to 1.
    """
    middle = int(np.argmin(np.abs(np.log(relative))))
    minima: dict[int, Minimum] = {}
    for order in (range(middle, -1, -1), range(middle, len(relative))):
        minimum = start
        for k in order:
            minimum = minima.get(k) or descend(minimum.W, minimum.b, task(relative[k]), absent)
            minima[k] = minimum
    return [minima[k] for k in range(len(relative))]


def crossing(relative: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """Where the loss `high` (setting) falls below `low` as `relative` grows, and the difference of their slopes there.

    Both losses are interpolated as powers of `relative` between neighbouring settings. Slopes are d ln loss / d ln relative;
    a difference is a kink in the lowest loss. NaN without a crossing.
    """
    x, gap = np.log(relative), np.log(low) - np.log(high)
    at = np.flatnonzero((gap[:-1] <= 0) & (gap[1:] > 0))
    if not at.size:
        return np.nan, np.nan
    k = int(at[0])
    slope = (gap[k + 1] - gap[k]) / (x[k + 1] - x[k])
    return float(np.exp(x[k] - gap[k] / slope)), float(slope)


@lru_cache(maxsize=len(BASELINES))
def crossing_factor(density: float) -> float:
    """How many times sparser than the others, of this density, the first feature is where squares and pentagons cross."""
    relative = np.geomspace(0.1, 1, 9).tolist()
    task = partial(by_density, density=density)
    pentagons, squares = branch(ideal_pentagon(), relative, task), branch(ideal_square(), relative, task, absent=(0,))
    loss = [m.loss if arrangement(m.W) == PENTAGON else np.nan for m in pentagons]
    return 1 / crossing(np.array(relative), np.array([m.loss for m in squares]), np.array(loss))[0]


def baseline_of(factor: float, densities: Sequence[float], factors: Sequence[float]) -> float:
    """The density of the others at which the exact curves cross at this factor; both interpolated as powers. Factors fall.

    Example:
        >>> round(baseline_of(2.0, (0.01, 0.1), (4.0, 1.0)), 4)
        0.0316
    """
    x, y = np.log(densities)[::-1], np.log(factors)[::-1]
    return float(np.exp(np.interp(np.log(factor), y, x)))


def snap(relative: np.ndarray, classes: np.ndarray) -> float:
    """The setting at which fits `classes` (setting) turn from squares to something else: the cut that misplaces the fewest.

    It is the geometric mean of the two neighbouring settings; NaN if no fit or every fit is a square.
    """
    return cut(relative, classes != SQUARE)


def steps(weights: np.ndarray) -> np.ndarray:
    """Largest change of a product W_i . W_j from each fit of `weights` (setting, 2, feature) to the next: (setting - 1)."""
    products = gram(np.stack([clockwise(W) for W in weights]))
    return np.abs(np.diff(products, axis=0)).max(axis=(1, 2))


def survey(models: Sequence[Trained], relative: Sequence[float], task: Callable[[float], Task]) -> dict[str, Array]:
    """Arrays of one experiment: single models, the best of five, and exact minima; each of `models` has the seeds of one setting.

    Norms, biases and products are in the features' own order, weights in clockwise order.
    """
    loss = np.stack([exact_losses(trained) for trained in models])
    sampled = np.stack([trained["final_loss"] for trained in models]).astype(np.float64)
    classes = np.array([[arrangement(W) for W in trained["W"]] for trained in models])
    pentagon = np.array([[regular(W, range(FEATURES)) for W in trained["W"]] for trained in models])
    best, best_sampled = (np.take_along_axis(classes, best_of_groups(losses, GROUP), axis=1) for losses in (loss, sampled))
    return {
        "relative": array(relative, "setting", "what is varied of one feature, over the same of the others"),
        "loss": array(loss, "setting seed", "expected loss"),
        "sampled": array(sampled, "setting seed", "final loss"),
        "found": array(classes, "setting seed", f"arrangement: {NUMBERS}"),
        "regular": array(pentagon, "setting seed", "model that is a regular pentagon"),
        "best": array(best, "setting group", f"arrangement, best of five models by expected loss: {NUMBERS}"),
        "best_sampled": array(best_sampled, "setting group", f"arrangement, best of five models by final loss: {NUMBERS}"),
        **_best_fits(models, best_of_groups(loss, GROUP)),
        **_exact_branches(relative, task),
    }


def _best_fits(models: Sequence[Trained], best: np.ndarray) -> dict[str, Array]:
    """Weights, norms, positive products and biases of the models `best` (setting, group)."""
    W = np.stack([trained["W"][row] for trained, row in zip(models, best, strict=True)])
    b = np.stack([trained["b"][row] for trained, row in zip(models, best, strict=True)]).astype(np.float64)
    weights = np.array([[clockwise(one) for one in some] for some in W])
    positive = (np.maximum(np.stack([gram(some) for some in W]), 0) * (1 - np.eye(FEATURES))).sum(axis=3)
    fits = "best of five models"
    return {
        "W": array(weights, "setting group hidden feature", f"weights, turned, features in clockwise order, {fits}"),
        "norm": array(np.stack([feature_norms(some) for some in W]), "setting group feature", f"norm of a feature, {fits}"),
        "positive": array(positive, "setting group feature", f"sum of a feature's positive products with others, {fits}"),
        "b": array(b, "setting group feature", f"bias, {fits}"),
    }


def _exact_branches(relative: Sequence[float], task: Callable[[float], Task]) -> dict[str, Array]:
    """The exact minima that pentagons and squares become at each setting."""
    pentagons, squares = branch(ideal_pentagon(), relative, task), branch(ideal_square(), relative, task, absent=(0,))
    whole = np.array([arrangement(m.W) == PENTAGON for m in pentagons])
    loss = np.where(whole, [m.loss for m in pentagons], np.nan)
    W = np.where(whole[:, None, None], np.stack([clockwise(m.W) for m in pentagons]), np.nan)
    return {
        "exact_pentagon": array(loss, "setting", "loss of the exact pentagon, nan where there is none"),
        "exact_square": array([m.loss for m in squares], "setting", "loss of the exact square"),
        "exact_W": array(W, "setting hidden feature", "weights of the exact pentagon, turned, nan where there is none"),
    }
