"""The notebooks run as plain scripts, and are made with the same bytes every time."""

import json
import os
import subprocess
import sys

import pytest

from report import ROOT
from report.pages.notebooks import SOURCES, main, notebook

SCRIPTS = sorted(SOURCES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_a_script(script, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "density 0.05: norms" in run.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_has_the_same_bytes_every_time(script):
    text = script.read_text(encoding="utf-8")
    made = notebook(text)
    assert made == notebook(text)
    cells = json.loads(made)["cells"]
    assert [cell["id"] for cell in cells] == [f"cell-{i}" for i in range(len(cells))]
    assert {"code", "markdown"} == {cell["cell_type"] for cell in cells}
    assert "%matplotlib inline" in made and "# %matplotlib" not in made


def test_make_notebooks_writes_one_for_each_script(tmp_path, capsys):
    main(tmp_path)
    assert [path.stem for path in sorted(tmp_path.iterdir())] == [script.stem for script in SCRIPTS]
    assert capsys.readouterr().out.split() == [str(path) for path in sorted(tmp_path.iterdir())]
