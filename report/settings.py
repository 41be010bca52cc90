"""The settings of a figure's models in words: sizes, importances, densities, how many there are and how long they trained."""

from collections.abc import Iterable, Sequence

from sup.features import Anticorrelated, Correlated, PerFeature, per_feature
from sup.specs import Run, geometric
from sup.sweeps import Sweep

_MOST_LISTED = 4  # values; of more, their number and their range
_MOST_SIZES = 6  # lines; of more sizes, one line for all


def settings(sweeps: Iterable[Sweep]) -> tuple[str, ...]:
    """A line for each size of model among `sweeps`, or one for all where there are many sizes.

    Example:
        >>> from sup.features import Independent
        >>> from sup.specs import Recipe
        >>> from sup.sweeps import sweep
        >>> base = Run(model="linear", n_features=5, n_hidden=2, distribution=Independent(density=1.0),
        ...            importance=geometric(0.9, 5), recipe=Recipe(steps=2000))
        >>> settings([sweep(base, density=(1.0, 0.2), seed=range(3))])
        ('5 features in 2 dimensions, importance 0.9^i, density 1 or 0.2: 6 models, 2,000 steps',)
    """
    groups: dict[str, list[Run]] = {}
    for sweep in sweeps:
        groups.setdefault(_size(sweep.runs[0]), []).extend(sweep.runs)
    if len(groups) > _MOST_SIZES:
        runs = [run for group in groups.values() for run in group]
        features, hidden = ([run.n_features for run in runs], [run.n_hidden for run in runs])
        groups = {f"{_range(features)} features in {_range(hidden)} dimensions": runs}
    return tuple(f"{size}, {_varied(runs)}" for size, runs in groups.items())


def _size(run: Run) -> str:
    """Features, their sets, and what they are stored in."""
    features = f"{run.n_features} features"
    if isinstance(run.distribution, (Correlated, Anticorrelated)):
        sizes = run.distribution.sizes
        kind = "correlated" if isinstance(run.distribution, Correlated) else "anticorrelated"
        features = f"{len(sizes)} {kind} sets of {_values(sizes)} features"
    room = "neuron" if run.traits.hidden else "dimension"
    return f"{features} {'on' if room == 'neuron' else 'in'} {run.n_hidden} {room}{'s' if run.n_hidden > 1 else ''}"


def _varied(runs: Sequence[Run]) -> str:
    """Importances and densities, which may differ within a size, and the number of models and of steps."""
    importance = _per_feature("importance", [(run.importance, run.n_features) for run in runs])
    density = _per_feature("density", [(run.distribution.density, run.n_features) for run in runs])
    count = len(set(runs))
    models = "1 model" if count == 1 else f"{count:,} models"
    return f"{importance}, {density}: {models}, {_range([run.recipe.steps for run in runs])} steps"


def _per_feature(name: str, given: Iterable[tuple[PerFeature, int]]) -> str:
    """A field that has one number for all features or one for each."""
    rows = list(dict.fromkeys(per_feature(value, count) for value, count in dict.fromkeys(given)))
    if all(len(set(row)) == 1 for row in rows):
        values = sorted((row[0] for row in rows), reverse=True)
        return "equal importance" if name == "importance" else f"{name} {_values(values)}"
    if len(rows) == 1:
        (row,) = rows
        falling = len(row) > 2 and row == geometric(row[1], len(row))
        return f"{name} {row[1]:g}^i" if falling else f"{name} {_values(row)}"
    if len({len(row) for row in rows}) > 1:
        return f"equal or falling {name}"
    columns = list(zip(*rows, strict=True))
    fixed = {column[0] for column in columns if len(set(column)) == 1}
    moving = [column for column in columns if len(set(column)) > 1]
    if len(moving) == 1 and len(fixed) == 1:
        return f"{name} {fixed.pop():g}, of one feature {_range(moving[0])}"
    return f"{name} {_range([value for row in rows for value in row])}"


def _values(values: Sequence[float]) -> str:
    """Few values one by one, of more their range."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) > _MOST_LISTED:
        return f"{_range(distinct)} ({len(distinct)} values)"
    texts = [f"{value:.3g}" for value in distinct]
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _range(values: Sequence[float]) -> str:
    """The lowest and the highest value, or the only one."""
    ends = (min(values), max(values))
    texts = [f"{end:,}" if isinstance(end, int) else f"{end:.3g}" for end in ends]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} to {texts[1]}"
