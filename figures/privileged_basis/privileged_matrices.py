"""F26: weights of models with a linear and with a ReLU hidden layer; only with the ReLU are single entries meaningful."""

from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.privileged_basis import privileged
from figures.privileged_basis.privileged import DENSITIES
from figures.shared.circle import turn
from figures.shared.strokes import inset, key, say, sheet
from figures.style import Theme, themed, weight_image, weight_map
from sup.codes import code_words, reading_order, recovered, words_per_neuron
from sup.geometry import gram, represented
from sup.neurons import monosemantic
from sup.polytopes import polygon
from sup.results import Trained
from sup.statistics import Estimate, exact, mean
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="F26",
    title="A ReLU on the hidden layer makes the weights readable",
    alt="Three pairs of matrices, a row for each of ten features and a column for each of five hidden dimensions. With a "
    "linear hidden layer all entries of the represented features are filled with weights of many sizes. With a ReLU, from "
    "dense to sparse: five single entries; three single entries and three features on two neurons; eight features, each on "
    "several neurons.",
    source="Superposition in a Privileged Basis",
    note=privileged.NOTE
    + " Each matrix is the best of all fits by final loss, at the densities 0.65, 0.32 and 0.06; the paper does not "
    "give its densities. With a linear hidden layer the model is the ReLU output model.",
)
SHOWN = (0.65, 0.32, 0.06)
LINEAR_FITS = 20
"""Largest number of fits with a linear hidden layer at each density."""


def needs(size: Size) -> dict[str, Sweep]:
    """`relu`: the sweep of the next figure; `linear`: ReLU output models at three of its densities."""
    return {
        "relu": privileged.fits("relu-hidden", DENSITIES, size, size.seeds),
        "linear": privileged.fits("relu-output", SHOWN, size, min(size.seeds, LINEAR_FITS)),
    }


def reduce(runs: Runs) -> Data:
    """The best models, and the share of each model's neurons that answer to one feature.

    Neurons of the best models with a ReLU are in reading order.
    """
    best = [(privileged.best_fit(runs["linear"], d)["W"][0], privileged.best_fit(runs["relu"], d)["W"][0]) for d in SHOWN]
    W = np.array([(linear, relu[reading_order(code_words(relu[None])[0])]) for linear, relu in best], np.float64)
    count = np.stack([represented(W[:, 0]).sum(axis=1), recovered(W[:, 1]).sum(axis=1)], axis=1)
    best_of = "best model, first with a linear hidden layer, then with a ReLU"
    text = "share of a model's neurons that answer to one feature"
    arrays = {
        "W": array(np.round(W, 4), "density setting hidden feature", f"weights of the {best_of}"),
        "count": array(count, "density setting", f"features represented by the {best_of}"),
        "alone_linear": array(_alone(runs["linear"]), "density seed", f"{text}, linear hidden layer"),
        "alone_relu": array(_alone(runs["relu"]), "density seed", f"{text}, ReLU hidden layer"),
    }
    alone = words_per_neuron(code_words(W[:, 1])) == 1
    values = {f"count_{d:g}": Value(value=float(count[k, 1])) for k, d in enumerate(SHOWN)}
    values |= {f"alone_{d:g}": Value(value=float(alone[k].sum())) for k, d in enumerate(SHOWN)}
    return Data(arrays=arrays, values=values)


def _alone(trained: Trained) -> np.ndarray:
    """Share of each model's neurons that answer to one feature, shape (density, seed)."""
    return np.stack([monosemantic(trained.where(density=d)["W"]).mean(axis=1) for d in SHOWN])


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Two rows of three matrices: above with a linear, below with a ReLU hidden layer."""
    figure, axes = sheet(theme, 340)
    for k, density in enumerate(SHOWN):
        left = 58 + 114 * k
        say(axes, left + 45, 328, f"density {density:g}", theme, fontweight="bold")
        for model, base in ((0, 186), (1, 48)):
            matrix = inset(axes, left, base, 90, 112)
            weight_image(matrix, data["W"][k, model].T, theme)
            matrix.set_aspect("auto")
            say(axes, left + 45, base + 121, f"{data['count'][k, model]:.0f} features", theme)
    for y, words in ((242, "linear"), (104, "ReLU")):
        say(axes, 14, y, f"{words} hidden layer", theme, rotation=90, fontweight="bold")
    _names(axes, theme)
    key(inset(axes, 258, 22, 108, 8), weight_map(theme), ("-1", "0", "1"), theme)
    say(axes, 250, 26, "weight", theme, ha="right")
    return figure


def _names(axes: "Axes", theme: Theme) -> None:
    for base in (186, 48):
        say(axes, 38, base + 56, "feature", theme, rotation=90, color=theme.muted)
        for row in (0, 9):
            say(axes, 53, base + 112 - 11.2 * (row + 0.5), str(row), theme, ha="right", fontsize=8, color=theme.muted)
    say(axes, 103, 36, "neurons", theme, color=theme.muted)


def _aligned(data: Data) -> Estimate:
    """Share of neurons of one feature with the ReLU less that without, mean over pairs of models at the first density."""
    linear, relu = data["alone_linear"][0], data["alone_relu"][0]
    return mean(relu[: len(linear)] - linear)


def _rows(data: Data) -> list[dict[str, str]]:
    """Share of neurons of one feature with either hidden layer, a row per density."""
    return [
        {
            "density": f"{density:g}",
            "linear hidden layer": f"{data['alone_linear'][k].mean():.0%}",
            "ReLU hidden layer": f"{data['alone_relu'][k].mean():.0%}",
        }
        for k, density in enumerate(SHOWN)
    ]


def _turned(data: Data) -> Estimate:
    """Largest change of the pentagon's W^T W when the hidden layer is turned by each whole degree."""
    W = polygon(5)
    rotations = np.stack([turn(angle) @ W for angle in np.deg2rad(np.arange(360))])
    return exact(np.abs(gram(rotations) - gram(W[None])).max())


CLAIMS = (
    Claim(
        id="C70",
        text="Turning the hidden layer of a model without a privileged basis changes nothing that the model computes.",
        source="Superposition in a Privileged Basis",
        paper="W and OW are the same model for every rotation O",
        quantity="largest change of an entry of the pentagon's W^T W under all rotations by whole degrees",
        measure=_turned,
        holds=Range(high=1e-12),
        identity=True,
    ),
    Claim(
        id="C71",
        text="A ReLU on the hidden layer aligns features with neurons; without it they point anywhere.",
        source="Superposition in a Privileged Basis",
        paper="the ReLU model's matrix can be read, the linear one's cannot",
        quantity="share of neurons that answer to one feature with a ReLU hidden layer less that without, at density 0.65",
        measure=_aligned,
        holds=Range(low=0.5),
        rows=_rows,
    ),
)
