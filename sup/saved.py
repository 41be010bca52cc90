"""Trained models in one safetensors file, which any program that reads the format can open.

Beside the arrays of `sup.results.Trained`, each with a leading run axis, the file has an array `spec.NAME` for each part of the
specs that differs between runs, such as `spec.seed` or `spec.distribution.density`. The metadata name `sup` holds a JSON text
with the parts that all runs share, the snapshots, the SHA-256 of the runs' content digests, and the digest of the specs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sup.canonical import content_digest
from sup.errors import SupError
from sup.features import Anticorrelated, Correlated, Independent
from sup.results import Trained
from sup.specs import Recipe, Run
from sup.sweeps import runs_digest

_PREFIX = "spec."
_KINDS = {kind.__name__: kind for kind in (Independent, Correlated, Anticorrelated)}


def to_bytes(trained: Trained, digests: Iterable[str] | None = None) -> bytes:
    """The file of `trained`, which `load` reads back; `digests` are the runs' content digests, where they are known."""
    from safetensors.numpy import save

    shared, varied = _columns([_parts(run) for run in trained.runs])
    results = results_digest(run_digests(trained.arrays) if digests is None else digests)
    specs = runs_digest(trained.runs, trained.snapshots)
    facts = {"spec": shared, "snapshots": trained.snapshots, "results": results, "specs": specs}
    arrays = {**trained.arrays, **{f"{_PREFIX}{name}": values for name, values in varied.items()}}
    return save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        metadata={"sup": json.dumps(facts, separators=(",", ":"), sort_keys=True)},
    )


def load(data: bytes) -> Trained:
    """The trained models of a file that `to_bytes` made, after a check that arrays and specs have the digests that it states.

    Args:
        data: The whole file.

    Raises:
        SupError: if this is no such file, is cut short, or its arrays or specs are not those that were saved.

    Example:
        >>> from pathlib import Path
        >>> trained = load(Path("intro-relu.safetensors").read_bytes())  # doctest: +SKIP
        >>> trained.where(density=0.1)["W"].shape  # doctest: +SKIP
        (60, 2, 5)
    """
    import safetensors.numpy

    try:
        length = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["sup"])
        arrays = safetensors.numpy.load(data)
        varied = {name.removeprefix(_PREFIX): arrays.pop(name) for name in [*arrays] if name.startswith(_PREFIX)}
        counts = {array.shape[:1] for array in (*arrays.values(), *varied.values())}
        ((count,),) = counts  # fails if arrays differ in their number of runs
        runs = _runs(facts["spec"], varied, count)
        trained = Trained(runs, arrays, tuple(facts["snapshots"]))
        stated = facts["results"], facts["specs"]
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise SupError(f"load reads trained models that this project saved; got {len(data)} other bytes ({problem}).") from None
    if (results_digest(run_digests(arrays)), runs_digest(runs, trained.snapshots)) != stated:
        raise SupError("arrays and specs of a file have the digests that it states; these were changed. Get the file again.")
    return trained


def run_digests(arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The content digest of each run's arrays, without the run axis."""
    count = len(next(iter(arrays.values())))
    return tuple(content_digest({name: array[i] for name, array in arrays.items()}) for i in range(count))


def results_digest(digests: Iterable[str]) -> str:
    r"""SHA-256 of the runs' content digests in order, one a line: the digest of the results of several runs.

    Example:
        >>> results_digest(["a", "b"]) == hashlib.sha256(b"a\nb\n").hexdigest()
        True
    """
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def _parts(run: Run) -> dict[str, Any]:
    """The spec's fields by name, those of its recipe and its distribution by `recipe.NAME` and `distribution.NAME`."""
    parts: dict[str, Any] = {"distribution.kind": type(run.distribution).__name__}
    for prefix, value in (("", run), ("recipe.", run.recipe), ("distribution.", run.distribution)):
        parts |= {prefix + name: getattr(value, name) for name in value.__dataclass_fields__}  # asdict would copy every value
    del parts["recipe"], parts["distribution"]
    return parts


def _columns(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The parts that all runs share, and an array of each other part.

    Raises:
        SupError: if a part differs, and is not a number or a list of numbers in all runs.
    """
    shared, varied = {}, {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if all(value == values[0] and type(value) is type(values[0]) for value in values):
            shared[name] = values[0]
            continue
        if len({type(value) for value in values}) > 1 or type(values[0]) not in (int, float, tuple):
            different = ", ".join(sorted(set(map(str, values)))[:3])
            raise SupError(
                f"the runs of a file share {name}, or have numbers for it; got {different}. Save them in several files."
            )
        varied[name] = np.array(values)
    return shared, varied


def _runs(shared: Mapping[str, Any], varied: Mapping[str, np.ndarray], count: int) -> tuple[Run, ...]:
    columns = {name: array.tolist() for name, array in varied.items()}
    return tuple(_run({**shared, **{name: values[i] for name, values in columns.items()}}) for i in range(count))


def _run(parts: Mapping[str, Any]) -> Run:
    """The run that `_parts` took apart."""

    def group(prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): _tuples(value) for name, value in parts.items() if name.startswith(prefix)}

    distribution = group("distribution.")
    kind = _KINDS[distribution.pop("kind")]
    own = {name: _tuples(value) for name, value in parts.items() if "." not in name}
    return Run(**own, distribution=kind(**distribution), recipe=Recipe(**group("recipe.")))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
