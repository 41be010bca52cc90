"""Code compiled for each instruction set that this processor runs gives the same bits; each in a process of its own."""

import json
import os
import subprocess
import sys

import llvmlite.binding as llvm
import pytest

from tests.training.digests import NAMES, digest

# name, compiler's cpu, its features, the feature that the processor needs, the widest registers that the code must then use;
# the oldest set is the farthest from what this processor uses by itself, and each takes a minute to compile
TARGETS = [
    pytest.param("SSE2", "generic", "", None, "xmm", id="SSE2"),
    pytest.param("AVX2", "haswell", "", "avx2", "ymm", id="AVX2", marks=pytest.mark.soak),
    pytest.param("AVX-512", "skylake-avx512", "-prefer-256-bit", "avx512vl", "zmm", id="AVX-512", marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("name", "cpu", "features", "needs", "widest"), TARGETS)
def test_same_bits_for_every_instruction_set(name, cpu, features, needs, widest, tmp_path):
    if llvm.get_default_triple().split("-")[0] != "x86_64":
        pytest.skip(f"{name} is an instruction set of x86-64; this is {llvm.get_default_triple()}")
    if needs and not llvm.get_host_cpu_features().get(needs):
        pytest.skip(f"this processor has no {name}")
    target = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "tests.training.digests"]
    done = subprocess.run(command, env=os.environ | target, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["registers"][-1] == widest  # the test would prove nothing if the compiler ignored the target
    assert result["digests"] == {name: digest(name) for name in NAMES}
