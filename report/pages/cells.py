"""A phase diagram of trained models in few characters, for a script that lets readers point at a cell and train its models."""

from collections.abc import Mapping
from dataclasses import fields
from math import ceil
from typing import Any

from figures.shared.phases import RECIPE
from report.records import SweepRecord
from sup.saved import results_digest

MOST = 72
"""Cells along an axis; of a finer map only every second, third, ... cell is offered."""
SHORT = 6
"""Hexadecimal digits that stand for the digest of a cell's results: other bits have the same ones once in 16 million cells."""
_COUNTS = "0123456789abcdefghijklmnopqrstuvwxyz"


def packed(arrays: Mapping[str, Any], sweep: SweepRecord) -> dict[str, Any]:
    """The cells of a map, row by row from the lowest density, with all that describes their models.

    Args:
        arrays: What `data.json` of `figures.phase_change.phase_two` holds.
        sweep: Its models, the fits of a cell side by side.

    Returns:
        `importance` and `density` of columns and rows, `every` which of the map's are offered, the `seed` of a cell's first fit,
        the number of `fits`, the `recipe` where it is not the usual one; and strings with some characters for each cell: `best`,
        the outcome of its best fit; `ended`, how many fits have the first and how many the second outcome; and `digests`, the
        first `SHORT` digits of the SHA-256 of its fits' content digests, one a line (`sup.saved.results_digest`).
    """
    data = {name: array["data"] for name, array in arrays.items()}
    wide, fits, steps = len(data["importance"]), data["fits"], data["steps"]
    every = ceil(wide / MOST)
    kept = range(every // 2, wide, every)
    cells = [(row, column) for row in kept for column in kept]
    models = [sweep.runs[k : k + fits] for k in (fits * (wide * row + column) for row, column in cells)]
    digests = [results_digest(run.content_digest for run in runs) for runs in models]
    changed = {f.name: getattr(RECIPE, f.name) for f in fields(RECIPE) if getattr(RECIPE, f.name) != f.default}
    return {
        "importance": [data["importance"][k] for k in kept],
        "density": [data["density"][k] for k in kept],
        "every": every,
        "seed": sweep.runs[0].seed,
        "fits": fits,
        "recipe": changed | {"steps": steps},
        "best": "".join(str(data["best_found"][row][column]) for row, column in cells),
        "ended": "".join(_COUNTS[count] for row, column in cells for count in data["ended"][row][column][:2]),
        "digests": "".join(digest[:SHORT] for digest in digests),
    }
