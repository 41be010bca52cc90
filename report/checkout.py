"""The commit that is checked out, and its files, as git has them."""

import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from report import ROOT
from report.errors import PipelineError, first_of

_PLAIN = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "log.showSignature=false")
"""Git would otherwise write the ends of lines and what it shows as the user's settings say."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a commit.

    Attributes:
        data: Its bytes.
        executable: Whether it can be run.
    """

    data: bytes
    executable: bool


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit.

    Attributes:
        id: Its hash.
        date: When it was made, in ISO 8601.
        files: Its files, by their paths in the checkout.
    """

    id: str
    date: str
    files: Mapping[str, SourceFile]


def head(root: Path = ROOT) -> Commit:
    """The commit that is checked out at `root`.

    Raises:
        PipelineError: if `root` is no checkout, or if its files differ from the commit, but for those that git ignores.
    """
    inside = _git(root, "rev-parse", "--show-prefix").strip()
    if inside:
        raise PipelineError(f"an archive names its commit, and {root} is no clone but a folder in one. {_WAY_OUT}")
    id, date = _git(root, "show", "--no-patch", "--format=%H %cI", "HEAD").split()
    changed = [line[3:] for line in _git(root, "status", "--porcelain").splitlines()]
    if changed:
        raise PipelineError(
            f"an archive names its commit, and files here differ from commit {id[:12]}: {first_of(changed)}. "
            "Commit the changes, or take them back with `git stash -u`."
        )
    return Commit(id=id, date=date, files=_files(root))


def _files(root: Path) -> dict[str, SourceFile]:
    """The files of the commit.

    Raises:
        PipelineError: if one is a link, which some systems cannot unpack.
    """
    packed = _run(root, "archive", "--format=tar", "HEAD")
    found = {}
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        for member in tar:
            if member.issym():
                raise PipelineError(f"an archive holds files alone, and {member.name} is a link. Commit the file in its place.")
            if data := tar.extractfile(member):
                found[member.name] = SourceFile(data.read(), bool(member.mode & 0o100))
    return found


_WAY_OUT = "Run it in a clone of the project."


def _git(root: Path, *arguments: str) -> str:
    return _run(root, *arguments).decode(errors="replace")


def _run(root: Path, *arguments: str) -> bytes:
    """What a git command prints.

    Raises:
        PipelineError: if there is no git, or if the command fails.
    """
    try:
        ran = subprocess.run(["git", "-C", str(root), *_PLAIN, *arguments], env=os.environ | {"LC_ALL": "C"}, capture_output=True)
    except OSError as problem:
        raise PipelineError(f"an archive names its commit, and git cannot be run: {problem.strerror}. Install git.") from None
    if ran.returncode:
        why = (ran.stderr.decode(errors="replace").strip().splitlines() or [f"status {ran.returncode}"])[0]
        raise PipelineError(f"an archive names its commit, and git finds none in {root}: {why}. {_WAY_OUT}")
    return ran.stdout
