"""Notebooks and the wheel are made once, kept with their digests, and made again when damaged."""

import pytest

from report import handout, wheel
from report.code import Sources
from report.errors import PipelineError
from report.handout import Shelf
from report.notebook import scripts
from report.store.artifacts import Store

SMALL = "# %% [markdown]\n# # Small\n\n# %%\nprint(1 + 1)\n"
DRAWN = SMALL + "\n# %%\nfrom matplotlib.figure import Figure\n\ndrawing = Figure()\ndrawing.subplots().plot([1, 2])\ndrawing\n"


@pytest.fixture
def shelf(tmp_path):
    return Shelf(Store(tmp_path / "store", warn=(warnings := []).append), Sources()), warnings


def test_a_notebook_is_run_once_with_the_same_bytes_everywhere(shelf, tmp_path, monkeypatch):
    path = tmp_path / "small.py"
    path.write_text(DRAWN)
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    one = handout.run(path)
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    book = shelf[0].notebook(path)
    assert (book.name, book.title, [cell.printed for cell in book.cells]) == ("small", "Small", ["", "2\n", ""])
    assert "<svg" in book.cells[-1].picture and "<dc:date>" not in book.cells[-1].picture
    monkeypatch.setattr(handout, "run", lambda path: pytest.fail("it is in the store"))
    assert shelf[0].notebook(path) == book
    (kept,) = (tmp_path / "store/notebooks").iterdir()
    assert kept.read_bytes().partition(b"\n")[2] == one


def test_what_is_damaged_is_made_again(shelf, tmp_path):
    made = []

    def make():
        made.append(1)
        return b"bytes"

    assert shelf[0].kept("key", make) == shelf[0].kept("key", make) == b"bytes" and len(made) == 1
    (tmp_path / "store/notebooks/key").write_bytes(b"rubbish")
    assert shelf[0].kept("key", make) == b"bytes" and len(made) == 2
    assert "notebooks/key is damaged: its bytes differ" in shelf[1][0]


def test_a_notebook_that_fails_stops_the_build_and_is_not_kept(shelf, tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(SMALL + "\n# %%\nassert 1 > 2, 'one is small'\n")
    with pytest.raises(PipelineError, match=r"notebook wrong\.py fails: AssertionError: one is small\. Run it as a script"):
        shelf[0].notebook(path)
    assert not (tmp_path / "store/notebooks").exists()


def test_a_key_depends_on_the_script_and_the_code(shelf, tmp_path, monkeypatch):
    one = shelf[0]
    keys = one.keys()
    assert len(keys) == len(scripts()) + 1 and one.key(SMALL) != one.key(DRAWN)
    monkeypatch.setattr(Sources, "digest", lambda *_: "other code")
    assert one.keys() & keys == {wheel.key()}


def test_the_handout_has_all_notebooks_and_the_wheel(shelf, monkeypatch):
    monkeypatch.setattr(handout, "run", lambda path: b'[{"kind": "markdown", "source": "# Of %s"}]' % path.stem.encode())
    monkeypatch.setattr(wheel, "make", lambda: b"wheel")
    made = shelf[0].handout(2)
    assert [book.name for book in made.notebooks] == [path.stem for path in scripts()] and made.notebooks[0].name == "first_steps"
    assert made.notebooks[-1].title == "Of appendix" and made.wheel == (wheel.name(), b"wheel")
