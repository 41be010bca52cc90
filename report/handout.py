"""What readers take with them, kept in the store: notebooks with what they print and draw, and a wheel of the package."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from report import ROOT, engines, files, wheel
from report.code import Sources
from report.errors import PipelineError, StoreError, cannot_read, cannot_write
from report.gallery import environment
from report.notebook import Cell, Handout, Notebook, scripts
from report.progress import working
from report.store.artifacts import Store
from sup import PUBLIC
from sup.canonical import digest


@dataclass(frozen=True)
class Shelf:
    """The folder `notebooks/` of a store: files named by the digest of what they are made from, that begin with their own.

    Attributes:
        store: The store.
        sources: Gives code digests.
    """

    store: Store
    sources: Sources

    def key(self, script: str) -> str:
        """Digest of everything that can change what a notebook prints and draws."""
        return digest("notebook", script, self.sources.digest("report.play", *PUBLIC), environment())

    def keys(self) -> set[str]:
        """The names of the files that a build uses."""
        return {self.key(path.read_text(encoding="utf-8")) for path in scripts()} | {wheel.key()}

    def handout(self, workers: int) -> Handout:
        """All notebooks and the wheel; what is missing is made by up to so many processes."""
        engines.settle_compiled_code(engines.engine("cpu"))
        with working("Running the notebooks"), ThreadPoolExecutor(max(1, workers)) as pool:
            packed = pool.submit(self.kept, wheel.key(), wheel.make)
            notebooks = tuple(pool.map(self.notebook, scripts()))
            return Handout(notebooks=notebooks, wheel=(wheel.name(), packed.result()))

    def notebook(self, path: Path) -> Notebook:
        """The notebook of the script at `path`."""
        script = path.read_text(encoding="utf-8")
        played = files.parsed(self.kept(self.key(script), lambda: run(path)))
        return Notebook(name=path.stem, script=script, cells=tuple(Cell(**cell) for cell in played))

    def kept(self, key: str, make: Callable[[], bytes]) -> bytes:
        """What `make` gives, taken from the store if it is there and intact.

        Raises:
            StoreError: if the store cannot be read or written.
        """
        path = self.store.root / "notebooks" / key
        try:
            self.store.clear(path)
            seal, _, data = path.read_bytes().partition(b"\n")
            if _seal(key, data) == seal:
                return data
            self.store.set_aside(path, f"notebooks/{key} is damaged: its bytes differ from those that were written")
        except FileNotFoundError:
            pass
        except OSError as problem:
            raise StoreError(cannot_read(path, problem)) from None
        data = make()
        try:
            files.write(path, _seal(key, data) + b"\n" + data)
        except OSError as problem:
            raise StoreError(cannot_write(path, problem)) from None
        return data


def run(path: Path) -> bytes:
    """The cells of the script at `path` with their output, as JSON, run by a process of its own in an empty folder.

    Raises:
        PipelineError: if a cell fails.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "report.play", str(path), str(os.getpid())]
    with tempfile.TemporaryDirectory() as folder:
        played = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
    if played.returncode != 0:
        last = played.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise PipelineError(f"notebook {path.name} fails: {''.join(last)}. Run it as a script to see where.")
    return played.stdout


def _seal(key: str, data: bytes) -> bytes:
    """What a file begins with: it differs under another name."""
    return hashlib.sha256(key.encode() + data).hexdigest().encode()
