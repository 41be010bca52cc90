"""What a page weighs when it loads: a table for the page on reproducibility, counted in the built site."""

import re
from html import unescape
from pathlib import Path

PLACE = '<div id="weights"></div>'
# Scripts, styles, and the worker of the search, which the theme's own script starts.
_LOADED = re.compile(r'<(?:script\b[^>]*\bsrc|link rel="stylesheet" href)="([^"]+)"|"search": "([^"]+)"')
_NAVIGATION = re.compile(r'<a href="([\w-]+\.html)" class="md-nav__link')
_PICTURE = re.compile(r'<img\b[^>]*\bsrc="([^"#]+)#only-light"')
_TITLE = re.compile(r"<h1[^>]*>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", re.DOTALL)


def fill(site: Path) -> None:
    """Puts the table in its place on the pages under `site` that have one."""
    pages = [site / name for name in dict.fromkeys(_NAVIGATION.findall((site / "index.html").read_text("utf-8")))]
    for page in pages:
        text = page.read_text("utf-8")
        if PLACE in text:
            page.write_text(text.replace(PLACE, _table(pages)), "utf-8")


def _files(page: Path, text: str) -> tuple[list[Path], list[Path]]:
    """What `page` asks for at once, itself, scripts and styles; and its pictures, which load as the reader comes to them."""

    def found(pattern: re.Pattern[str]) -> list[Path]:
        addresses = dict.fromkeys(match[match.lastindex or 0] for match in pattern.finditer(text))
        return [page.parent / unescape(address) for address in addresses]

    return [page, *found(_LOADED)], found(_PICTURE)


def _table(pages: list[Path]) -> str:
    rows = []
    for page in pages:
        text = page.read_text("utf-8")
        first, pictures = _files(page, text)
        title = _TITLE.search(text)
        name = re.sub(r"<[^>]+>", "", title[1]) if title else page.stem
        cells = (len(first), _kilobytes(first), len(pictures), _kilobytes(pictures))
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        rows.append(f'<tr><th scope="row">{name}</th>{numbers}</tr>')
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Page", "Requests at load", "KB", "Pictures", "KB of pictures"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _kilobytes(paths: list[Path]) -> int:
    return round(sum(path.stat().st_size for path in paths) / 1000)
