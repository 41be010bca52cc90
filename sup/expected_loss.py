"""The ReLU output model's expected loss under a distribution of features, its gradient, and the local minimum near a model.

Samples split by which features are active. An active feature is uniform on [0, 1), so for each set A of active features the
loss is an integral over a cube, and L = sum_A P(A) L_A / n, the mean over features that training reports. For each output, the
integral along one active feature is exact and so meets the kink of the ReLU; along the others it is a Gauss-Legendre rule.
Sources: Elhage et al. 2022, "Demonstrating Superposition" (the loss) and "Superposition and correlated features" (the sets).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

from sup.errors import SpecError
from sup.features import Anticorrelated, Distribution, Independent, per_feature
from sup.geometry import gram
from sup.sparse_loss import positive_moments
from sup.specs import Run

NODES = (1, 1, 12, 8, 6, 4, 4)
"""Nodes of the rule along each active feature but one, by the number of active features: large sets are rare and need few."""
NEGLIGIBLE = 1e-6
"""Largest total chance of the sets that are left out because they have more active features than `NODES` covers."""
ROUNDS = 4
"""Largest number of successive descents; each chooses the directions of exact integration anew."""


def activation_law(distribution: Distribution, features: int) -> dict[tuple[int, ...], float]:
    """The chance of each set of active features. Chances add up to 1; sets of chance zero are left out.

    Raises:
        SpecError: if an active feature's range is not [0, 1).

    Example: two features that only occur together.
        >>> from sup.features import Correlated
        >>> activation_law(Correlated(sizes=(2,), density=0.25), 2)
        {(): 0.75, (0, 1): 0.25}
    """
    if isinstance(distribution, Independent):
        if distribution.unit_norm:
            raise SpecError(
                f"unit_norm is False, since the expected loss is integrated over values that do not depend on each other; "
                f"got {distribution!r}. Measure such a model's loss on samples."
            )
        if (distribution.low, distribution.high) != (0.0, 1.0):
            raise SpecError(
                f"low and high are 0 and 1, the range over which the expected loss is integrated; got {distribution!r}. "
                f"Leave them out of the distribution."
            )
        members: list[tuple[int, ...]] = [(i,) for i in range(features)]
    else:
        ends = np.cumsum((0, *distribution.sizes)).tolist()
        members = [tuple(range(a, b)) for a, b in pairwise(ends)]
    choices: list[list[tuple[tuple[int, ...], float]]] = []
    for group, density in zip(members, per_feature(distribution.density, len(members)), strict=True):
        if isinstance(distribution, Anticorrelated):
            active: list[tuple[tuple[int, ...], float]] = [((i,), density / len(group)) for i in group]
        else:
            active = [(group, density)]
        choices.append([((), 1 - density), *active])
    law = {}
    for choice in product(*choices):
        chance = float(np.prod([p for _, p in choice]))
        if chance > 0:
            law[tuple(i for group, _ in choice for i in group)] = chance
    return law


class Pieces(NamedTuple):
    """The possible sets of k active features, with the rule that integrates over them.

    Attributes:
        active: The features of each set, shape (set, k).
        chance: The chance of each set, shape (set).
        points: Nodes of the rule along all but one active feature, shape (node, k - 1).
        masses: Their weights, shape (node).
    """

    active: np.ndarray
    chance: np.ndarray
    points: np.ndarray
    masses: np.ndarray


@dataclass(frozen=True)
class Task:
    """Everything but the model's parameters that its expected loss depends on.

    Attributes:
        law: The sets of active features with their chances, as pairs.
        importance: Loss weight of each feature.
    """

    law: tuple[tuple[tuple[int, ...], float], ...]
    importance: tuple[float, ...]

    @staticmethod
    def of(run: Run) -> "Task":
        """The task of a run. Refuses features with another range than [0, 1) with a SpecError.

        Raises:
            SpecError: if the model or its activation is another, or too many features are active at once.
        """
        if run.model != "relu-output":
            raise SpecError(
                f"model is relu-output, the one whose expected loss is integrated; got {run.model!r}. "
                f"Measure another model's loss on samples."
            )
        if run.activation != "relu":
            raise SpecError(
                f"activation is relu, the one whose expected loss is integrated; got {run.activation!r}. "
                f"Measure such a model's loss on samples."
            )
        law = activation_law(run.distribution, run.n_features)
        most = len(NODES) - 1
        rare = sum(chance for active, chance in law.items() if len(active) > most)
        if rare > NEGLIGIBLE:
            raise SpecError(
                f"the expected loss is integrated over at most {most} active features, and more may have a chance of at most "
                f"{NEGLIGIBLE:g}; got {run.distribution!r}, with chance {rare:.3g}. Measure such a model's loss on samples."
            )
        sets = tuple((active, chance) for active, chance in law.items() if len(active) <= most)
        return Task(sets, per_feature(run.importance, run.n_features))


@lru_cache(maxsize=64)
def _pieces(task: Task) -> tuple[Pieces, ...]:
    pieces = []
    for k in sorted({len(active) for active, _ in task.law}):
        sets = [(active, chance) for active, chance in task.law if len(active) == k]
        at, mass = np.polynomial.legendre.leggauss(NODES[k])
        grids = np.meshgrid(*[(at + 1) / 2] * (k - 1), indexing="ij") if k > 1 else []
        points = np.stack([grid.ravel() for grid in grids], axis=1) if k > 1 else np.zeros((1, 0))
        masses = np.array([np.prod(m) for m in product(mass / 2, repeat=max(k - 1, 0))])
        active = np.array([active for active, _ in sets], int).reshape(len(sets), k)
        pieces.append(Pieces(active, np.array([chance for _, chance in sets]), points, masses))
    return tuple(pieces)


def expected_loss(
    W: Float[np.ndarray, "hidden feature"],
    b: Float[np.ndarray, " feature"],
    task: Task,
    like: Float[np.ndarray, "feature feature"] | None = None,
) -> tuple[float, Float64[np.ndarray, "hidden feature"], Float64[np.ndarray, " feature"]]:
    """The expected loss of one model, the mean over features that training reports, and its gradients in W and b.

    Args:
        W: Feature directions.
        b: Biases.
        task: How features occur, and their importance.
        like: Products W^T W whose sizes choose the direction of exact integration; those of W itself by default. Held fixed,
            they make the loss a smooth function of W and b.

    Example: two features back to back on a line, active one at a time, cost nothing.
        >>> distribution = Anticorrelated(sizes=(2,), density=0.5)
        >>> task = Task(tuple(activation_law(distribution, 2).items()), (1.0, 1.0))
        >>> round(expected_loss(np.array([[1.0, -1.0]]), np.zeros(2), task)[0], 12)
        0.0
    """
    W, b = np.asarray(W, np.float64), np.asarray(b, np.float64)
    weights, products = np.array(task.importance), gram(W[None])[0]
    like = np.abs(products if like is None else like)
    loss, by_product, by_bias = 0.0, np.zeros_like(products), np.zeros_like(b)
    for piece in _pieces(task):
        if not piece.active.shape[1]:
            y = np.maximum(b, 0.0)
            loss += float(piece.chance.sum() * (weights @ (y * y)))
            by_bias += piece.chance.sum() * 2 * weights * y
        else:
            loss += _add_piece(piece, products, like, b, weights, by_product, by_bias)
    n = len(b)
    return loss / n, W @ (by_product + by_product.T) / n, by_bias / n


def _add_piece(
    piece: Pieces,
    products: np.ndarray,
    like: np.ndarray,
    b: np.ndarray,
    weights: np.ndarray,
    by_product: np.ndarray,
    by_bias: np.ndarray,
) -> float:
    """The part of the loss from sets of k active features; its gradients are added to `by_product` and `by_bias`.

    Along the active feature whose product `like` with an output is largest, z = slope x + offset is positive on one interval
    [s, t]. With M_q = int_s^t x^q dx, the loss and its gradients are polynomials in slope, offset and target, linear in M_q.
    """
    sets, k = piece.active.shape
    n = len(b)
    onto = products[:, piece.active]  # (output, set, active)
    inner = like[:, piece.active].argmax(axis=2)
    order = np.argsort(np.arange(k) == inner[..., None], axis=2, kind="stable")  # the inner feature last
    slots = np.take_along_axis(np.broadcast_to(piece.active, (n, sets, k)), order, axis=2)
    onto = np.take_along_axis(onto, order, axis=2)
    slope, offset = onto[..., -1:], b[:, None, None] + onto[..., :-1] @ piece.points.T  # (output, set, node)
    own = slots == np.arange(n)[:, None, None]
    is_inner, target = own[..., -1:], own[..., :-1] @ piece.points.T
    m0, m1, m2 = positive_moments(slope, offset)
    square = slope**2 * m2 + 2 * slope * offset * m1 + offset**2 * m0
    cross = np.where(is_inner, slope * m2 + offset * m1, target * (slope * m1 + offset * m0))
    target_square = np.where(is_inner, 1 / 3, target**2)
    mass = weights[:, None, None] * piece.chance[:, None] * piece.masses
    error = np.where(is_inner, m1, target * m0) - slope * m1 - offset * m0  # target - output, where the output is positive
    moment = np.where(is_inner, m2, target * m1) - slope * m2 - offset * m1
    by_bias -= 2 * (mass * error).sum(axis=(1, 2))
    gradients = np.concatenate([(mass * error) @ piece.points, (mass * moment).sum(axis=2, keepdims=True)], axis=2)
    np.add.at(by_product, (np.arange(n)[:, None, None], slots), -2 * gradients)
    return float((mass * (target_square - 2 * cross + square)).sum())


class Minimum(NamedTuple):
    """A local minimum of the expected loss.

    Attributes:
        W: Feature directions, shape (hidden, feature).
        b: Biases, shape (feature).
        loss: The expected loss.
    """

    W: Float64[np.ndarray, "hidden feature"]
    b: Float64[np.ndarray, " feature"]
    loss: float


def descend(
    W: Float[np.ndarray, "hidden feature"], b: Float[np.ndarray, " feature"], task: Task, absent: tuple[int, ...] = ()
) -> Minimum:
    """The local minimum of the expected loss that descent (L-BFGS) reaches from a model.

    Args:
        W: Feature directions at the start.
        b: Biases at the start.
        task: How features occur, and their importance.
        absent: Features that are held at W_i = 0.

    Example: one feature in one dimension is learned perfectly.
        >>> task = Task.of(Run(model="relu-output", n_features=1, n_hidden=1, distribution=Independent(density=0.5)))
        >>> abs(round(descend(np.array([[0.7]]), np.array([0.1]), task).loss, 9))
        0.0
    """
    W, b = np.asarray(W, np.float64), np.asarray(b, np.float64)
    free = ~np.isin(np.arange(W.shape[1]), absent)
    before = np.inf
    for _ in range(ROUNDS):
        W, b = _descend_once(W * free, b, task, free)
        loss = expected_loss(W, b, task)[0]
        if abs(before - loss) <= 1e-6 * loss:
            break
        before = loss
    return Minimum(W, b, loss)


def _descend_once(W: np.ndarray, b: np.ndarray, task: Task, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One descent of the `free` features; the start fixes the directions of exact integration."""
    from scipy.optimize import minimize

    like = gram(W[None])[0]
    scale = 1 / max(expected_loss(W, b, task, like)[0], 1e-12)  # so that tolerances mean the same at every density

    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        loss, by_w, by_b = expected_loss(point[: W.size].reshape(W.shape) * free, point[W.size :], task, like)
        return scale * loss, scale * np.concatenate([(by_w * free).ravel(), by_b])

    options = {"ftol": 1e-11, "gtol": 1e-8, "maxiter": 1000}
    end = minimize(at, np.concatenate([W.ravel(), b]), jac=True, method="L-BFGS-B", options=options).x
    return end[: W.size].reshape(W.shape) * free, end[W.size :]
