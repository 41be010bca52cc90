"""What holds for every test: shapes are checked, random examples repeat in CI, the caller's variables stay outside."""

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Variables of the Makefile reach its recipes through the environment; no test may depend on the caller's.
for _name in ("PROFILE", "DEVICE", "ENGINE", "STORE", "OUT", "ONLY", "WORKERS", "CLUSTER", "FETCH", "PACK", "ARCHIVE", "UPGRADE"):
    os.environ.pop(_name, None)
for _name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(_name, None)

# One thread of torch and BLAS in each process: the tests already run side by side, and waiting for cores costs tenfold.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Annotated shapes are checked at run time, in tests only. The kernel is compiled from its source and stays out.
_SCIENCE = sorted(Path(__file__).parents[1].glob("sup/*.py"))
_SHAPED = [f"sup.{path.stem}" for path in _SCIENCE if "from jaxtyping" in path.read_text(encoding="utf-8")]
install_import_hook(_SHAPED, "beartype.beartype")

from report import engines  # noqa: E402
from tests.ledger import ledger, pytest_terminal_summary  # noqa: E402, F401  # pytest finds them here

# Compiled kernels are kept by the digest of their code, as in a build: numba checks only one of the files and may run stale code.
engines.settle_compiled_code(engines.engine("cpu"))

settings.register_profile("ci", derandomize=True, database=None, deadline=None)  # the same examples every time
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def _without(reason):
    """Skips a test, and in CI fails."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def compiler():
    """For tests that compile C++."""
    command = shlex.split(os.environ.get("CXX") or "c++")[0]
    if not shutil.which(command):
        _without(f"the code for GPUs is not tested: there is no C++ compiler ({command})")


@pytest.fixture(scope="session")
def nvidia():
    """For tests that compile for GPUs."""
    if not (find_spec("cuda") and find_spec("cuda.bindings")):
        _without("not tested for GPUs: NVRTC is missing; pip install --require-hashes --no-deps -r tests/training/nvrtc.lock")


@pytest.fixture(scope="session")
def gpu(tmp_path_factory, compiler, nvidia):
    """Runs a program in a process that finds an emulated GPU; further arguments set up the emulation, by name."""
    from tests.training.gpu import emulated

    environment = emulated(tmp_path_factory.mktemp("driver"))

    def run(program, *arguments, given="", **settings):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        env = environment | {f"EMULATED_{name.upper()}": str(value) for name, value in settings.items()}
        return subprocess.run(command, env=env, input=given, capture_output=True, text=True, check=False)

    return run
