"""F18: a polytope of features as a positive semidefinite matrix of low rank, and as the vectors that the matrix sends to zero."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from figures.base import GROUP, About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.shared.solids import draw_solid, projected
from figures.shared.strokes import SHEET, inset, key, say, sheet
from figures.shared.uniform import NOTE, Setting, density
from figures.style import Theme, themed, weight_image, weight_map
from sup.census import components
from sup.expected_loss import Task, descend
from sup.geometry import gram
from sup.polytopes import SHAPES, embed, polygon, simplex, tegum
from sup.statistics import Estimate, best_of_groups, exact, share
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F18",
    title="Polytopes and low-rank matrices",
    alt="Three rows: triangle, square and tetrahedron. Each shows the directions of the features as arrows, their graph with the "
    "products on its edges, the matrix of products, and the vectors that the matrix sends to zero. The square falls into two "
    "digons, which are not connected and have a vector each.",
    source="The Geometry of Superposition: Uniform Superposition",
    note="Of the paper's table only the triangle and the square are known; the tetrahedron is ours. The trained models of three "
    "features in two dimensions are trained as the others of this section, at 1 / (1 - S) of 1.68, where it has triangles. "
    "The claim compares exactly integrated losses of local minima; its table tells how many models find the triangle: with two "
    "dimensions a single one often ends in a worse arrangement. " + NOTE,
)
ROWS = (("Triangle", simplex(2)), ("Square", polygon(4)), ("Tetrahedron", simplex(3)))
TRIANGLES = 11
"""The level at which three features are trained in two dimensions."""
EXACT = (8, TRIANGLES, 14)
"""Levels at which exact losses of three features in two dimensions are compared."""
STARTS = 8
"""Random starts of descents on the exact loss, beside the triangle and a digon with a feature of its own dimension."""
SEEDS = 200
"""Models of three features per seed of a profile; they are cheap."""


def needs(size: Size) -> dict[str, Sweep]:
    """`three`, models of three equally important features in two dimensions."""
    return {"three": Setting(features=3, hidden=2).sweep((TRIANGLES,), size.steps, SEEDS * size.seeds)}


def reduce(runs: Runs) -> Data:
    """The arrays of the three rows, and the checks behind the claims."""
    three = runs["three"]["W"].astype(np.float64)
    triangle = np.array([[c.shape for c in components(W)] == ["triangle"] for W in three])
    best = triangle[best_of_groups(runs["three"]["final_loss"], GROUP)]
    square = np.linalg.norm(gram(polygon(4)[None])[0] @ np.array([[1, 0, 1, 0], [0, 1, 0, 1]]).T, axis=0)
    against = [_against_simplex(k) for k in range(1, 9)]
    projection = "largest difference of a simplex's products from the projection that removes (1, ..., 1); 1 to 8 dimensions"
    losses = f"least exact loss of three features, of triangles and of all else, infinite if none is found; levels {EXACT}"
    recovered = "largest difference of W^T W from the matrix that W was made from, infinite unless W has as many rows as its rank"
    arrays = {
        "triangle": array(triangle, "seed", "model of three features that is an equilateral triangle"),
        "best": array(best, "group", "best of five models of three features that is an equilateral triangle"),
        "exact": array([_exact(level) for level in EXACT], "level arrangement", losses),
        "recovered": array(_recovered(), "check", recovered),
        "simplex": array(against, "size", projection),
        "square": array(square, "check", "lengths of the square's products with (1, 0, 1, 0) and (0, 1, 0, 1)"),
    }
    for k, (name, W) in enumerate(ROWS):
        arrays |= {f"{part}_{k}": one for part, one in _described(name.lower(), W).items()}
    values = {
        "triangles": estimated(share(triangle), percent=True, digits=3),
        "sparsity": Value(value=1 / density(TRIANGLES), digits=3),
        "models": Value(value=len(three), digits=3),
    }
    return Data(arrays=arrays, values=values)


def _described(name: str, W: np.ndarray) -> dict[str, Array]:
    """Arrays of an ideal shape W (hidden, feature): its projection, its components, its products, and what these send to zero."""
    groups = [list(c.features) for c in components(W)]
    factor = np.zeros(W.shape[1], int)
    for j, group in enumerate(groups):
        factor[group] = j
    products = gram(W[None])[0]
    null = f"vector on each component that the products of the {name} send to zero, its first entry 1"
    return {
        "places": array(projected(W), "feature coordinate", f"vertices of the {name} as they are seen: x, y and depth"),
        "factor": array(factor, "feature", f"component of the {name} that a vertex belongs to"),
        "products": array(products, "feature feature", f"products of the {name}, W^T W"),
        "null": array(_null(products, groups), "set feature", null),
    }


def _null(products: np.ndarray, groups: list[list[int]]) -> np.ndarray:
    """The vector on each component that the products send to zero, scaled to a first entry of 1: (vector, feature)."""
    vectors = np.zeros((len(groups), len(products)))
    for vector, group in zip(vectors, groups, strict=True):
        values, directions = np.linalg.eigh(products[np.ix_(group, group)])
        assert abs(values[0]) < 1e-9 < values[1]  # every component here has one more feature than dimensions
        vector[group] = directions[:, 0] / directions[0, 0]
    return vectors


@lru_cache(maxsize=len(EXACT))
def _exact(level: int) -> tuple[float, float]:
    """The lowest exact loss of three features in two dimensions at a level: among triangles, and among all other minima."""
    task = Task.of(Setting(features=3, hidden=2).sweep((level,), 1, 1).runs[0])
    rng = np.random.default_rng(0)
    starts = [simplex(2), tegum(simplex(1), np.ones((1, 1))), *rng.normal(size=(STARTS, 2, 3))]
    ends = [descend(W, np.zeros(3), task) for W in starts]
    triangles = [[c.shape for c in components(end.W)] == ["triangle"] for end in ends]
    triangle, other = (
        min([e.loss for e, own in zip(ends, triangles, strict=True) if own == kind], default=np.inf) for kind in (True, False)
    )
    return triangle, other


def _recovered() -> np.ndarray:
    """Largest difference of W^T W from the products that `embed` made W from, for ideal shapes and 40 random low-rank matrices.

    Infinite unless W has as many rows as its rank.
    """
    rng = np.random.default_rng(0)
    shapes = [*SHAPES.values(), *(rng.normal(size=(rng.integers(1, 6), 8)) for _ in range(40))]
    out = []
    for W in shapes:
        again = embed(W.T @ W)
        out.append(np.abs(again.T @ again - W.T @ W).max() if len(again) == np.linalg.matrix_rank(W) else np.inf)
    return np.array(out)


def _against_simplex(dimensions: int) -> float:
    """Largest difference of a simplex's products from the projection that removes (1, ..., 1), scaled to unit diagonal."""
    count = dimensions + 1
    projection = np.eye(count) - np.ones((count, count)) / count
    return float(np.abs(gram(simplex(dimensions)[None])[0] - projection * count / dimensions).max())


HIGH = 118.0
"""Height of a row in points."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A row for each shape under the titles of the columns, and a key to the colours of products."""
    drawn, axes = sheet(theme, 3 * HIGH + 74)
    top = 3 * HIGH + 60
    for x, words in ((62, "columns of $W$"), (168, "$W^T W$ as a graph"), (262, "$W^T W$"), (346, "sent to zero")):
        say(axes, x, top, words, theme, fontweight="bold")
    for k, (name, _) in enumerate(ROWS):
        _row(axes, data, k, name, top - 22 - HIGH * (k + 0.5), theme)
    say(axes, 120, 18, "product of two features", theme, ha="right")
    key(inset(axes, 130, 18, 120, 8), weight_map(theme), ("-1", "0", "1"), theme)
    return drawn


def _row(axes: "Axes", data: Data, k: int, name: str, y: float, theme: Theme) -> None:
    places, factor, products, null = (data[f"{part}_{k}"] for part in ("places", "factor", "products", "null"))
    colours = [theme.groups[j] for j in factor]
    edges = np.argwhere(np.triu(np.abs(products) > 1e-9, 1))
    say(axes, 8, y, name, theme, rotation=90, fontweight="bold")
    draw_solid(axes, (62, y), places, np.zeros((0, 2), int), colours, theme, 40)
    for a, b in edges.tolist():
        axes.plot(*(np.array([168, y]) + 38 * places[[a, b], :2]).T, color=theme.negative, lw=2.2 * abs(products[a, b]), zorder=2)
    for i, place in enumerate(np.array([168, y]) + 38 * places[:, :2]):
        axes.plot(*place, "o", color=colours[i], ms=6, zorder=4)
    weights = ", ".join(sorted({f"{products[a, b]:.3g}" for a, b in edges.tolist()}))
    say(axes, 168, y - 50, f"{weights} on edges", theme, fontsize=8.5)
    side = 62.0
    weight_image(inset(axes, 262 - side / 2, y - side / 2, side, side), products, theme)
    for j, vector in enumerate(null):
        text = "(" + ", ".join(f"{x:.0f}" for x in np.abs(vector)) + ")"
        say(axes, min(346, SHEET - 40), y + 8 * (len(null) - 1) - 16 * j, text, theme, color=theme.groups[j])


def _triangle(data: Data) -> Estimate:
    """The lowest exact loss of any other minimum, over that of the triangle, at the level of `TRIANGLES`."""
    triangle, other = data["exact"][EXACT.index(TRIANGLES)]
    return exact(other / triangle)


def _triangle_rows(data: Data) -> list[dict[str, str]]:
    """Exact losses by density, and how often single models and the best of five are triangles where they are trained."""
    rows = []
    for level, (triangle, other) in zip(EXACT, data["exact"], strict=True):
        trained = level == TRIANGLES
        found = {
            name: f"{hits.sum()} of {hits.size}" if trained else ""
            for name, hits in (("triangles, single models", data["triangle"]), ("best of five", data["best"]))
        }
        losses = {"exact loss of the triangle": f"{triangle:.5f}", "of the best other minimum": f"{other:.5f}"}
        rows.append({"1/(1-S)": f"{1 / density(level):.2f}"} | losses | found)
    return rows


CLAIMS = (
    Claim(
        id="C40",
        text="A strategy for superposition, a positive semidefinite matrix of low rank and a polytope are one thing.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="W^T W is positive semidefinite of low rank",
        quantity="largest difference of W^T W from the matrix that W, with as many rows as its rank, was made from; 46 matrices",
        measure=lambda data: exact(data["recovered"].max()),
        identity=True,
        holds=Range(high=1e-9),
    ),
    Claim(
        id="C41",
        text="Three equally important features in two dimensions form an equilateral triangle.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="an equilateral triangle",
        quantity="lowest exact loss of any minimum that is no triangle, over that of the triangle, at 1/(1-S) of 1.68, from 10 "
        "starts",
        measure=_triangle,
        holds=Range(low=1),
        unit="times",
        rows=_triangle_rows,
    ),
    Claim(
        id="C42",
        text="Features whose products lose (1, ..., 1) and treat the rest alike form a regular simplex of m + 1.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="the minimal possible superposition",
        quantity="largest difference of a simplex's products from the projection that removes (1, ..., 1), 1 to 8 dimensions",
        measure=lambda data: exact(data["simplex"].max()),
        identity=True,
        holds=Range(high=1e-9),
    ),
    Claim(
        id="C43",
        text="A square is two digons: its products are orthogonal to (1, 0, 1, 0) and (0, 1, 0, 1).",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="decomposes into two digons",
        quantity="longer of the two products of W^T W with these vectors",
        measure=lambda data: exact(data["square"].max()),
        identity=True,
        holds=Range(high=1e-9),
    ),
)
