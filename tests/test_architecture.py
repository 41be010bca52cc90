"""ARCHITECTURE.md tells the truth: its drawing, its names, its paths and its map are those of the code."""

import re
from importlib import import_module

import pytest

from tests import architecture, laws
from tests.architecture import PAGE, ROAD, ROOT

TEXT = PAGE.read_text(encoding="utf-8")
NAMES = re.findall(r"\b(?:sup|figures|report)(?:\.\w+)+", re.sub(r"`[^`\n]*\.(?:py|yml)`", "", TEXT))
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL))
MAP = re.findall(r"`([^`\n]+/)`", TEXT.partition("## Map\n")[2])


def resolve(name):
    """What a dotted name stands for: a module, or what a module holds."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value
    raise ModuleNotFoundError(name)


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


def test_its_drawing_is_that_of_the_code():
    assert architecture.rewritten(TEXT) == TEXT, "out of date; rewrite it with `.venv/bin/python -m tests.architecture`"


def test_its_drawing_shows_every_stage_and_every_room():
    drawing = architecture.drawing()
    assert all(f"<b>{stage}</b><br/>{name}" in drawing for stage, name in ROAD.items())
    assert all(f'"{room}/"' in drawing for room in ("sup/training/kernel", "figures/shared", "report/store", "report/pages"))


def test_its_arrows_go_one_way():
    rooms = list(laws.ROOMS)
    ends = [[rooms.index(end.split("/")[0]) for end in arrow] for arrow in architecture.arrows()]
    assert ends and all(source >= target for source, target in ends)


@pytest.mark.parametrize("name", sorted({*NAMES, *ROAD.values()}))
def test_its_names_resolve(name):
    assert resolve(name) is not None


def test_a_name_that_does_not_resolve_is_noticed():
    with pytest.raises(AttributeError):
        resolve("report.store.shards.slice")


def test_its_paths_exist():
    paths = [code for code in CODE if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", code) and ("/" in code or (ROOT / code).suffix)]
    paths = [path for path in paths if path not in NAMES]
    assert len(paths) > 30 and [path for path in paths if not (ROOT / path).exists()] == []


def test_its_map_names_every_folder_of_code():
    packages = [path.parent for room in laws.ROOMS for path in (ROOT / room).rglob("__init__.py")]
    assert {f"{folder.relative_to(ROOT).as_posix()}/" for folder in packages} - set(MAP) == set()
    assert {"templates/", "tests/", ".ci/"} <= set(MAP)
