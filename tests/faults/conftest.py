"""Builds that nothing disturbs, with which the others are compared."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.builds import contents, smoke, tiny


@dataclass(frozen=True)
class Undisturbed:
    """A build that nothing disturbed.

    Attributes:
        folder: What it was built into; nobody changes it.
        files: What others are compared with, by path.
        changes: How many changes it made to its folder.
    """

    folder: Path
    files: dict[str, bytes]
    changes: int


@pytest.fixture(scope="session")
def tiny_build(tmp_path_factory):
    """Two figures with a few runs that are not really trained."""
    folder = tmp_path_factory.mktemp("tiny") / "built"
    changes = tiny(folder).run()
    return Undisturbed(folder, contents(folder), changes)


@pytest.fixture(scope="session")
def smoke_build(tmp_path_factory):
    """The whole smoke profile with its site."""
    folder = tmp_path_factory.mktemp("smoke") / "built"
    changes = smoke(folder).run()
    return Undisturbed(folder, contents(folder), changes)
