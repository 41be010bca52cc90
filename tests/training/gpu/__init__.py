"""A GPU made of this machine's processor: a CUDA driver that translates PTX into C and runs the threads of a block one by one.

What NVRTC makes of `kernel.cu`, and all that the device form asks of the driver, are tested with it on machines without a GPU.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FLAGS = ("-O1", "-Wall", "-Werror", "-fPIC", "-shared")


def emulated(folder):
    """Compiles the driver into `folder`, and returns the environment in which a process finds it."""
    compiler, source = shlex.split(os.environ.get("CC") or "cc"), Path(__file__).with_name("driver.c")
    subprocess.run([*compiler, *FLAGS, str(source), "-o", str(folder / "libcuda.so.1"), "-ldl", "-lpthread"], check=True)
    translator = f"{shlex.quote(sys.executable)} -m tests.training.gpu.ptx"
    return os.environ | {"LD_LIBRARY_PATH": str(folder), "EMULATED_COMPILER": translator, "PYTHONPATH": str(ROOT)}
