"""Numba's cache of compiled kernels, damaged: the kernels are compiled again, which is said, and give the same bits."""

import os
import subprocess
import sys

import pytest

from report import ROOT

PROGRAM = """
from report import compiling, engines
from sup.canonical import content_digest
from sup.sweeps import shape_of
from tests.training.runs import tiny
engines.compiler(engines.engine("cpu"), 1)({shape_of(tiny(2, 1)): tiny(2, 1)}, compiling.silently)
from sup.training import train
print(content_digest(train([tiny(2, 1)])))
"""


def trained(folder):
    """The digest of a run trained with the cache in `folder`, and what was said."""
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder with one compiled kernel, and the digest of what it trains."""
    folder = tmp_path_factory.mktemp("numba")
    return folder, trained(folder)[0]


def test_a_flipped_bit_of_machine_code_is_found(cache):
    folder, digest = cache
    path = max(folder.rglob("*.nbc"), key=lambda path: path.stat().st_size)
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :])
    assert trained(folder) == (digest, f"the compiled kernel {path.name} is damaged; it is compiled again.\n")
    assert trained(folder) == (digest, "")


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("change", [lambda data: data[: len(data) // 2], lambda data: b""], ids=["cut short", "emptied"])
def test_damaged_kernels_are_compiled_again(cache, kind, change):
    folder, digest = cache
    paths = list(folder.rglob(f"*.{kind}"))
    for path in paths:
        path.write_bytes(change(path.read_bytes()))
    found, said = trained(folder)
    assert paths and found == digest
    if kind == "nbi":
        assert said.startswith(f"compiled kernels in {folder} cannot be loaded (") and said.endswith("they are compiled again.\n")
    else:
        assert said == "".join(sorted(f"the compiled kernel {path.name} is damaged; it is compiled again.\n" for path in paths))
    assert trained(folder) == (digest, "")
