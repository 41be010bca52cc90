"""The index of the site's search, so that the id of a claim leads to its card."""

import json
import re
from pathlib import Path

_CARD = re.compile(r"claims\.html#C(\d*)(-\w+)?")
_SCRIPT = "var __index = {}"  # for pages opened from a disk


def rank(site: Path) -> None:
    """Raises the cards of claims in the index of `site`.

    The search takes a word for the beginning of words, so C9 finds C90 as well: the shorter id is raised more. It takes C9-N for
    two words, and finds C9 by the first: that is raised more, but by less than the second word weighs.
    """
    index = json.loads((site / "search/search_index.json").read_text("utf-8"))
    for entry in index["docs"]:
        if card := _CARD.fullmatch(entry["location"]):
            digits, suffix = card.groups()
            entry["boost"] = (2 if len(digits) > 1 else 4) * (0.9 if suffix else 1)
        entry["text"] = re.sub(r"\\[()]", "", entry["text"])  # what is left of a formula reads better without its brackets
    text = json.dumps(index, separators=(",", ":"), ensure_ascii=False)
    (site / "search/search_index.json").write_text(text, "utf-8")
    (site / "search/search_index.js").write_text(_SCRIPT.format(text), "utf-8")
