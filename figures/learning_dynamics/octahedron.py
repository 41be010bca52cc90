"""F24: two sets of three correlated features learn an octahedron in four stages."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array, estimated, replicates
from figures.shared.solids import projected
from figures.style import TEXT_WIDTH, Theme, themed
from sup.expected_loss import Task, expected_loss
from sup.features import Correlated
from sup.specs import Recipe, Run
from sup.statistics import Estimate, mean, share, undefined
from sup.sweeps import Sweep, sweep
from sup.trajectories import Stages, gathered, log_steps, opposed, stages, within_cosines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "Superposition and learning dynamics: Learning as geometric transformation"
ABOUT = About(
    label="F24",
    title="An octahedron is learned in four stages",
    alt="Four columns, each with six directions in space and from the top, and the loss below. First all lie near the origin. "
    "Then each set of three moves out as one, to opposite sides. Then each opens into a triangle. Last, the triangles turn "
    "until each vertex lies opposite to one of the other set: an octahedron. The loss falls in two steps with a plateau between.",
    source=SOURCE,
    note="The paper says that weights start close to zero, but gives neither scale nor density; ours are a tenth of the usual "
    "and 0.01, of each set. Stages are found by fixed rules in every model (sup/trajectories.py); the model with the lowest "
    "final loss is drawn. A second start, at the usual scale, ends alike.",
)
SETS = ((0, 1, 2), (3, 4, 5))
DENSITY = 0.01
SCALES = (0.1, 1.0)
FIRST, PER_DECADE = 20, 24
LINEAR = DENSITY / 18
"""Exact loss, mean over features, of the linear model with the two sets' means: of each set's three components of the inputs, of
which the two that are lost have the variance p / 12 each, where p is the density."""
UNIT = "over that of a model that always says zero"
NOTHING = DENSITY / 3
"""Loss of a model that always says zero: the unit in which the paper seems to plot."""
OPENINGS = ("open together", "open one after the other")
"""The two ways to pass stage C."""
LAG = 0.2
"""Difference between the sets' mean cosines at which the sets count as opening one after the other."""
APART, TOGETHER = -0.15, 0.6
"""Cosines of the sets' means below which the sets grow apart, and above which they grow as one."""


def needs(size: Size) -> dict[str, Sweep]:
    """`sets`: models of two sets of three correlated features in three dimensions, started at both scales."""
    distribution, recipe = Correlated(sizes=(3, 3), density=DENSITY), Recipe(steps=size.steps)
    base = Run(model="relu-output", n_features=6, n_hidden=3, distribution=distribution, recipe=recipe)
    steps = log_steps(FIRST, size.steps, PER_DECADE)
    return {"sets": sweep(base, init_scale=SCALES, seed=replicates(size.seeds), snapshots=steps)}


def reduce(runs: Runs) -> Data:
    """The drawn trajectory, the one with the lowest final loss; and the stages of all models with small initial weights."""
    trained, usual = (runs["sets"].where(init_scale=scale) for scale in SCALES)
    weights = trained["snapshot_W"].astype(np.float64)
    begins = [stages(W, SETS) for W in weights]
    drawn = trained.best()
    step = log_steps(FIRST, trained.runs[0].recipe.steps, PER_DECADE)
    along = [gathered(W, SETS)[_middle(s)] for W, s in zip(weights, begins, strict=True)]
    task, biases = Task.of(trained.runs[0]), trained["snapshot_b"]
    plateau = [expected_loss(W[_middle(s)], b[_middle(s)], task)[0] for W, b, s in zip(weights, biases, begins, strict=True)]
    kinds = [trajectory(W, s) for W, s in zip(weights, begins, strict=True)]
    numbers = ", ".join(f"{number} {kind.replace(',', ' and')}" for number, kind in enumerate(KINDS))
    level = "expected loss in the middle of stage B, or in the last snapshot where B does not end"
    middle = "share of |W|_F^2 along the sets' means in the middle of stage B, or in the last snapshot where B does not end"
    arrays = {
        "step": array(step, "snapshot", "training step of the snapshot"),
        "W": array(aligned(weights[drawn]), "snapshot hidden feature", "weights of the drawn model, turned"),
        "shown": array(shown(begins[drawn], len(weights[drawn])), "stage", "snapshot that stands for a stage of the drawn model"),
        "loss": array(trained["snapshot_loss"].astype(np.float64) / NOTHING, "seed snapshot", f"loss {UNIT}"),
        "plateau": array(np.array(plateau) / LINEAR, "seed", f"{level}, over the exact loss of the linear solution"),
        "stages": array(begins, "seed stage", "snapshot at which stage B, C, D begins and the octahedron is there, -1 for never"),
        "gathered": array(along, "seed", middle),
        "kind": array(kinds, "seed", f"kind of trajectory: {numbers}; -1 where stage C does not end"),
        "drawn": array(drawn, "", "drawn model, counted from 0 along the seeds"),
        "usual_opposed": array(opposed(usual["W"], SETS), "seed", "model from usual initial weights that ends as an octahedron"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _middle(s: Stages) -> int:
    """The snapshot in the middle of stage B; the last one where B does not end."""
    return (s.collapsed + s.expanding) // 2 if s.expanding >= 0 else -1


def shown(s: Stages, count: int) -> np.ndarray:
    """The snapshots (4) that stand for the stages: halfway into A, the middle of B, the end of C and the last one."""
    points = (s.collapsed // 4, _middle(s), s.expanded, count - 1)
    return np.array([p if p >= 0 else count - 1 for p in points])


KINDS = tuple(
    f"{apart}, {opening}"
    for apart in ("sets grow apart", "sets at a right angle", "sets grow as one first")
    for opening in OPENINGS
)
"""The kinds of trajectories: how the sets lie to each other in stage B, and how they open in stage C."""


def trajectory(weights: np.ndarray, s: Stages) -> int:
    """The number in KINDS of a trajectory (snapshot, 3, feature); -1 if stage C does not end."""
    if s.expanded < 0:
        return -1
    means = np.stack([weights[:, :, list(members)].mean(axis=2) for members in SETS])
    norms = np.linalg.norm(means[0], axis=1) * np.linalg.norm(means[1], axis=1)
    cosine = (means[0] * means[1]).sum(axis=1) / np.maximum(norms, 1e-12)
    kind = 2 if cosine[s.collapsed] > TOGETHER else 0 if cosine[_middle(s)] < APART else 1
    inside = within_cosines(weights, SETS)
    opens = s.expanding + int((inside[s.expanding :] <= 0.5).any(axis=1).argmax())
    return 2 * kind + int(abs(inside[opens, 0] - inside[opens, 1]) >= LAG)


def aligned(weights: np.ndarray) -> np.ndarray:
    """A trajectory (snapshot, 3, feature) turned so that at its end the first set's mean points up and feature 0 to the front."""
    end = weights[-1]
    up = end[:, list(SETS[0])].sum(axis=1) - end[:, list(SETS[1])].sum(axis=1)
    up = up / max(np.linalg.norm(up), 1e-12)
    front = end[:, 0] - (end[:, 0] @ up) * up
    front = front / max(np.linalg.norm(front), 1e-12)
    frame = np.stack([front, np.cross(up, front), up])
    return np.einsum("ab,tbf->taf", frame, weights)


def _values(data: Data) -> dict[str, Value]:
    values = {
        "octahedra": estimated(share(passed(data["stages"])), percent=True),
        "usual": estimated(share(data["usual_opposed"]), percent=True),
        "gathered": estimated(mean(data["gathered"]), percent=True),
        "plateau": estimated(mean(data["plateau"]), digits=3),
        "linear": Value(value=LINEAR / NOTHING, digits=3),
        "kinds": Value(value=float(len(set(data["kind"].tolist())))),
    }
    for k, name in enumerate("ABCD"):
        at = data["shown"][k]
        values[f"step_{name}"] = Value(value=float(data["step"][at]), digits=3)
        values[f"loss_{name}"] = Value(value=float(data["loss"][int(data["drawn"]), at]))
    return values


def passed(begins: np.ndarray) -> np.ndarray:
    """Whether a trajectory (seed) reaches all stages, with B, C and D in this order at snapshots of their own, from `begins`.

    Args:
        begins: The snapshots at which stages begin, shape (seed, stage); -1 for never.
    """
    return (begins.min(axis=1) >= 0) & (np.diff(begins[:, :3], axis=1).min(axis=1) > 0)


SIDE, GAP, LOSS = 1.66, 0.08, 1.5
"""Inches: side of a view, space between views, height of the loss."""
NAMES = ("A: near zero", "B: each set as one", "C: triangles open", "D: octahedron")
CLOSE = 4
"""How many times stage A is enlarged."""


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """A column for each stage, seen in space and from the top, and the loss of all models below."""
    from matplotlib.figure import Figure

    tall = 2 * SIDE + GAP + 0.3 + LOSS + 0.78
    drawn = Figure(figsize=(TEXT_WIDTH, tall), facecolor="none")
    for k, at in enumerate(data["shown"]):
        left, path, size = 0.38 + k * (SIDE + 0.04), data["W"][: at + 1], 1.15 / (CLOSE if k == 0 else 1)
        for row, tag in enumerate(("in space", "from the top")):
            bottom = tall - 0.26 - (row + 1) * SIDE - row * GAP
            axes = drawn.add_axes((left / TEXT_WIDTH, bottom / tall, SIDE / TEXT_WIDTH, SIDE / tall))
            axes.set(xlim=(-size, size), ylim=(-size, size), xticks=[], yticks=[], aspect="equal", facecolor=theme.surface)
            axes.spines[:].set_visible(False)
            if row:
                _from_the_top(axes, path, theme)
            else:
                _in_space(axes, path, theme, joined=k > 1)
            if k == 0:
                drawn.text(0.2 / TEXT_WIDTH, (bottom + SIDE / 2) / tall, tag, rotation=90, ha="center", va="center", fontsize=8.5)
                axes.text(-0.95 * size, 0.95 * size, f"enlarged {CLOSE} times", fontsize=7.5, color=theme.muted, va="top")
        drawn.text((left + SIDE / 2) / TEXT_WIDTH, (tall - 0.18) / tall, NAMES[k], ha="center", fontsize=8.5)
    words = [(f"{'●□'[k]} {name} set", theme.groups[k]) for k, name in enumerate(("first", "second"))]
    for k, (word, colour) in enumerate([*words, ("thin lines: the paths of features; triangles: the sets", theme.muted)]):
        drawn.text(
            (0.72 + 0.95 * k + 0.15 * (k > 1)) / TEXT_WIDTH, (LOSS + 0.5) / tall, word, color=colour, fontsize=8, va="bottom"
        )
    _losses(drawn.add_axes((0.72 / TEXT_WIDTH, 0.45 / tall, (TEXT_WIDTH - 0.9) / TEXT_WIDTH, LOSS / tall)), data, theme)
    return drawn


def _in_space(axes: "Axes", path: np.ndarray, theme: Theme, *, joined: bool) -> None:
    """Draws the paths (snapshot, 3, feature) and each set's triangle; if `joined`, the octahedron's other edges and diagonals."""
    from matplotlib.patches import Polygon

    places = np.stack([projected(W) for W in path])[..., :2]
    ends = places[-1]
    for i in SETS[0] if joined else ():
        j = SETS[1][int((path[-1][:, i] @ path[-1][:, list(SETS[1])]).argmin())]
        axes.plot(*ends[[i, j]].T, color=theme.muted, lw=0.8, ls=(0, (2, 2)), zorder=2)
        for other in set(SETS[1]) - {j}:
            axes.plot(*ends[[i, other]].T, color=theme.muted, lw=0.7, zorder=2)
    for number, members in enumerate(SETS):
        colour = theme.groups[number]
        axes.add_patch(Polygon(ends[list(members)], facecolor=colour, edgecolor="none", alpha=0.16, zorder=1))
        axes.add_patch(Polygon(ends[list(members)], fill=False, edgecolor=colour, lw=1.1, zorder=3))
    axes.plot(0, 0, ".", color=theme.muted, ms=3, zorder=3)
    _paths(axes, places, theme)


def _from_the_top(axes: "Axes", path: np.ndarray, theme: Theme) -> None:
    """Draws the paths (snapshot, 3, feature) from above, and the circle on which an octahedron's vertices lie."""
    from matplotlib.patches import Circle

    axes.add_patch(Circle((0, 0), (2 / 3) ** 0.5, fill=False, ec=theme.muted, lw=0.7, ls=(0, (3, 3))))
    _paths(axes, path[:, :2].transpose(0, 2, 1), theme)


def _paths(axes: "Axes", places: np.ndarray, theme: Theme) -> None:
    """Draws the paths (snapshot, feature, 2) of all features, each with a marker at its end; a colour and a marker a set."""
    for number, members in enumerate(SETS):
        colour = theme.groups[number]
        marker, size, fill = ("o", 5.5, colour) if number == 0 else ("s", 4.5, theme.background)
        for i in members:
            axes.plot(*places[:, i].T, color=colour, lw=0.9, alpha=0.6, zorder=3 + number)
            axes.plot(*places[-1, i], marker, color=colour, ms=size, zorder=6, mfc=fill, mew=1.4)


def _losses(axes: "Axes", data: Data, theme: Theme) -> None:
    step, drawn = data["step"], int(data["drawn"])
    for seed, loss in enumerate(data["loss"]):
        if seed != drawn:
            axes.plot(step, loss, color=theme.absent, lw=0.7, alpha=0.6, zorder=1)
    axes.plot(step, data["loss"][drawn], color=theme.ink, lw=1.5, zorder=3)
    for at, name in zip(data["shown"], "ABCD", strict=True):
        point = step[at], data["loss"][drawn, at]
        axes.plot(*point, "o", color=theme.interference, ms=5, zorder=4)
        label = axes.annotate(name, point, xytext=(-3, -3), textcoords="offset points", ha="right", va="top", zorder=5)
        label.set(fontsize=9, fontweight="bold")
    axes.set(xscale="log", yscale="log", xlabel="training step (grey: the other models)", ylabel="loss / loss of zero output")
    axes.margins(y=0.15)
    axes.minorticks_off()


def _stages(data: Data) -> Estimate:
    return share(passed(data["stages"]))


def _stage_rows(data: Data) -> list[dict[str, str]]:
    """Steps at which the stages begin, over all models that pass them, and the loss then."""
    rows = []
    for k, name in enumerate(("B begins", "C begins", "D begins", "octahedron")):
        at = data["stages"][:, k]
        seeds = np.flatnonzero(at >= 0)
        step, loss = data["step"][at[seeds]], data["loss"][seeds, at[seeds]]
        cells = {"models": f"{seeds.size} of {at.size}", "median step": "none", "range": "none", "median loss": "none"}
        if seeds.size:
            cells["median step"] = f"{np.median(step):.0f}"
            cells["range"] = f"{step.min()} to {step.max()}"
            cells["median loss"] = f"{np.median(loss):.2g}"
        rows.append({"stage": name} | cells)
    return rows


def _variety(data: Data) -> Estimate:
    """Share of models that open in the rarer way at stage C, of those that end it."""
    ended = data["kind"][data["kind"] >= 0]
    if not ended.size:
        return undefined(data["kind"].size)
    later = ended % len(OPENINGS) == 1
    return share(later if later.mean() <= 0.5 else ~later)


def _kind_rows(data: Data) -> list[dict[str, str]]:
    counts = Counter(data["kind"].tolist())
    return [
        {"trajectory": KINDS[kind] if kind >= 0 else "does not get as far", "models": f"{count} of {data['kind'].size}"}
        for kind, count in sorted(counts.items())
    ]


def _principal(data: Data) -> Estimate:
    return mean(data["plateau"])


CLAIMS = (
    Claim(
        id="C63",
        text="The model passes four stages and ends as an octahedron whose antipodal pairs join the two sets.",
        source=SOURCE,
        paper="four regimes, an octahedron at the end",
        measure=_stages,
        holds=Range(low=0.8),
        rows=_stage_rows,
        quantity="share of models that pass all stages in order and end with every feature opposite to one of the other set",
    ),
    Claim(
        id="C64",
        text="The way there differs between models: at stage C some open both sets together, others one after the other.",
        source=SOURCE,
        paper="trajectories vary at stage C",
        measure=_variety,
        holds=Range(low=0.1),
        quantity="share of models that open in the rarer of the two ways, of those that end stage C; it fails where nine in ten "
        "do the same",
        rows=_kind_rows,
    ),
    Claim(
        id="C65",
        text="A solution like principal component analysis is learned first.",
        source=SOURCE,
        paper="stage B is the linear, PCA-like solution",
        measure=_principal,
        holds=Range(low=0.9, high=1.1),
        quantity="expected loss in the middle of stage B over that of the linear model that keeps the two sets' means, their "
        "main principal components, and loses the rest; mean over models",
    ),
)
