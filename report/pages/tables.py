"""A figure's arrays and the digests of its runs as CSV, for readers with a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from report.records import FigureRecord

_LARGEST = 200_000


def data_tables(path: Path) -> dict[str, str]:
    """The numeric arrays of a figure's `data.json`, each as a CSV named after it.

    The last axis runs along a line, and the positions on the others stand before it; an array of more than 200,000 numbers
    is left to the JSON.
    """
    arrays = json.loads(path.read_text("utf-8")).get("arrays", {})
    tables = {}
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        if array.ndim and array.size <= _LARGEST:
            tables[f"{name}.csv"] = _array_table(array)
    return tables


def run_tables(figure: FigureRecord) -> dict[str, str]:
    """For each sweep of `figure`, a CSV of its runs: digests of spec and content, seed, density, final loss."""
    return {
        f"runs-{sweep.name}.csv": _text(tuple(sweep.runs[0].row()), (map(_cell, run.row().values()) for run in sweep.runs))
        for sweep in figure.sweeps
    }


def _array_table(array: np.ndarray) -> str:
    leading = [f"axis{i}" for i in range(array.ndim - 1)]
    if array.ndim == 1:
        return _text(("position", "value"), ([i, _cell(x)] for i, x in enumerate(array.tolist())))
    rows = ([*at, *map(_cell, array[at].tolist())] for at in np.ndindex(array.shape[:-1]))
    return _text((*leading, *range(array.shape[-1])), rows)


def _cell(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _text(header: Sequence[Any], rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
