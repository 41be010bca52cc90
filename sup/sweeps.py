"""Sweeps: ordered sets of runs of one shape, built from one run and the axes along which it varies."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import pairwise, product
from typing import Any

from sup.canonical import digest, spec_digest
from sup.errors import SpecError
from sup.features import Correlated
from sup.fields import items, require, shown, whole
from sup.specs import Activation, Model, Run


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties that runs must share so that one compiled kernel can train them side by side.

    A kernel leaves out the options that its runs do not use, so that these cost nothing. Whether there is a penalty, an attack
    or a fixed data set therefore belongs to the shape; its strength or number does not.
    """

    model: Model
    n_features: int
    n_hidden: int
    distribution: str
    sizes: tuple[int, ...]
    batch: int
    activation: Activation = "relu"
    unit_norm: bool = False
    penalised: bool = False
    attacked: bool = False
    fixed: bool = False

    @property
    def words(self) -> str:
        """The shape in words, such as "relu-output 20x5, independent"."""
        return f"{self.model} {self.n_features}x{self.n_hidden}, {self.distribution.lower()}"


def shape_of(run: Run) -> Shape:
    """The shape of `run`."""
    features, recipe = run.distribution, run.recipe
    return Shape(
        model=run.model,
        n_features=run.n_features,
        n_hidden=run.n_hidden,
        distribution=type(features).__name__,
        sizes=features.sizes if isinstance(features, Correlated) else (),
        batch=recipe.batch,
        activation=run.activation,
        unit_norm=features.unit_norm,
        penalised=recipe.l1 > 0.0,
        attacked=recipe.attack > 0.0,
        fixed=recipe.dataset is not None,
    )


def runs_digest(runs: tuple[Run, ...], snapshots: tuple[int, ...]) -> str:
    """Digest of ordered runs, those of a sweep or of a part of one, and of the snapshots."""
    return digest("sweep", [spec_digest(run) for run in runs], snapshots)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Runs of one shape and one number of steps, with the snapshots to record while they train.

    Attributes:
        runs: The runs, in order, all different.
        snapshots: The steps after which the weights are recorded, rising; 0 is the start.
    """

    runs: tuple[Run, ...]
    snapshots: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        listed = items(self.runs)
        all_runs = len(listed) > 0 and all(type(run) is Run for run in listed)
        require(all_runs, "runs", "a tuple of at least one run", self.runs, "Give every axis at least one value.")
        object.__setattr__(self, "runs", listed)
        if mixed := _differences(self.runs):
            raise SpecError(
                f"runs is a set of runs of one shape and one number of steps; got {'; '.join(mixed)}. Make a sweep of each."
            )
        require(
            len(set(map(spec_digest, self.runs))) == len(self.runs),
            "runs",
            "a set of different runs",
            f"{len(self.runs)} runs",
            "Some are equal: vary the seed.",
        )
        steps, given = self.runs[0].recipe.steps, self.snapshots
        object.__setattr__(self, "snapshots", tuple(map(whole, items(given))))
        rising = all(a < b for a, b in pairwise(self.snapshots)) and all(0 <= step <= steps for step in self.snapshots)
        require(
            rising and type(given) in (tuple, list),
            "snapshots",
            f"steps at which to record the weights, rising ints from 0 to {steps}",
            given,
            "Leave it empty for none.",
        )

    @property
    def shape(self) -> Shape:
        """The shape of all runs."""
        return shape_of(self.runs[0])

    @property
    def spec_digest(self) -> str:
        """Digest of the runs, in order, and of the snapshots."""
        return runs_digest(self.runs, self.snapshots)


def _differences(runs: tuple[Run, ...]) -> list[str]:
    """The fields in which the shapes and steps of `runs` differ, with their values, such as "n_hidden: 1, 2"."""
    kinds = list(dict.fromkeys((shape_of(run), run.recipe.steps) for run in runs))
    if len(kinds) == 1:
        return []
    columns = {field.name: [getattr(shape, field.name) for shape, _ in kinds] for field in fields(Shape)}
    columns["steps"] = [steps for _, steps in kinds]
    distinct = {name: list(dict.fromkeys(values)) for name, values in columns.items()}
    return [f"{name}: {', '.join(map(str, values))}" for name, values in distinct.items() if len(values) > 1]


def vary(run: Run, **changes: Any) -> Run:
    """A copy of `run` with fields replaced, its own or those of its distribution or its recipe.

    Raises:
        SpecError: if a name is not such a field.

    Example:
        >>> from sup.features import Independent
        >>> base = Run(model="linear", n_features=5, n_hidden=2, distribution=Independent(density=1.0))
        >>> vary(base, density=0.1, steps=20, seed=3).recipe.steps
        20
    """
    own, distribution, recipe = (part.__dataclass_fields__ for part in (run, run.distribution, run.recipe))
    for name in changes:
        if name not in own and name not in distribution and name not in recipe:
            known = ", ".join(sorted({*own, *distribution, *recipe}))
            raise SpecError(
                f"axis is the name of a field of the run, its distribution or its recipe; got {name!r}. Pick one of {known}."
            )
    new = {name: value for name, value in changes.items() if name in own}
    at_distribution = {name: value for name, value in changes.items() if name in distribution}
    at_recipe = {name: value for name, value in changes.items() if name in recipe}
    if at_distribution:
        new["distribution"] = replace(run.distribution, **at_distribution)
    if at_recipe:
        new["recipe"] = replace(run.recipe, **at_recipe)
    return replace(run, **new)


def sweep(base: Run, *, snapshots: Iterable[int] = (), **axes: Iterable[Any]) -> Sweep:
    """The sweep over all combinations of the axes' values, put into `base`; the last axis varies fastest.

    Example:
        >>> from sup.features import Independent
        >>> base = Run(model="linear", n_features=5, n_hidden=2, distribution=Independent(density=1.0))
        >>> [(run.distribution.density, run.seed) for run in sweep(base, density=(1.0, 0.1), seed=range(2)).runs]
        [(1.0, 0), (1.0, 1), (0.1, 0), (0.1, 1)]
    """
    steps = _values("snapshots", snapshots)
    if not axes:
        return Sweep((base,), steps)
    *slow, fast = (_values(name, axis) for name, axis in axes.items())
    *_, last = axes
    runs: list[Run] = []
    for point in product(*slow, fast[:1]):
        first = vary(base, **dict(zip(axes, point, strict=True)))
        runs += [first, *(vary(first, **{last: value}) for value in fast[1:])]  # these share all parts but one with the first
    return Sweep(tuple(runs), steps)


def _values(name: str, axis: Iterable[Any]) -> tuple[Any, ...]:
    """The values of an axis.

    Raises:
        SpecError: if it is not one value after the other.
    """
    try:
        return tuple(axis)
    except TypeError:
        raise SpecError(f"{name} is values one after the other; got {shown(axis)}. Put a single one into a tuple.") from None


def get(run: Run, name: str) -> Any:
    """The value of a field of `run`, of its distribution or of its recipe.

    Raises:
        SpecError: if none of them has it.
    """
    for part in (run, run.distribution, run.recipe):
        if hasattr(part, name):
            return getattr(part, name)
    raise SpecError(f"{name!r} is no field of a run, its distribution or its recipe.")
