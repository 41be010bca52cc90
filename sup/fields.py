"""The values that fields of specs take: one rule for all of them, applied before anything is computed from a value.

A field takes its own type, or a NumPy scalar of it, which is converted; a real number may be written as an int, and a tuple as
a list. Nothing else is converted: True is no number, nor is "0.5". What a field does not take becomes a value that no field
takes, so that its own check refuses it, and says what the field means.
"""

import math
from typing import Any

import numpy as np

from sup.errors import SpecError


def real(value: object) -> float:
    """A finite number as a float, -0.0 as 0.0, so that equal specs have one text; NaN for anything else."""
    if type(value) is not float:
        if type(value) is not int and not _numpy(value, "iuf"):
            return math.nan
        try:
            value = float(value)  # type: ignore[arg-type]  # known to be a number
        except OverflowError:
            return math.nan
    return (value or 0.0) if math.isfinite(value) else math.nan


def whole(value: object) -> int:
    """An int; -1 for anything else."""
    if type(value) is int:
        return value
    return int(value) if _numpy(value, "iu") else -1  # type: ignore[call-overload]  # known to be an integer


def _numpy(value: object, kinds: str) -> bool:
    """Whether a value is a NumPy scalar of one of these kinds; a time span counts as an integer of NumPy, and is none."""
    return isinstance(value, np.generic) and value.dtype.kind in kinds


def word(value: object) -> str:
    """A string; the empty one for anything else."""
    return str(value) if type(value) in (str, np.str_) else ""


def items(value: object) -> tuple[Any, ...]:
    """A tuple or a list as a tuple; the empty one for anything else."""
    return tuple(value) if type(value) in (tuple, list) else ()  # type: ignore[arg-type]  # known to be one of them


def shown(value: object) -> str:
    """A value as an error message shows it, in one line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python prints
        text = f"a number of type {type(value).__name__}, too long to print"
    return text if len(text) <= 300 else f"{text[:297]}..."


def require(holds: bool, name: str, meaning: str, value: object, way_out: str) -> None:
    """Checks one field; the error's message has the field's name and meaning, the value and the way out.

    Raises:
        SpecError: unless `holds`.
    """
    if not holds:
        raise SpecError(f"{name} is {meaning}; got {shown(value)}. {way_out}")
