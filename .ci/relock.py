"""Writes requirements.lock: the exact version of what pyproject.toml asks for, build tools and all extras but three included.

`make relock` keeps the locked versions that still fit; `make relock UPGRADE="numpy ruff"` unpins these packages, and
`UPGRADE=all` unpins all of them.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = """\
# Every library at the version with which the results were made; written by `make relock`, installed by `make`.
# Not listed: what a build of torch for GPUs brings along. It pins that itself, and a build for CPUs does without.
"""
BROUGHT_BY_TORCH = re.compile(r"cuda-|nvidia-|triton")
LEFT_OUT = {"bench", "gpu", "s3"}
"""Extras that stay out of the lock, which `make` installs whole: JAX is a download of 100 MB, and only `make bench` needs it. Its
versions are in tests/benchmarks/jax.lock. A torch for GPUs brings what `gpu` has; for tests without one its versions are in
tests/training/nvrtc.lock. S3 brings botocore, which holds python-dateutil below 3, and only s3:// needs it."""


def wanted(project: Mapping[str, Any]) -> list[str]:
    """The requirements of pyproject.toml: for running, for every extra but those of `LEFT_OUT`, and for building."""
    about = project["project"]
    extras = [item for name, extra in about["optional-dependencies"].items() if name not in LEFT_OUT for item in extra]
    return [*about["dependencies"], *extras, *project["build-system"]["requires"]]


def kept(lock: str, upgrade: Iterable[str]) -> str:
    """The lines of `lock` that stay as they are while the packages of `upgrade` (or all) may move."""
    free = {canonicalize_name(name) for name in upgrade}
    pins = [line for line in lock.splitlines() if line and not line.startswith("#")]
    return "\n".join(pin for pin in pins if "all" not in free and canonicalize_name(Requirement(pin).name) not in free)


def lines(resolved: Iterable[Mapping[str, Any]], roots: Iterable[str]) -> list[str]:
    """`name==version`, sorted; with the marker under which it is needed, unless a package needs it without one.

    Args:
        resolved: The metadata of each package: `name`, `version`, `requires_dist`.
        roots: The requirements that they were resolved from.
    """
    packages = {canonicalize_name(m["name"]): m for m in resolved}
    markers: dict[str, set[str]] = {name: set() for name in packages}
    asked = [*roots, *(text for m in packages.values() for text in m.get("requires_dist", ()))]
    for need in map(Requirement, asked):
        marker = str(need.marker or "")
        if "extra" not in marker and canonicalize_name(need.name) in markers:
            markers[canonicalize_name(need.name)].add(marker)
    kept_names = sorted(name for name in packages if not BROUGHT_BY_TORCH.match(name))
    return [_line(packages[name], markers[name] or {""}) for name in kept_names]


def _line(metadata: Mapping[str, Any], markers: set[str]) -> str:
    version = metadata["version"].partition("+")[0]  # 2.13.0+cpu is a build of 2.13.0
    marker = "" if "" in markers else " ; " + " or ".join(sorted(markers))
    return f"{metadata['name']}=={version}{marker}"


def main() -> None:
    """Resolves with pip, installing nothing, and writes the lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upgrade", nargs="*", help="packages that may move to their newest versions; `all` for every package")
    arguments = parser.parse_args()
    root = Path(__file__).parents[1]
    lock = root / "requirements.lock"
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    roots = wanted(project)
    oldest = project["project"]["requires-python"].removeprefix(">=") + ".0"  # Debian 12 has 3.11.2: some want 3.11.5
    with tempfile.TemporaryDirectory() as folder:
        pins, report = Path(folder, "pins"), Path(folder, "report")
        pins.write_text(kept(lock.read_text(encoding="utf-8") if lock.exists() else "", arguments.upgrade), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--target", folder]
        python = ["--python-version", oldest, "--only-binary", ":all:"]
        subprocess.run([*pip, *python, "--report", report, "--constraint", pins, *roots], check=True)
        resolved = [item["metadata"] for item in json.loads(report.read_text(encoding="utf-8"))["install"]]
    lock.write_text(HEADER + "".join(f"{line}\n" for line in lines(resolved, roots)), encoding="utf-8")


if __name__ == "__main__":
    main()
