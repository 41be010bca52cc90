"""Writes every lock: exact versions of libraries, and the SHA-256 of each file that may be installed for them.

`make relock` keeps the locked versions that still fit; `make relock UPGRADE="numpy ruff"` unpins these packages, and
`UPGRADE=all` unpins all of them. Run it on Linux, since pip follows the markers of the system on which it runs.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAIN, CPU, GPU = "requirements.lock", "requirements-cpu.lock", "requirements-gpu.lock"
JAX, NVRTC, TOOLS = "tests/benchmarks/jax.lock", "tests/training/nvrtc.lock", ".ci/tools.lock"
ATHERIS = "tests/faults/atheris.lock"
OLDEST = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"  # Debian 12 has 3.11.2: some want 3.11.5
HEADERS = {
    MAIN: """\
# Every library at the version with which the results were made; written by `make relock`, installed by `make`.
# Not listed: what a build of torch for GPUs brings along. It is in requirements-gpu.lock, and a build for CPUs does without.
""",
    CPU: """\
# A build of torch for CPUs, which PyPI lacks; `make` installs it where pip is set up for an index or a folder that has this very
# file. Written by `make relock` where that is so.
""",
    GPU: """\
# What PyPI's build of torch for GPUs brings along; written by `make relock`, installed by `make` beside such a build alone.
""",
    JAX: """\
# The libraries of the extra `bench` of pyproject.toml, which only the benchmark needs: `make bench` installs them when JAX is
# missing. Written by `make relock`.
""",
    NVRTC: """\
# The libraries of the extra `gpu` of pyproject.toml for a machine without a GPU, where only the tests of
# tests/training/test_cuda.py need them; CI installs them. Written by `make relock`.
""",
    ATHERIS: """\
# The extra `fuzz` of pyproject.toml, which only `make soak` needs, and installs. Written by `make relock`.
""",
    TOOLS: """\
# The tools of `make audit` and `make relock`, which have an environment of their own; written by `make relock`.
""",
}
BROUGHT_BY_TORCH = re.compile(r"cuda-|nvidia-|triton")
LEFT_OUT = {"bench", "fuzz", "gpu", "s3", "tools"}
"""Extras that stay out of requirements.lock, which `make` installs whole. JAX is a download of 100 MB, and only `make bench`
needs it. Atheris has wheels for few systems, and only `make soak` needs it. A torch for GPUs brings what `gpu` has, and only
tests need it without one. S3 brings botocore, which holds python-dateutil below 3, and only s3:// needs it. The tools stay out
of the environment that they look at."""
INDEX = "https://pypi.org/simple"
LINUX = [f"--platform=manylinux{version}_x86_64" for version in ("2014", *(f"_2_{minor}" for minor in range(5, 29)))]
FOR_GPUS = ["--isolated", f"--index-url={INDEX}", *LINUX]
"""pip's options under which torch is PyPI's build for GPUs, whatever index pip is set up for here."""


def wanted(project: Mapping[str, Any]) -> list[str]:
    """The requirements of pyproject.toml: for running, for every extra but those of `LEFT_OUT`, and for building."""
    about = project["project"]
    extras = [item for name, extra in about["optional-dependencies"].items() if name not in LEFT_OUT for item in extra]
    return [*about["dependencies"], *extras, *project["build-system"]["requires"]]


def pins(lock: str) -> list[str]:
    """The lines `name==version ; marker` of a lock, without hashes."""
    return [line.removesuffix(" \\") for line in lock.splitlines() if line and line[0] not in "# "]


def kept(lock: str, upgrade: Iterable[str]) -> list[str]:
    """The pins of `lock` that stay as they are while the packages of `upgrade` (or all) may move."""
    free = {canonicalize_name(name) for name in upgrade}
    return [pin for pin in pins(lock) if "all" not in free and package(pin) not in free]


def package(pin: str) -> str:
    """The normal form of the name in a requirement."""
    return canonicalize_name(Requirement(pin).name)


def version_of(pin: str) -> str:
    """The version in a pin."""
    return next(iter(Requirement(pin).specifier)).version


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
    return [_line(packages[name], markers[name] or {""}) for name in sorted(packages)]


def _line(metadata: Mapping[str, Any], markers: set[str]) -> str:
    version = metadata["version"].partition("+")[0]  # 2.13.0+cpu is a build of 2.13.0
    marker = "" if "" in markers else " ; " + " or ".join(sorted(markers))
    return f"{metadata['name']}=={version}{marker}"


def installable(tag: Tag) -> bool:
    """Whether a CPython from 3.11 on can install wheels with this tag, on Linux, macOS or Windows."""
    interpreter = re.fullmatch(r"(py|cp)3(\d*)", tag.interpreter)
    if not interpreter or not re.match(r"any$|(many|musl)?linux|macosx|win", tag.platform):
        return False
    return interpreter[1] == "py" or tag.abi == "abi3" or int(interpreter[2] or 0) >= 11


def listed(files: Iterable[Mapping[str, Any]], version: str) -> set[str]:
    """The SHA-256 of each installable wheel of `version` among the files that an index lists for a package."""
    found = set()
    for file in files:
        try:
            _, release, _, tags = parse_wheel_filename(file["filename"])
        except InvalidWheelFilename:  # a source distribution, whose setup code nothing may run
            continue
        if release == Version(version) and any(map(installable, tags)):
            found.add(file["hashes"]["sha256"])
    return found


def files_of(name: str) -> list[dict[str, Any]]:
    """The files that PyPI lists for a package.

    Raises:
        SystemExit: if PyPI cannot be reached.
    """
    request = urllib.request.Request(f"{INDEX}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["files"]
    except OSError as problem:
        raise SystemExit(f"PyPI cannot be asked for the files of {name}: {problem}. The locks stay as they are.") from None


def resolve(roots: Iterable[str], constraints: Iterable[str], *options: str) -> list[dict[str, Any]]:
    """What pip would install: an item of its report for each package. It reads metadata and leaves most wheels where they are.

    Args:
        roots: The requirements.
        constraints: The pins to keep.
        options: pip's, besides.

    Raises:
        SystemExit: if pip finds no versions that fit, and has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        fixed, report = Path(folder, "constraints"), Path(folder, "report")
        fixed.write_text("\n".join(constraints), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--use-feature=fast-deps"]
        python = ["--target", folder, "--python-version", OLDEST, "--only-binary", ":all:"]
        if subprocess.run([*pip, *python, *options, "--report", report, "--constraint", fixed, *roots]).returncode:
            raise SystemExit("pip found no versions that fit; it says why above. The locks stay as they are.")
        return json.loads(report.read_text(encoding="utf-8"))["install"]


def hashed(chosen: Iterable[str], resolved: Iterable[Mapping[str, Any]]) -> str:
    """The text of a lock: each pin with the SHA-256 of PyPI's wheels, and of the file that pip found, wherever that was.

    Raises:
        SystemExit: if there is no wheel of a version.
    """
    chosen = list(chosen)
    here = {canonicalize_name(item["metadata"]["name"]): item["download_info"]["archive_info"] for item in resolved}
    with ThreadPoolExecutor(8) as threads:
        indexed = list(threads.map(files_of, map(package, chosen)))
    text = ""
    for pin, files in zip(chosen, indexed, strict=True):
        own = here[package(pin)].get("hashes", {}).get("sha256")
        digests = listed(files, version_of(pin)) | ({own} if own else set())
        if not digests:
            raise SystemExit(f"there is no wheel of {pin}, neither at PyPI nor where pip looked. The locks stay as they are.")
        text += _entry(pin, digests)
    return text


def _entry(pin: str, digests: Iterable[str]) -> str:
    return " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in sorted(digests))]) + "\n"


def for_cpus(old: str, torch: Mapping[str, Any]) -> str:
    """The text of the lock of a build of torch for CPUs: the one that pip found; else the old one, while its release is locked.

    Args:
        old: The present text.
        torch: The item of pip's report.
    """
    version = torch["metadata"]["version"]
    if version.endswith("+cpu"):
        return _entry(f"torch=={version}", [torch["download_info"]["archive_info"]["hashes"]["sha256"]])
    fits = any(version_of(pin) == f"{version}+cpu" for pin in pins(old))
    return old.removeprefix(HEADERS[CPU]) if fits else ""


def relocked(old: Mapping[str, str], upgrade: Iterable[str]) -> dict[str, str]:
    """The new text of each lock, without its header.

    Args:
        old: The present text of each lock.
        upgrade: The packages that may move.
    """
    keep = {name: kept(text, upgrade) for name, text in old.items()}
    extras, roots = PROJECT["project"]["optional-dependencies"], wanted(PROJECT)
    found = [i for i in resolve(roots, keep[MAIN]) if not BROUGHT_BY_TORCH.match(canonicalize_name(i["metadata"]["name"]))]
    main = lines([item["metadata"] for item in found], roots)
    (torch,) = (item for item in found if item["metadata"]["name"] == "torch")
    new = {MAIN: hashed(main, found), CPU: for_cpus(old[CPU], torch)}
    compiler = [*extras["gpu"], "cuda-bindings<13"]  # bindings of the same CUDA as the extra's NVRTC
    beside = {
        GPU: ([pin for pin in main if package(pin) == "torch"], FOR_GPUS),
        JAX: (extras["bench"], []),
        ATHERIS: (extras["fuzz"], []),
        NVRTC: (compiler, []),
    }
    for name, (needs, options) in beside.items():
        found = resolve(needs, [*main, *keep[name]], *options)
        there = set(map(package, main))
        more = [pin for pin in lines([item["metadata"] for item in found], needs) if package(pin) not in there]
        new[name] = hashed(more, found)
    found = resolve(extras["tools"], keep[TOOLS])
    new[TOOLS] = hashed(lines([item["metadata"] for item in found], extras["tools"]), found)
    return new


def check_python(version: tuple[int, ...]) -> None:
    """Refuses another Python than the oldest: pip follows the markers of the one that runs it.

    Raises:
        SystemExit: if it is another.
    """
    here, oldest = ".".join(map(str, version)), OLDEST.removesuffix(".0")
    if here != oldest:
        raise SystemExit(
            f"relock takes Python {oldest}, the oldest that the project supports, and this is {here}. "
            f"Remove .venv-tools and run `make relock PYTHON3=python{oldest}`."
        )


def main() -> None:
    """Resolves with pip, installs nothing, and writes the locks when all of them are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upgrade", nargs="*", help="packages that may move to their newest versions; `all` for every package")
    upgrade = parser.parse_args().upgrade
    check_python(sys.version_info[:2])
    paths = {name: ROOT / name for name in HEADERS}
    old = {name: path.read_text(encoding="utf-8") if path.exists() else "" for name, path in paths.items()}
    for name, text in relocked(old, upgrade).items():
        paths[name].write_text(HEADERS[name] + text, encoding="utf-8")


if __name__ == "__main__":
    main()
