"""W3: training against attacks removes superposition, at a cost on clean inputs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.adversarial import adversarial
from figures.base import About, Claim, Data, Range, Runs, Size, array, estimated, replicates
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import dimensions_per_feature, represented
from sup.results import Trained
from sup.robustness import analytic_harm
from sup.specs import Recipe, Run
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W3",
    title="Training against attacks removes superposition",
    alt="Three panels over the norm of the attacks in training, as a share of the mean input's norm. Represented features per "
    "dimension fall from several to one and below; the harm of an attack falls; the loss on clean inputs rises.",
    source="Relationship to Adversarial Robustness",
    note="The paper mentions the experiment without showing it. Here 100 equally important features of density 0.1 share 20 "
    "dimensions; the recipe is the usual one, AdamW at a constant rate of 0.001. In training, "
    "every sample meets the analytic attack on a feature and of a sign drawn for it, always of the full norm, and the target "
    "is the clean input.",
)
FEATURES, HIDDEN, DENSITY = 100, 20, 0.1
MEAN_NORM = 1.783989432
"""`sup.robustness.mean_norm` of these features; a constant, so that planning a build needs no integration."""
SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
TESTED = adversarial.SHARE


def norm(share: float) -> float:
    """The norm of an attack that is `share` of the mean input's, rounded so that it is the same on every machine."""
    return round(share * MEAN_NORM, 6)


def needs(size: Size) -> dict[str, Sweep]:
    """`attacked`: models trained against attacks of six norms; `clean`: models trained without attacks."""
    recipe, seeds = Recipe(steps=size.steps), replicates(size.seeds)
    base = Run(
        model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=Independent(density=DENSITY), recipe=recipe
    )
    return {"attacked": sweep(base, attack=[norm(share) for share in SHARES[1:]], seed=seeds), "clean": sweep(base, seed=seeds)}


def reduce(runs: Runs) -> Data:
    """Superposition, vulnerability and clean loss at each strength of the attacks in training."""
    models = [runs["clean"], *(runs["attacked"].where(attack=norm(share)) for share in SHARES[1:])]
    counts = np.stack([represented(trained["W"]).sum(axis=1) for trained in models]) / HIDDEN
    squares = np.stack([1 / dimensions_per_feature(trained["W"]) for trained in models])
    loss = np.stack([trained["final_loss"] for trained in models]).astype(np.float64)
    harm = np.stack([_harm(trained) for trained in models])
    added = f"loss that the worst attack of {TESTED:g} of the mean input's norm adds, in units of the square of its norm"
    removed = "smallest share from which on no more features than dimensions are represented, nan without any"
    arrays = {
        "share": array(SHARES, "strength", "norm of the attacks in training, as a share of the mean input's"),
        "per_dimension": array(counts, "strength seed", "represented features over hidden dimensions"),
        "squares": array(squares, "strength seed", "features per dimension, |W|_F^2 / m"),
        "loss": array(loss, "strength seed", "final loss on clean inputs"),
        "harm": array(harm, "strength seed", added),
        "removed": array(_removed(counts), "seed", removed),
    }
    data = Data(arrays=arrays)
    values = {}
    for name in ("per_dimension", "loss", "harm"):
        for k, share in enumerate(SHARES):
            values[f"{name}_{share:g}"] = estimated(mean(data[name][k]))
    values["price"] = estimated(mean(loss[SHARES.index(0.8)] / loss[0]))
    return replace(data, values=values)


def _harm(trained: Trained) -> np.ndarray:
    x, push = adversarial.samples(FEATURES, DENSITY), norm(TESTED)
    pairs = zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True)
    return np.array([analytic_harm(W, b, x, push).universal / push**2 for W, b in pairs])


def _removed(per_dimension: np.ndarray) -> np.ndarray:
    """The smallest share (seed) from which on `per_dimension` (share, seed) is at most one; NaN if its last entry is more."""
    few = np.logical_and.accumulate(per_dimension[::-1] <= 1, axis=0)[::-1]
    return np.where(few.any(axis=0), np.array(SHARES)[few.argmax(axis=0)], np.nan)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Features per dimension, vulnerability and clean loss against the strength of the attacks in training."""
    drawn = figure(height=2.6)
    counts, harm, loss = drawn.subplots(1, 3)
    counts.axhline(1, color=theme.muted, lw=0.8, ls=(0, (3, 2)))
    _panel(counts, data, "per_dimension", theme.superposed, "features per dimension")
    _panel(harm, data, "harm", theme.interference, "vulnerability")
    _panel(loss, data, "loss", theme.ink, "loss on clean inputs")
    return drawn


def _panel(axes: "Axes", data: Data, name: str, colour: str, label: str) -> None:
    rows = data[name]
    axes.plot(data["share"], rows.mean(axis=1), color=colour)
    axes.plot(data["share"], rows, "o", color=colour, ms=2.5, alpha=0.6)
    axes.set(xlabel="attack / mean input norm", ylabel=label, ylim=(0, None), xticks=(0, 0.2, 0.4, 0.6, 0.8, 1.0))


def _less(data: Data) -> Estimate:
    """Represented features per dimension at a share of 0.4 over those without attacks."""
    return mean(data["per_dimension"][SHARES.index(0.4)] / data["per_dimension"][0])


def _rows(data: Data) -> list[dict[str, str]]:
    names = {"per_dimension": "represented per dimension", "harm": "vulnerability", "loss": "clean loss"}
    return [
        {"attack": f"{share:g}", **{label: f"{data[name][k].mean():.3g}" for name, label in names.items()}}
        for k, share in enumerate(SHARES)
    ]


CLAIMS = (
    Claim(
        id="C69",
        text="Training against the analytic attack on random features reduces superposition.",
        source="Relationship to Adversarial Robustness",
        paper="reduces it",
        quantity="represented features when trained against attacks of 0.4 of the mean input's norm, over those without attacks",
        measure=_less,
        holds=Range(high=0.75),
        rows=_rows,
    ),
    Claim(
        id="C69-F",
        text="Superposition goes completely only under attacks of about 80 percent of the input's norm.",
        source="Relationship to Adversarial Robustness",
        paper="80 % of the input's L2 norm",
        quantity="smallest share, of seven tested, from which on no more features than dimensions are represented",
        measure=lambda data: mean(data["removed"]),
        holds=Range(low=0.5),
        agrees=Range(low=0.7, high=0.9),
    ),
)
