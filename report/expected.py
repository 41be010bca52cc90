"""`figures.expected` and `claims.expected`: the numbers of figures and the verdicts on claims, a section per profile.

Numbers computed after training (float64, BLAS) may differ between machines in the last digits, so they are compared within a
tolerance; verdicts are compared exactly.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from report import ROOT, files
from report.errors import PipelineError
from report.findings import ClaimRecord

FIGURES = ROOT / "figures.expected"
CLAIMS = ROOT / "claims.expected"
RELATIVE, ABSOLUTE = 1e-4, 1e-6
DIGITS = 8
SMALL, PATTERNS = 64, 4


def read(path: Path, profile: str) -> dict[str, Any]:
    """The section of `profile`; empty when there is none. Refuses a file that is not JSON with sections."""
    return dict(_sections(path).get(profile, {}))


def _sections(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        content = files.parsed(path.read_bytes())
        return {str(name): dict(section) for name, section in content.items()}
    except (ValueError, AttributeError, TypeError):
        raise PipelineError(
            f"{path.name} holds JSON with a section per profile, and it cannot be read. Restore it, or run `make lock`."
        ) from None


def with_section(path: Path, profile: str, section: Mapping[str, Any]) -> bytes:
    """The bytes of the file with the section of `profile` replaced: one line per figure or claim."""
    sections = {**_sections(path), profile: section}
    lines = []
    for name in sorted(sections):
        rows = [
            f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
            for key, value in sections[name].items()
        ]
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def summary(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the file holds of a figure's `data.json`: its values, small arrays in full, and fingerprints of larger ones."""
    values = {name: [row["value"], row["interval"]] for name, row in data["values"].items()}
    return {
        "values": rounded(values),
        "arrays": {name: rounded(fingerprint(array["data"])) for name, array in data["arrays"].items()},
    }


def fingerprint(rows: Any) -> Any:
    """A small array in full; of a larger one shape, mean, spread, count of missing numbers, and means under fixed sign patterns.

    A change of one number by a few percent of the spread shows in the patterns.

    Example:
        >>> fingerprint([1.0, None])
        [1.0, None]
    """
    array = np.asarray(rows, np.float64)
    if array.size <= SMALL:
        return rows
    flat = array.ravel()
    missing = np.isnan(flat)
    flat = np.where(missing, 0.0, flat)
    signs = [float(np.mean(flat * _signs(flat.size, k))) for k in range(PATTERNS)]
    moments = {"mean": float(flat.mean()), "spread": float(flat.std())}
    return {"shape": list(array.shape), **moments, "missing": int(missing.sum()), "signs": signs}


def _signs(count: int, pattern: int) -> np.ndarray:
    """A fixed pattern of +1 and -1, the same everywhere."""
    bits = hashlib.shake_256(f"signs {pattern}".encode()).digest((count + 7) // 8)
    return 1.0 - 2.0 * np.unpackbits(np.frombuffer(bits, np.uint8))[:count]


def rounded(value: Any) -> Any:
    """`value` with floats rounded to eight significant digits, well inside the tolerance.

    Example:
        >>> rounded({"x": [0.1234567891, 1, None]})
        {'x': [0.12345679, 1, None]}
    """
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def verdicts(claims: Iterable[ClaimRecord]) -> dict[str, str]:
    """The verdict on each claim, by its number."""
    return {claim.id: claim.verdict for claim in claims}


def differences(expected: Any, actual: Any, at: str = "") -> Iterator[str]:
    """Where `actual` differs from `expected` by more than the tolerance, in words."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            where = f"{at}/{key}" if at else str(key)
            if key not in actual:
                yield f"{where} is expected but missing"
            elif key not in expected:
                yield f"{where} is not expected"
            else:
                yield from differences(expected[key], actual[key], where)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{at} has {len(actual)} entries, expected {len(expected)}"
        else:
            for i, (one, other) in enumerate(zip(expected, actual, strict=True)):
                yield from differences(one, other, f"{at}[{i}]")
    elif not _same(expected, actual):
        yield f"{at} is {_brief(actual)}, expected {_brief(expected)}"


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _same(expected: Any, actual: Any) -> bool:
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in (expected, actual)):
        return type(expected) is type(actual) and bool(expected == actual)
    return math.isclose(expected, actual, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
