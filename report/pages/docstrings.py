"""Examples in docstrings as the page of the library shows them: code, with its results."""

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Gives each section `Example` the name that griffe takes for a section of code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Renames the section in the docstring of `obj`."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"^Example:(?: (.+))?$", _section, obj.docstring.value, flags=re.MULTILINE)


def _section(match: re.Match[str]) -> str:
    return "Examples:" + (f"\n    {match[1]}\n" if match[1] else "")
