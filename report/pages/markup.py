"""Functions that templates can call: figures, numbers, claims, equations, references and citations, each with its link."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from posixpath import dirname, relpath
from typing import Any

from figures.base import Value
from figures.paper import FIGURES
from report import ROOT
from report.errors import PipelineError
from report.findings import ClaimRecord
from report.notebook import Cell
from report.pages import notebooks
from report.pages.cells import packed
from report.pages.citations import Bibliography, Entry
from report.pages.numbers import FORMATS, density_text, interval_text, number_text, prose, value_text
from report.records import Build, FigureRecord, SweepRecord
from sup import PUBLIC
from sup.results import SETTLED

MARKS = {"reproduced": "✓", "differs": "≠", "not reproduced": "✗", "undecided": "?", "not testable": "–"}
"""A sign for each verdict, so that colour is never the only difference."""

_LEAST = 560  # pixels: a picture wider than this scrolls on a phone, since its labels would be too small to read
_WIDER = 1.34  # and reaches into the margin of a wide window, this much larger


class PageError(PipelineError):
    """A page cannot be written; the message names its template and line."""


@dataclass(frozen=True)
class Label:
    """The number of a figure or an equation, and the page that shows it.

    Attributes:
        kind: "Figure" or "Equation".
        number: Its number, over all pages.
        page: The page that shows it, such as "motivation.html".
        anchor: Its id on that page.
        text: The figure's title or the equation's TeX.
    """

    kind: str
    number: int
    page: str
    anchor: str
    text: str


@dataclass
class Labels:
    """The numbered figures and equations of all pages, which are rendered twice: first to number them, then to refer to them.

    Attributes:
        known: The labels, by name.
        final: Whether the first round is over.
    """

    known: dict[str, Label] = field(default_factory=dict)
    final: bool = False

    def add(self, name: str, kind: str, page: str, anchor: str, text: str) -> Label:
        """Gives the thing `name` a number in the first round, and looks it up in the second.

        Raises:
            PageError: if the name is already in use.
        """
        if self.final:
            return self.known[name]
        if name in self.known:
            raise PageError(f"a label names one thing; {name!r} is on {self.known[name].page} too. Choose another name.")
        number = 1 + sum(label.kind == kind for label in self.known.values())
        self.known[name] = Label(kind, number, page, anchor, text)
        return self.known[name]


class Markup:
    """The functions that the template of one page may call.

    Args:
        build: The build to show.
        page: The page's address in the site, such as "figures/intro.html".
        labels: The numbered figures and equations of all pages.
        bibliography: The entries that can be cited.
        part: Renders a part of `templates/parts` from its name and variables.
    """

    def __init__(self, build: Build, page: str, labels: Labels, bibliography: Bibliography, part: Callable[..., str]) -> None:
        self.build, self.page, self.labels, self.bibliography, self.part = build, page, labels, bibliography, part
        self.cited: list[str] = []
        self.arrays: dict[str, Any] = {}  # of figures whose data the page has asked for
        self.names = {label: figure.name for figure in build.figures for label in figure.about.label.split(", ")}
        self.claims = {claim.id: claim for figure in build.figures for claim in figure.claims}

    def functions(self) -> dict[str, Any]:
        """What a template sees, by name."""
        variables = {
            "build": self.build,
            "labels": self.labels.known,
            "paper": FIGURES,
            "drawn": self.names,
            "settled": SETTLED,
            "public": PUBLIC,
            "signs": MARKS,
            "verdicts": self._verdicts(),
            "identities": [claim.id for claim in self.claims.values() if claim.identity],
            "size": _size,
            "shape": _shape,
            "count_runs": self.build.models,
            "passage": passage,
            "handout": self.build.handout,
            "install": notebooks.install(),
        }
        methods = (
            self.again, self.badge, self.bibtex, self.card, self.cells, self.cite, self.claim, self.data, self.eq, self.figure,
            self.href, self.interval, self.ledger, self.locked, self.note, self.notebook, self.original, self.prose,
            self.published, self.ref, self.rows, self.source, self.tally, self.value, self.verdict, self.weights,
        )  # fmt: skip
        return FORMATS | variables | {method.__name__: method for method in methods}

    def href(self, target: str) -> str:
        """The address of `target`, given from the site's root, as seen from this page."""
        path, hash_, anchor = target.partition("#")
        return (relpath(path, dirname(self.page) or ".") if path != self.page or not hash_ else "") + hash_ + anchor

    def figure(self, name: str, caption: str = "", *, caller: Callable[[], str] | None = None) -> str:
        """Figure `name` with its number, caption, downloads and claims; the caption may be the body of a `{% call %}`."""
        record = self._figure(name)
        label = self.labels.add(name, "Figure", self.page, f"fig-{name}", record.about.title)
        text = (caller() if caller else caption).strip()
        return self.part("figure.html", self.functions() | {"record": record, "label": label, "caption": text})

    def value(self, name: str) -> str:
        """The number `figure.name`, linked to the page on how it was made."""
        figure, value = self._value(name)
        target = self.href(f"figures/{figure}.html#value-{name.partition('.')[2]}")
        return f'<a class="value" href="{target}" title="{self._origin(name, value)}">{value_text(value)}</a>'

    def interval(self, name: str) -> str:
        """The 95 % interval of the number `figure.name`, linked like the number.

        Raises:
            PageError: if the number is exact.
        """
        figure, value = self._value(name)
        if value.interval is None:
            raise PageError(f"{name} is exact, so it has no interval. Print it with value().")
        target = self.href(f"figures/{figure}.html#value-{name.partition('.')[2]}")
        text = interval_text(value.interval, value.digits)
        return f'<a class="value" href="{target}" title="{self._origin(name, value)}">{text}</a>'

    def verdict(self, id: str) -> str:
        """The verdict on claim `id`: a sign and the id, linked to the ledger; screen readers hear the verdict in a word."""
        claim = self._claim(id)
        inside = self.badge(claim.verdict, id)
        words = escape(f"{claim.text} {claim.verdict.capitalize()}: {claim.reason}")
        return f'<a class="badge" href="{self.href(f"claims.html#{id}")}" title="{words}">{inside}</a>'

    def badge(self, verdict: str, text: str = "") -> str:
        """A verdict as a coloured sign with its word, or with `text`; then the word is for screen readers alone."""
        sign = f'<span aria-hidden="true">{MARKS[verdict]}</span>'
        words = f'{text}<span class="hidden"> {verdict}</span>' if text else verdict
        return f'<span class="verdict verdict--{verdict.replace(" ", "-")}">{sign} {words}</span>'

    def tally(self, claims: Sequence[ClaimRecord]) -> str:
        """How many claims there are, and how many with each verdict."""
        counts = {kind: sum(claim.verdict == kind for claim in claims) for kind in MARKS}
        parts = [self.badge(kind, str(count)) for kind, count in counts.items() if count]
        return f"{len(claims)} {'claim' if len(claims) == 1 else 'claims'}: {' '.join(parts)}"

    def note(self, caller: Callable[[], str]) -> str:
        """A note beside the text, the body of a `{% call %}` in one paragraph; it belongs to the word before.

        The call ends with `{% endcall +%}`, for without the sign Jinja takes the end of the line, and so of the paragraph.
        """
        text = " ".join(caller().split())
        return f'<span class="note-mark" aria-hidden="true"></span><span class="note" role="note">{text}</span>'

    def original(self, heading: str, anchor: str = "") -> str:
        """The heading in the paper of what follows, linked to its place there, where the paper has a name for it."""
        address = self.source("elhage2022")["url"] + (f"#{anchor}" if anchor else "")
        return f'<p class="paper-title">In the paper: <a href="{address}">{escape(heading)}</a></p>'

    def notebook(self, name: str) -> str:
        """A line that leads to the notebook `name`, to read and to download.

        Raises:
            PageError: if there is none.
        """
        for book in self.build.handout.notebooks:
            if book.name == name:
                size = number_text(len(notebooks.notebook(book.script).encode()) / 1000)
                return self.part("notebook.html", self.functions() | {"book": book, "kilobytes": size})
        raise PageError(f"no notebook {name!r}; there are {', '.join(book.name for book in self.build.handout.notebooks)}.")

    def claim(self, id: str) -> str:
        """The verdict on claim `id` with its number."""
        claim = self._claim(id)
        number = number_text(claim.value, 3, claim.unit)
        target = self.href(f"claims.html#{id}")
        return f'{self.verdict(id)} <a class="value" href="{target}" title="{escape(claim.criterion)}">{number}</a>'

    def card(self, claim: ClaimRecord) -> str:
        """A claim as the ledger shows it."""
        return self.part("claim.html", self.functions() | {"claim": claim})

    def ledger(self) -> str:
        """All claims as JSON, with what their verdicts follow from, for a script that moves their ranges."""
        fields = ("id", "verdict", "value", "interval", "holds", "agrees", "unit")
        return json.dumps([[getattr(claim, name) for name in fields] for claim in self.claims.values()], separators=(",", ":"))

    def rows(self, id: str) -> str:
        """The details of claim `id` as a table; the reason where its models leave it undecided and the table empty.

        Raises:
            PageError: if the claim has none.
        """
        claim = self._claim(id)
        if claim.rows is not None and not claim.rows and claim.verdict == "undecided":
            return f'<p class="rows">There is no table. {escape(claim.reason)}</p>'
        if not claim.rows:
            raise PageError(f"claim {id} has no rows. Show it with claim().")
        return self.part("rows.html", self.functions() | {"table": claim.rows})

    def prose(self, text: str) -> str:
        """Plain text of a figure's module as HTML; a figure's label, such as F9, becomes a link to it."""

        def link(match: re.Match[str]) -> str:
            name = self.names.get(match[0], "")
            return self.ref(name) if name in self.labels.known else match[0]

        return re.sub(r"\bF\d+\b", link, prose(text))

    def eq(self, name: str, tex: str = "", *, caller: Callable[[], str] | None = None) -> str:
        """A numbered equation; its TeX may be the body of a `{% call %}`."""
        tex = (caller() if caller else tex).strip()
        label = self.labels.add(name, "Equation", self.page, f"eq-{name}", tex)
        return self.part("equation.html", {"label": label})

    def ref(self, name: str) -> str:
        """A link to a figure or an equation by its number.

        Raises:
            PageError: if no page shows it.
        """
        label = self.labels.known.get(name)
        if label is None and not self.labels.final:
            return ""
        if label is None:
            raise PageError(f"no label {name!r}; there are {', '.join(sorted(self.labels.known))}.")
        target = self.href(f"{label.page}#{label.anchor}")
        if label.kind == "Equation":
            tex = escape(" ".join(label.text.split()))
            return f'<a class="ref" href="{target}" data-tex="{tex}">Equation&nbsp;({label.number})</a>'
        picture = self.href(f"figures/{name}")
        return (
            f'<a class="ref" href="{target}" title="{escape(label.text)}" data-picture="{picture}">Figure&nbsp;{label.number}</a>'
        )

    def cite(self, key: str) -> str:
        """A footnote with the entry `key` of the bibliography."""
        self._reference(key)
        if key not in self.cited:
            self.cited.append(key)
        return f"[^{key}]"

    def data(self, figure: str, array: str, digits: int | None = None) -> Any:
        """The numbers of an array of a figure's data, as nested lists, rounded to so many digits after the point.

        Raises:
            PageError: if the figure has no such array.
        """
        arrays = self._arrays(figure)
        if array not in arrays:
            raise PageError(f"no array {array!r} in the data of {figure}; there are {', '.join(arrays)}.")
        return arrays[array]["data"] if digits is None else _rounded(arrays[array]["data"], digits)

    def cells(self, figure: str) -> dict[str, Any]:
        """The map of a phase diagram, cell by cell, for a script that trains the models of a cell again."""
        return packed(self._arrays(figure), self._figure(figure).sweeps[0])

    def published(self, sweep: SweepRecord) -> str:
        """The content digests of a sweep's runs as JSON, by density and seed, for a script that trains them again."""
        digests: dict[str, dict[int, str]] = {}
        for run in sweep.runs:
            digests.setdefault(density_text(run.density), {})[run.seed] = run.content_digest
        return json.dumps(digests, separators=(",", ":"))

    def weights(self, sweep: SweepRecord) -> str:
        """A link to the trained models of a sweep with their size, or why there is none."""
        owner = self.build.owners[sweep.key]
        if owner.weights is None:
            return "The models are too many for this site; a build keeps them."
        address = self.href(f"figures/{owner.figure}/{owner.file}")
        size = owner.weights.stat().st_size / 1e6
        return f'<a href="{address}" download="{owner.file}">trained models, safetensors, {number_text(size)} MB</a>'

    def again(self, sweep: SweepRecord) -> str:
        """The runs of a sweep that its page offers to train again, as JSON."""
        return json.dumps([one.row() for one in sweep.again], separators=(",", ":"))

    def source(self, key: str) -> Mapping[str, str]:
        """The fields of the entry `key` of the bibliography."""
        return self._reference(key).fields

    def locked(self, sweep: SweepRecord) -> str:
        """How the results of `sweep` compare with the lock: "matches", "differs" or "not listed"."""
        for line in self.build.lock:
            if (line.name, line.spec_digest, line.engine) == (f"{sweep.figure}/{sweep.name}", sweep.spec_digest, sweep.engine):
                return "matches" if line.results_digest == sweep.results_digest else "differs"
        return "not listed"

    def bibtex(self, key: str) -> str:
        """The entry `key` of the bibliography as BibTeX."""
        return self._reference(key).bibtex

    def _reference(self, key: str) -> Entry:
        if key not in self.bibliography:
            raise PageError(f"no reference {key!r}; there are {', '.join(sorted(self.bibliography))}.")
        return self.bibliography[key]

    def _arrays(self, figure: str) -> Mapping[str, Any]:
        if figure not in self.arrays:
            self.arrays[figure] = json.loads((self._figure(figure).folder / "data.json").read_text("utf-8"))["arrays"]
        return self.arrays[figure]

    def _figure(self, name: str) -> FigureRecord:
        for record in self.build.figures:
            if record.name == name:
                return record
        raise PageError(f"no figure {name!r}; there are {', '.join(f.name for f in self.build.figures)}.")

    def _value(self, name: str) -> tuple[str, Value]:
        figure, _, short = name.partition(".")
        values = self._figure(figure).values
        if short not in values:
            names = ", ".join(f"{figure}.{value}" for value in values)
            raise PageError(f"no value {name!r}; {f'there are {names}' if names else 'the figure has none'}.")
        return figure, values[short]

    def _claim(self, id: str) -> ClaimRecord:
        if id not in self.claims:
            raise PageError(f"no claim {id!r}; there are {', '.join(self.claims)}.")
        return self.claims[id]

    def _verdicts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        return {kind: sum(claim.verdict == kind for claim in self.claims.values()) for kind in MARKS}

    def _origin(self, name: str, value: Value) -> str:
        """The tooltip of a number."""
        spread = f", 95 % interval {interval_text(value.interval, value.digits)}" if value.interval else ""
        return escape(f"{name} = {value.value:.6g}{spread}; follow the link to see what made it")


def _pixels(figure: FigureRecord | Cell) -> tuple[int, int]:
    """Width and height of a picture in pixels; zeros where it does not say."""
    head = (figure.picture if isinstance(figure, Cell) else (figure.folder / "light.svg").read_text("utf-8"))[:2000]
    box = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', head)
    return (round(float(box[1]) * 4 / 3), round(float(box[2]) * 4 / 3)) if box else (0, 0)


def _size(figure: FigureRecord | Cell) -> str:
    """Width and height of a picture as attributes, so that a page does not move when it loads."""
    width, height = _pixels(figure)
    return f' width="{width}" height="{height}"' if width else ""


def _shape(figure: FigureRecord | Cell) -> str:
    """The size of a picture as properties of its frame: the width that is shown, the least one, and width over height."""
    width, height = _pixels(figure)
    if not width:
        return ""
    shown, least = (round(_WIDER * width), _LEAST) if width > _LEAST else (width, 0)
    return f' style="--shown: {shown}px; --least: {least}px; --shape: {width / height:.3f}"'


def _rounded(values: Any, digits: int) -> Any:
    if isinstance(values, list):
        return [_rounded(value, digits) for value in values]
    return round(values, digits) if isinstance(values, float) else values


def passage(file: str, name: str) -> str:
    """The part of `file`, a path from the project's root, between the comments `begin: NAME` and `end: NAME`.

    Raises:
        PageError: if the file has no such part.
    """
    text = (ROOT / file).read_text("utf-8")
    found = re.search(rf"<!-- begin: {name} -->\n(.*?)<!-- end: {name} -->", text, re.DOTALL)
    if not found:
        raise PageError(f"a passage of a file stands between the comments begin and end; {file} has none named {name!r}.")
    return found[1]
