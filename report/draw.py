"""Makes the files of a figure from trained runs: reduces, judges, and draws in both themes. No file is read or written here.

This module is small on purpose: its code, like that of the figure's own module, is part of the figure's key.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from figures import style
from figures.base import Array, Data, FigureModule, Runs, judge
from report.findings import claim_record, finite, value_row


def files_of(module: FigureModule, runs: Runs, *, decides: bool) -> dict[str, bytes]:
    """The files of a figure, by name: pictures in both themes, `data.json`, and `findings.json` with the verdicts.

    Args:
        module: The figure.
        runs: Its trained runs.
        decides: Whether the profile trains enough for verdicts on trained models.
    """
    data, files = compute(module, runs, decides=decides)
    for theme in style.THEMES:
        with style.applied(theme):
            drawn = module.draw(data, theme)
        files[f"{theme.name}.svg"] = style.picture(drawn, theme, "svg")
        files[f"{theme.name}.png"] = style.picture(drawn, theme, "png")
        files[f"{theme.name}.webp"] = style.thumbnail(files[f"{theme.name}.png"])
    return files


def compute(module: FigureModule, runs: Runs, *, decides: bool) -> tuple[Data, dict[str, bytes]]:
    """A figure's data, and its files other than pictures: `data.json` and `findings.json`."""
    data = module.reduce(runs)
    unsettled = tuple(name for name, trained in runs.items() if not trained.settled or name in data.unsettled)
    data = replace(data, unsettled=unsettled)
    claims = [claim_record(judge(claim, data, decides=decides), data).row() for claim in module.CLAIMS]
    return data, {"data.json": data_json(data), "findings.json": _json(claims)}


def data_json(data: Data) -> bytes:
    """A figure's arrays and values as JSON, sorted by name, each number with the fewest digits that identify it.

    An array has its `axes`, its meaning as `text`, its `unit`, and its numbers as nested lists in `data`. Numbers that are not
    finite are null.
    """
    arrays = {name: array_row(data.arrays[name]) for name in sorted(data.arrays)}
    return _json({"arrays": arrays, "values": {name: value_row(data.values[name]) for name in sorted(data.values)}})


def array_row(array: Array) -> dict[str, Any]:
    """An array as JSON: its description and its numbers."""
    return {"axes": list(array.axes), "text": array.text, "unit": array.unit, "data": rows(array.values)}


def rows(array: np.ndarray) -> Any:
    """An array as nested lists of plain numbers, with None for those that are not finite.

    Example:
        >>> rows(np.array([0.1, np.nan], np.float32))
        [0.1, None]
    """
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array.tolist()
    short = array.astype(str).astype(np.float64) if array.dtype.itemsize < 8 else array
    return _finite(short.tolist())


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def _json(content: Any) -> bytes:
    return (json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False) + "\n").encode()
