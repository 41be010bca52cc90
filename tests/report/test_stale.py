"""Over the real modules: a change of one reaches exactly the digests of what imports it, however far away."""

import shutil
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import figures
from report import ROOT
from report.code import Sources
from report.engines import ENTRIES
from tests.report.reach import reached

ROOMS = ("sup", "figures", "report")
MODULES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
ROOTS = [*ENTRIES.values(), *map(figures.home, figures.NAMES), "report.draw", "report.play"]
"""The modules at which the digests of engines, figures and notebooks start."""

CHANGES = {
    "a constant": (True, lambda text: text + "\nSTALE = 1\n"),
    "a comment": (False, lambda text: f"# why\n{text}\n# the end\n"),
    "blank lines": (False, lambda text: text.replace("\n\n\n", "\n\n\n\n")),
    "a function in a function": (
        True,
        lambda text: text + "\n\ndef stale():\n    def inner():\n        return 1\n    return inner\n",
    ),
    "another import": (True, lambda text: text + "\nimport math as stale\n"),
}


def name_of(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def closures():
    """What each root reaches, by the twin."""
    return {root: reached(ROOT, root) for root in ROOTS}


@cache
def digests():
    sources = Sources(ROOT)
    return {root: sources.digest(root) for root in ROOTS}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the sources."""
    folder = tmp_path_factory.mktemp("copy")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("root", ROOTS)
def test_a_module_reaches_what_its_text_imports(root):
    assert set(Sources(ROOT).reachable(root)) == closures()[root]


@settings(max_examples=30)
@given(st.sampled_from(MODULES), st.sampled_from(sorted(CHANGES)))
def test_a_change_reaches_exactly_what_imports_it(copy, path, what):
    text, (changes, change) = (copy / path).read_text(), CHANGES[what]
    (copy / path).write_text(change(text))
    try:
        sources = Sources(copy)
        changed = {root for root in ROOTS if sources.digest(root) != digests()[root]}
    finally:
        (copy / path).write_text(text)
    assert changed == {root for root in ROOTS if changes and name_of(path) in closures()[root]}
