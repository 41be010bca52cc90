"""What `make bench` measured: kept with four digits, read back or refused, and shown on the Reproducibility page."""

import json
import re
from dataclasses import replace

import pytest

from report.errors import PipelineError
from report.pages import speed
from report.pages.render import write
from tests.report import fakes

MEASURED = fakes.SPEED


@pytest.fixture
def path(tmp_path):
    return tmp_path / "speed.json"


def test_what_is_written_is_read_with_four_digits(path):
    speed.write(MEASURED, path)
    measured = speed.read(path)
    assert measured.mean == 25.05 and measured.table[0]["cells"][0]["common"] == 152.8
    assert measured.table[1]["runs"] == 8 and measured.machine == MEASURED.machine


def test_without_a_file_there_are_no_measurements(path):
    assert speed.read(path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{",
            r"speed\.json holds what `make bench` measured; it cannot be read: .*\. Run `make bench`, or restore the file from",
        ),
        ("[]", r"its parts are machine, pairs, table, .*, memory; got \[\]\. Run `make bench`"),
        (json.dumps({"machine": {}}), r"its parts are machine, pairs, table, .*, memory; got machine\. Run `make bench`"),
    ],
)
def test_a_file_that_is_something_else_is_refused(path, text, message):
    path.write_text(text)
    with pytest.raises(PipelineError, match=message):
        speed.read(path)


def shown(tmp_path, **changes):
    write(replace(fakes.complete(tmp_path / "figures"), **changes), tmp_path / "docs")
    return (tmp_path / "docs/reproducibility.md").read_text()


def test_the_page_shows_every_ratio_and_the_machine(tmp_path):
    page = shown(tmp_path)
    assert "on one machine: Abacus &lt;9&gt; (beads), 2 cores" in page
    common, jax = re.findall(r"<tr><th scope=\"row\">absolute 100×40</th>.*</tr>", page)
    assert common.count("<td>38×<br><small>4.1\u202fµs</small></td>") == 2 and "<td>8</td>" in common
    assert jax.count("<td>13×<br><small>51\u202fµs</small></td>") == 2 and "<td>8</td>" in jax
    assert "geometric mean of all ratios is 25.0." in page and "geometric mean of these ratios is 12.6." in page
    assert "torch 2.13.0, numba 0.63.1 and JAX 0.10.2." in page
    memory = "261\u202fMB at most for 10\u202f000 models of 2×1"
    for part in ("1.96 times as fast with 2", "reaches 43\u202f%", "809\u202fµs each", "98\u202fs for the 35 kernels", memory):
        assert part in page, part


def without_jax(row):
    """The measurements `row` as in a file from before JAX was timed."""
    if isinstance(row, dict):
        return {key: without_jax(value) for key, value in row.items() if not key.startswith("jax")}
    return [without_jax(part) for part in row] if isinstance(row, list) else row


def test_measurements_from_before_jax_are_read_and_shown_without_it(path, tmp_path):
    old = without_jax(MEASURED.row())
    assert "jax" not in json.dumps(old)
    path.write_text(json.dumps(old))
    measured = speed.read(path)
    assert measured.jax_mean is None and measured.mean == MEASURED.mean
    page = shown(tmp_path, speed=measured).partition("## Speed")[2]
    assert "torch 2.13.0 and numba 0.63.1." in page and "JAX" not in page and "these ratios" not in page
    assert len(re.findall(r"<tr><th scope=\"row\">absolute 100×40</th>", page)) == 1


def test_jax_left_out_is_kept_as_null(path):
    speed.write(replace(MEASURED, jax_mean=None), path)
    assert json.loads(path.read_text())["jax_mean"] is None and speed.read(path).jax_mean is None


def test_a_page_without_measurements_says_nothing_about_speed(tmp_path):
    page = shown(tmp_path, speed=None)
    assert "## Speed" not in page and "## Systems and costs" in page
