"""Canonical texts of specs, one text for one meaning, and digests of texts and arrays.

A spec digest must mean the same in every process, Python version and year. So a value is written as tagged JSON: floats keep
all their bits, and an unknown type is an error and never goes through `str()` or pickle.

A dataclass can gain a field without changing existing digests: give the field the metadata PINNED, and the text leaves it out
while it holds its default. Such a default must never change, or old texts would change their meaning.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sup.errors import SpecError

_quoted = json.encoder.encode_basestring_ascii  # json.dumps of a string, without its overhead


PINNED = {"pinned": True}
"""Metadata of a dataclass field that a canonical text leaves out while its value and type are those of the default."""


@lru_cache(maxsize=4096)
def _floats(values: tuple[float, ...]) -> str:
    """Text of a tuple of floats. Cached, since the runs of a sweep share their importances."""
    return f'["t",{",".join(map(canonical_text, values))}]'


@lru_cache
def _names(kind: type) -> tuple[tuple[str, str, object], ...]:
    """Per field of a dataclass: its name, the text before its value, and the default at which it is left out (or MISSING).

    Cached: computed once per class, not once per run.
    """
    return tuple((f.name, f",[{_quoted(f.name)},", f.default if "pinned" in f.metadata else MISSING) for f in fields(kind))


def _parts(value: Any) -> Iterator[str]:
    """Text of each field of a dataclass, without the pinned fields that hold their default."""
    for name, before, standing in _names(type(value)):  # type: ignore[arg-type]  # a class can be hashed
        item = getattr(value, name)
        if not (type(item) is type(standing) and item == standing):
            yield f"{before}{canonical_text(item)}]"


_last: dict[type, tuple[object, str]] = {}
"""For each frozen dataclass, the last value written and its text: neighbours in a sweep share recipe and distribution."""


def canonical_text(value: Any) -> str:
    """`value` as one line of tagged JSON: ints, strings, bools and None as they are, floats as `["f", hex]`.

    Tuples and lists become `["t", ...]`, string-keyed dictionaries `["d", [key, value], ...]` sorted by key, and a frozen
    dataclass `[its class name, [field, value], ...]` in the order of its fields, without the PINNED ones at their default.

    Raises:
        SpecError: for any other type, since its text might change with the process or the version of a library.

    Example:
        >>> canonical_text((1, 0.5, "a"))
        '["t",1,["f","0x1.0000000000000p-1"],"a"]'
    """
    kind = type(value)
    if kind is float:
        return f'["f","{value.hex()}"]'
    if kind is int:
        return repr(value)
    if kind is str:
        return _quoted(value)
    if value is None or kind is bool:
        return json.dumps(value)
    if kind in (tuple, list):
        if kind is tuple and set(map(type, value)) == {float}:
            return _floats(value)
        return f'["t"{"".join("," + canonical_text(item) for item in value)}]'
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return f'["d"{"".join(f",[{json.dumps(key)},{canonical_text(value[key])}]" for key in sorted(value))}]'
    if is_dataclass(value) and not isinstance(value, type) and kind.__dataclass_params__.frozen:
        known, text = _last.get(kind, (None, ""))
        if known is not value:
            text = f"[{_quoted(kind.__name__)}{''.join(_parts(value))}]"
            _last[kind] = (value, text)
        return text
    raise SpecError(
        f"a digest needs a value whose text never changes: int, float, str, bool, None, tuple, list, dict or a frozen "
        f"dataclass of these; got {kind.__name__} {value!r}. Convert it first, for instance with float(...)."
    )


def digest(tag: str, *parts: object) -> str:
    """SHA-256, as 64 hexadecimal digits, of the canonical text of `tag` and `parts`; the tag names their kind.

    Example:
        >>> digest("example", 1) == digest("example", 1), digest("example", 1) == digest("example", 1.0)
        (True, False)
    """
    return hashlib.sha256(canonical_text([tag, *parts]).encode()).hexdigest()


@lru_cache(maxsize=1 << 20)
def spec_digest(spec: Any) -> str:
    """Digest of a frozen spec (a run, a distribution, a recipe), with its class name: the identity of what it describes."""
    return digest("spec", spec)


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of each array's name, dtype, shape and little-endian C-order bytes, in the order of names.

    Example:
        >>> one = {"b": np.zeros(2, np.float32), "a": np.ones(1)}
        >>> content_digest(one) == content_digest(dict(sorted(one.items())))
        True
    """
    hasher = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        hasher.update(canonical_text([name, array.dtype.newbyteorder("<").str, list(array.shape)]).encode())
        hasher.update(little.tobytes())
    return hasher.hexdigest()
