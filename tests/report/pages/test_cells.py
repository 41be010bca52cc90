"""The cells of a phase diagram as a page holds them: each with its own models, and only some cells of a fine map."""

from dataclasses import replace

from figures.shared.phases import RECIPE
from report.pages import cells
from sup.saved import results_digest
from tests.report import fakes


def made():
    return fakes.ARRAYS["phase_two"], replace(fakes.sweep("phase_two", "models"), runs=fakes.map_of(["a", "b"]))


def test_each_cell_has_its_outcomes_and_the_digest_of_its_own_models():
    arrays, sweep = made()
    packed = cells.packed(arrays, sweep)
    assert (packed["best"], packed["ended"], packed["every"]) == ("221221021", "101010" + "000000" + "020202", 1)
    middle = packed["digests"][4 * cells.SHORT : 5 * cells.SHORT]
    assert results_digest(["a", "b"]).startswith(middle) and packed["digests"].count(middle) == 1
    last = packed["digests"][-cells.SHORT :]
    assert results_digest(run.content_digest for run in sweep.runs[-fakes.FITS :]).startswith(last)


def test_the_recipe_is_that_of_the_models():
    packed = cells.packed(*made())
    assert replace(RECIPE, steps=fakes.STEPS) == type(RECIPE)(**packed["recipe"])
    assert "weight_decay" not in packed["recipe"]


def test_only_some_cells_of_a_fine_map_are_offered(monkeypatch):
    monkeypatch.setattr(cells, "MOST", 1)
    arrays, sweep = made()
    packed = cells.packed(arrays, sweep)
    assert (packed["every"], packed["best"], packed["ended"]) == (3, "2", "00")
    assert packed["density"] == arrays["density"]["data"][1:2] and results_digest(["a", "b"]).startswith(packed["digests"])
