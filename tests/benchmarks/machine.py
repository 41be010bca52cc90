"""The machine that a measurement was taken on, without its name or the date."""

import platform
from importlib import metadata
from pathlib import Path

import llvmlite.binding as llvm

from tests.benchmarks.kernel_loop import CORES


def processor():
    """The system's name for the processor."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def version(library):
    """The installed version of `library`; None if it is not installed."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def machine():
    """Processor, what LLVM compiles for, cores, and the versions that times depend on."""
    versions = {name: version(name) for name in ("torch", "numba", "jax")}
    return {
        "processor": processor(),
        "target": llvm.get_host_cpu_name(),
        "cores": CORES,
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
    }
