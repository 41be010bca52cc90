"""How features occur: independently, in correlated sets, or in anticorrelated sets.

A feature is zero in most samples. Its density is the chance 1 - S that it is active; an active feature is uniform on its
range, by default [0, 1). Source: Elhage et al. 2022, "Demonstrating Superposition" and the section on correlated features.
Each class states its law in its docstring; `sup.sampling` draws from it. With `unit_norm`, each sample is divided by its
Euclidean norm (Henighan et al. 2023, "Superposition, Memorization, and Double Descent").
"""

import math
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from sup.canonical import PINNED
from sup.errors import SpecError
from sup.fields import items, real, shown, whole

PerFeature: TypeAlias = float | tuple[float, ...]


def per_feature(value: PerFeature, count: int) -> tuple[float, ...]:
    """`value` once for each of `count` features (or sets): a float is shared by all, a tuple is taken as it is."""
    return (value,) * count if isinstance(value, float) else value


def normalise(field: str, value: object) -> PerFeature:
    """`value` as a float, or as a tuple of floats.

    Raises:
        SpecError: if it is neither a number nor a non-empty tuple or list of numbers, or is not finite.
    """
    if not math.isnan(one := real(value)):
        return one
    numbers = tuple(map(real, items(value)))
    if not numbers or any(map(math.isnan, numbers)):
        raise SpecError(f"{field} is a finite number, or a tuple with one for each feature; got {shown(value)}.")
    return numbers


def check_density(density: PerFeature) -> None:
    """Refuses a density outside (0, 1].

    Raises:
        SpecError: if there is one.
    """
    for value in per_feature(density, 1):
        if not 0.0 < value <= 1.0:
            raise SpecError(
                f"density is the chance 1 - S that a feature is active, so it lies in (0, 1]; got {value!r}. "
                f"For a sparsity S, pass density=1 - S."
            )


def normalise_sizes(sizes: object) -> tuple[int, ...]:
    """The sizes of sets as a tuple of ints.

    Raises:
        SpecError: if they are not a non-empty tuple or list of ints of at least 1.
    """
    numbers = tuple(map(whole, items(sizes)))
    if not numbers or not all(1 <= size < 2**16 for size in numbers):
        raise SpecError(
            f"sizes counts the features of each set, in order, so each is an int from 1 to 65535; got {shown(sizes)}. "
            f"For two sets of three features, pass sizes=(3, 3)."
        )
    return numbers


def normalise_flag(unit_norm: object) -> bool:
    """Whether samples are divided by their norm, as a bool.

    Raises:
        SpecError: if it is of another type.
    """
    if type(unit_norm) not in (bool, np.bool_):
        raise SpecError(
            f"unit_norm is whether each sample is divided by its Euclidean norm, so True or False; got {shown(unit_norm)}. "
            f"Leave it out for samples as they are drawn."
        )
    return bool(unit_norm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Independent:
    """Features that are active independently of each other, with chance `density`, and then uniform on [low, high).

    Attributes:
        density: Chance 1 - S that a feature is active, in (0, 1]; one number, or one per feature.
        low: Lower end of an active feature's range.
        high: Upper end of this range, above `low`.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays as it is.
    """

    density: PerFeature
    low: PerFeature = 0.0
    high: PerFeature = 1.0
    unit_norm: bool = field(default=False, metadata=PINNED)

    def __post_init__(self) -> None:
        for name in ("density", "low", "high"):
            object.__setattr__(self, name, normalise(name, getattr(self, name)))
        object.__setattr__(self, "unit_norm", normalise_flag(self.unit_norm))
        check_density(self.density)
        count = max(len(per_feature(v, 1)) for v in (self.low, self.high))
        for low, high in zip(per_feature(self.low, count), per_feature(self.high, count), strict=False):
            if not low < high:
                raise SpecError(
                    f"low and high bound an active feature's values, so low lies below high; got low={low!r}, high={high!r}. "
                    f"For signed values, pass low=-1.0, high=1.0."
                )

    def counts(self) -> set[int]:
        """The lengths of the per-feature fields; empty when all features share one value of each field."""
        return {len(v) for v in (self.density, self.low, self.high) if isinstance(v, tuple)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlated:
    """Features in sets that occur together: one draw with chance `density` activates all members of a set.

    The values of an active set's members are independent and uniform on [0, 1).

    Attributes:
        sizes: Number of features in each set, in the order of the features.
        density: Chance that a set is active, in (0, 1]; one number, or one per set.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays as it is.
    """

    sizes: tuple[int, ...]
    density: PerFeature
    unit_norm: bool = field(default=False, metadata=PINNED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", normalise_sizes(self.sizes))
        object.__setattr__(self, "density", normalise("density", self.density))
        object.__setattr__(self, "unit_norm", normalise_flag(self.unit_norm))
        check_density(self.density)
        if isinstance(self.density, tuple) and len(self.density) != len(self.sizes):
            raise SpecError(
                f"density has one number per set: {len(self.sizes)} sets, {len(self.density)} densities. "
                f"Pass one number to share it."
            )

    def counts(self) -> set[int]:
        """The total number of features in the sets, as a set of one number."""
        return {sum(self.sizes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anticorrelated(Correlated):
    """Features in sets with at most one active at a time: a set is active with chance `density`, then exactly one member is.

    The active member is chosen uniformly and its value is uniform on [0, 1); the others are zero.

    Attributes:
        sizes: Number of features in each set, in the order of the features.
        density: Chance that a set is active, in (0, 1]; one number, or one per set.
        unit_norm: Whether each sample is divided by its Euclidean norm; a sample of zeros stays as it is.
    """


def one_hot(n_features: int, *, binary: bool = False) -> Anticorrelated:
    """Features of which exactly one is active in every sample, each with the same chance; its value is uniform on [0, 1), or 1.

    It is the limit of sparse features, without the empty samples (Chen et al. 2023, "Dynamical versus Bayesian Phase
    Transitions in a Toy Model of Superposition", has the uniform values): one anticorrelated set that is always active.

    Args:
        n_features: Number of features.
        binary: Whether the active feature is always 1; `unit_norm` then divides its value by itself.

    Example:
        >>> one_hot(6)
        Anticorrelated(sizes=(6,), density=1.0, unit_norm=False)
    """
    return Anticorrelated(sizes=(n_features,), density=1.0, unit_norm=binary)


Distribution: TypeAlias = Independent | Correlated | Anticorrelated
