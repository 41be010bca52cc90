"""Notebooks find what they say, could fail to find it, and have the same bytes every time."""

import json
import re

import numpy as np
import pytest

import sup
from report.notebook import cells, scripts
from report.pages.notebooks import main, notebook
from report.play import play

SCRIPTS = scripts()
OF_SECTIONS = [script for script in SCRIPTS if script.stem != "first_steps"]
NAMES = [script.stem for script in SCRIPTS]
PRINTED = {
    "first_steps": "density 0.05: norms",
    "demonstrating": "relu-output: [2, ",
    "phase_change": "theory and trained models agree in",
    "geometry": "the share farthest from one half: 0.",
    "non_uniform": "anticorrelated: cosines within the sets [-1. -1.]",
    "learning_dynamics": "and by 54% in the jump",
    "adversarial": "features per dimension, vulnerability",
    "privileged_basis": "code: 5 dedicated",
    "computation": "neurons with several features",
    "strategic": "in superposition, loss",
    "appendix": "of the error of the trained models",
}


def by_name(path):
    return path.stem


def test_every_notebook_is_known_by_what_it_prints():
    assert set(PRINTED) == set(NAMES)


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_a_notebook_finds_prints_and_draws(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    played = play(script.read_text(encoding="utf-8"))
    assert PRINTED[script.stem] in "".join(cell.printed for cell in played)
    assert [number for number, cell in enumerate(played) if cell.picture] == [len(played) - 2]
    assert played[-2].picture.startswith("<?xml") and "<svg" in played[-2].picture
    assert list(tmp_path.iterdir()) == []


def untrained(runs, snapshots=()):
    """What `sup.train` returns, but for models as they were before training."""
    scale = 1.0 if runs[0].recipe.init_scale > 0.1 else runs[0].recipe.init_scale  # some features look represented by chance
    start = TRAIN([sup.vary(run, steps=1, learning_rate=1e-12, init_scale=scale) for run in runs], (0,))
    names = {name.removeprefix("snapshot_") for name in start if name.startswith("snapshot_")} - {"loss"}
    arrays = {name: start[f"snapshot_{name}"][:, 0] for name in names} | {"final_loss": start["final_loss"]}
    return arrays | {name: np.repeat(start[name], len(snapshots), axis=1) for name in start if name.startswith("snapshot_")}


TRAIN = sup.train


@pytest.mark.parametrize("script", OF_SECTIONS, ids=by_name)
def test_what_a_notebook_finds_could_be_false(script, monkeypatch):
    """On models without training the notebook stops at its only assertion."""
    text = script.read_text(encoding="utf-8")
    assert len(re.findall(r"^assert ", text, re.MULTILINE)) == 1
    monkeypatch.setattr(sup, "train", untrained)
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        play(text)


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_a_notebook_imports_only_what_is_packaged_and_has_exercises(script):
    text = script.read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    assert imported <= {"sup", "numpy", "matplotlib"} and "**Try this.**" in cells(text)[-1].source
    assert set(re.findall(r"\bsup\.(\w+)", text)) <= set(sup.__all__)


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_a_notebook_has_the_same_bytes_every_time_and_the_cells_of_its_script(script):
    text = script.read_text(encoding="utf-8")
    made = notebook(text)
    assert made == notebook.__wrapped__(text)
    book = json.loads(made)["cells"]
    assert [cell["id"] for cell in book] == [f"cell-{i}" for i in range(len(book))]
    shown = [(cell["cell_type"], "".join(cell["source"])) for cell in book]
    assert shown[:1] + shown[3:] == [(cell.kind, cell.source) for cell in cells(text)]
    assert "%matplotlib inline" in made and "# %matplotlib" not in made


def test_the_first_code_installs_the_package_where_it_is_missing():
    first = json.loads(notebook(SCRIPTS[0].read_text(encoding="utf-8")))["cells"][1:3]
    assert "In Colab, upload the wheel first" in "".join(first[0]["source"])
    lines = "".join(first[1]["source"]).splitlines()
    assert lines[2] == 'if find_spec("sup") is None:' and lines[-1] == "    %pip install --quiet --no-deps ./sup-*.whl"
    assert {"numba", "numpy", "jaxtyping", "safetensors", "scipy"} == set(re.findall(r'"([a-z]+)>=', lines[-2]))


def test_make_notebooks_writes_one_for_each_script(tmp_path, capsys):
    main(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(NAMES)
    assert set(capsys.readouterr().out.split()) == {str(path) for path in tmp_path.iterdir()}
