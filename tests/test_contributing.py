"""The figure in CONTRIBUTING.md is complete: it passes the linter, obeys the contract, trains and draws."""

import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import sup
from figures.base import About, Claim, Data, Size, judge, replicates
from figures.style import THEMES, picture
from report.pages.markup import PageError, passage
from sup.results import Trained
from tests.figures.models import plain

ROOT = Path(__file__).parents[1]
SOURCE = re.search(r"^```python\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def figure():
    """The example as a module."""
    module = types.ModuleType("more_features")
    exec(compile(SOURCE, "CONTRIBUTING.md", "exec"), module.__dict__)
    return module


@pytest.fixture(scope="module")
def data(figure):
    """What the example computes from models trained for 300 steps."""
    sweeps = figure.needs(Size(steps=300, seeds=2))
    return figure.reduce({name: Trained(s.runs, sup.train(s.runs)) for name, s in sweeps.items()})


def test_it_has_at_most_40_lines_of_code():
    assert sum(bool(line.strip()) for line in SOURCE.splitlines()) <= 40


@pytest.mark.parametrize("tool", ["ruff check --config pyproject.toml", "mypy"])
def test_it_passes_the_linter_and_the_type_checker(tool, tmp_path):
    program, *options = tool.split()
    file = tmp_path / "more_features.py"
    file.write_text(SOURCE, encoding="utf-8")
    run = subprocess.run([Path(sys.executable).with_name(program), *options, file], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_declares_what_it_is(figure):
    assert isinstance(figure.ABOUT, About) and all(isinstance(claim, Claim) for claim in figure.CLAIMS)
    sweeps = figure.needs(Size(steps=7, seeds=3))
    assert {run.recipe.steps for s in sweeps.values() for run in s.runs} == {7}
    assert {run.seed for s in sweeps.values() for run in s.runs} == set(replicates(3))


def test_it_computes_and_claims(figure, data):
    assert isinstance(data, Data)
    assert data["counts"].shape == (len(figure.DENSITIES), 2)
    assert data.values["most"].value == data["counts"].max()
    assert judge(figure.CLAIMS[0], data, decides=False).verdict == "undecided"
    known = plain(counts=[[2, 2, 2], [3, 3, 3], [4, 4, 4], [5, 5, 5]])
    assert judge(figure.CLAIMS[0], known, decides=True).verdict == "reproduced"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_it_draws_the_same_bytes_twice(figure, data, theme):
    first, second = (picture(figure.draw(data, theme), theme) for _ in range(2))
    assert first == second
    assert b"<svg" in first and len(first) > 5000


def test_its_template_asks_for_a_number_that_it_has(figure, data):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r'value\("more_features\.(\w+)"\)', text) == list(data.values)


def test_the_site_shows_it_whole_and_without_links():
    shown = passage("CONTRIBUTING.md", "own")
    assert SOURCE in shown and "make lock" in shown and "](" not in shown
    with pytest.raises(PageError, match=r"CONTRIBUTING\.md has none named 'missing'"):
        passage("CONTRIBUTING.md", "missing")
