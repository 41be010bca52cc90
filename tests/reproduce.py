"""Builds from two clean clones in unlike surroundings, and compares their bytes: `python -m tests.reproduce`.

Path, time zone, locale, hash seed, number of workers, umask, home and the order of files in a folder differ. Then one kind of
file after another is removed from the first store: the site that is built from the rest must have the same bytes.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import ROOT
from tests.gpu_check import OPTIONS

PLAIN = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "WORKERS": "1"}
ODD = {"TZ": "Pacific/Kiritimati", "LC_ALL": "POSIX", "PYTHONHASHSEED": "4711", "WORKERS": "3"}

REVERSED = """
import os

listed, scanned = os.listdir, os.scandir


class Scanned:
    def __init__(self, path):
        with scanned(path) as entries:
            self.entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        pass

    def close(self):
        pass


os.listdir = lambda path=".": sorted(listed(path), reverse=True)
os.scandir = lambda path=".": Scanned(path)
"""
"""A `sitecustomize` with which folders list their files from last to first."""

HISTORY = {"store/drawn.jsonl": "", "store/index.jsonl": ""}
"""What a store keeps of everything that it has drawn and trained, as if it were the same."""

DERIVED = ("docs", "sweeps", "figures", "notebooks")
"""Folders of a store that are made again from what it has trained."""

THIRDS = "every third file"


def clone(folder):
    """A clone of the last commit, with nothing beside it."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def build(checkout, profile, surroundings, umask=0o022):
    """Builds a clone into its folders `built/store` and `built/site`."""
    start = time.monotonic()
    path = os.pathsep.join([str(checkout), *filter(None, [surroundings.get("PYTHONPATH")])])
    env = {name: value for name, value in os.environ.items() if name not in OPTIONS}
    env |= surroundings | {"PYTHONPATH": path}
    folders = ["--store", str(checkout / "built/store"), "--out", str(checkout / "built/site")]
    command = [sys.executable, "-m", "report", "build", "--profile", profile, "--device", "cpu", *folders]
    subprocess.run(command, cwd=checkout, env=env, umask=umask, check=True)
    print(f"built in {time.monotonic() - start:.0f} s", flush=True)


def digests(folder, profile):
    """The SHA-256 of each file that a build must repeat, by its path.

    Left out are times of the build, the site's digest, which covers them, the log, and what was found damaged. Lines of the index
    and of the history may come in any order.
    """
    apart = {"store/timings.json", "store/build.log", f"store/docs/{profile}/costs.md", "site/costs.html", "site/.stamp"}
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in apart and not name.startswith("store/damaged/"):
            data = path.read_bytes()
            lines = b"".join(sorted(data.splitlines(keepends=True))) if path.suffix == ".jsonl" else data
            found[name] = hashlib.sha256(lines).hexdigest()
    return found


def compare(what, one, two):
    """Prints how many files are the same.

    Raises:
        SystemExit: if files differ, or if there are none.
    """
    differ = sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
    if differ or not one:
        raise SystemExit("\n".join([f"FAILED: {what}: {len(differ)} of {len(one)} files differ:", *differ[:20]]))
    print(f"{what}: {len(one)} files, the same bytes", flush=True)


def lose(store, part):
    """Removes a folder of a store, or every third file."""
    if part != THIRDS:
        shutil.rmtree(store / part)
        return
    for path in sorted(path for path in store.rglob("*") if path.is_file())[::3]:
        path.unlink()


def reproduce(work, profile):
    """Builds and compares in the folder `work`."""
    order, home = work / "order", work / "home"
    order.mkdir()
    home.mkdir()
    (order / "sitecustomize.py").write_text(REVERSED)
    one, two = clone(work / "one"), clone(work / "another place, ünd ☃")
    print(f"== Profile {profile} in {one.name}: {PLAIN}", flush=True)
    build(one, profile, PLAIN)
    seen = "import os; names = os.listdir(); assert len(names) > 9 and names == sorted(names, reverse=True)"
    subprocess.run([sys.executable, "-c", seen], cwd=two, env=os.environ | {"PYTHONPATH": str(order)}, check=True)
    print(f"== Profile {profile} in {two.name}: {ODD}, another home and umask, files from last to first", flush=True)
    build(two, profile, ODD | {"PYTHONPATH": str(order), "HOME": str(home)}, umask=0o077)
    expected = digests(two / "built", profile)
    compare("store and site", digests(one / "built", profile), expected)
    for part in (*DERIVED, THIRDS):
        print(f"== Again without the store's {part}", flush=True)
        lose(one / "built/store", part)
        build(one, profile, PLAIN)
        compare(f"without {part}", digests(one / "built", profile) | HISTORY, expected | HISTORY)


def main():
    """Reads the profile; keeps the two builds where they differ.

    Raises:
        SystemExit: if this is no clone.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", nargs="?", default="smoke", help="how much to train (default: smoke)")
    profile = parser.parse_args().profile
    status = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True)
    if status.returncode:
        raise SystemExit(f"make reproduce clones the project, and {ROOT} is no clone. Run it in one.")
    if status.stdout:
        print("Changes that are not committed are left out:", status.stdout, sep="\n", end="", flush=True)
    work = Path(tempfile.mkdtemp(prefix="reproduce-"))
    try:
        reproduce(work, profile)
    except BaseException:
        print(f"Both builds are kept in {work}.", file=sys.stderr)
        raise
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
