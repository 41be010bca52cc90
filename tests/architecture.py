"""The drawing in ARCHITECTURE.md, made from the imports; `.venv/bin/python -m tests.architecture` writes it into the page."""

import ast
import re
from pathlib import Path

from tests import laws

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
START, END = "<!-- drawn by tests/architecture.py -->\n", "<!-- end -->\n"
SECTIONS = "figures/PAGE"
ROAD = {
    "run": "sup.specs.Run",
    "spec digest": "sup.canonical.spec_digest",
    "shard": "report.store.shards.cut",
    "key": "report.store.shards.set_key",
    "training": "sup.training.train",
    "artifact": "report.store.artifacts.Store.publish",
    "figure": "report.draw.files_of",
    "claim": "figures.base.judge",
    "page": "report.pages.render.write",
}
"""What a result passes through, in order, each with the function or class that makes it."""


def room_of(name):
    """The folder of the first-party module or object `name`, with the sections of figures/ as one; None for any other name."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        if parts[0] in laws.ROOMS and ((ROOT / f"{path}.py").is_file() or (ROOT / path / "__init__.py").is_file()):
            folder = path if (ROOT / path).is_dir() else path.rpartition("/")[0]
            return SECTIONS if re.fullmatch(r"figures/(?!shared)\w+", folder) else folder
    return None


def inside(room, other):
    """Whether `room` is `other` or lies inside it."""
    return f"{room}/".startswith(f"{other}/")


def arrows(root=ROOT):
    """Which rooms import which. An arrow of a room stands for the arrows of all rooms in it; imports within a room get none."""
    found = set()
    for path, tree in laws.modules(root):
        room = room_of(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        targets = {room_of(name) for node in ast.walk(tree) for name in laws.imported(node)} - {None}
        found |= {(room, target) for target in targets if not inside(room, target) and not inside(target, room)}
    return sorted(a for a in found if not any(a != b and inside(a[0], b[0]) and inside(a[1], b[1]) for b in found))


def word(name):
    """`name` as the id of a Mermaid node."""
    return re.sub(r"\W", "_", name)


def block(room, rooms):
    """The lines of a room: its rooms and its part of the road, or its name alone."""
    stages = [f'{word(stage)}["<b>{stage}</b><br/>{name}"]' for stage, name in ROAD.items() if room_of(name) == room]
    inner = [line for other in rooms if other.rpartition("/")[0] == room for line in block(other, rooms)]
    if not stages + inner:
        return [f'{word(room)}(["{room}/"])']
    return [f'subgraph {word(room)}["{room}/"]', *(f"  {line}" for line in inner + stages), "end"]


def drawing():
    """The drawing as a block of Markdown."""
    folders = {path.parent.relative_to(ROOT).as_posix() for top in laws.ROOMS for path in (ROOT / top).rglob("__init__.py")}
    rooms = sorted({room_of(folder.replace("/", ".")) for folder in folders})
    lines = ["flowchart TD", *(line for top in reversed(laws.ROOMS) for line in block(top, rooms))]
    imports = {a: " & ".join(word(target) for source, target in arrows() if source == a) for a, _ in arrows()}
    lines += [" ==> ".join(map(word, ROAD)), *(f"{word(a)} -.->|imports| {targets}" for a, targets in imports.items())]
    return "\n".join(["```mermaid", *lines, "```", ""])


def rewritten(text):
    """The page with an up-to-date drawing."""
    head, _, rest = text.partition(START)
    return f"{head}{START}{drawing()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
