"""W3: training against attacks removes superposition, at a cost on clean inputs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.adversarial.attacks import SHARE as TESTED
from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.shared.pushes import samples
from figures.style import Theme, figure, themed
from sup.features import Independent
from sup.geometry import feature_dimensionality, feature_norms, represented
from sup.results import Trained, mostly
from sup.robustness import analytic_harm
from sup.specs import LINEAR_DECAY, Recipe, Run
from sup.statistics import Estimate, mean
from sup.sweeps import Sweep, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W3",
    title="Training against attacks removes superposition",
    alt="Four panels over the norm of the attacks in training, as a share of the mean input's norm. Features per dimension fall "
    "from several to about one, first those with a norm of a half or more, later all that are still embedded. The share of "
    "embedded features with a dimension of their own rises. The harm of an attack falls; the loss on clean inputs rises.",
    source="Relationship to Adversarial Robustness",
    note="The paper mentions the experiment without showing it. Here 100 equally important features of density 0.1 share 20 "
    "dimensions. AdamW's rate falls from 0.01 to zero: of five rates and schedules the one with the lowest loss under attack, on "
    "other seeds; at a constant 0.001 features have not found their dimensions after 10,000 steps. In training, "
    "every sample meets the analytic attack on a feature and of a sign drawn for it, always of the full norm, and the target "
    "is the clean input. Attacks shorten all features, so a count of features above a fixed norm falls while they still share "
    "dimensions. Whether superposition is gone is therefore read off dimensionalities, which do not change with a model's scale.",
)
FEATURES, HIDDEN, DENSITY = 100, 20, 0.1
MEAN_NORM = 1.783989432
"""`sup.robustness.mean_norm` of these features; a constant, so that planning a build needs no integration."""
SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
BEYOND = 1.05
"""Stands for a strength beyond the strongest one, for models in which superposition never goes."""
NAMED = (0.0, 0.4, 0.8)
"""Shares with values on pages."""
SAMPLES = 512
EMBEDDED = 0.1
"""Least norm of an embedded feature, over the largest norm of its model."""
DEDICATED = 0.9
"""Least D_i of a feature with a dimension of its own."""
SHIFT = 0.05
"""Largest change, over the last fifth of training, of the share of dedicated features in a model that has settled: one feature
of twenty, which is how many are embedded under the strongest attacks."""
GONE = 0.9
"""Least share of embedded features with dimensions of their own in a model without superposition."""


def norm(share: float) -> float:
    """The norm of an attack that is `share` of the mean input's, rounded so that it is the same on every machine."""
    return round(share * MEAN_NORM, 6)


def needs(size: Size) -> dict[str, Sweep]:
    """`attacked`: models trained against attacks of all norms but 0; `clean`: models trained without attacks."""
    recipe = Recipe(steps=size.steps, learning_rate=0.01, schedule=LINEAR_DECAY)
    seeds = replicates(size.seeds)
    base = Run(
        model="relu-output", n_features=FEATURES, n_hidden=HIDDEN, distribution=Independent(density=DENSITY), recipe=recipe
    )
    return {"attacked": sweep(base, attack=[norm(share) for share in SHARES[1:]], seed=seeds), "clean": sweep(base, seed=seeds)}


def reduce(runs: Runs) -> Data:
    """Superposition, vulnerability and clean loss at each strength of the attacks in training."""
    models = [runs["clean"], *(runs["attacked"].where(attack=norm(share)) for share in SHARES[1:])]
    counts = np.stack([represented(trained["W"]).sum(axis=1) for trained in models]) / HIDDEN
    embedded, dedicated, middle = np.stack([_sharing(trained["W"]) for trained in models], axis=1)
    loss = np.stack([trained["final_loss"] for trained in models]).astype(np.float64)
    harm = np.stack([_harm(trained) for trained in models])
    added = f"loss that the worst attack of {TESTED:g} of the mean input's norm adds, in units of the square of its norm"
    inside = f"embedded features, whose norm is at least {EMBEDDED:g} of the largest"
    arrays = {
        "share": array(SHARES, "strength", "norm of the attacks in training, as a share of the mean input's"),
        "per_dimension": array(counts, "strength seed", "represented features, of norm 1/2 or more, over hidden dimensions"),
        "embedded": array(embedded, "strength seed", f"{inside}, over hidden dimensions"),
        "dedicated": array(dedicated, "strength seed", f"share with D_i of at least {DEDICATED:g} among {inside}"),
        "middle": array(middle, "strength seed", f"median D_i of {inside}"),
        "loss": array(loss, "strength seed", "final loss on clean inputs"),
        "harm": array(harm, "strength seed", added),
        "gone": array(_gone(dedicated), "seed", f"smallest share from which on superposition is gone; {BEYOND:g} if it never is"),
    }
    data = Data(arrays=arrays, unsettled=_shifting(runs["attacked"]))
    return replace(data, values=_values(data))


def _shifting(attacked: Trained) -> tuple[str, ...]:
    """The sweep, if over the last fifth of training more than one in ten models still dedicated dimensions to other features.

    The loss settles before features have dimensions of their own, so a settled loss does not tell.
    """
    if attacked.late is None:
        return ()
    before, after = (_sharing(W)[1] for W in (attacked["snapshot_W"][:, attacked.late], attacked["W"]))
    return () if mostly(np.abs(after - before) <= SHIFT + 1e-9) else ("attacked",)


def _values(data: Data) -> dict[str, Value]:
    out = {}
    for share in NAMED:
        k = SHARES.index(share)
        for name in ("embedded", "harm", "middle"):
            out[f"{name}_{share:g}"] = estimated(mean(data[name][k]))
        out[f"dedicated_{share:g}"] = estimated(mean(data["dedicated"][k]), percent=True)
    out["gone"] = estimated(mean(data["gone"]))
    out["price"] = estimated(mean(data["loss"][SHARES.index(0.8)] / data["loss"][0]))
    return out


def _sharing(W: np.ndarray) -> np.ndarray:
    """How the features of models W (seed, hidden, feature) share dimensions, whatever their scale: (measure, seed).

    The measures are the number of embedded features over hidden dimensions, the share of them with a dimension of their own, and
    their median D_i. A model without weights shares nothing: 0, 1 and 1.
    """
    norms, shares = feature_norms(W), feature_dimensionality(W)
    inside = (norms >= EMBEDDED * norms.max(axis=1, keepdims=True)) & (norms > 0)
    own = [(one[kept] >= DEDICATED).mean() if kept.any() else 1.0 for one, kept in zip(shares, inside, strict=True)]
    middle = [np.median(one[kept]) if kept.any() else 1.0 for one, kept in zip(shares, inside, strict=True)]
    return np.array([inside.sum(axis=1) / W.shape[1], own, middle])


def _harm(trained: Trained) -> np.ndarray:
    """The harm of the worst push for each sample (seed), in units of the square of its norm."""
    x, push = samples(FEATURES, DENSITY, SAMPLES), norm(TESTED)
    pairs = zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True)
    return np.array([analytic_harm(W, b, x, push).adaptive / push**2 for W, b in pairs])


def _gone(dedicated: np.ndarray) -> np.ndarray:
    """The smallest share (seed) from which on `dedicated` (share, seed) is at least `GONE`; `BEYOND` if the last is less."""
    enough = np.logical_and.accumulate(dedicated[::-1] >= GONE, axis=0)[::-1]
    return np.where(enough.any(axis=0), np.array(SHARES)[enough.argmax(axis=0)], BEYOND)


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Features per dimension and dedicated ones, vulnerability and clean loss against the strength of the attacks in training."""
    drawn = figure(height=4.4)
    (counts, own), (harm, loss) = drawn.subplots(2, 2)
    counts.axhline(1, color=theme.muted, lw=0.8, ls=(0, (1, 2)))
    _panel(counts, data, "embedded", theme.superposed, "features per dimension", "norm of a tenth of the largest or more")
    counts.plot(
        data["share"], data["per_dimension"].mean(axis=1), color=theme.muted, ls=(0, (3, 2)), label="norm of a half or more"
    )
    counts.legend(loc="upper right", fontsize=7.5)
    counts.set(ylim=(0, 1.25 * float(data["embedded"].max()) + 0.1))
    _panel(own, data, "dedicated", theme.dedicated, "with a dimension of their own", "share of embedded features")
    own.plot(data["share"], data["middle"].mean(axis=1), color=theme.muted, ls=(0, (3, 2)), label="their median $D_i$")
    own.legend(loc="upper left", fontsize=7.5)
    own.set(ylim=(0, 1.05), ylabel="dedicated features")
    _panel(harm, data, "harm", theme.interference, "vulnerability")
    _panel(loss, data, "loss", theme.ink, "loss on clean inputs")
    return drawn


def _panel(axes: "Axes", data: Data, name: str, colour: str, label: str, words: str = "") -> None:
    rows = data[name]
    axes.plot(data["share"], rows.mean(axis=1), color=colour, label=words)
    axes.plot(data["share"], rows, "o", color=colour, ms=2.5, mew=0, alpha=0.6)
    axes.set(xlabel="attack / mean input norm", ylabel=label, ylim=(0, None), xticks=(0, 0.2, 0.4, 0.6, 0.8, 1.0))


def _less(data: Data) -> Estimate:
    """Represented features per dimension at a share of 0.4 over those without attacks."""
    return mean(data["per_dimension"][SHARES.index(0.4)] / data["per_dimension"][0])


def _rows(data: Data) -> list[dict[str, str]]:
    names = {
        "per_dimension": "norm of a half or more, per dimension",
        "embedded": "embedded, per dimension",
        "middle": "median D",
        "dedicated": "share dedicated",
        "harm": "vulnerability",
        "loss": "clean loss",
    }
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
        quantity="smallest tested norm of the attacks, as a share of the mean input's, from which on nine in ten embedded "
        "features (norm at least a tenth of the largest) have a D_i of at least 0.9; 1.05 where even 1 leaves superposition",
        measure=lambda data: mean(data["gone"]),
        holds=Range(low=0.5, high=1.0),
        agrees=Range(low=0.75, high=0.85),
        cause="Attacks shorten all features. Under weaker attacks there are already no more features of a norm of one half than "
        "dimensions, but those that are left still share dimensions.",
    ),
)
