"""W6: what an attacker finds who follows the gradient, where ReLUs are closed nearly all the time."""

from typing import TYPE_CHECKING

import numpy as np

from figures.adversarial.attacks import NOTE, SHARE, SMALL, models
from figures.adversarial.curves import READ
from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated
from figures.shared.pushes import samples
from figures.shared.uniform import density, level_arrays
from figures.style import Theme, figure, themed
from sup.results import Trained
from sup.robustness import Descent, analytic_harm, gradient_harm, mean_norm
from sup.statistics import Estimate, least, mean
from sup.sweeps import Sweep, get

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="W6",
    title="Attacks that follow the gradient",
    alt="Two panels over 1/(1-S), from dense features to very sparse ones. Left: the harm of attacks along the gradient over "
    "that of the worst analytic push, for one step, for twenty, and for a single step of a tenth of the norm; a dashed line "
    "marks equal harm. Right: the percentages of closed ReLUs and of samples without any gradient, which rise.",
    source="Relationship to Adversarial Robustness",
    note=NOTE
    + " The paper says that attacks along the gradient fail, without showing one. Here such an attack goes in even steps along "
    "the unit gradient of a sample's loss, and back into the ball whose radius is the norm of the analytic pushes; its best "
    "point counts. Of the analytic pushes each sample meets the worst.",
)
DENSE = (0, 16, 34, 49)
"""Levels that these models share with the figure of vulnerability."""
SPARSE = (61, 74, 86, 98)
"""Levels beyond the paper's range, down to a density of 0.01, where nearly all ReLUs are closed."""
ATTACKS = {
    "one step of the whole norm": (1, 1.0, False),
    "20 steps of an eighth": (20, 0.125, False),
    "20 steps of a quarter": (20, 0.25, False),
    "20 steps of an eighth, from a random point": (20, 0.125, True),
    "100 steps of a fortieth": (100, 0.025, False),
    "one step of a quarter": (1, 0.25, False),
    "one step of a tenth": (1, 0.1, False),
}
"""Attacks by name: how many steps, their length over the norm of a push, and whether they start at a random point of the ball."""
USUAL = 5
"""How many of them, the first ones, can go as far as the analytic push. The others stop at a part of its norm."""
DRAWN = (0, 1, 6)
"""The attacks that are drawn over density."""
SAMPLES = 512


def needs(size: Size) -> dict[str, Sweep]:
    """`base`, the small models of the figure of vulnerability; `sparse`, models of the same size of far sparser features."""
    return {"base": models(SMALL, READ, size.steps, size.seeds), "sparse": models(SMALL, SPARSE, size.steps, size.seeds)}


def reduce(runs: Runs) -> Data:
    """The harm of attacks by gradient over the analytic one's, and the shares of closed ReLUs and of samples without gradient."""
    levels = (*DENSE, *SPARSE)
    at = [runs["base" if level in DENSE else "sparse"].where(density=density(level)) for level in levels]
    names = list(ATTACKS)
    gains = np.stack([_attacked(one, [names[k] for k in DRAWN])[0] for one in at], axis=1)
    masks = np.stack([_masks(one) for one in at], axis=1)
    all_gains, lost = _attacked(at[-1], names)
    ratio = "loss that attacks along the gradient add, over that of the worst analytic push for each sample"
    arrays = {
        **level_arrays(levels),
        "gain": array(gains, "attack level seed", f"{ratio}: {'; '.join(names[k] for k in DRAWN)}"),
        "sparsest": array(all_gains, "attack seed", f"{ratio}, at a density of {density(SPARSE[-1]):g}: {'; '.join(names)}"),
        "lost": array(lost, "attack seed", f"share of samples with an active feature that give no gradient: {'; '.join(names)}"),
        "closed": array(masks[0], "level seed", "share of ReLUs that are closed"),
        "blind": array(masks[1], "level seed", "share of samples without any gradient"),
    }
    values = {
        "density": Value(value=density(SPARSE[-1])),
        "closed": estimated(mean(masks[0, -1]), percent=True),
        "blind": estimated(mean(masks[1, -1]), percent=True),
    }
    for name, k in (("one_step", 0), ("steps", 1), ("tenth", 6)):
        values[name] = estimated(mean(all_gains[k]))
    return Data(arrays=arrays, values=values)


def _inputs(trained: Trained) -> tuple[np.ndarray, float]:
    """The samples that the models of one density meet, and the norm of a push."""
    density = get(trained.runs[0], "density")
    return samples(SMALL.features, density, SAMPLES), SHARE * mean_norm(SMALL.features, density)


def _attacked(trained: Trained, names: list[str]) -> np.ndarray:
    """The named attacks on the models of one density: (measure, attack, seed).

    The measures are the harm over that of the analytic attack, and the share of the samples with an active feature that have no
    gradient where it starts.
    """
    x, push = _inputs(trained)
    rows = []
    for W, b in zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True):
        analytic = analytic_harm(W, b, x, push).adaptive
        found = [attack(W, b, x, push, name) for name in names]
        rows.append([[one.added.mean() / analytic for one in found], [one.blind[x.any(axis=1)].mean() for one in found]])
    return np.moveaxis(np.array(rows), 0, -1)


def attack(W: np.ndarray, b: np.ndarray, x: np.ndarray, push: float, name: str) -> Descent:
    """The result of the attack `name` of `ATTACKS` on one model, with pushes of at most the norm `push`."""
    steps, stride, random = ATTACKS[name]
    return gradient_harm(W, b, x, push, steps, stride=stride * push, start=_start(x, push) if random else None)


def _start(x: np.ndarray, push: float) -> np.ndarray:
    """A random point of the ball of radius `push` for each sample, evenly in its volume, the same for all models."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=x.shape)
    lengths = push * rng.random((len(x), 1)) ** (1 / x.shape[1])
    return lengths * points / np.linalg.norm(points, axis=1, keepdims=True)


def _masks(trained: Trained) -> np.ndarray:
    """The share of closed ReLUs and of samples without any gradient (measure, seed) for the models of one density."""
    x, push = _inputs(trained)
    rows = []
    for W, b in zip(trained["W"].astype(np.float64), trained["b"].astype(np.float64), strict=True):
        rows.append(((x @ (W.T @ W) + b <= 0).mean(), gradient_harm(W, b, x, push, steps=1).blind.mean()))
    return np.array(rows).T


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The harm of three attacks over the analytic one's, and what hides the gradient, over density."""
    drawn = figure(height=2.6)
    left, right = drawn.subplots(1, 2)
    left.axhline(1, color=theme.muted, lw=0.8, ls=(0, (3, 2)))
    names, marks = list(ATTACKS), ("o", "s", "^")
    for gains, k, mark, colour in zip(data["gain"], DRAWN, marks, theme.groups, strict=False):
        left.plot(data["sparsity"], gains.mean(axis=1), f"-{mark}", color=colour, ms=3.5, label=names[k])
    left.set(ylabel="harm over the analytic push's", ylim=(0, 2.1), yticks=(0, 0.5, 1, 1.5, 2))
    for name, mark, colour, label in (
        ("closed", "-o", theme.groups[3], "closed ReLUs"),
        ("blind", "--s", theme.groups[4], "samples without gradient"),
    ):
        right.plot(data["sparsity"], 100 * data[name].mean(axis=1), mark, color=colour, ms=3.5, label=label)
    right.set(ylabel="percent", ylim=(0, 125), yticks=(0, 25, 50, 75, 100))
    for axes in (left, right):
        _sparsity(axes)
    return drawn


def _sparsity(axes: "Axes") -> None:
    axes.set(xscale="log", xlim=(0.9, 115), xticks=(1, 3, 10, 30, 100), xticklabels=("1", "3", "10", "30", "100"))
    axes.set(xlabel="$1/(1-S)$: from dense to sparse")
    axes.minorticks_off()
    axes.legend(loc="upper left", fontsize=7.5, handlelength=2.2, borderaxespad=0)


def _weakest(data: Data) -> Estimate:
    """The harm of the weakest of the usual attacks over the analytic one's, at the lowest density."""
    rows = data["sparsest"][:USUAL]
    return least([mean(one, among=USUAL) for one in rows]).over(rows.shape[1])


def _rows(data: Data) -> list[dict[str, str]]:
    first, second, third = "along the gradient", "harm over the analytic push's", "active samples without a gradient at the start"
    out = []
    for name, gains, lost in zip(ATTACKS, data["sparsest"], data["lost"], strict=True):
        e = mean(gains)
        out.append({first: name, second: f"{e.value:.2f} [{e.low:.2f}, {e.high:.2f}]", third: f"{lost.mean():.1%}"})
    return out


CLAIMS = (
    Claim(
        id="C68",
        text="Attacks that follow the gradient fail where ReLUs are closed nearly all the time.",
        source="Relationship to Adversarial Robustness",
        paper="closed 99 % of the time; gradients are masked",
        quantity="harm of attacks along the gradient over that of the worst analytic push for each sample, at a density of 0.01, "
        "for the weakest of the first five attacks in the table, which can go as far as the analytic push",
        measure=_weakest,
        holds=Range(high=0.5),
        cause="Few samples with an active feature are without a gradient. A gradient reaches several outputs at "
        "once, where the push made of the weights is aimed at one. The last two attacks of the table do less because "
        "they stop short, and not because gradients are masked.",
        rows=_rows,
    ),
)
