"""Two numbers stored in one, nonlinearly: the exact error of a steep but continuous quantiser.

Let x and y be independent and uniform on [0, 1). With Z segments, v = floor(Z x) + y holds both: floor(v) is the segment of x,
and the remainder is y. A network of ReLUs has no jumps, so every riser of the floor becomes a straight line of some width, in
the encoder and in the decoder:

    f(u) = sum_{k=1}^{Z-1} clip((u - k) / width + 1/2, 0, 1),
    v = f(Z x) + y,   x' = (f(v) + 1/2) / Z,   y' = v - f(v).

Each riser is the difference of two ReLUs. Source: Elhage et al. 2022, appendix on nonlinear compression, which writes t = v / Z.
"""

import numpy as np
from jaxtyping import Float, Float64

from sup.errors import SpecError

LINEAR = 1 / 24
"""Mean squared error per dimension of the best linear code of two numbers in one.

Their covariance is the identity / 12, so a projection on any line leaves a squared error of 1/12, which the two share."""


def staircase(u: Float[np.ndarray, "*axes"], segments: int, width: float) -> Float64[np.ndarray, "*axes"]:
    """f(u): the floor of u in [0, segments), with risers of `width` around 1, ..., segments - 1; width 0 is the floor itself.

    Example:
        >>> staircase(np.array([0.5, 1.0, 2.9]), 3, 0.2).tolist()
        [0.0, 0.5, 2.0]
    """
    u = np.asarray(u, np.float64)
    risers = np.arange(1, segments)
    if width == 0:
        return np.asarray((u[..., None] >= risers).sum(axis=-1), np.float64)
    return np.asarray(np.clip((u[..., None] - risers) / width + 0.5, 0.0, 1.0).sum(axis=-1))


def through_one_number(
    x: Float[np.ndarray, "*axes"], y: Float[np.ndarray, "*axes"], segments: int, width: float
) -> tuple[Float64[np.ndarray, "*axes"], Float64[np.ndarray, "*axes"]]:
    """The numbers x' and y' that are decoded from the code v of x and y.

    Example: x becomes the middle of its segment, y stays as it is.
        >>> [part.tolist() for part in through_one_number(np.array([0.3]), np.array([0.25]), 2, 0.0)]
        [[0.25], [0.25]]
    """
    v = staircase(np.asarray(x) * segments, segments, width) + y
    level = staircase(v, segments, width)
    return (level + 0.5) / segments, v - level


def compression_error(segments: int, width: float) -> float:
    """Mean of ((x - x')^2 + (y - y')^2) / 2 over uniform x and y, integrated exactly.

    Squared errors are quadratic on polygons: within a tread or part of a riser of f(Z x), the values of v at which f bends are
    at heights y that are linear in x. So Gauss rules on the pieces between these lines are exact. At width 0 the error is
    1 / (24 Z^2), which comes from taking the middle of its segment for x. Compare `LINEAR`.

    Args:
        segments: Z, at least 1.
        width: Width of a riser, from 0 to 1, in the units in which the floor's treads have length 1.

    Raises:
        SpecError: if `segments` is below 1 or `width` lies outside [0, 1].

    Example:
        >>> round(compression_error(3, 0.0) * 24 * 9, 9)
        1.0
    """
    if segments < 1 or not 0.0 <= width <= 1.0:
        raise SpecError(
            f"segments is at least 1, and width (of a riser, where treads have length 1) lies in [0, 1]; "
            f"got segments={segments!r}, width={width!r}. For a width in units of x, pass width=segments * epsilon."
        )
    bends = np.unique([0.0, segments, *(k + side * width / 2 for k in range(1, segments) for side in (-1, 1))])
    # within a riser f crosses the offsets of the bends from the integers; at these u a bend enters or leaves 0 <= y < 1
    inside = (-0.5, (width - 1) / 2, (1 - width) / 2, 0.5)
    us = np.unique([*bends, *(k + width * part for k in range(1, segments) for part in inside)])
    u, u_mass = _gauss(us)
    total = 0.0
    for at, mass in zip(u, u_mass, strict=True):
        level = float(staircase(np.array(at), segments, width))
        y, y_mass = _gauss(np.unique(np.clip([0.0, *(bends - level), 1.0], 0.0, 1.0)))
        back_x, back_y = through_one_number(np.full_like(y, at / segments), y, segments, width)
        total += mass / segments * float(y_mass @ ((at / segments - back_x) ** 2 + (y - back_y) ** 2))
    return float(total / 2)


def relus(segments: int) -> int:
    """Number of ReLUs of this code as a network: two per riser, and one to pass on y in the encoder and v in the decoder.

    Example:
        >>> relus(3)
        10
    """
    return 2 * (2 * (segments - 1) + 1)


def _gauss(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and masses of the three-node Gauss rule on each piece between successive `ends`, exact up to degree 5."""
    at, mass = np.polynomial.legendre.leggauss(3)
    middle, half = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 2
    return (middle[:, None] + half[:, None] * at).ravel(), (half[:, None] * mass).ravel()
