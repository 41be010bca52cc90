"""How numbers are printed: with a set number of significant digits, and with powers of ten instead of exponents."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape

from figures.base import Value
from report.findings import ClaimRecord

MISSING = "—"
LONGEST_SYMBOL = 3
"""Letters up to which a unit is taken for a symbol, such as ms; longer ones are words."""
_SMALL = 0.9999e-4  # numbers below this are printed with a power of ten
_NOISE = 1e-15  # rounding error of numbers near one


def number_text(value: float | None, digits: int = 2, unit: str = "", *, exact: bool = False) -> str:
    """`value` with `digits` significant digits and its unit; digits before the point are never rounded away.

    Args:
        value: The number; None and NaN give a dash.
        digits: Significant digits.
        unit: Follows the number; empty for a pure number.
        exact: Whether a whole number is printed without decimals.

    Example:
        >>> number_text(0.39871), number_text(128.4), number_text(-2.0, exact=True), number_text(71.3, unit="°")
        ('0.40', '128', '−2', '71°')
        >>> number_text(0.000012)
        '1.2 × 10⁻⁵'
    """
    if value is None or math.isnan(value):
        return MISSING
    value = 0.0 if abs(value) < _NOISE else value
    if math.isinf(value):
        text = "∞" if value > 0 else "−∞"
    elif exact and value == int(value):
        text = f"{int(value):,}"
    elif 0 < abs(value) < _SMALL:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa} × 10{_raised(int(exponent))}"
    else:
        text = f"{value:,.{_decimals(value, digits)}f}"
    return text.replace("-", "−").replace(",", "\u202f") + _unit(unit)


def _decimals(value: float, digits: int) -> int:
    """Digits after the point that make `digits` significant ones."""
    return max(0, digits - 1 - (math.floor(math.log10(abs(value))) if value else 0))


def _unit(unit: str) -> str:
    """A unit as it follows a number: a degree sign directly, a word after a no-break space, a symbol after a narrow one."""
    if unit in ("", "°"):
        return unit
    return f"\u00a0{escape(unit)}" if len(unit) > LONGEST_SYMBOL else f"\u202f{escape(unit)}"


def _raised(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def interval_text(interval: Sequence[float | None] | None, digits: int = 2, unit: str = "") -> str:
    """An interval in words, both ends with the decimals of the larger; a dash for None and for an unbounded interval.

    Example:
        >>> interval_text((0.391, 0.405)), interval_text((-0.04, 24.7), 3), interval_text(None)
        ('0.39 to 0.41', '0.0 to 24.7', '—')
    """
    ends = [end for end in interval or () if end is not None and math.isfinite(end)]
    if len(ends) != 2:
        return MISSING
    largest = max(map(abs, ends))
    if 0 < largest < _SMALL:
        texts = [number_text(end, digits) for end in ends]
    else:
        rounded = [round(end, _decimals(largest, digits)) + 0.0 for end in ends]  # adding zero turns -0.0 into 0.0
        texts = [f"{end:,.{_decimals(largest, digits)}f}".replace("-", "−").replace(",", "\u202f") for end in rounded]
    return f"{texts[0]} to {texts[1]}" + _unit(unit)


def value_text(value: Value) -> str:
    """A figure's number as a page prints it.

    Example:
        >>> value_text(Value(value=5.0)), value_text(Value(value=5.0, interval=(4.9, 5.1)))
        ('5', '5.0')
    """
    return number_text(value.value, value.digits, value.unit, exact=value.interval is None)


def spread_text(claim: ClaimRecord) -> str:
    """The interval of a claim's number; empty if there is none or it is unbounded."""
    text = interval_text(claim.interval, 3, claim.unit)
    return "" if text == MISSING else text


def density_text(density: float | Sequence[float]) -> str:
    """A run's density; their range where every feature has its own.

    Example:
        >>> density_text(0.003), density_text([0.5, 0.1])
        ('0.003', '0.1 to 0.5')
    """
    return f"{density:g}" if isinstance(density, (int, float)) else f"{min(density):g} to {max(density):g}"


def time_text(seconds: float | None) -> str:
    """A time in suitable units.

    Example:
        >>> time_text(0.42), time_text(95), time_text(7260), time_text(None)
        ('0.4 s', '1 min 35 s', '2 h 1 min', '—')
    """
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short_digest(digest: str) -> str:
    """The beginning of a digest as HTML, with the whole digest as a tooltip."""
    return f'<code title="{escape(digest)}">{escape(digest[:12])}</code>'


def _power(match: re.Match[str]) -> str:
    """A number such as 1e-9 or 4.2e-3 with its power of ten."""
    return ("" if match[1] == "1" else f"{match[1]} × ") + "10" + _raised(int(match[2]))


def prose(text: str) -> str:
    """Plain text as HTML, with its few mathematical signs set: powers, indices, minus, and the space in large numbers.

    Example:
        >>> prose("W^T W and W_i < 1e-09")
        'WᵀW and W<sub>i</sub> &lt; 10⁻⁹'
        >>> prose("4.17e-03")
        '4.17 × 10⁻³'
    """
    text = re.sub(r"\^T\b ?(?=W)|\^T\b", "ᵀ", escape(text))
    text = re.sub(r"\b([A-Za-z])_(\w)\b", r"\1<sub>\2</sub>", re.sub(r"\^(\w+)", r"<sup>\1</sup>", text))
    text = re.sub(r"\b(\d[\d.]*)e(-?\d+)\b", _power, text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "\u202f", text)
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", text)


_LEADING = re.compile(r"([+\-−]?\d+(?:,\d{3})*)((?:\.\d+)?)((?:e[+-]?\d+)?)(.*)", re.DOTALL)
_ASIDE = re.compile(r"\[[^]]*\d[^]]*\]|± \S+")


def column(cells: Sequence[str]) -> list[str]:
    """The cells of a column of a table as HTML. Where all that hold digits begin with a number, the decimal points stand below
    each other, by spaces as wide as a digit; intervals are small.

    Example:
        >>> [cell.replace("\u2007", "_") for cell in column(["9.5 [9.1, 9.9]", "10", "none"])]
        ['_9.5 <small>[9.1, 9.9]</small>', '10', 'none']
    """
    found = [_LEADING.fullmatch(cell) for cell in cells]
    if any(match is None and re.search(r"\d", cell) for match, cell in zip(found, cells, strict=True)):
        return [prose(cell) for cell in cells]
    widest = max((len(match[1]) for match in found if match), default=0)
    return [_aligned(match, widest) if match else prose(cell) for match, cell in zip(found, cells, strict=True)]


def _aligned(match: re.Match[str], widest: int) -> str:
    """A cell that begins with a number, indented as if its whole part had `widest` characters."""
    whole, rest = match[1], match[4]
    aside = _ASIDE.sub(lambda interval: f"<small>{interval[0]}</small>", prose(rest))
    return "\u2007" * (widest - len(whole)) + prose("".join(match[k] for k in (1, 2, 3))) + aside


def table_rows(table: Sequence[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The cells of a table's rows as HTML, aligned by column."""
    return list(zip(*(column(cells) for cells in zip(*(row.values() for row in table), strict=True)), strict=True))


FORMATS = {
    "table_rows": table_rows,
    "number": number_text,
    "range": interval_text,
    "show": value_text,
    "spread": spread_text,
    "density": density_text,
    "time": time_text,
    "short": short_digest,
}
"""The functions with which templates print numbers, by name."""
