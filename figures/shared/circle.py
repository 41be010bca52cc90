"""Directions in a plane: a rotation, and the angles between features around the circle."""

import numpy as np

from sup.geometry import represented


def turn(angle: float) -> np.ndarray:
    """The rotation of a plane by an angle in radians, counter-clockwise."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def gaps(W: np.ndarray) -> np.ndarray:
    """Degrees from each represented feature of W (2, feature) to the next one around the circle; they add up to 360.

    Empty if no feature is represented.
    """
    x, y = np.asarray(W, np.float64)[:, represented(W[None])[0]]
    angles = np.sort(np.degrees(np.arctan2(y, x)))
    return np.diff(np.append(angles, angles[:1] + 360))
