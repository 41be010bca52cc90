"""Loads the scripts of .ci, which are no package."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def script(name):
    """The script `.ci/NAME.py` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f".ci/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
