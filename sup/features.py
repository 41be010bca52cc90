"""How features occur: independently, in correlated sets, or in anticorrelated sets.

A feature is zero in most samples. Its density is the chance 1 - S that it is active; an active feature is uniform on its
range, [0, 1) unless said otherwise. Source: Elhage et al. 2022, "Demonstrating Superposition" and the section on
correlated features; the law of each class stands in its docstring, `sup.sampling` draws from it. With `unit_norm`, each
sample is divided by its Euclidean norm (Henighan et al. 2023, "Superposition, Memorization, and Double Descent").
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sup.canonical import PINNED
from sup.errors import SpecError

PerFeature: TypeAlias = float | tuple[float, ...]


def per_feature(value: PerFeature, count: int) -> tuple[float, ...]:
    """`value` once for each of `count` features (or sets): a float is shared by all, a tuple is taken as it is."""
    return (value,) * count if isinstance(value, float) else value


def normalise(field: str, value: object) -> PerFeature:
    """`value` as a float, or as a tuple of floats; a zero has no sign, so that equal specs have one text.

    Raises:
        SpecError: if it is neither a number nor a non-empty sequence of numbers, or is not finite.
    """
    if type(value) is float and math.isfinite(value):
        return value or 0.0
    parts: Iterable[Any] = value if isinstance(value, (tuple, list)) else (value,)
    try:
        items = tuple(float(part) or 0.0 for part in parts)
    except (TypeError, ValueError):
        items = ()
    if not items or not all(map(math.isfinite, items)):
        raise SpecError(f"{field} is a finite number, or a tuple with one for each feature; got {value!r}.")
    return items if isinstance(value, (tuple, list)) else items[0]


def check_density(density: PerFeature) -> None:
    """Refuses a density outside (0, 1]."""
    for value in per_feature(density, 1):
        if not 0.0 < value <= 1.0:
            raise SpecError(
                f"density is the chance 1 - S that a feature is active, so it lies in (0, 1]; got {value!r}. "
                f"For a sparsity S, pass density=1 - S."
            )


def check_sizes(sizes: tuple[int, ...]) -> None:
    """Refuses set sizes that do not partition the features into sets of at least one."""
    if not sizes or any(type(size) is not int or size < 1 for size in sizes):
        raise SpecError(
            f"sizes counts the features of each set, in order, so each is an int of at least 1; got {sizes!r}. "
            f"For two sets of three features, pass sizes=(3, 3)."
        )


def check_unit_norm(unit_norm: bool) -> None:
    """Refuses what is no bool, so that one meaning has one text."""
    if type(unit_norm) is not bool:
        raise SpecError(
            f"unit_norm is whether each sample is divided by its Euclidean norm, so True or False; got {unit_norm!r}. "
            f"Leave it out for samples as they are drawn."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Independent:
    """Every feature is active by itself: with chance `density`, and then uniform on [low, high).

    Attributes:
        density: Chance 1 - S that a feature is active, in (0, 1]; one number, or one per feature.
        low: Lower end of an active feature's range.
        high: Upper end of it, above `low`.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays.
    """

    density: PerFeature
    low: PerFeature = 0.0
    high: PerFeature = 1.0
    unit_norm: bool = field(default=False, metadata=PINNED)

    def __post_init__(self) -> None:
        for name in ("density", "low", "high"):
            object.__setattr__(self, name, normalise(name, getattr(self, name)))
        check_density(self.density)
        check_unit_norm(self.unit_norm)
        count = max(len(per_feature(v, 1)) for v in (self.low, self.high))
        for low, high in zip(per_feature(self.low, count), per_feature(self.high, count), strict=False):
            if not low < high:
                raise SpecError(
                    f"low and high bound an active feature's values, so low lies below high; got low={low!r}, high={high!r}. "
                    f"For signed values, pass low=-1.0, high=1.0."
                )

    def counts(self) -> set[int]:
        """The numbers of features that the per-feature fields speak of (empty when all are shared)."""
        return {len(v) for v in (self.density, self.low, self.high) if isinstance(v, tuple)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlated:
    """Features in sets that occur together: one draw with chance `density` activates all members of a set.

    The values of an active set's members are independent and uniform on [0, 1).

    Attributes:
        sizes: How many features each set has, in the order of the features.
        density: Chance that a set is active, in (0, 1]; one number, or one per set.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays.
    """

    sizes: tuple[int, ...]
    density: PerFeature
    unit_norm: bool = field(default=False, metadata=PINNED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(self.sizes))
        object.__setattr__(self, "density", normalise("density", self.density))
        check_sizes(self.sizes)
        check_density(self.density)
        check_unit_norm(self.unit_norm)
        if isinstance(self.density, tuple) and len(self.density) != len(self.sizes):
            raise SpecError(
                f"density has one number per set: {len(self.sizes)} sets, {len(self.density)} densities. "
                f"Pass one number to share it."
            )

    def counts(self) -> set[int]:
        """The number of features in all sets together."""
        return {sum(self.sizes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anticorrelated(Correlated):
    """Features in sets of which one occurs at a time: a set is active with chance `density`, then exactly one member is.

    The active member is chosen uniformly and its value is uniform on [0, 1); the others are zero.

    Attributes:
        sizes: How many features each set has, in the order of the features.
        density: Chance that a set is active, in (0, 1]; one number, or one per set.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays.
    """


def one_hot(n_features: int, *, binary: bool = False) -> Anticorrelated:
    """Exactly one feature is active in every sample: each as often as any other, and then uniform on [0, 1), or always 1.

    It is the limit of sparse features, without the empty samples (Chen et al. 2023, "Dynamical versus Bayesian Phase
    Transitions in a Toy Model of Superposition", has the uniform values): one anticorrelated set that is always active.

    Args:
        n_features: How many there are.
        binary: Whether the active feature is always 1: its value, divided by the sample's norm, which is that value.

    Example:
        >>> one_hot(6)
        Anticorrelated(sizes=(6,), density=1.0, unit_norm=False)
    """
    return Anticorrelated(sizes=(n_features,), density=1.0, unit_norm=binary)


Distribution: TypeAlias = Independent | Correlated | Anticorrelated
