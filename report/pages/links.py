"""Checks the links of built pages that MkDocs does not, because it does not read raw HTML."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

_LOADED = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("video", "src"),
    ("object", "data"),
}


class _Reader(HTMLParser):
    """Collects what a page links to, what it loads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[tuple[str, bool]] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif (tag, name) in _LOADED or (tag, name) == ("a", "href"):
                self.targets.append((value, tag != "a"))


def broken_links(site: Path) -> list[str]:
    """The problems of the pages under `site`, a sentence each: missing files and anchors, files loaded from elsewhere."""
    pages: dict[str, _Reader] = {}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    for name in sorted(files):
        if name.endswith(".html"):
            pages[name] = _Reader()
            pages[name].feed((site / name).read_text("utf-8"))
    return [problem for page in pages for problem in _problems(page, pages, files)]


def _problems(page: str, pages: dict[str, _Reader], files: set[str]) -> Iterator[str]:
    for target, loaded in pages[page].targets:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            if loaded and parts.scheme != "data":
                yield f"{page} loads {target} from elsewhere"
            continue
        path = normpath(join(dirname(page), unquote(parts.path))) if parts.path else page
        path = "index.html" if path == "." else path
        if path not in files:
            yield f"{page} links to {target}, which is not there"
        elif parts.fragment and path in pages and unquote(parts.fragment) not in pages[path].anchors:
            yield f"{page} links to {target}, an anchor that {path} does not have"
