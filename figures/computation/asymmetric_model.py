"""F34: a whole model of |x|: two neurons serve two features each, asymmetrically, and others inhibit what leaks."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Array, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.computation import absolute
from figures.computation.instances import Instance, chosen, found_in
from figures.shared.stacks import stack_plot
from figures.shared.strokes import inset, say, sheet
from figures.style import Theme, themed
from sup.results import Trained
from sup.statistics import Estimate, distance, mean, share, undefined, worst
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    note=absolute.NOTE + " Six features, ten neurons, density 0.2 and importances 0.7^i are our choice; the "
    "paper gives none. The motif is found by `sup.motifs.motifs` in all fits. Shown is a fit with two instances as the paper "
    "describes them, with weights in of opposite signs and an inhibitor that returns no third feature, or with as many such "
    "instances as there are; of these fits, the one with the lowest final loss. Signs say little: to turn the sign of a feature "
    "changes nothing in the task, and it turns opposite signs into equal ones.",
)


def needs(size: Size) -> dict[str, Sweep]:
    """Fits from many seeds; `others`, fewer at other densities."""
    fewer = replace(size, seeds=(size.seeds + 3) // 4)
    return {
        "fits": absolute.fits(FEATURES, HIDDEN, DECAY, (DENSITY,), size),
        "others": absolute.fits(FEATURES, HIDDEN, DECAY, OTHERS, fewer),
    }


def reduce(runs: Runs) -> Data:
    """The drawn model, its neurons sorted by instance, and the instances of all fits.

    The weights of instances are those of shared neurons, scaled like those of the drawn model, for a positive primary feature.
    """
    fits = runs["fits"]
    instances = found_in(fits)
    model = chosen(fits, instances)
    pairs = [(k, instance) for k, of_fit in enumerate(instances) for instance in of_fit]
    others = [[len(of_fit) for of_fit in found_in(runs["others"].where(density=d))] for d in OTHERS]
    into = np.array([instance.motif.weight_in for _, instance in pairs]).reshape(-1, 2)
    out = np.array([instance.motif.weight_out for _, instance in pairs]).reshape(-1, 2)
    owner = np.array([k for k, _ in pairs], np.int64)
    described = "whether an instance has weights in of opposite signs and an inhibitor without a third feature"
    left = "what all neurons and the bias leave of the primary's leak to the secondary's output, before the ReLU"
    arrays = {
        **_sorted(fits, model, instances[model]),
        "drawn": array(fits.runs[model].seed, "", "seed of the drawn model"),
        "count": array([len(of_fit) for of_fit in instances], "seed", "instances of the motif in a model"),
        "loss": array(fits["final_loss"].astype(np.float64), "seed", "final loss"),
        "others": array(others, "density seed", "instances of the motif in a model of another density"),
        "into": array(into, "instance feature", "weights in from an instance's primary and secondary feature"),
        "out": array(out, "instance feature", "weights out to an instance's primary and secondary feature"),
        "size": array([instance.motif.strength for _, instance in pairs], "instance", "size of an instance's large weights"),
        "left": array([instance.motif.left for _, instance in pairs], "instance", left),
        "third": array([instance.third for _, instance in pairs], "instance", "third feature of an instance's inhibitor, or -1"),
        "described": array([instance.described for _, instance in pairs], "instance", described),
        "owner": array(owner, "instance", "position of the model that has the instance, from 0"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    values = {
        "models": Value(value=float((data["count"] > 0).sum())),
        "fits": Value(value=float(data["count"].size), digits=4),
        "instances": Value(value=float(data["owner"].size), digits=4),
        "described": Value(value=float(data["described"].sum()), digits=4),
        "third": Value(value=float((data["third"] >= 0).sum()), digits=4),
    }
    if data["owner"].size:
        values["strength"] = estimated(mean(per_fit(data)), digits=3)
    return values


def per_fit(data: Data) -> np.ndarray:
    """Mean strength of the instances of each fit that has any, shape (fit)."""
    return _of_fits(data, data["size"])


def _of_fits(data: Data, numbers: np.ndarray) -> np.ndarray:
    """Mean of a number of each instance over those of a fit, shape (fit) for fits that have any."""
    return np.array([numbers[data["owner"] == owner].mean() for owner in np.unique(data["owner"])])


def _sorted(fits: Trained, model: int, instances: list[Instance]) -> dict[str, Array]:
    """The drawn model's neurons: those of no instance first, then each instance with its shared neuron before its inhibitor."""
    part, role = np.zeros(HIDDEN, np.int64), np.zeros(HIDDEN, np.int64)
    for number, motif in reversed([(k, instance.motif) for k, instance in enumerate(instances[:2], 1)]):
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
        "b": array(fits["b"][model].astype(np.float64), "feature", "biases of the drawn model"),
        "part": array(part[order], "hidden", "first of the two drawn instances that the neuron is in, 1 or 2; 0 for neither"),
        "role": array(role[order], "hidden", "1 for the shared neuron of that instance, 2 for its inhibitor, 0 for others"),
    }


SLIVER = 0.02
"""Share of a stack's largest weight from which on a piece has its feature's colour: six colours can be told apart."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """Stacks of weights in above and of weights out below, the instances' neurons set apart."""
    from matplotlib.patches import Rectangle

    figure, axes = sheet(theme, 330)
    for base, name, label in ((178, "W1", "in"), (46, "W2", "out")):
        weights = data[name]
        stacks = inset(axes, 44, base, 336, 112)
        stack_plot(stacks, weights, theme.groups, theme, least=SLIVER)
        low, high = (float(np.maximum(side * weights, 0).sum(axis=1).max()) for side in (-1, 1))
        low, high = 1.08 * max(low, 1), 1.08 * max(high, 1)
        stacks.set(ylim=(-low, high))
        _numbers(stacks, weights, 112 / (low + high), theme)
        say(axes, 8, base + 56, f"weights {label}", theme, rotation=90)
        for k in np.flatnonzero(np.diff(data["part"])):
            stacks.axvline(k + 0.5, color=theme.muted, lw=0.8, ls=(0, (3, 2)))
    _groups(axes, data, theme)
    for i in range(FEATURES):
        axes.add_patch(Rectangle((14 + 63 * i, 9), 9, 9, fc=theme.groups[i], ec="none"))
        say(axes, 26 + 63 * i, 14, f"feature {i}", theme, ha="left", fontsize=8.5)
    return figure


def _numbers(stacks: "Axes", weights: np.ndarray, scale: float, theme: Theme) -> None:
    """Writes the number of its feature on each piece that is high enough; `scale` is points per unit of weight."""
    patch = {"facecolor": theme.background, "edgecolor": "none", "pad": 0.6}
    for k, row in enumerate(weights):
        ends = {1: 0.0, -1: 0.0}
        for i, weight in enumerate(row.tolist()):
            side = 1 if weight > 0 else -1
            if abs(weight) * scale > 11:
                stacks.text(k, ends[side] + weight / 2, str(i), ha="center", va="center", fontsize=7.5, bbox=patch)
            ends[side] += weight


def _groups(axes: "Axes", data: Data, theme: Theme) -> None:
    """Draws the names of the groups above, and the neurons' roles between the stacks."""
    step, part = 336 / HIDDEN, data["part"]
    for mask, words, high in (
        (part == 0, "in no instance", 311),
        (part > 0, "instances", 318),
        (part == 1, "1", 305),
        (part == 2, "2", 305),
    ):
        if mask.any():
            at = 44 + step * (np.flatnonzero(mask).mean() + 0.5)
            say(axes, at, high, words, theme, fontweight="bold")
    for k, role in enumerate(data["role"]):
        if role:
            say(axes, 44 + step * (k + 0.5), 168, ("", "shared", "inhibits")[role], theme, fontsize=8, color=theme.muted)


def _share(data: Data) -> Estimate:
    return share(data["count"] > 0)


WEIGHTS = {"in, primary, and out, secondary": 2.0, "in, secondary, size": 0.5, "out, primary": 0.5}
"""The paper's weights. The first two are of one size by the scaling of a neuron."""


def _weights(data: Data) -> list[np.ndarray]:
    """The weights of `WEIGHTS`, mean over the instances of a fit, shape (fit) each."""
    numbers = data["size"], np.abs(data["into"])[:, 1], data["out"][:, 0]
    return [_of_fits(data, weights) for weights in numbers]


def _off(data: Data) -> Estimate:
    """Largest relative distance of a weight, mean over fits with an instance, from the paper's."""
    if not data["owner"].size:
        return undefined(data["count"].size)
    means = [mean(weights, among=len(WEIGHTS)) for weights in _weights(data)]
    parts = [distance(e, paper, unit=paper) for e, paper in zip(means, WEIGHTS.values(), strict=True)]
    return worst(parts).over(len(np.unique(data["owner"])))


def _rows(data: Data) -> list[dict[str, str]]:
    """The share of fits with an instance, at this and other densities; losses; what kinds of instances there are."""
    counts = [(DENSITY, data["count"]), *zip(OTHERS, data["others"], strict=True)]
    rows = [{"number": f"fits with an instance, density {p:g}", "found": f"{(n > 0).mean():.0%}"} for p, n in counts]
    for words, mask in (("with", data["count"] > 0), ("without", data["count"] == 0)):
        if mask.any():
            loss = 1000 * data["loss"][mask]
            row = {"number": f"final loss {words} an instance, thousandths", "found": f"{loss.mean():.2f} ± {loss.std():.2f}"}
            rows.append(row)
    if not data["owner"].size:
        return rows
    opposite = data["into"].prod(axis=1) < 0
    kinds = {
        "weights in of opposite sign": opposite,
        "inhibitor without a third feature": data["third"] < 0,
        "both, as the paper describes": data["described"],
    }
    found = [{"number": words, "found": f"{int(mask.sum())} of {mask.size} instances"} for words, mask in kinds.items()]
    return [*rows, *found]


def _weight_rows(data: Data) -> list[dict[str, str]]:
    """The weights of the shared neuron beside the paper's, mean and spread over fits with an instance."""
    if not data["owner"].size:
        return [{"weight": name, "mean": "no instance", "spread": "", "paper": f"{paper:g}"} for name, paper in WEIGHTS.items()]
    return [
        {"weight": name, "mean": f"{numbers.mean():.2f}", "spread": f"{numbers.std():.2f}", "paper": f"{paper:g}"}
        for (name, paper), numbers in zip(WEIGHTS.items(), _weights(data), strict=True)
    ]


SOURCE = "Computation in Superposition"
CLAIMS = (
    Claim(
        id="C83",
        text="Models share neurons asymmetrically, and inhibit what leaks with another neuron.",
        source=SOURCE,
        paper="one neuron for two features, and an inhibition neuron",
        quantity="share of fits in which a neuron returns two features, one weight in twice the other or more, the leak "
        "inhibited",
        measure=_share,
        holds=Range(low=0.5),
        rows=_rows,
    ),
    Claim(
        id="C83-W",
        text="The weights of a neuron that is shared asymmetrically are 2 and -1/2 in, 1/2 and 2 out.",
        source=SOURCE,
        paper="weights in [2, -1/2], out [1/2, 2]",
        quantity="largest relative distance from the paper's of the size of a weight, mean over fits with an instance; the "
        "largest weights in and out are scaled to one size, and signs in are left out, since the task has none",
        measure=_off,
        holds=Range(high=0.25),
        rows=_weight_rows,
    ),
)
