"""F34: a whole model of |x|: two neurons serve two features each, asymmetrically, and others inhibit what leaks."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.computation import absolute
from figures.shared.stacks import stack_plot
from figures.shared.strokes import inset, say, sheet
from figures.style import Theme, themed
from sup.motifs import Motif, motifs
from sup.results import Trained
from sup.statistics import Estimate, mean, share
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = 0.01
FEATURES, HIDDEN, DECAY, DENSITY = 6, 10, 0.7, 0.2
OTHERS = (0.4, 0.1)
"""Other densities, with a quarter of the fits, to check that the result does not depend on the choice."""
ABOUT = About(
    label="F34",
    title="A model with asymmetric superposition",
    alt="Stack plots of the weights into and out of ten neurons. Most neurons have one colour in and the same colour out. In "
    "the groups at the right a neuron has a large piece of one colour and a small one of another going in, and the other way "
    "round coming out, and beside it stands a neuron with a large negative piece out.",
    source="Computation in Superposition",
    note=absolute.NOTE.format(rate=RATE) + " Six features, ten neurons, density 0.2 and importances 0.7^i are our choice; the "
    "paper gives none. The motif is found by `sup.motifs.motifs` in all fits; shown is the fit with the lowest final loss "
    "among those that have it twice.",
)


def needs(size: Size) -> dict[str, Sweep]:
    """Fits from many seeds; `others`, fewer at other densities."""
    fewer = replace(size, seeds=(size.seeds + 3) // 4)
    return {
        "fits": absolute.fits(FEATURES, HIDDEN, DECAY, (DENSITY,), size, RATE),
        "others": absolute.fits(FEATURES, HIDDEN, DECAY, OTHERS, fewer, RATE),
    }


def found_in(fits: Trained) -> list[list[Motif]]:
    """The instances of the motif in each fit."""
    return [motifs(*(fits[name][k] for name in ("W1", "W2", "b"))) for k in range(len(fits))]


def chosen(fits: Trained, instances: list[list[Motif]]) -> int:
    """Position of the fit to draw: the lowest final loss among those with two instances, or with the most if none has two."""
    most = min(2, max(map(len, instances)))
    candidates = [k for k, of_fit in enumerate(instances) if len(of_fit) >= most]
    return min(candidates, key=lambda k: float(fits["final_loss"][k]))


def reduce(runs: Runs) -> Data:
    """The drawn model, its neurons sorted by instance, and the instances of all fits.

    The weights of instances are those of shared neurons, scaled like those of the drawn model, for a positive primary feature.
    """
    fits = runs["fits"]
    instances = found_in(fits)
    model = chosen(fits, instances)
    pairs = [(k, motif) for k, of_fit in enumerate(instances) for motif in of_fit]
    others = [[len(of_fit) for of_fit in found_in(runs["others"].where(density=d))] for d in OTHERS]
    into = np.array([motif.weight_in for _, motif in pairs]).reshape(-1, 2)
    out = np.array([motif.weight_out for _, motif in pairs]).reshape(-1, 2)
    owner = np.array([k for k, _ in pairs], np.int64)
    left = "what all neurons and the bias leave of the primary's leak to the secondary's output, before the ReLU"
    arrays = {
        **_sorted(fits, model, instances[model]),
        "drawn": array(fits.runs[model].seed, "", "seed of the drawn model"),
        "count": array([len(of_fit) for of_fit in instances], "seed", "instances of the motif in a model"),
        "loss": array(fits["final_loss"].astype(np.float64), "seed", "final loss"),
        "others": array(others, "density seed", "instances of the motif in a model of another density"),
        "into": array(into, "instance feature", "weights in from an instance's primary and secondary feature"),
        "out": array(out, "instance feature", "weights out to an instance's primary and secondary feature"),
        "size": array([motif.strength for _, motif in pairs], "instance", "size of an instance's large weights"),
        "left": array([motif.left for _, motif in pairs], "instance", left),
        "owner": array(owner, "instance", "position of the model that has the instance, from 0"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {
        "models": Value(value=float((data["count"] > 0).sum())),
        "fits": Value(value=float(data["count"].size), digits=4),
        "instances": Value(value=float(data["owner"].size), digits=4),
    }
    if data["owner"].size:
        values["strength"] = estimated(mean(per_fit(data)), digits=3)
    return values


def per_fit(data: Data) -> np.ndarray:
    """Mean strength of the instances of each fit that has any, shape (fit)."""
    owners = np.unique(data["owner"])
    return np.array([data["size"][data["owner"] == owner].mean() for owner in owners])


def _sorted(fits: Trained, model: int, instances: list[Motif]) -> dict[str, Array]:
    """The drawn model's neurons: those of no instance first, then each instance with its shared neuron before its inhibitor."""
    part, role = np.zeros(HIDDEN, np.int64), np.zeros(HIDDEN, np.int64)
    for number, motif in reversed(list(enumerate(instances[:2], 1))):
        part[[motif.neuron, motif.inhibitor]] = number
        role[motif.inhibitor], role[motif.neuron] = 2, 1
    W1, W2 = fits["W1"][model], fits["W2"][model]
    order = np.lexsort((np.abs(W1).argmax(axis=1), role, part))
    scaled = [absolute.rescaled(W1[[k]], W2[:, [k]], balanced=True) for k in order]
    into, out = (np.concatenate([pair[side] for pair in scaled]) for side in (0, 1))
    scales = "each neuron's largest in and out of one size"
    return {
        "W1": array(np.round(into, 4), "hidden feature", f"weights in of the drawn model, {scales}"),
        "W2": array(np.round(out, 4), "hidden feature", f"weights out of the drawn model, {scales}"),
        "part": array(part[order], "hidden", "first of the two strongest instances that the neuron is in, 1 or 2; 0 for neither"),
        "role": array(role[order], "hidden", "1 for the shared neuron of that instance, 2 for its inhibitor, 0 for others"),
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Stacks of weights in above and of weights out below, the instances' neurons set apart."""
    from matplotlib.patches import Rectangle

    figure, axes = sheet(theme, 330)
    for base, name, label in ((178, "W1", "in"), (46, "W2", "out")):
        weights = data[name]
        stacks = inset(axes, 44, base, 336, 112)
        stack_plot(stacks, weights, theme.groups, theme)
        low, high = (float(np.maximum(side * weights, 0).sum(axis=1).max()) for side in (-1, 1))
        stacks.set(ylim=(-1.08 * max(low, 1), 1.08 * max(high, 1)))
        say(axes, 8, base + 56, f"weights {label}", theme, rotation=90)
        for k in np.flatnonzero(np.diff(data["part"])):
            stacks.axvline(k + 0.5, color=theme.muted, lw=0.8, ls=(0, (3, 2)))
    _groups(axes, data, theme)
    for i in range(FEATURES):
        axes.add_patch(Rectangle((14 + 63 * i, 9), 9, 9, fc=theme.groups[i], ec="none"))
        say(axes, 26 + 63 * i, 14, f"feature {i}", theme, ha="left", fontsize=8.5)
    return figure


def _groups(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the names of the groups above, and the neurons' roles between the stacks."""
    step = 336 / HIDDEN
    for part, words in ((0, "one feature, one side"), (1, "instance 1"), (2, "instance 2")):
        at = np.flatnonzero(data["part"] == part)
        if at.size:
            say(axes, 44 + step * (at.mean() + 0.5), 310, words, theme, fontweight="bold")
    for k, role in enumerate(data["role"]):
        if role:
            say(axes, 44 + step * (k + 0.5), 168, ("", "shared", "inhibits")[role], theme, fontsize=8, color=theme.muted)


def _share(data: Data) -> Estimate:
    return share(data["count"] > 0)


def _rows(data: Data) -> list[dict[str, str]]:
    """The instances' mean weights beside the paper's; the share of fits with an instance, at this and other densities; losses."""
    counts = [(DENSITY, data["count"]), *zip(OTHERS, data["others"], strict=True)]
    shares = [
        {"number": f"fits with an instance, density {p:g}", "mean": f"{(n > 0).mean():.0%}", "spread": "", "paper": ""}
        for p, n in counts
    ]
    for words, mask in (("with", data["count"] > 0), ("without", data["count"] == 0)):
        if mask.any():
            loss = 1000 * data["loss"][mask]
            cells = {"mean": f"{loss.mean():.2f}", "spread": f"{loss.std():.2f}", "paper": ""}
            shares.append({"number": f"final loss {words} an instance, thousandths", **cells})
    if not data["size"].size:
        return shares
    into, out = data["into"], data["out"]
    means = [*np.abs(into).mean(axis=0), *out.mean(axis=0)]
    spread = [*np.abs(into).std(axis=0), *out.std(axis=0)]
    names = ("in, primary", "in, secondary (size)", "out, primary", "out, secondary")
    rows = [
        {"number": name, "mean": f"{value:.2f}", "spread": f"{sd:.2f}", "paper": paper}
        for name, value, sd, paper in zip(names, means, spread, ("2", "1/2", "1/2", "2"), strict=True)
    ]
    opposite = (into[:, 0] * into[:, 1] < 0).mean()
    return [
        *rows,
        *shares,
        {"number": "weights in of opposite sign", "mean": f"{opposite:.0%} of instances", "spread": "", "paper": "yes"},
    ]


CLAIMS = (
    Claim(
        id="C83",
        text="Models share neurons asymmetrically, with weights in of 2 and -1/2 and out of 1/2 and 2, and inhibit what leaks "
        "with another neuron.",
        source="Computation in Superposition",
        paper="weights in [2, -1/2], out [1/2, 2], and an inhibition neuron",
        quantity="share of fits in which a neuron returns two features, one weight in twice the other or more, the leak "
        "inhibited",
        measure=_share,
        holds=Range(low=0.5),
        rows=_rows,
    ),
)
