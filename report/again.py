"""Runs of a sweep that a figure's page offers to train again, in the reader's browser."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sup.constants import SMALL
from sup.features import PerFeature
from sup.specs import Run
from sup.sweeps import Shape, Sweep

_MOST = 8
_CLASSES = re.compile(r"\b(?=(?:Run|Recipe|Independent|Correlated|Anticorrelated)\()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A run with what it must give.

    Attributes:
        words: What sets it apart from the sweep's other runs.
        spec: Its spec as `templates/assets/twin-spec.js` reads it.
        program: A program in Python that trains it.
        digest: Its published content digest.
    """

    words: str
    spec: Mapping[str, Any]
    program: str
    digest: str

    def row(self) -> list[Any]:
        """The record as JSON."""
        return [self.words, self.spec, self.program, self.digest]


def choose(sweep: Sweep, digests: Sequence[str]) -> tuple[Again, ...]:
    """Some runs from all over a sweep with their content digests; none where the browser's twin cannot train one of them."""
    runs = sweep.runs
    if not _small_and_plain(sweep.shape):
        return ()
    count = min(_MOST, len(runs))
    places = [round(k * (len(runs) - 1) / max(1, count - 1)) for k in range(count)]
    told = len({runs[i].importance for i in places}) > 1
    return tuple(
        Again(words=_words(runs[i], told), spec=_spec(runs[i]), program=_program(runs[i], sweep.snapshots), digest=digests[i])
        for i in places
    )


def _small_and_plain(shape: Shape) -> bool:
    """Whether the twin can train runs of this shape: they have few weights, and none of the options that the twin leaves out."""
    options = shape.activation != "relu" or shape.unit_norm or shape.penalised or shape.attacked or shape.fixed
    return shape.n_features * shape.n_hidden <= SMALL and not options


def _words(run: Run, importance: bool) -> str:
    told = f"importance {_numbers(run.importance)}, " if importance else ""
    return f"density {_numbers(run.distribution.density)}, {told}seed {run.seed}"


def _numbers(values: PerFeature) -> str:
    return " ".join(f"{value:.3g}" for value in (values if isinstance(values, tuple) else (values,)))


def _spec(run: Run) -> Mapping[str, Any]:
    features = {"kind": type(run.distribution).__name__, **asdict(run.distribution)}
    return {**asdict(run), "seed": str(run.seed), "distribution": features}


def _program(run: Run, snapshots: Sequence[int]) -> str:
    return f"""import sup
from sup.canonical import content_digest

run = {_CLASSES.sub("sup.", repr(run))}
arrays = sup.train((run,), snapshots={tuple(snapshots)})
print(content_digest({{name: array[0] for name, array in arrays.items()}}))
"""
