"""Seconds that artifacts took, in a file beside them: never part of an artifact, a digest or a comparison.

From them a plan predicts how long what is missing will take on this machine.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from report import files
from report.errors import StoreError, cannot_write
from report.store.shards import Shard

PAUSE = 2.0


class Timings:
    """Seconds by kind ("shard", "figure") and key, and by kind "rate" what shapes took over their rough costs.

    Two builds at once may each lose some of the other's seconds; nothing depends on them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._new: dict[str, dict[str, float]] = {}
        self._seconds = self._read()
        self._saved = 0.0

    def _read(self) -> dict[str, dict[str, float]]:
        try:
            content = files.parsed(self.path.read_bytes())
            return {str(kind): {str(key): float(value) for key, value in keys.items()} for kind, keys in content.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def get(self, kind: str, key: str) -> float | None:
        """Seconds that the artifact took; None when unknown."""
        return self._seconds.get(kind, {}).get(key)

    def add(self, kind: str, key: str, seconds: float) -> None:
        """Records the seconds of an artifact, and saves from time to time."""
        self._seconds.setdefault(kind, {})[key] = self._new.setdefault(kind, {})[key] = round(seconds, 4)
        if time.monotonic() - self._saved > PAUSE:
            self.save()

    def trained(self, shard: Shard, seconds: float) -> None:
        """Records the core seconds of a shard, and the rate of its shape, in which older shards count less and less."""
        self.add("shard", shard.key, seconds)
        rate = seconds / (shard.cost / 1e6)
        self.add("rate", _kind(shard), (rate + (self.get("rate", _kind(shard)) or rate)) / 2)

    def predict(self, shards: Iterable[Shard]) -> tuple[float, float]:
        """Core seconds that training the shards will take, and the share of them whose shape has been trained before.

        A shape that has not is taken to be as fast as the median of those that have, over its rough cost, by the same engine.
        """
        rates = self._seconds.get("rate", {})
        usual: dict[str, float] = {}
        seconds = known = 0.0
        for shard in shards:
            if shard.engine.words not in usual:
                usual[shard.engine.words] = self._usual(shard.engine.words)
            expected = shard.cost / 1e6 * rates.get(_kind(shard), usual[shard.engine.words])
            seconds += expected
            known += expected * (_kind(shard) in rates)
        return seconds, known / seconds if seconds else 1.0

    def _usual(self, engine: str) -> float:
        """The median rate of an engine's shapes; 1 where none is known."""
        return median([rate for kind, rate in self._seconds.get("rate", {}).items() if kind.startswith(f"{engine}: ")] or [1.0])

    def save(self) -> None:
        """Writes what was added since the last save, if anything.

        Raises:
            StoreError: if the file cannot be written.
        """
        if not self._new:
            return
        merged = self._read()
        for kind, keys in self._new.items():
            merged.setdefault(kind, {}).update(keys)
        self._saved = time.monotonic()
        try:
            files.write(self.path, (json.dumps(merged, indent=0, sort_keys=True) + "\n").encode())
        except OSError as problem:
            raise StoreError(cannot_write(self.path, problem)) from None
        self._new = {}


def _kind(shard: Shard) -> str:
    """What shards of one speed have in common, in words."""
    return f"{shard.engine.words}: {shard.shape.words}, batches of {shard.shape.batch}"
