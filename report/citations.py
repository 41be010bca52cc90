"""The bibliography: entries of a BibTeX file as footnotes."""

from pathlib import Path
from typing import Any, TypeAlias

Bibliography: TypeAlias = dict[str, str]
_SHOWN = 3


def load(path: Path) -> Bibliography:
    """The entries of `path` by key, each as a line of Markdown: authors, year, title, where it appeared, with its address."""
    from pybtex.database.input.bibtex import Parser  # pybtex.database would look for plugins

    entries = Parser().parse_file(str(path)).entries
    return {key: _line(entry) for key, entry in entries.items()}


def _line(entry: Any) -> str:
    people = [" ".join([*person.first_names, *person.middle_names, *person.prelast_names, *person.last_names])
              for person in entry.persons["author"]]  # fmt: skip
    short = [f"{people[0]} and others"] if len(people) > _SHOWN else [", ".join(people[:-1]), people[-1]]
    authors = " and ".join(filter(None, short))
    fields = entry.fields
    where = fields.get("journal") or fields.get("booktitle") or fields.get("howpublished") or fields.get("publisher") or ""
    title = f"[{fields['title']}]({fields['url']})" if "url" in fields else fields["title"]
    line = f"{authors} ({fields['year']}). {title}." + (f" *{where}*." if where else "")
    return line.replace("{", "").replace("}", "")
