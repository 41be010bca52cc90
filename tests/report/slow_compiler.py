"""A stand-in for numba in the tests of parallel compilation: a cache on disk, filled slowly."""

import os
import signal
import time
from pathlib import Path


def compile_kernel(shape):
    """Finds `shape` in the folder that the environment names, or works on it for a moment and records the process."""
    cached = Path(os.environ["SLOW_COMPILER"]) / f"{shape.n_features}"
    if not cached.exists():
        time.sleep(0.3)
        if os.environ.get("ONLY_PROCESS", str(os.getpid())) != str(os.getpid()):
            os.kill(os.getpid(), getattr(signal, os.environ.get("OTHERS", "SIGKILL")))
        cached.write_text(str(os.getpid()))
