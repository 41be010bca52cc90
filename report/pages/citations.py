"""The bibliography: entries of a BibTeX file, as footnotes and as BibTeX."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

_SHOWN = 3


@dataclass(frozen=True)
class Entry:
    """A publication.

    Attributes:
        line: Authors, year, title with its address, and where it appeared, as a line of Markdown.
        bibtex: Its entry in the file.
        url: Its address; empty if the file gives none.
    """

    line: str
    bibtex: str
    url: str = ""


Bibliography: TypeAlias = dict[str, Entry]


def load(path: Path) -> Bibliography:
    """The entries of the BibTeX file at `path`, by key."""
    from pybtex.database.input.bibtex import Parser  # pybtex.database would look for plugins

    text = path.read_text("utf-8")
    sources = {
        source.partition("{")[2].partition(",")[0]: source.strip() for source in re.split(r"^(?=@)", text, flags=re.M) if source
    }
    return {
        key: Entry(_line(entry), sources[key], entry.fields.get("url", ""))
        for key, entry in Parser().parse_string(text).entries.items()
    }


def _line(entry: Any) -> str:
    fields = entry.fields
    people = [
        " ".join([*person.first_names, *person.middle_names, *person.prelast_names, *person.last_names])
        for person in entry.persons["author"]
    ]
    shown = [f"{people[0]} and others"] if len(people) > _SHOWN else [", ".join(people[:-1]), people[-1]]
    authors = " and ".join(filter(None, shown))
    title = f"[{fields['title']}]({fields['url']})" if "url" in fields else fields["title"]
    where = fields.get("journal") or fields.get("booktitle") or ""
    line = f"{authors} ({fields['year']}). {title}." + (f" *{where}*." if where else "")
    return line.replace("{", "").replace("}", "")
