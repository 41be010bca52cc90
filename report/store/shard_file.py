"""The format of a shard's file, and the checks before a file is trusted.

One safetensors file: the arrays, each with a leading run axis, and under the single metadata name `sup` a JSON text with the
digest of each run's arrays, the canonical text of each run's spec, the observations and the parts of the key.
"""

import json
import math
from collections.abc import Mapping

import numpy as np

from report.errors import PipelineError
from report.files import parsed
from report.store.shards import Shard
from sup.canonical import canonical_text
from sup.initial import parameter_shapes
from sup.saved import run_digests


class Damaged(Exception):
    """A file is not what its name says; the message says how."""


def encode(shard: Shard, arrays: Mapping[str, np.ndarray]) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the shard's file, and its runs' content digests.

    Raises:
        PipelineError: if an array does not have one row per run.
    """
    from safetensors.numpy import save

    for name, array in arrays.items():
        if array.ndim < 1 or len(array) != len(shard.runs):
            raise PipelineError(
                f"the engine {shard.engine.name} gave {name} of shape {array.shape} for {len(shard.runs)} runs; "
                f"its first axis is the run."
            )
    digests = run_digests(arrays)
    return save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata={"sup": _facts(shard, digests)}
    ), digests


def most_bytes(shard: Shard) -> int:
    """More than the file of a shard can have: its arrays and its description twice, and some more."""
    numbers = sum(math.prod(shape) for shape in parameter_shapes(shard.runs[0]).values()) + 2
    arrays = 8 * numbers * (1 + len(shard.snapshots)) * len(shard.runs)
    return 2 * (arrays + len(_facts(shard, ("0" * 64,) * len(shard.runs)))) + 2**20


def decode(shard: Shard, data: bytes) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The arrays of the shard's file, read-only, and its runs' content digests, after all checks.

    Raises:
        Damaged: if the file is cut short, altered, or of other runs than `shard`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        length = int.from_bytes(data[:8], "little")
        text = parsed(data[8 : 8 + length])["__metadata__"]["sup"]
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as problem:
        raise Damaged(f"it is not a complete safetensors file of this store ({type(problem).__name__})") from None
    if not arrays or any(array.ndim < 1 or len(array) != len(shard.runs) for array in arrays.values()):
        raise Damaged(f"its arrays do not have a row for each of {len(shard.runs)} runs")
    digests = run_digests(arrays)
    if text != _facts(shard, digests):
        raise Damaged(_difference(text, shard, digests))
    for array in arrays.values():
        array.setflags(write=False)
    return arrays, digests


def _facts(shard: Shard, digests: tuple[str, ...]) -> str:
    engine = shard.engine
    facts = {
        "key": shard.key,
        "engine": engine.name,
        "code": engine.code,
        "environment": engine.environment,
        "snapshots": shard.snapshots,
        "digests": digests,
        "specs": [canonical_text(run) for run in shard.runs],
    }
    return json.dumps(facts, separators=(",", ":"), sort_keys=True)


def _difference(text: object, shard: Shard, digests: tuple[str, ...]) -> str:
    """How the file's facts differ from the expected ones, in words."""
    try:
        facts, expected = parsed(str(text)), parsed(_facts(shard, digests))
        wrong = sorted(name for name in expected if facts.get(name) != expected[name])
    except (ValueError, AttributeError):
        return "its description cannot be read"
    words = {"digests": "its arrays do not have the digests that it lists", "specs": "it holds other runs"}
    return next(
        (words[name] for name in ("specs", "digests") if name in wrong), f"its {', '.join(wrong) or 'description'} differs"
    )
