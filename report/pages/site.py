"""Builds the site from the pages: MkDocs, strict and in this process, into a folder that replaces the old site on success."""

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from report import ROOT, files
from report.errors import PipelineError, StoreError, cannot_write
from report.pages import formulas, policy, scripts, search, weight
from report.pages.links import broken_links

CONFIG = ROOT / "mkdocs.yml"
STAMP = ".stamp"
_TOOLS = (
    "griffelib",
    "jinja2",
    "markdown",
    "mini-racer",
    "mkdocs",
    "mkdocs-material",
    "mkdocstrings-python",
    "pygments",
    "pymdown-extensions",
)

_WAY_OUT = "Empty it, or pass OUT=another folder."
_KNOWN_BY = ("index.html", "_headers", "assets/page.js", "search/search_index.json")

# Files for a site whose address MkDocs knows, this one may be at any address, or in a folder; and maps of the theme's code.
_UNUSED = ("404.html", "sitemap.xml", "sitemap.xml.gz", "**/*.map")
_MAP = re.compile(r"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


class SiteError(PipelineError):
    """The pages do not make a site; the old site stays."""


def publish(docs: Path, out: Path, *, config: Path = CONFIG) -> bool:
    """Builds the site of the pages in `docs` and puts it at `out` in one step; does nothing when it is up to date.

    The same pages give the same bytes, wherever the folders are.

    Args:
        docs: What `report.pages.render.write` wrote.
        out: The site's folder. It is replaced, if an earlier call made it.
        config: The site's settings.

    Returns:
        Whether the site was built.

    Raises:
        SiteError: if a link is broken, a page would load something from elsewhere, or `out` holds something else.
        StoreError: if `out` cannot be written.
    """
    docs, out = docs.resolve(), out.resolve()
    inputs = _digest_inputs(docs, config)
    if _is_whole(out, inputs):
        return False
    try:
        if os.path.lexists(out) and not _looks_like_a_site(out):
            raise SiteError(f"OUT is the folder of the site; {out} holds something else. {_WAY_OUT}")
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            _build(docs, new, config)
            if others := _others(out, new):
                raise SiteError(f"OUT is the folder of the site; {out} also holds {others[0]}. {_WAY_OUT}")
            (new / STAMP).write_text(f"{inputs} {_digest_tree(new)}\n")
            files.replace_folder(new, out, old)
    except OSError as problem:
        raise StoreError(cannot_write(out, problem, "OUT")) from None
    return True


def _looks_like_a_site(out: Path) -> bool:
    """Whether a folder has the stamp of a site, is empty, or has the files by which a site is known."""
    known = (out / STAMP).is_file() or all((out / name).is_file() for name in _KNOWN_BY)
    return out.is_dir() and (known or not any(out.iterdir()))


def _others(out: Path, new: Path) -> list[str]:
    """What a folder that has lost its stamp holds beside the files of a site, which a copy of one may."""
    if (out / STAMP).is_file() or not out.exists():
        return []
    return sorted({path.name for path in out.iterdir()} - {path.name for path in new.iterdir()} - {STAMP})


def _sweep(out: Path) -> None:
    """Removes leftovers of killed builds beside `out`; one younger than an hour may belong to a running build."""
    for folder in out.parent.glob(f".{out.name}-????????"):
        if folder.is_dir() and not files.in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _build(docs: Path, new: Path, config: Path) -> None:
    """Builds into `new`, and checks what strict mode does not.

    Raises:
        SiteError: if MkDocs fails or warns, or a link is broken.
    """
    with _environment(NO_MKDOCS_2_WARNING="1", SOURCE_DATE_EPOCH=files.EPOCH), _warnings() as problems:
        from mkdocs.commands.build import build
        from mkdocs.config import load_config
        from mkdocs.exceptions import Abort, MkDocsException

        try:
            settings = load_config(str(config), docs_dir=str(docs), site_dir=str(new), strict=True)
            settings.plugins.on_startup(command="build", dirty=False)
            try:
                build(settings)
            finally:
                settings.plugins.on_shutdown()
        except (Abort, MkDocsException) as error:
            raise SiteError("\n  ".join(["the pages do not make a site:", *(problems or [str(error)])])) from None
    for path in [path for name in _UNUSED for path in new.glob(name)]:
        path.unlink()
    for path in (new / "assets").rglob("*.min.*s"):
        path.write_text(_MAP.sub("\n", path.read_text("utf-8")), "utf-8")
    scripts.shorten(new)
    formulas.render(new)
    search.rank(new)
    weight.fill(new)
    policy.write(new)
    if links := broken_links(new):
        raise SiteError("\n  ".join(["the site has broken links:", *links]))


@contextmanager
def _environment(**settings: str) -> Iterator[None]:
    """Sets these variables while the block runs, unless they are already set."""
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


class _Collector(logging.Handler):
    """Keeps what it is given, in `messages`."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the text of `record`."""
        self.messages.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collects MkDocs' warnings instead of printing them."""
    handler = _Collector(logging.WARNING)
    logger = logging.getLogger("mkdocs")
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = before[0]
        logger.setLevel(before[1])


def _is_whole(out: Path, inputs: str) -> bool:
    """Whether `out` is the site of these inputs, with every byte; not while another build replaces it."""
    try:
        return (out / STAMP).read_text() == f"{inputs} {_digest_tree(out)}\n"
    except (OSError, ValueError):
        return False


def is_untouched(out: Path) -> bool | None:
    """Whether a site has the bytes with which it was built; None where there is no site with a stamp."""
    try:
        return (out / STAMP).read_text().split()[-1] == _digest_tree(out)
    except (OSError, ValueError, IndexError):
        return None


def _digest_inputs(docs: Path, config: Path) -> str:
    """Digest of everything that decides the site's bytes."""
    hasher = hashlib.sha256(_digest_tree(docs).encode())
    code = (
        Path(__file__).with_name(f"{name}.py")
        for name in ("docstrings", "formulas", "policy", "scripts", "search", "site", "weight")
    )
    sources = (*code, formulas.KATEX, formulas.GLOSSARY, scripts.TERSER)
    pages = sorted(config.parent.glob("templates/overrides/**/*.html")) + sorted((ROOT / "sup").rglob("*.py"))  # docstrings
    for path in (config, *sources, *pages):
        hasher.update(path.read_bytes())
    for tool in _TOOLS:
        hasher.update(f"{tool} {version(tool)}\n".encode())
    return hasher.hexdigest()


def _digest_tree(folder: Path) -> str:
    """Digest of the names and bytes of all files under `folder`, except its stamp and what file managers hide there."""
    hasher = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            data = path.read_bytes()
            hasher.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode())
            hasher.update(data)
    return hasher.hexdigest()
