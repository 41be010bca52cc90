"""F21: two sets of ten correlated features in ten dimensions; each set forms an almost orthogonal basis of its own."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, replicates
from figures.non_uniform.planes import cosines
from figures.shared.strokes import key
from figures.style import Theme, figure, themed, weight_image, weight_map
from sup.features import Correlated
from sup.geometry import gram
from sup.specs import Recipe, Run
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "Non-uniform superposition: Local almost-orthogonal bases"
ABOUT = About(
    label="F21",
    title="Each set of correlated features has an almost orthogonal basis of its own",
    alt="A matrix of products of twenty features in two sets of ten. The two blocks on the diagonal, shown again enlarged, are "
    "close to the identity. Outside them there are products of both signs, of which the largest are negative.",
    source=SOURCE,
    note="The paper gives no density; ours is 0.01, of each set, and 0.05 as a second choice. The model with the lowest final "
    "loss is drawn.",
)
SETS, EACH, HIDDEN = 2, 10, 10
DENSITIES = (0.01, 0.05)


def needs(size: Size) -> dict[str, Sweep]:
    """`sets`: models of two sets of ten correlated features in ten dimensions, at both densities."""
    distribution, recipe = Correlated(sizes=(EACH,) * SETS, density=DENSITIES[0]), Recipe(steps=size.steps)
    base = Run(model="relu-output", n_features=SETS * EACH, n_hidden=HIDDEN, distribution=distribution, recipe=recipe)
    return {"sets": sweep(base, density=DENSITIES, seed=replicates(size.seeds))}


def reduce(runs: Runs) -> Data:
    """The drawn model, and cosines within and between the sets of every model."""
    models = [runs["sets"].where(density=density) for density in DENSITIES]
    W = models[0]["W"][models[0].best()].astype(np.float64)
    within, sums = np.moveaxis(np.array([[_cosines(W) for W in trained["W"]] for trained in models]), 2, 0)
    arrays = {
        "W": array(W, "hidden feature", "weights of the drawn model"),
        "products": array(gram(W[None])[0], "feature feature", "products W_i . W_j of the drawn model"),
        "within": array(within, "density seed", "largest size of a cosine between two features of one set"),
        "sums": array(sums, "density seed", "cosine between the sums of the two sets' unit directions"),
    }
    values = {}
    for name, of_models in (("within", within), ("sums", sums)):
        for k, tag in enumerate(("", "_second")):
            e = mean(of_models[k])
            values[f"{name}{tag}"] = Value(value=e.value, interval=(e.low, e.high))
    return Data(arrays=arrays, values=values)


def _cosines(W: np.ndarray) -> tuple[float, float]:
    cosine = cosines(W)
    blocks = [cosine[k : k + EACH, k : k + EACH] for k in range(0, SETS * EACH, EACH)]
    within = max(float(np.abs(block - np.diag(np.diag(block))).max()) for block in blocks)
    return within, float(cosine[:EACH, EACH:].sum() / np.sqrt(blocks[0].sum() * blocks[1].sum()))


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The whole matrix, and its two diagonal blocks enlarged."""
    drawn = figure(share=0.85, height=3.3)
    grid = drawn.add_gridspec(3, 3, width_ratios=(2.1, 0.08, 1), height_ratios=(1, 1, 0.06))
    whole = drawn.add_subplot(grid[:2, 0])
    products = data["products"]
    weight_image(whole, products, theme)
    whole.set_title("products $W_i \\cdot W_j$", fontsize=8.5)
    whole.set(xticks=(4.5, 14.5), xticklabels=("first set", "second set"), yticks=(4.5, 14.5))
    whole.set_yticklabels(("first set", "second set"), rotation=90, va="center")
    whole.tick_params(length=0)
    for k in range(SETS):
        part = slice(k * EACH, (k + 1) * EACH)
        axes = drawn.add_subplot(grid[k, 2])
        weight_image(axes, products[part, part], theme)
        axes.set_title(("first", "second")[k] + " set alone", fontsize=8)
    whole.axhline(EACH - 0.5, color=theme.ink, lw=0.8)
    whole.axvline(EACH - 0.5, color=theme.ink, lw=0.8)
    key(drawn.add_subplot(grid[2, 0]), weight_map(theme), ("-1", "0", "1"), theme)
    return drawn


def _within(data: Data) -> Estimate:
    return mean(data["within"][0])


def _rows(data: Data) -> list[dict[str, str]]:
    return [
        {
            "density": f"{density:g}",
            "largest cosine within a set": f"{data['within'][k].mean():.3f}",
            "cosine between the sets' sums": f"{data['sums'][k].mean():.3f}",
            "of random bases": f"0 ± {1 / np.sqrt(HIDDEN):.2f}",
        }
        for k, density in enumerate(DENSITIES)
    ]


CLAIMS = (
    Claim(
        id="C56",
        text="Each set of correlated features is represented almost orthogonally within itself.",
        source=SOURCE,
        paper="local almost-orthogonal bases",
        measure=_within,
        holds=Range(high=0.1),
        rows=_rows,
        quantity="largest size of a cosine between two features of one set at density 0.01, mean over models",
    ),
)
