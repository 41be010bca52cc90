"""Drawing of polytopes: edges, and vertices as arrows from the centre, seen from one fixed direction.

Not a figure itself: `tegum_products` and `polytope_matrices` are the figures.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from figures.style import Point, Theme, arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TURN, TILT = np.radians(24.0), np.radians(20.0)
"""The viewing direction, in radians: turn about the vertical axis, and angle from above."""


def projected(W: np.ndarray) -> np.ndarray:
    """Projection of the columns of W (hidden, feature): x, y and depth, (feature, 3); larger depths are farther away.

    W in two dimensions is already in the plane of the picture. In three, the last axis points up.

    Example:
        >>> projected(np.array([[0.0], [0.0], [1.0]])).round(2).tolist()
        [[0.0, 0.94, -0.34]]
    """
    if len(W) == 2:
        return np.column_stack([*W, np.zeros(W.shape[1])])
    x, y, z = W
    across, away = np.cos(TURN) * x - np.sin(TURN) * y, np.sin(TURN) * x + np.cos(TURN) * y
    return np.column_stack([across, np.cos(TILT) * z + np.sin(TILT) * away, np.cos(TILT) * away - np.sin(TILT) * z])


def hull_edges(W: np.ndarray) -> np.ndarray:
    """The edges of the convex hull of the columns of W (hidden, feature), pairs of features in rising order: (edge, 2).

    Faces with more than three corners would get diagonals; the shapes drawn here have none.

    Example: a triangle in a plane.
        >>> from sup.polytopes import polygon
        >>> hull_edges(polygon(3)).tolist()
        [[0, 1], [0, 2], [1, 2]]
    """
    from scipy.spatial import ConvexHull

    faces = ConvexHull(W.T).simplices
    pairs = {(min(a, b), max(a, b)) for face in faces.tolist() for a in face for b in face if a != b}
    return np.array(sorted(pairs))


def draw_solid(
    axes: "Axes", centre: Point, places: np.ndarray, edges: np.ndarray, colours: Sequence[str], theme: Theme, scale: float
) -> None:
    """Draws edges as thin lines, those at the back dashed, and an arrow from the centre to each vertex.

    Args:
        axes: The sheet.
        centre: The centre's place on the sheet, in points.
        places: The vertices, as `projected` returns them.
        edges: Pairs of vertices.
        colours: One per vertex.
        theme: The colour of edges.
        scale: Points per unit of length.
    """
    at = np.asarray(centre) + scale * places[:, :2]
    back = places[:, 2] > 0.75 * max(float(places[:, 2].max()), 1e-9)
    for a, b in edges.tolist():
        hidden = back[a] or back[b]
        axes.plot(*at[[a, b]].T, color=theme.muted, lw=0.8, ls=(0, (2, 2)) if hidden else "-", zorder=2)
    for place, colour in zip(at, colours, strict=True):
        arrow(axes, centre, place, colour, lw=1.6, mutation_scale=8, zorder=4)
        axes.plot(*place, "o", color=colour, ms=4.5, zorder=5)
