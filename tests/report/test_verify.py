"""The committed lock holds for the current kernel: the same bits, numbers and verdicts."""

import os
import subprocess
import sys

import pytest

from report import ROOT


def verify(profile, **environment):
    """The output of `verify` for a profile, in a process of its own; fails the test if something differs."""
    command = [sys.executable, "-m", "report", "verify", "--profile", profile]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.soak  # two minutes of compilation; CI runs `make verify` after its builds
def test_the_smoke_profile_comes_out_as_locked():
    out = verify("smoke")
    assert "match     intro/relu" in out and "figures and verdicts are as expected" in out


@pytest.mark.soak
def test_the_laptop_profile_comes_out_as_locked():
    assert "figures and verdicts are as expected" in verify("laptop")


@pytest.mark.soak
def test_the_smoke_profile_comes_out_as_locked_without_vector_extensions():
    assert "match     basic_large/relu" in verify("smoke", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
