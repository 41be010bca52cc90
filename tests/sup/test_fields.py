"""Fields of specs take their own type and NumPy scalars of it; all else is refused with the field's name, and nothing hangs."""

import dataclasses
import enum
import fractions
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup.canonical import canonical_text, spec_digest
from sup.errors import SpecError
from sup.features import Anticorrelated, Correlated, Independent, one_hot
from sup.fields import real, whole
from sup.specs import Recipe, Run, geometric, power_of_ten
from sup.sweeps import Sweep, sweep, vary

BASE = Run(model="relu-output", n_features=4, n_hidden=2, distribution=Independent(density=0.5))


class Ours(float):
    """A float of another type."""


class Kind(str, enum.Enum):  # noqa: UP042  # a string by inheritance, as older code has them
    """A string of another type."""

    LINEAR = "linear"


class Rude:
    """A value that converts to anything."""

    def __float__(self):
        return 0.5

    def __int__(self):
        return 1

    __index__ = __int__


ODD = [
    np.timedelta64(5), np.timedelta64(5, "s"), np.timedelta64("NaT"),
    None, True, False, "", "0.5", "linear", "gelu", b"1", b"", (), [], {}, {0.5: 1}, {0.5}, frozenset(), object(), Rude(),
    Ours(0.5), Kind.LINEAR, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**400, -(10**400), 10**5000, 0.0, -0.0, 0.5, 1.0,
    5e-324, 1e308, -1.0, math.inf, -math.inf, math.nan, 1j, Decimal("0.5"), Decimal("NaN"), fractions.Fraction(1, 2),
    range(2), iter(()), b"x" * 400, "x" * 400, (0.5,) * 400, np.float64(0.5), np.float32(0.5), np.float16(0.5),
    np.longdouble(0.5), np.float64("nan"), np.float64("inf"), np.int64(64), np.uint8(3), np.int64(-1), np.bool_(True),
    np.str_("linear"), np.bytes_(b"a"), np.datetime64("2020"), np.complex64(1), np.array(0.5), np.array([0.5] * 4),
    np.array([]), np.array(["a"]), np.array([[1]]), np.ma.masked, np.void(b"abc"), (0.5, 0.5, 0.5, 0.5), [0.5, 1,
    np.float32(0.5), np.int8(1)], (0.5, None), (True,) * 4, ("0.5",) * 4, ((0.0, 1.0), (1.0, 0.5)), ((0.0, 1.0), (1.0,
    math.inf)), ((0.0, 1.0, 2.0), (1.0, 0.5)), (("0", 1), (1, 1)), ([0, 1], [1, 1]), ((0.0, 1.0), 1.0), ((0, 1), (0.5,
    10**400), (1, 1)), (2, 2), [np.int64(2), 2], (4.0,), (2, True), BASE, BASE.recipe, BASE.distribution, type, print,
]  # fmt: skip

FIELDS = sorted({f.name for part in (BASE, BASE.distribution, BASE.recipe) for f in dataclasses.fields(part)})


def exact(value):
    """Whether a spec holds nothing but its own types."""
    if dataclasses.is_dataclass(value):
        return all(exact(getattr(value, f.name)) for f in dataclasses.fields(value))
    return all(map(exact, value)) if type(value) is tuple else type(value) in (int, float, str, bool, type(None))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_takes_its_own_type_or_says_its_name(name):
    taken = refused = 0
    for value in ODD:
        try:
            made = vary(BASE, **{name: value})
        except SpecError as problem:
            refused += 1
            assert name in str(problem) and "\n" not in str(problem) and len(str(problem)) < 700, (value, str(problem))
        else:
            taken += 1
            assert exact(made), value
            again = vary(BASE, **{name: getattr(made, name, None) if hasattr(made, name) else found(made, name)})
            assert again == made and canonical_text(again) == canonical_text(made) and hash(again) == hash(made)
    assert taken and refused, (taken, refused)


def found(run, name):
    part = run.recipe if hasattr(run.recipe, name) else run.distribution
    return getattr(part, name)


@pytest.mark.parametrize("make", [Correlated, Anticorrelated])
@pytest.mark.parametrize("name", ["sizes", "density", "unit_norm"])
def test_fields_of_sets_take_their_own_type_or_say_their_name(make, name):
    refused = 0
    for value in ODD:
        try:
            made = make(**{"sizes": (2, 2), "density": 0.5, name: value})
            assert exact(made), value
        except SpecError as problem:
            refused += 1
            assert name in str(problem) and "\n" not in str(problem), value
    assert refused


@pytest.mark.parametrize(
    "make",
    [
        lambda value: geometric(value, 3),
        lambda value: geometric(0.5, value),
        power_of_ten,
        one_hot,
        lambda value: sweep(BASE, seed=value),
        lambda value: sweep(BASE, snapshots=value),
        Sweep,
        lambda value: Sweep((BASE,), value),
        lambda value: Sweep((BASE, value)),
    ],
)
def test_functions_take_numbers_or_raise_a_spec_error(make):
    refused = 0
    for value in ODD:
        try:
            assert make(value) is not None
        except SpecError as problem:
            refused += 1
            assert "\n" not in str(problem) and len(str(problem)) < 700
    assert refused


def test_numpy_scalars_are_the_numbers_that_they_hold():
    numpy = vary(
        BASE, n_hidden=np.int16(2), seed=np.uint64(3), density=np.float64(0.25), steps=np.int32(7), model=np.str_("linear")
    )
    assert spec_digest(numpy) == spec_digest(vary(BASE, seed=3, density=0.25, steps=7, model="linear")) and exact(numpy)
    assert vary(BASE, learning_rate=np.float32(0.1)).recipe.learning_rate == float(np.float32(0.1))


@given(st.floats() | st.integers() | st.booleans() | st.text(max_size=3) | st.none())
def test_a_value_is_a_number_or_one_that_no_field_takes(value):
    is_real = type(value) in (int, float) and abs(value) < 2**1023
    assert real(value) == value if is_real else math.isnan(real(value)) or abs(value) >= 2**1023
    assert whole(value) == (value if type(value) is int else -1)


def test_a_recipe_says_the_value_that_was_given():
    with pytest.raises(
        SpecError,
        match=r"^batch is the samples per update, a positive multiple of 64 below 2\*\*31; got a number of",
    ):
        Recipe(batch=10**5000)
    with pytest.raises(
        SpecError, match=r"^schedule is a tuple of knots .* got \(\(0\.0, 1\.0\), \(1\.0, inf\)\)\. For a constant"
    ):
        Recipe(schedule=((0.0, 1.0), (1.0, math.inf)))
    with pytest.raises(SpecError, match=r"^seed is values one after the other; got 5\. Put a single one into a tuple\.$"):
        sweep(BASE, seed=5)
