"""Layout and drawing of a census of shapes: each component of a feature graph on its own circle, side by side.

Not a figure itself: `feature_dimensions` and `pressure` use it. The layout depends on sizes alone, so it is the same everywhere.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from figures.style import Theme
from sup.census import OTHER, Component, components, joined
from sup.geometry import gram
from sup.polytopes import SHAPES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = (*SHAPES, OTHER)
"""Names of shapes, by their numbers in arrays; the number of an unrepresented feature is -1."""
NUMBERS = ", ".join(f"{number} {name}" for number, name in enumerate(NAMES))
"""Meaning of the numbers of shapes, for pages."""
SPACE = 1.3
"""Space between components, in units of the distance between neighbours on a circle."""


def shape_numbers(W: np.ndarray) -> np.ndarray:
    """Number in `NAMES` of the shape of each feature of W (hidden, feature); -1 if it is not represented.

    Example:
        >>> shape_numbers(np.array([[1.0, -1.0, 0.0]])).tolist() == [NAMES.index("digon")] * 2 + [-1]
        True
    """
    numbers = np.full(W.shape[1], -1)
    for component in components(W):
        numbers[list(component.features)] = NAMES.index(component.shape)
    return numbers


def colours(theme: Theme) -> list[str]:
    """A colour for each of `NAMES`."""
    dedicated, tetrahedron, triangle, digon, pentagon, antiprism = (theme.groups[k] for k in (4, 0, 2, 5, 1, 3))
    return [dedicated, tetrahedron, triangle, digon, pentagon, antiprism, theme.absent]


def parts(W: np.ndarray) -> list[Component]:
    """The components of one model in the order in which they are drawn: the largest first."""
    return sorted(components(W), key=lambda c: (-len(c.features), NAMES.index(c.shape), c.features))


def graph(W: np.ndarray) -> dict[str, np.ndarray]:
    """The graph of one model: `nodes` (node, 3) with place and shape number, `edges` (edge, 3) with two nodes and |W_i . W_j|."""
    drawn = parts(W)
    order = [feature for component in drawn for feature in component.features]
    places, weights = lay_out(drawn), np.abs(gram(W[None])[0])[np.ix_(order, order)]
    numbers = np.repeat([NAMES.index(c.shape) for c in drawn], [len(c.features) for c in drawn])
    one, other = np.nonzero(np.triu(joined(W)[np.ix_(order, order)]))
    return {
        "nodes": np.column_stack([places, numbers]).reshape(-1, 3),
        "edges": np.column_stack([one, other, weights[one, other]]).reshape(-1, 3),
    }


def lay_out(drawn: Sequence[Component]) -> np.ndarray:
    """Places (node, 2) in the unit square; components stand in rows, in their order, like words on a page."""
    circles = [_circle(len(component.features)) for component in drawn]
    widths = [np.ptp(circle, axis=0).max() + SPACE for circle in circles]
    line = max([float(np.sqrt(np.square(widths).sum())) * 1.08, *widths])
    x = y = tall = 0.0
    placed = []
    for circle, width in zip(circles, widths, strict=True):
        if x + width > line + 1e-9:
            x, y, tall = 0.0, y + tall, 0.0
        placed.append(circle + np.array([x, y]) + width / 2)
        x, tall = x + width, max(tall, width)
    nodes = np.concatenate([*placed, np.zeros((0, 2))])
    height = y + tall
    shift = ((max(line, height) - line) / 2, (max(line, height) - height) / 2)
    return (nodes + shift) / max(line, height) if placed else nodes


def _circle(count: int) -> np.ndarray:
    """Places (node, 2) evenly on a circle around the origin, each at distance 1 from the next."""
    angles = np.pi / 2 + 2 * np.pi * np.arange(count) / count - (np.pi / 2 if count == 2 else 0)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * (0.5 / np.sin(np.pi / count) if count > 1 else 0)


def spread(count: int) -> np.ndarray:
    """Places between -1/2 and 1/2 for `count` dots, evenly spread in an order that follows no sorting (golden ratio).

    Example:
        >>> spread(3).round(3).tolist()
        [0.0, -0.382, 0.236]
    """
    return (np.arange(count) * (5**0.5 - 1) / 2 + 0.5) % 1 - 0.5


def draw_graph(axes: "Axes", nodes: np.ndarray, edges: np.ndarray, theme: Theme) -> None:
    """Draws nodes coloured by shape, and edges whose widths grow with their weights."""
    from matplotlib.collections import LineCollection

    axes.set(xlim=(-0.04, 1.04), ylim=(1.04, -0.04), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=theme.grid)
    strength, ends = np.clip(edges[:, 2], 0, 1), nodes[edges[:, :2].astype(int), :2]
    thin = min(1.0, np.sqrt(60 / max(len(edges), 1)))  # many thick edges would merge
    axes.add_collection(LineCollection(list(ends), linewidths=thin * (0.25 + 1.1 * strength), colors=theme.muted, zorder=1))
    palette, size = colours(theme), np.clip(300 / max(len(nodes), 1), 5, 16)
    axes.scatter(nodes[:, 0], nodes[:, 1], s=size, c=[palette[int(k)] for k in nodes[:, 2]], lw=0, zorder=2)
