"""Asks for known vulnerabilities of the locked libraries, and checks the licences of the installed ones; `make audit` runs it.

It runs in the environment of .ci/tools.lock and looks at the project's from outside.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-gpu.lock",
    "tests/benchmarks/jax.lock",
    "tests/training/nvrtc.lock",
    "tests/faults/atheris.lock",
    ".ci/tools.lock",
)
UNREACHABLE = "The service that knows vulnerabilities did not answer"
ACCEPTED = {
    *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND"),
    *("ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
    # The names of the same in older metadata.
    *(
        "Apache Software License",
        "BSD",
        "BSD License",
        "Historical Permission Notice and Disclaimer (HPND)",
        "ISC License (ISCL)",
    ),
    *("MIT License", "Mozilla Public License 2.0 (MPL 2.0)", "Python Software Foundation License", "The Unlicense (Unlicense)"),
}
EXCEPTIONS = {
    "codespell": {"GPL-2.0-only"},  # a program that checks spelling; nothing imports it
    "cuda-toolkit": {"UNKNOWN"},  # an empty package that names those of NVIDIA
    # Training on GPUs takes these.
    "nvidia-*": {"LicenseRef-NVIDIA-Proprietary", "NVIDIA Proprietary Software", "Other/Proprietary License"},
}
"""Licences that are accepted for these packages alone."""


def vulnerabilities(libraries: Iterable[Mapping[str, Any]]) -> list[str]:
    """A line for each vulnerability, and for libraries that the service did not answer for.

    Args:
        libraries: The `dependencies` in the answer of pip-audit.
    """
    libraries = list(libraries)
    skipped = [library for library in libraries if "skip_reason" in library]
    found = []
    if skipped:
        found.append(f"{UNREACHABLE} for {len(skipped)} of {len(libraries)} libraries: {skipped[0]['skip_reason']}.")
    for library in libraries:
        for flaw in library.get("vulns", ()):
            fixed = ", ".join(flaw["fix_versions"]) or "no version"
            found.append(f"{library['name']} {library['version']} has {flaw['id']}, fixed in {fixed}.")
    return found


def audited() -> list[str]:
    """What pip-audit finds in the locks; a line that says so where it cannot ask."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
    libraries = []
    for lock in LOCKS:  # one by one: two of them may hold two versions of a library
        run = subprocess.run([*command, f"--requirement={ROOT / lock}"], capture_output=True, text=True)
        try:
            libraries += json.loads(run.stdout)["dependencies"]
        except ValueError:
            said = run.stderr.strip().splitlines() or ["it gave no reason"]
            return [*vulnerabilities(libraries), f"{UNREACHABLE}: {said[-1][:300]}"]
    return vulnerabilities(libraries)


def accepted(name: str, licence: str) -> bool:
    """Whether a package may be installed under its licence.

    Args:
        name: The package.
        licence: An SPDX expression, or the names of older metadata, with semicolons between them.
    """
    if licence in ACCEPTED or any(fnmatch(name, pattern) and licence in names for pattern, names in EXCEPTIONS.items()):
        return True
    grouped = "(" in licence  # of what is grouped, all is asked for: more than needed, and never less
    choices = [re.sub("[()]| OR ", " AND ", licence)] if grouped else licence.split(" OR ")
    parts = [[part.strip() for part in re.split(" AND |;", choice) if part.strip()] for choice in choices]
    return any(choice and set(choice) <= ACCEPTED for choice in parts)


def licences() -> list[dict[str, str]]:
    """Name, version and licence of each library in the project's environment.

    Raises:
        SystemExit: if pip-licenses fails.
    """
    command = [sys.executable, "-m", "piplicenses", f"--python={ROOT / '.venv/bin/python'}", "--format=json", "--with-system"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"The licences cannot be read: {run.stderr.strip()}")
    return json.loads(run.stdout)


def table(libraries: Iterable[Mapping[str, str]]) -> list[str]:
    """A line for each library whose licence is not accepted."""
    return [
        f"  {library['Name']:<28} {library['Version']:<16} {library['License']}"
        for library in libraries
        if not accepted(library["Name"], library["License"])
    ]


def main() -> None:
    """Prints what was found.

    Raises:
        SystemExit: if there is a vulnerability or a licence that is not accepted, or if the service cannot be asked.
    """
    installed = licences()
    outside = table(installed)
    print(f"Licences: {len(installed)} are installed, {len(outside)} of them not accepted.", *outside, sep="\n")
    weak = audited()
    print(*(weak or ["Vulnerabilities: none are known in the locked libraries."]), sep="\n")
    if outside or weak:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
