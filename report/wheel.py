"""The package as a wheel, and archives, with the same bytes every time."""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from importlib import metadata
from io import BytesIO
from pathlib import Path

from report import ROOT
from report.errors import PipelineError
from report.files import EPOCH
from sup.canonical import digest

_PARTS = ("LICENSE", "README.md", "pyproject.toml")  # what a wheel is made of, beside the package
_DATE = (2022, 9, 14, 0, 0, 0)
"""The paper's day, which every packed file has as its date."""
_COMMAND = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheel", ".")


def name(root: Path = ROOT) -> str:
    """The file name of the wheel."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return f"sup-{version}-py3-none-any.whl"


def key(root: Path = ROOT) -> str:
    """Digest of everything that decides the bytes of the wheel."""
    parts = [(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in _sources(root)]
    return digest("wheel", parts, metadata.version("setuptools"))


def make(root: Path = ROOT) -> bytes:
    """The bytes of the wheel, made by pip from a copy of the sources.

    Raises:
        PipelineError: if pip fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in _sources(root):
            target = Path(folder, path.relative_to(root))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        made = subprocess.run([sys.executable, *_COMMAND], cwd=folder, capture_output=True, text=True, env=_environment())
        if made.returncode != 0:
            raise PipelineError(f"pip cannot make a wheel of sup:\n{made.stderr.strip()}\nRun `make setup`.")
        with zipfile.ZipFile(Path(folder, "wheel", name(root))) as wheel:
            return zipped({item: wheel.read(item) for item in wheel.namelist()})


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """An archive of these files, in this order; dates and rights are the same for all."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for item, data in contents.items():
            add(archive, item, data)
    return out.getvalue()


def add(archive: zipfile.ZipFile, item: str, data: bytes, rights: int = 0o644) -> None:
    """Adds a file to an archive; its date is that of all packed files."""
    entry = zipfile.ZipInfo(item, _DATE)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, rights << 16, 3
    archive.writestr(entry, data)


def _sources(root: Path) -> list[Path]:
    package = [path for path in sorted((root / "sup").rglob("*")) if path.suffix == ".py" or path.name == "py.typed"]
    return [*package, *(root / part for part in _PARTS)]


def _environment() -> dict[str, str]:
    """The environment of pip: the sources' dates do not count, and no path leads to other packages."""
    return {**{item: text for item, text in os.environ.items() if item != "PYTHONPATH"}, "SOURCE_DATE_EPOCH": EPOCH}
