"""Writes a build's records as Markdown pages: templates filled in with its numbers, and figures and data beside them."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import yaml

from report import ROOT
from report.errors import StoreError, cannot_write
from report.files import TEMPORARY, in_use, write_if_changed
from report.pages import citations, notebooks, tables
from report.pages.markup import Labels, Markup, PageError
from report.records import PICTURES, Build, FigureRecord

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = ROOT / "templates"
_MARKER = ".pages"
_MOST_RUNS = 50
_LINK_IN_FORMULA = re.compile(r"\\\((?:(?!\\\)).)*?<a [^>]*>", re.DOTALL)
_BADGE = re.compile(r"(?<=[\w*)]) (?=<a class=\"badge\")")
_NO_PAGES = {"assets", "notebooks", "overrides", "parts"}


def write(build: Build, docs: Path, *, templates: Path = TEMPLATES, config: Path | None = None) -> bool:
    """Writes the pages of `build`, and the files that they show, into `docs`; leaves unchanged files alone.

    Nothing is written unless all pages can be rendered.

    Args:
        build: The build to show.
        docs: The folder of pages; files of earlier builds that are no longer needed are removed.
        templates: The folder of templates.
        config: The site's settings, whose `nav` gives the order of the pages; by default `mkdocs.yml` beside `templates`.

    Returns:
        Whether anything changed.

    Raises:
        PageError: if a template is wrong or asks for something that does not exist, or `docs` holds something else.
        StoreError: if `docs` cannot be written.
    """
    files = dict(_files(build, templates, config or templates.parent / "mkdocs.yml"))
    if docs.exists() and any(docs.iterdir()) and not _is_ours(docs, files):
        raise PageError(f"docs is a folder for the pages alone; {docs} holds something else. Empty it.")
    try:
        _write(docs, _MARKER, b"")
        changed = [_write(docs, name, data) for name, data in sorted(files.items())]
        return _remove_others(docs, set(files)) or any(changed)
    except OSError as problem:
        raise StoreError(cannot_write(docs, problem)) from None


def _is_ours(docs: Path, files: Mapping[str, bytes]) -> bool:
    """Whether a folder holds pages of an earlier build: it has the marker, or most of what is to be written."""
    return os.path.lexists(docs / _MARKER) or 2 * sum((docs / name).is_file() for name in files) > len(files)


def _write(docs: Path, name: str, data: bytes) -> bool:
    """Writes a file, and removes what stands in its place or in that of its folders and is something else."""
    path = docs / name
    try:
        return write_if_changed(path, data)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        for folder in reversed(path.parents[: name.count("/")]):
            if os.path.lexists(folder) and not folder.is_dir():
                folder.unlink()
        if path.is_dir():
            shutil.rmtree(path)
        return write_if_changed(path, data)


def _files(build: Build, templates: Path, config: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder of pages, by name."""
    for path in sorted((templates / "assets").rglob("*")):
        if path.is_file():
            yield path.relative_to(templates).as_posix(), path.read_bytes()
    arrays = {figure.name: tables.array_tables(figure.folder / "data.json") for figure in build.figures}
    for figure in build.figures:
        for name in (*PICTURES, "data.json"):
            yield f"figures/{figure.name}/{name}", (figure.folder / name).read_bytes()
        for sweep in figure.sweeps:
            if sweep.weights and build.owners[sweep.key] is sweep:  # figures that share models share the file
                yield f"figures/{figure.name}/{sweep.file}", sweep.weights.read_bytes()
        csv = {f"{array.name}.csv": array.csv for array in arrays[figure.name] if array.csv is not None}
        for name, text in {**csv, **tables.run_tables(figure)}.items():
            yield f"figures/{figure.name}/{name}", text.encode()
    for name, data in notebooks.published(build.handout):
        yield f"notebooks/{name}", data
    for name, text in _pages(build, templates, config, arrays).items():
        yield name, text.encode()


def _pages(build: Build, templates: Path, config: Path, arrays: Mapping[str, list[tables.ArrayTable]]) -> dict[str, str]:
    """The text of every page, by its name. Two rounds: the first numbers figures and equations, the second refers to them.

    Raises:
        PageError: if a formula holds a link.
    """
    bibliography = citations.load(templates / "references.bib")
    environment = _environment(templates)
    pages: list[tuple[str, str, dict[str, Any]]] = [(name, name, {}) for name in _order(templates, config)]
    for figure in build.figures:
        pages.append((f"figures/{figure.name}.md", "parts/figure_page.md", _about(figure, arrays[figure.name])))
    for book in build.handout.notebooks:
        variables = {"book": book, "pictures": notebooks.pictures(book)}
        pages.append((f"notebooks/{book.name}.md", "parts/notebook_page.md", variables))
    labels = Labels()
    for final in (False, True):
        labels.final = final
        texts = {}
        for page, template, variables in pages:
            markup = Markup(build, page.replace(".md", ".html"), labels, bibliography, _part(environment))
            text = _render(environment, template, markup.functions() | variables)
            if wrong := _LINK_IN_FORMULA.search(text):
                raise PageError(f"templates/{template}: a formula cannot hold a link, as in {wrong[0]}. End it before value().")
            text = _BADGE.sub("&nbsp;", text)  # a verdict stays with the statement that it judges
            for key in markup.cited:
                text = re.sub(rf"\s+(?=\[\^{key}\])", "", text)  # no space between a word and its footnote number
            texts[page] = text.rstrip() + "\n" + "".join(f"\n[^{key}]: {bibliography[key].line}" for key in markup.cited) + "\n"
    return texts


def _about(figure: FigureRecord, arrays: list[tables.ArrayTable]) -> dict[str, Any]:
    """The variables that only the page about one figure has."""
    fence = "`" * (1 + max(map(len, [*re.findall("`+", figure.source), "```"])))
    return {
        "record": figure,
        "fence": fence,
        "arrays": arrays,
        "most_runs": _MOST_RUNS,
    }


def _order(templates: Path, config: Path) -> list[str]:
    """The templates of pages, in the order of the navigation.

    Raises:
        PageError: if the navigation names one that does not exist, or leaves one out.
    """

    def leaves(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        else:
            for item in entry.values() if isinstance(entry, dict) else entry:
                yield from leaves(item)

    names = list(leaves(yaml.safe_load(config.read_text("utf-8"))["nav"]))
    for name in names:
        if not (templates / name).is_file():
            raise PageError(f"nav lists the pages; {config.name} names {name}, and {templates.name}/ has no such template.")
    for path in sorted(templates.rglob("*.md")):
        page = path.relative_to(templates)
        if page.parts[0] not in _NO_PAGES and page.as_posix() not in names:
            raise PageError(f"nav lists the pages; {config.name} leaves out {templates.name}/{page.as_posix()}. Add it.")
    return names


def _environment(templates: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do"],
    )


def _part(environment: "Environment") -> Any:
    def part(name: str, variables: dict[str, Any]) -> str:
        return environment.get_template(f"parts/{name}").render(variables).strip() + "\n"

    return part


def _render(environment: "Environment", name: str, variables: dict[str, Any]) -> str:
    """The template `name`, filled in.

    Raises:
        PageError: if that fails; the message names template and line.
    """
    from jinja2 import TemplateSyntaxError

    try:
        return environment.get_template(name).render(**variables)
    except TemplateSyntaxError as error:
        raise PageError(f"templates/{error.name or name}, line {error.lineno}: {error.message}") from None
    except Exception as error:  # whatever goes wrong in a template, the author wants its line
        raise PageError(f"templates/{_place(error, environment, name)}: {error}") from error


def _place(error: BaseException, environment: "Environment", name: str) -> str:
    """Template and line where `error` arose: the innermost in the page itself, else in any part."""
    from jinja2 import FileSystemLoader

    assert isinstance(environment.loader, FileSystemLoader)
    folder = str(environment.loader.searchpath[0])
    lines = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)]
    inside = [(path, line) for path, line in lines if str(path).startswith(folder)]
    own = [(path, line) for path, line in inside if path == Path(folder, name)] or inside
    return f"{own[-1][0].relative_to(folder).as_posix()}, line {own[-1][1]}" if own else name


def _remove_others(docs: Path, names: set[str]) -> bool:
    """Removes the files under `docs` that are not among `names`, and empty folders; returns whether there were such files."""
    others = [
        path
        for path in sorted(docs.rglob("*"))
        if path.is_file() and path.relative_to(docs).as_posix() not in names | {_MARKER}
        if not (path.name.startswith(TEMPORARY) and in_use(path))
    ]
    for path in others:
        path.unlink(missing_ok=True)
    for folder in sorted(docs.rglob("*"), reverse=True):
        if folder.is_dir():
            with contextlib.suppress(OSError):  # it holds something, or another build was quicker
                folder.rmdir()
    return bool(others)
