"""Parts of F9 and F10: their runs, the measures of their models, and the picture of a row of models.

Not a figure itself: `basic_small` and `basic_large` are the figures. The recipe was chosen by the geometric mean of final losses
over all densities, of twelve models of 20 features and three of 80, on seeds that no figure uses. Relative to a constant rate of
0.001 for 10,000 steps, rates that fall to zero within 5,000 steps from 0.002, 0.003, 0.005 and 0.01 had 1.021, 1.013, 0.990 and
0.988 of the loss for 20 features, and 1.033, 1.016, 0.983 and 0.972 for 80.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.base import Array, Data, Runs, Size, Value, array, estimated, replicates
from figures.shared.strokes import key, minus
from figures.style import TEXT_WIDTH, Theme, norm_bars, score_map, weight_image, weight_map
from sup.features import Independent
from sup.geometry import feature_norms, gram, represented, superposed, superposition_score, unit_columns
from sup.linear_loss import best_linear_solution
from sup.results import Trained
from sup.specs import LINEAR_DECAY, Model, Recipe, Run, geometric
from sup.statistics import mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
SMALL_WEIGHT = 0.1
"""Weights and biases below this count as zero: a tenth of a fully represented feature's weight."""
OPPOSITE = math.cos(math.radians(170))
"""Cosine up to which two features count as antipodal: within 10 degrees."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The sizes of one of the two figures.

    Attributes:
        features: Width n of the input.
        hidden: Width m of the hidden layer.
        decay: Ratio of each feature's importance to that of the feature before.
    """

    features: int
    hidden: int
    decay: float

    @property
    def importance(self) -> np.ndarray:
        """Loss weights (feature): 1, decay, decay^2, ..."""
        return np.array(geometric(self.decay, self.features))

    def sweep(self, model: Model, densities: Iterable[float], steps: int, seeds: int) -> Sweep:
        """`seeds` models of each density."""
        base = Run(
            model=model,
            n_features=self.features,
            n_hidden=self.hidden,
            distribution=Independent(density=1.0),
            importance=tuple(self.importance.tolist()),
            recipe=Recipe(steps=steps, learning_rate=1e-2, schedule=LINEAR_DECAY),
        )
        return sweep(base, density=densities, seed=replicates(seeds))


SMALL = Setting(features=20, hidden=5, decay=0.7)
LARGE = Setting(features=80, hidden=20, decay=0.9)


def sweeps(setting: Setting, size: Size, linear: Sequence[float]) -> dict[str, Sweep]:
    """The linear model at the densities `linear`, at most five models each, and the ReLU model at all densities."""
    return {
        "linear": setting.sweep("linear", linear, size.steps, min(size.seeds, 5)),
        "relu": setting.sweep("relu-output", DENSITIES, size.steps, size.seeds),
    }


def per_density(trained: Trained, densities: Sequence[float], name: str) -> np.ndarray:
    """Array `name` of the models, with the densities as its first axis: (density, seed, ...)."""
    return np.stack([trained.where(density=density)[name] for density in densities])


def tally(trained: Trained) -> dict[str, Array]:
    """The measures of each model, as arrays. Features are numbered from 0 by falling importance."""
    W, b = (per_density(trained, DENSITIES, name) for name in ("W", "b"))
    flat = W.reshape(-1, *W.shape[2:])
    is_represented, shared = represented(flat), superposed(flat)
    dedicated = is_represented & ~shared
    index = np.arange(W.shape[3])
    measures = interference(flat, b.reshape(len(flat), -1))

    def of_models(numbers: np.ndarray, text: str) -> Array:
        return array(numbers.reshape(W.shape[:2]), "density seed", text)

    return {
        "count": of_models(is_represented.sum(axis=1), "represented features"),
        "total": of_models(np.minimum(feature_norms(flat), 1).sum(axis=1), "sum over features of the norm, at most 1 each"),
        "dedicated": of_models(dedicated.sum(axis=1), "represented features that are not in superposition"),
        "mean_shared": of_models(_mean_where(index, shared), "mean index of the features in superposition, nan without any"),
        "mean_alone": of_models(_mean_where(index, dedicated), "mean index of the dedicated features, nan without any"),
        "most_alone": of_models(dedicated[:, 0], "the most important feature is dedicated"),
        "paired": of_models(measures["paired"], "share of features in superposition that have an opposite, nan without any"),
        "positive": of_models(measures["positive"], "largest product of two represented features, nan without two"),
        "bias": of_models(measures["bias"], "median bias of the represented features, nan without any"),
        "loss": array(per_density(trained, DENSITIES, "final_loss"), "density seed", "final loss"),
    }


def _mean_where(index: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean of the indices in the mask (run, feature) of each model; nan where it is empty."""
    counts = mask.sum(axis=1)
    return np.divide(mask @ index, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def interference(W: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays `paired`, `positive` and `bias` of `tally`, each (run): how represented features interfere.

    An opposite of a feature is another represented feature within 10 degrees of the opposite direction.
    """
    is_represented = represented(W)
    both = is_represented[:, :, None] & is_represented[:, None, :] & ~np.eye(W.shape[2], dtype=bool)
    shared = superposed(W)
    opposed = shared & ((gram(unit_columns(W)) <= OPPOSITE) & both).any(axis=2)
    counts = shared.sum(axis=1)
    products = np.where(both, gram(W), -np.inf).max(axis=(1, 2))
    return {
        "paired": np.divide(opposed.sum(axis=1), counts, out=np.full(len(W), np.nan), where=counts > 0),
        "positive": np.where(np.isfinite(products), products, np.nan),
        "bias": np.array([np.median(b[mask]) if mask.any() else np.nan for b, mask in zip(b, is_represented, strict=True)]),
    }


def from_linear(trained: Trained, setting: Setting, density: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance of models from the best linear solution: the largest difference in W^T W and in b, each (seed)."""
    W, b = best_linear_solution(setting.hidden, setting.importance, density)
    models = trained.where(density=density)
    products = np.abs(gram(models["W"]) - gram(W)).max(axis=(1, 2))
    return products, np.abs(models["b"] - b).max(axis=1)


def columns(runs: Runs) -> dict[str, Array]:
    """The drawn models, those with the lowest final loss: a linear one at the lowest density, then a ReLU one per density.
    The numbers of single features are rounded to 4 decimals.
    """
    models = [_best(runs["linear"], DENSITIES[-1])] + [_best(runs["relu"], density) for density in DENSITIES]
    W, b = (np.stack([model[name][0] for model in models]).astype(np.float64) for name in ("W", "b"))
    shared, measures = superposed(W).sum(axis=1), interference(W, b)
    density = [model.runs[0].distribution.density for model in models]
    paired = np.rint(np.nan_to_num(measures["paired"]) * shared)
    return {
        "products": array(np.round(gram(W), 4), "column feature feature", "products of feature directions, W^T W"),
        "bias": array(np.round(b, 4), "column feature", "bias"),
        "norms": array(np.round(feature_norms(W), 4), "column feature", "norm of each feature"),
        "scores": array(np.round(superposition_score(W), 4), "column feature", "superposition score of each feature"),
        "density": array(density, "column", "density of the features, 1 - S; the linear model first"),
        "drawn": array([model.runs[0].seed for model in models], "column", "seed of the drawn model"),
        "represented": array(represented(W).sum(axis=1), "column", "represented features"),
        "superposed": array(shared, "column", "features in superposition"),
        "paired": array(paired, "column", "features in superposition that have an opposite"),
        "positive": array(measures["positive"], "column", "largest product of two represented features, nan without two"),
        "negative": array(b.min(axis=1), "column", "lowest bias of a feature"),
    }


def _best(trained: Trained, density: float) -> Trained:
    models = trained.where(density=density)
    return models.where(seed=models.runs[models.best()].seed)


def values(data: Data) -> dict[str, Value]:
    """Numbers for the pages: per density the mean count and sum over seeds, and the drawn model's count and loss."""
    out = {"count_linear": Value(value=float(data["represented"][0]))}
    for k, density in enumerate(DENSITIES):
        for name in ("count", "total"):
            out[f"{name}_{density:g}"] = estimated(mean(data[f"seed_{name}"][k]), digits=3)
        out[f"drawn_count_{density:g}"] = Value(value=float(data["represented"][k + 1]))
        out[f"loss_{density:g}"] = Value(value=float(data["seed_loss"][k].min()), digits=3)
    return out


MARGIN, COLUMN, GAP, SPLIT = 0.40, 0.74, 0.09, 0.16
"""Inches: left margin, width of a column, gap between columns, and extra gap between the linear and the ReLU models."""
SIDE, STRIP = 0.66, 0.04
"""Inches: side of a matrix, width of the bias beside it."""


def row_of_models(data: Data, setting: Setting, theme: Theme, bars: float) -> "Figure":
    """A column per model: W^T W and the bias, norms coloured by superposition score, and counts of features.

    Args:
        data: Holds the arrays of `columns`.
        setting: The models' sizes.
        theme: The colours.
        bars: Height of the bars in inches.
    """
    from matplotlib.figure import Figure

    tall = bars + 2.42
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    sheet = drawn.add_axes((0, 0, 1, 1))
    sheet.set(xlim=(0, TEXT_WIDTH), ylim=(0, tall))
    sheet.set_axis_off()
    top = tall - 0.72
    for k in range(len(data["density"])):
        _column(sheet, data, k, (_left(k), top, bars), theme)
    _row_names(sheet, data, top, bars, theme)
    _regimes(sheet, data, tall - 0.12, theme)
    _keys(sheet, theme)
    sheet.text(TEXT_WIDTH - 0.03, 0.26, f"importance ${setting.decay:g}^i$", ha="right", va="center", fontsize=8)
    return drawn


def _left(column: int) -> float:
    return MARGIN + column * (COLUMN + GAP) + (SPLIT if column else 0)


def _column(sheet: "Axes", data: Data, k: int, box: tuple[float, float, float], theme: Theme) -> None:
    left, top, bars = box
    middle = left + COLUMN / 2
    centred: dict[str, Any] = {"ha": "center", "va": "baseline"}
    sheet.text(middle, top + 0.06, f"$1-S={data['density'][k]:g}$", fontsize=8, **centred)
    weight_image(_axes(sheet, left, top - SIDE, SIDE, SIDE), data["products"][k], theme)
    bias = _axes(sheet, left + COLUMN - STRIP, top - SIDE, STRIP, SIDE)
    weight_image(bias, data["bias"][k], theme)
    bias.set_aspect("auto")
    floor = top - SIDE - 0.12 - bars
    chart = _axes(sheet, left, floor, COLUMN, bars)
    norm_bars(chart, data["norms"][k], data["scores"][k], theme)
    chart.set(xticks=(0, 1))
    chart.tick_params(labelsize=7.5, length=2, pad=1.5)
    count, superposed = (int(data[name][k]) for name in ("represented", "superposed"))
    sheet.text(middle, floor - 0.32, f"{count} features", fontsize=8, **centred)
    sheet.text(middle, floor - 0.46, f"{superposed} superposed", fontsize=7.5, color=theme.muted, **centred)


def _axes(sheet: "Axes", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Axes on the sheet; the box is in inches."""
    drawn, tall = sheet.get_figure(root=True), sheet.get_ylim()[1]
    assert drawn is not None  # a sheet belongs to its figure
    return drawn.add_axes((left / TEXT_WIDTH, bottom / tall, width / TEXT_WIDTH, height / tall))


def _row_names(sheet: "Axes", data: Data, top: float, bars: float, theme: Theme) -> None:
    for text, height in (("$W^T W$, $b$", top - SIDE / 2), (r"norm $|W_i|$ of each feature", top - SIDE - 0.12 - bars / 2)):
        sheet.text(0.13, height, text, ha="center", va="center", rotation=90, fontsize=8.5)
    last = data["norms"].shape[1] - 1
    for index, height in ((0, top - SIDE - 0.15), (last, top - SIDE - 0.09 - bars)):
        sheet.text(MARGIN - 0.05, height, str(index), ha="right", va="center", fontsize=7.5, color=theme.muted)


def _regimes(sheet: "Axes", data: Data, height: float, theme: Theme) -> None:
    """Names of the regimes above their columns, with numbers of the drawn models."""
    sparser, sparsest = slice(2, 5), slice(5, 8)
    pairs, superposed = (int(data[name][sparser].sum()) for name in ("paired", "superposed"))
    positive, negative = float(np.nan_to_num(data["positive"][sparsest]).max()), float(data["negative"][sparsest].min())
    for name, note, first, final in (
        ("linear model", "", 0, 0),
        ("dense", "", 1, 1),
        ("sparsity increases", f"{pairs} of {superposed} superposed features in antipodal pairs", 2, 4),
        ("high sparsity", f"products up to {positive:.2f}, biases down to {negative:.2f}", 5, 7),
    ):
        left, right = _left(first), _left(final) + COLUMN
        sheet.text((left + right) / 2, height, name, ha="center", va="center", fontsize=9)
        sheet.plot((left, right), (height - 0.12,) * 2, color=theme.muted, lw=0.8)
        sheet.text((left + right) / 2, height - 0.24, minus(note), ha="center", va="center", fontsize=7.5, color=theme.muted)


def _keys(sheet: "Axes", theme: Theme) -> None:
    for left, text, colours, ticks in (
        (1.15, "weight or bias", weight_map(theme), ("-1", "0", "1")),
        (4.2, "superposition score", score_map(theme), ("0", "0.5", "1 or more")),
    ):
        sheet.text(left - 0.1, 0.26, text, ha="right", va="center", fontsize=8)
        key(_axes(sheet, left, 0.22, 1.3, 0.09), colours, ticks, theme)
