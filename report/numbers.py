"""How numbers are printed: with the digits that they deserve, never with an exponent in the way of a reader."""

import math

from figures.base import Value

MISSING = "—"


def number_text(value: float | None, digits: int = 2, unit: str = "", *, exact: bool = False) -> str:
    """`value` with `digits` significant digits and its unit; digits before the point are never rounded away.

    Args:
        value: The number; None and NaN give a dash.
        digits: Significant digits.
        unit: Follows the number; empty for a pure number.
        exact: Whether a whole number is printed without decimals.

    Example:
        >>> number_text(0.39871), number_text(128.4), number_text(-2.0, exact=True), number_text(0.000012), number_text(97, unit="%")
        ('0.40', '128', '−2', '1.2 × 10⁻⁵', '97 %')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        text = "∞" if value > 0 else "−∞"
    elif exact and value == int(value):
        text = f"{int(value):,}"
    elif value != 0 and abs(value) < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa} × 10{_raised(int(exponent))}"
    else:
        order = math.floor(math.log10(abs(value))) if value else 0
        text = f"{value:,.{max(0, digits - 1 - order)}f}"
    return text.replace("-", "−").replace(",", "\u202f") + (f" {unit}" if unit else "")


def _raised(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def interval_text(interval: tuple[float, float] | list[float] | None, digits: int = 2, unit: str = "") -> str:
    """An interval in words; a dash for none, and for one that tells nothing.

    Example:
        >>> interval_text((0.391, 0.405)), interval_text(None)
        ('0.39 to 0.41', '—')
    """
    if interval is None or any(end is None or math.isinf(end) or math.isnan(end) for end in interval):
        return MISSING
    low, high = interval
    return f"{number_text(low, digits)} to {number_text(high, digits)}" + (f" {unit}" if unit else "")


def value_text(value: Value) -> str:
    """A figure's number as a page prints it.

    Example:
        >>> value_text(Value(value=5.0)), value_text(Value(value=5.0, interval=(4.9, 5.1)))
        ('5', '5.0')
    """
    return number_text(value.value, value.digits, value.unit, exact=value.interval is None)
