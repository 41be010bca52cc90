"""The bibliography: entries of a BibTeX file, as footnotes and as BibTeX."""

import re
from collections.abc import Mapping
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
        fields: What the file says of it, such as `title`, `year` and `url`, and `authors`, all names in a row.
    """

    line: str
    bibtex: str
    fields: Mapping[str, str]


Bibliography: TypeAlias = dict[str, Entry]


def load(path: Path) -> Bibliography:
    """The entries of the BibTeX file at `path`, by key."""
    from pybtex.database.input.bibtex import Parser  # pybtex.database would look for plugins

    text = path.read_text("utf-8")
    sources = {
        source.partition("{")[2].partition(",")[0]: source.strip() for source in re.split(r"^(?=@)", text, flags=re.M) if source
    }
    return {
        key: Entry(_line(entry), sources[key], {**entry.fields, "authors": ", ".join(_people(entry))})
        for key, entry in Parser().parse_string(text).entries.items()
    }


def _people(entry: Any) -> list[str]:
    return [
        " ".join([*person.first_names, *person.middle_names, *person.prelast_names, *person.last_names])
        for person in entry.persons["author"]
    ]


def _line(entry: Any) -> str:
    fields, people = entry.fields, _people(entry)
    shown = [f"{people[0]} and others"] if len(people) > _SHOWN else [", ".join(people[:-1]), people[-1]]
    authors = " and ".join(filter(None, shown))
    title = f"[{fields['title']}]({fields['url']})" if "url" in fields else fields["title"]
    where = fields.get("journal") or fields.get("booktitle") or ""
    line = f"{authors} ({fields['year']}). {title}." + (f" *{where}*." if where else "")
    return line.replace("{", "").replace("}", "")
