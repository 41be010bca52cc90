"""F17: tegum products, in which each factor keeps its own dimensions and dimensionalities."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array
from figures.shared.solids import draw_solid, hull_edges, projected
from figures.shared.strokes import say, sheet
from figures.style import Theme, themed
from sup.census import components
from sup.geometry import feature_dimensionality, unit_columns
from sup.polytopes import SHAPES, polygon, simplex, tegum
from sup.statistics import exact
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F17",
    title="Tegum products: polytopes around one centre, in dimensions of their own",
    alt="Three solids with arrows from the centre to their vertices, coloured by factor. A triangular bipyramid is a triangle "
    "and a digon; a pentagonal bipyramid is a pentagon and a digon; an octahedron is three digons. Below each stand the "
    "dimensionalities of its vertices.",
    source="The Geometry of Superposition: Uniform Superposition",
    note="The paper's caption counts six vertices of a triangular bipyramid where it has five.",
)
SOLIDS = (
    ("triangular bipyramid", "triangle and digon", (simplex(2), simplex(1))),
    ("pentagonal bipyramid", "pentagon and digon", (polygon(5), simplex(1))),
    ("octahedron", "three digons", (simplex(1), simplex(1), simplex(1))),
)
CHECKS, STARTS = 40, 20
"""Random tegum products, and random starts of Thomson's problem."""


def needs(size: Size) -> dict[str, Sweep]:
    """No sweeps: the figure is about ideal shapes."""
    return {}


def reduce(runs: Runs) -> Data:
    """The projected solids, their dimensionalities, and the checks behind the claims."""
    arrays: dict[str, Array] = {}
    for k, (name, _, factors) in enumerate(SOLIDS):
        W = tegum(*factors)
        factor = np.repeat(np.arange(len(factors)), [factor.shape[1] for factor in factors])
        arrays |= {
            f"places_{k}": array(projected(W), "feature coordinate", f"vertices of the {name} as they are seen: x, y and depth"),
            f"edges_{k}": array(hull_edges(W), "edge end", f"vertices that an edge of the {name} joins"),
            f"factor_{k}": array(factor, "feature", f"factor of the {name} that a vertex belongs to"),
            f"shares_{k}": array(feature_dimensionality(W[None])[0], "feature", f"dimensionality of a vertex of the {name}, D_i"),
        }
    for count in (5, 7):
        falling = np.sort(feature_dimensionality(thomson(count)[None])[0])[::-1]
        text = f"D_i of {count} points that repel each other with the least energy, from the largest down"
        arrays[f"thomson_{count}"] = array(falling, "point", text)
    apart, together = _splits()
    arrays["apart"] = array(apart, "check", "random product that falls into its factors")
    arrays["together"] = array(together, "check", "random product whose first two factors, not orthogonal, make one component")
    return Data(arrays=arrays, values={"starts": Value(value=STARTS), "checks": Value(value=CHECKS)})


def thomson(count: int) -> np.ndarray:
    """W (3, feature) of `count` points on the unit sphere with the lowest sum of 1 / distance over pairs: best of `STARTS`."""
    from scipy.optimize import minimize

    one, other = np.triu_indices(count, 1)

    def energy(flat: np.ndarray) -> tuple[float, np.ndarray]:
        points = flat.reshape(3, count)
        norms = np.linalg.norm(points, axis=0)
        units = points / norms
        between = units[:, one] - units[:, other]
        distance = np.linalg.norm(between, axis=0)
        slope, pull = np.zeros_like(units), between / distance**3
        np.subtract.at(slope.T, one, pull.T)
        np.add.at(slope.T, other, pull.T)
        slope = (slope - units * (units * slope).sum(axis=0)) / norms  # the energy does not depend on the norms
        return float((1 / distance).sum()), slope.ravel()

    rng = np.random.default_rng(0)
    fits = [minimize(energy, rng.normal(size=3 * count), jac=True, method="BFGS", options={"gtol": 1e-9}) for _ in range(STARTS)]
    return unit_columns(min(fits, key=lambda fit: float(fit.fun)).x.reshape(1, 3, count))[0]


def _splits() -> tuple[np.ndarray, np.ndarray]:
    """For randomly oriented tegum products: whether components are the factors, and whether tilting joins the first two."""
    rng, apart, together = np.random.default_rng(0), [], []
    names = [name for name, W in SHAPES.items() if W.shape[1] > 1]
    for _ in range(CHECKS):
        factors = [SHAPES[name] for name in rng.choice(names, size=rng.integers(2, 5))]
        sizes = [factor.shape[1] for factor in factors]
        W = tegum(*factors)
        turn, _ = np.linalg.qr(rng.normal(size=(len(W), len(W))))
        groups = [tuple(range(start, start + size)) for start, size in zip(np.cumsum([0, *sizes]), sizes, strict=False)]
        apart.append([c.features for c in components(turn @ W)] == groups)
        tilt, first = np.eye(len(W)), len(factors[0])
        tilt[np.ix_((0, first), (0, first))] = np.array([[1, np.sin(0.6)], [0, np.cos(0.6)]])  # tilts factor 1 towards factor 0
        together.append(components(turn @ tilt @ W)[0].features == groups[0] + groups[1])
    return np.array(apart), np.array(together)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The three solids with their names above and the dimensionalities of their factors below."""
    drawn, axes = sheet(theme, 208)
    for k, (name, made_of, _) in enumerate(SOLIDS):
        x = 65 + 130 * k
        say(axes, x, 197, name, theme, fontweight="bold")
        say(axes, x, 183, made_of, theme, color=theme.muted)
        factor = data[f"factor_{k}"]
        colours = [theme.groups[j] for j in factor]
        draw_solid(axes, (x, 108), data[f"places_{k}"], data[f"edges_{k}"], colours, theme, 56)
        _shares(axes, x, factor, data[f"shares_{k}"], theme)
    return drawn


def _shares(axes: "Axes", x: float, factor: np.ndarray, shares: np.ndarray, theme: Theme) -> None:
    """A line for each factor: its number of features and their dimensionality."""
    for j in range(factor.max() + 1):
        own = shares[factor == j]
        say(axes, x, 36 - 13 * j, f"{len(own)} features, $D_i = {own.mean():.3g}$", theme, color=theme.groups[j], fontsize=8.5)


def _off(data: Data) -> float:
    """Largest distance of the D_i of Thomson's solutions from the bipyramids' values."""
    expected = {5: [2 / 3] * 3 + [1 / 2] * 2, 7: [1 / 2] * 2 + [2 / 5] * 5}
    return max(float(np.abs(data[f"thomson_{count}"] - values).max()) for count, values in expected.items())


def _rows(data: Data) -> list[dict[str, str]]:
    return [
        {
            "points": f"{count}",
            "D_i": ", ".join(f"{x:.4f}" for x in data[f"thomson_{count}"]),
            "if uniform": f"{3 / count:.4f}",
        }
        for count in (5, 7)
    ]


CLAIMS = (
    Claim(
        id="C35",
        text="Where Thomson's problem has no uniform solution, dimensionalities split: 2/3 and 1/2 for five points, "
        "2/5 and 1/2 for seven.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="2/3 and 1/2, not 3/5",
        quantity="largest difference of D_i from these values, at the lowest energy found from 20 random starts",
        measure=lambda data: exact(_off(data)),
        holds=Range(high=1e-4),
        rows=_rows,
    ),
    Claim(
        id="C36",
        text="Features of different factors of a tegum product are not connected, and those of one factor are.",
        source="The Geometry of Superposition: Uniform Superposition",
        paper="disconnected subgraphs are factors",
        quantity="share of 40 random products that fall into their factors, and only while these are orthogonal",
        measure=lambda data: exact(np.mean(data["apart"] & data["together"])),
        identity=True,
        holds=Range(low=1),
    ),
)
