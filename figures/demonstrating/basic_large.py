"""F10: what models with 80 features and 20 hidden dimensions learn, and a comparison with the smaller models of F9."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, array
from figures.demonstrating import basic
from figures.demonstrating.basic import DENSITIES, LARGE, SMALL
from figures.style import Theme, themed
from sup.results import Trained
from sup.specs import Recipe
from sup.statistics import Estimate, distance, mean, ratio, share, worst
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    label="F10",
    title="Basic results with 80 features in 20 dimensions",
    alt="The eight columns of the figure before, for models of four times its size: a matrix of products and a bias above, a bar "
    "for the norm of each of 80 features below. Dense features: the 20 most important ones, each alone. Sparser features: more "
    "and more of them, first in antipodal pairs, then all in superposition.",
    source="Demonstrating Superposition: Basic Results",
    note="Trained and chosen as the models of the figure before.",
)
PAPER = {
    "small": (5.0, 6.93, 8.96, 10.4, 12.1, 13.7, 14.5),
    "seed": (20.0, 25.8, 31.8, 40.9, 48.4, 54.6, 56.7),
}
"""Sum of the bars at each density of the paper's F9 and F10, by the name of ours; bars are cut off at 1, read within 3 %."""
SIZES = {"small": SMALL, "seed": LARGE}
"""The models of F9 and F10, by the first word of their arrays."""
NOTEBOOK_STEPS = 10_000
"""Steps of the authors' notebook, whose rate is 0.001 throughout."""
MANY = 2
"""A model represents many more features than it has dimensions if there are more than this many for each: more than pairs."""


def needs(size: Size) -> dict[str, Sweep]:
    """`linear`, the linear models at one density; `relu`, the ReLU output models; `small`, the cheap ReLU models of F9.

    `small` has eight times the seeds. Where a profile gives F9 as many, and equal steps, it is F9's own sweep, trained once.
    `notebook_small` and `notebook_seed` are ReLU models of both sizes, trained as in the authors' notebook, at most three seeds.
    """
    small = basic.sweeps(SMALL, Size(steps=size.steps, seeds=8 * size.seeds), DENSITIES[-1:])["relu"]
    steps, seeds = min(NOTEBOOK_STEPS, 2 * size.steps), min(3, size.seeds)
    notebook = {f"notebook_{name}": _notebook(setting, steps, seeds) for name, setting in SIZES.items()}
    return {**basic.sweeps(LARGE, size, DENSITIES[-1:]), "small": small, **notebook}


def _notebook(setting: basic.Setting, steps: int, seeds: int) -> Sweep:
    """Models of all densities with the recipe and the start of the authors' notebook.

    It draws the weights of all densities as one tensor, and Xavier's rule for its three axes gives them a standard deviation of
    sqrt(2 / ((features + densities) hidden)).
    """
    start = math.sqrt((setting.features + setting.hidden) / ((setting.features + len(DENSITIES)) * setting.hidden))
    recipe = Recipe(steps=steps, init_scale=round(start, 4))
    return Sweep(tuple(replace(run, recipe=recipe) for run in setting.sweep("relu-output", DENSITIES, steps, seeds).runs))


def reduce(runs: Runs) -> Data:
    """The drawn models, counts and sums of all models of both sizes, and the dense models' distance from the linear solution."""
    large, small = basic.tally(runs["relu"]), basic.tally(runs["small"])
    dense_small, dense_large = (
        np.maximum(*basic.from_linear(runs[name], setting, 1.0)) for name, setting in (("small", SMALL), ("relu", LARGE))
    )
    off = "largest difference from the best linear W^T W or b at density 1"
    arrays = {
        **basic.columns(runs),
        **{f"seed_{name}": large[name] for name in ("count", "total", "loss")},
        "small_total": replace(small["total"], text=f"{small['total'].text}, models of F9"),
        **{f"notebook_{name}": _as_in_the_notebook(runs[f"notebook_{name}"], name) for name in SIZES},
        "dense_small": array(dense_small, "seed", f"{off}, models of F9"),
        "dense_large": array(dense_large, "seed", off),
    }
    data = Data(arrays=arrays)
    return replace(data, values=basic.values(data))


def _as_in_the_notebook(trained: Trained, name: str) -> Array:
    total = basic.tally(trained)["total"]
    return replace(total, text=f"{total.text}, {SIZES[name].features} features trained as in the authors' notebook")


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The picture of `basic.row_of_models`, with taller bars."""
    return basic.row_of_models(data, LARGE, theme, bars=2.6)


def _dense(data: Data) -> Estimate:
    small, large = data["dense_small"], data["dense_large"]
    return worst([mean(models, among=2) for models in (small, large)])


def _rises(data: Data, name: str) -> np.ndarray:
    """Whether the sum rises at each step from dense to sparse and ends above `MANY` for each dimension, (seed)."""
    total = data[f"{name}_total"]
    return np.logical_and((np.diff(total, axis=0) > 0).all(axis=0), total[-1] > MANY * SIZES[name].hidden)


def _more_and_more(data: Data) -> Estimate:
    """Share of rows of models, one of each density, that represent more and more features."""
    return share(np.concatenate([_rises(data, name) for name in SIZES])).over(sum(data[f"{name}_total"].size for name in SIZES))


def _from_paper(data: Data) -> Estimate:
    """The largest relative difference of a mean sum from the paper's."""
    parts = [
        distance(mean(data[f"{name}_total"][k] / paper, among=len(SIZES) * len(DENSITIES)), 1.0)
        for name in SIZES
        for k, paper in enumerate(PAPER[name])
    ]
    return worst(parts).over(sum(data[f"{name}_total"].size for name in SIZES))


def _per_dimension(data: Data, k: int, *, among: int = 1) -> Estimate:
    """The mean sum for each hidden dimension at density k, F10's over F9's."""
    small, large = (mean(data[f"{name}_total"][k] / size.hidden, among=among) for name, size in SIZES.items())
    return ratio(large, small)


def _rescaled(data: Data) -> Estimate:
    return worst([distance(_per_dimension(data, k, among=len(DENSITIES)), 1.0) for k in range(len(DENSITIES))])


def _table(data: Data) -> list[dict[str, str]]:
    """Mean sums of both figures with their intervals, and the paper's, a row per density."""
    rows = []
    for k, density in enumerate(DENSITIES):
        row = {"density": f"{density:g}"}
        for name, title in (("small", "F9"), ("seed", "F10")):
            e = mean(data[f"{name}_total"][k])
            row |= {
                f"{title}, sum of min(norm, 1)": f"{e.value:.1f} [{e.low:.1f}, {e.high:.1f}]",
                f"{title}, the notebook's way": f"{data[f'notebook_{name}'][k].mean():.1f}",
                f"paper's {title}": f"{PAPER[name][k]:g}",
            }
        rows.append(row)
    return rows


def _trend(data: Data) -> list[dict[str, str]]:
    """How many rows of models represent more and more features, for each size."""
    rows = []
    for name, title in (("small", "F9"), ("seed", "F10")):
        steps = (np.diff(data[f"{name}_total"], axis=0) > 0).mean(axis=1)
        row = {
            "models": title,
            "rows": f"{data[f'{name}_total'].shape[1]}",
            "rise at every step": f"{int(_rises(data, name).sum())}",
            "step with the fewest rises": f"to density {DENSITIES[int(steps.argmin()) + 1]:g}, {steps.min():.0%}",
        }
        rows.append(row)
    return rows


def _ratios(data: Data) -> list[dict[str, str]]:
    """Sums for each hidden dimension in both figures, ours and the paper's, a row per density."""
    rows = []
    for k, density in enumerate(DENSITIES):
        e = _per_dimension(data, k)
        small, large = (data[f"{name}_total"][k].mean() / size.hidden for name, size in SIZES.items())
        paper = PAPER["seed"][k] / LARGE.hidden / (PAPER["small"][k] / SMALL.hidden)
        row = {
            "density": f"{density:g}",
            "F9": f"{small:.2f}",
            "F10": f"{large:.2f}",
            "F10 / F9": f"{e.value:.2f} [{e.low:.2f}, {e.high:.2f}]",
            "paper's F10 / F9": f"{paper:.2f}",
        }
        rows.append(row)
    return rows


CLAIMS = (
    Claim(
        id="C8",
        text="On dense features the ReLU output model learns what the linear model does, at both sizes.",
        source="Demonstrating Superposition: Basic Results",
        paper="the linear solution: 5 of 20 and 20 of 80 features",
        quantity="largest difference of a ReLU model's W^T W or b from the best linear solution at density 1, worse of F9, F10",
        measure=_dense,
        holds=Range(high=basic.SMALL_WEIGHT),
    ),
    Claim(
        id="C9",
        text="The sparser features are, the more of them a model represents, many more than it has dimensions.",
        source="Demonstrating Superposition: Basic Results",
        paper="the number rises at each step from density 1 to 0.001",
        quantity="share of rows of seven models, one of each density and all of one seed, of either size, in which the sum of "
        "min(norm, 1) rises at every step from dense to sparse and ends above twice the number of dimensions",
        measure=_more_and_more,
        holds=Range(low=0.75),
        rows=_trend,
        cause="One step, of the smaller models. Up to a density of 0.003 the sum rises in nearly every row. From there to "
        "0.001 its mean hardly changes with this recipe, so that a single row rises or falls by chance. Trained as in the "
        "authors' notebook, models of both sizes rise there too, as the table of C9-N shows.",
    ),
    Claim(
        id="C9-N",
        text="The numbers of represented features are those of the paper's figures.",
        source="Demonstrating Superposition: Basic Results",
        paper="bars that add up to 5, 6.9, 9, 10.4, 12.1, 13.7, 14.5 in F9 and 20, 25.8, 31.8, 40.9, 48.4, 54.6, 56.7 in F10",
        quantity="largest relative difference of a mean sum of min(norm, 1) from the sum of the paper's bars, over the seven "
        "densities of both sizes",
        measure=_from_paper,
        holds=Range(high=0.1),
        rows=_table,
        cause="The recipe and the start. Trained and started as in the authors' notebook, models of both sizes come within "
        "a tenth of the paper's sums. The notebook draws the weights of all models as one tensor, which makes them smaller "
        "than usual: the larger model starts at a quarter of the usual size. Fewer of the sparsest features grow from there.",
    ),
    Claim(
        id="C13",
        text="The larger model is about a rescaled version of the smaller one.",
        source="Demonstrating Superposition: Basic Results",
        paper="essentially a rescaled version; the bars of its own two figures differ by at most 11 % per dimension",
        quantity="largest relative difference of F10 from F9 in the mean sum of min(norm, 1) for each hidden dimension, over the "
        "seven densities",
        measure=_rescaled,
        holds=Range(high=0.2),
        rows=_ratios,
        cause="The recipe, at the lowest density. There the smaller models hold fewer features than the paper's and the "
        "larger ones more. Trained as in the authors' notebook, as in the table of C9-N, the two come within a tenth of one "
        "another.",
    ),
)
