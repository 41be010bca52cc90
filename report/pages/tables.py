"""A figure's arrays and the digests of its runs as CSV, for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from report.records import FigureRecord

_LARGEST = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayTable:
    """An array of a figure, for its page.

    Attributes:
        name: Its name.
        axes: What each of its axes is.
        text: What its numbers mean.
        unit: Their unit; empty for pure numbers.
        csv: Its numbers as CSV; None for more than 200,000 numbers, a single one or none, which only the JSON has.
    """

    name: str
    axes: tuple[str, ...]
    text: str
    unit: str
    csv: str | None


def array_tables(path: Path) -> list[ArrayTable]:
    """The arrays of a figure's `data.json`, ordered by name.

    In a CSV the last axis runs along a row, after columns with the places on the other axes. A place is a position from 0, or
    the axis's value if the figure has an array of values for the axis, such as `density` for the axis "density".
    """
    arrays = json.loads(path.read_text("utf-8"))["arrays"]
    places = {name: array["data"] for name, array in arrays.items() if array["axes"] == [name]}
    tables = []
    for name in sorted(arrays):
        array = arrays[name]
        numbers, axes = np.asarray(array["data"]), tuple(array["axes"])
        csv = _array_table(name, numbers, axes, places) if axes and 0 < numbers.size <= _LARGEST else None
        tables.append(ArrayTable(name=name, axes=axes, text=array["text"], unit=array["unit"], csv=csv))
    return tables


def run_tables(figure: FigureRecord) -> dict[str, str]:
    """For each sweep of `figure`, a CSV of its runs: digests of spec and content, seed, density, final loss."""
    return {
        f"runs-{sweep.name}.csv": _text(tuple(sweep.runs[0].row()), (map(_cell, run.row().values()) for run in sweep.runs))
        for sweep in figure.sweeps
    }


def _array_table(name: str, numbers: np.ndarray, axes: tuple[str, ...], places: Mapping[str, Sequence[Any]]) -> str:
    along = [_places(axis, length, places) for axis, length in zip(axes, numbers.shape, strict=True)]
    if axes == (name,):
        return _text(("position", name), enumerate(map(_cell, numbers.tolist())))
    if len(axes) == 1:
        return _text((axes[0], name), zip(along[0], map(_cell, numbers.tolist()), strict=True))
    leading = [f"{axis} {axes[: i + 1].count(axis)}" if axis in axes[:i] else axis for i, axis in enumerate(axes[:-1])]
    header = (*leading, *(f"{axes[-1]} {place}" for place in along[-1]))
    rows = (
        [*(along[i][k] for i, k in enumerate(at)), *map(_cell, numbers[at].tolist())] for at in np.ndindex(numbers.shape[:-1])
    )
    return _text(header, rows)


def _places(axis: str, length: int, places: Mapping[str, Sequence[Any]]) -> list[Any]:
    """The places along an axis: the figure's values for it, or positions from 0."""
    values = places.get(axis, ())
    return list(map(_cell, values)) if len(values) == length else list(range(length))


def _cell(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _text(header: Sequence[Any], rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
