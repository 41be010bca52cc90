"""Prints `gpu` if the installed torch is a build for GPUs, which takes what requirements-gpu.lock lists; otherwise `cpu`."""

import importlib.metadata
import re
from collections.abc import Iterable

from packaging.requirements import Requirement


def for_gpus(requirements: Iterable[str]) -> bool:
    """Whether a torch with these requirements takes NVIDIA's libraries on this system.

    Args:
        requirements: As `importlib.metadata.requires` gives them.
    """
    needs = [Requirement(text) for text in requirements if re.match(r"cuda-|nvidia-", text)]
    return any(need.marker is None or need.marker.evaluate({"extra": ""}) for need in needs)


if __name__ == "__main__":
    print("gpu" if for_gpus(importlib.metadata.requires("torch") or ()) else "cpu")
