"""The phase map: its numbers are the library's, a cell is chosen by pointer and by keyboard, and its models are trained again."""

import hashlib

import numpy as np
import pytest

from figures.base import Size
from figures.shared import phases
from sup.phases import solution_losses
from sup.two_minima import minima
from tests.browser.conftest import Watch
from tests.report import fakes

MAP = "#explore-phasemap"
IMPORTANCE, DENSITY = phases.importances(fakes.GRID), phases.densities(fakes.GRID)


def visit(page, addresses, hash_="", way="file"):
    page.goto(f"{addresses[way]}/phase-change.html{hash_}")
    return page.locator(MAP)


def part(root, name):
    return root.locator(f"[data-part={name}]")


def finished(page, root):
    """Waits for the end of the trainings, and returns their verdict."""
    page.wait_for_function(f"document.querySelector('{MAP} [data-part=verdict]').textContent", timeout=60_000)
    return part(root, "verdict").inner_text()


@pytest.mark.parametrize("up", range(fakes.GRID))
def test_the_losses_of_a_cell_are_those_of_the_library(open_explorable, up):
    p = DENSITY[up]
    for across, r in enumerate(IMPORTANCE):
        _, root, _ = open_explorable("phase-change", MAP, f"across={across}&up={up}")
        said = [part(root, f"loss-{k}").inner_text() for k in range(4)]
        shown = [float(text.removesuffix(", the lowest")) for text in said]
        ideal, lowest = solution_losses(2, p, r), minima(np.array([p]), np.array([r]), biased=True)
        assert shown == pytest.approx([*ideal, lowest.loss[0, 0]], rel=6e-4)
        assert [text.endswith(", the lowest") for text in said] == [k == np.argmin(ideal) for k in range(3)] + [False]
        widths = [float(part(root, f"bar-{k}").evaluate("bar => parseFloat(bar.style.width)")) for k in range(4)]
        assert widths == pytest.approx(100 * np.array([*ideal, lowest.loss[0, 0]]) / max(ideal), rel=1e-3)
        w = [float(x) for x in part(root, "w").inner_text().replace("−", "-").strip("[]").split(", ")]
        assert w == pytest.approx(lowest.q[0, 0, :2], abs=0.0051)


def test_the_models_of_a_cell_are_trained_to_the_published_bits(addresses, open_page, cell):
    watch = Watch()
    page = open_page(watch)
    root = visit(page, addresses, "#across=1&up=1")
    assert part(root, "published").inner_text() == "2 superposed"
    part(root, "train").press("Enter")
    assert finished(page, root) == "✓ 2 of 2 the published runs, bit for bit"
    assert part(root, "digest").inner_text() == hashlib.sha256("".join(f"{one}\n" for one in cell).encode()).hexdigest()
    assert part(root, "here").inner_text().startswith("2 of 2: ") and part(root, "train").inner_text() == "Train 2"
    assert root.locator("[data-part=weights] circle").evaluate_all("all => all.map((one) => one.getAttribute('visibility'))") == [
        "visible"
    ] * (1 + fakes.FITS)
    assert watch.problems == []
    root.get_by_label("Density of both").press("ArrowUp")  # the result belongs to another cell
    assert part(root, "verdict").inner_text() == "" and part(root, "here").inner_text() == "—"


def test_bits_that_differ_from_the_published_ones_are_reported(addresses, open_page):
    page = open_page()
    root = visit(page, addresses, "#across=0&up=1", way="folder")
    part(root, "train").click()
    assert finished(page, root) == "✗ not the published runs; please report this browser"


def test_training_can_be_stopped(addresses, open_page):
    page = open_page()
    root = visit(page, addresses, "#across=1&up=1")
    said = part(root, "train").evaluate("(button) => [0, 1].map(() => (button.click(), button.textContent))")
    assert said == ["Stop", "Train 2"]
    page.wait_for_timeout(500)
    assert part(root, "verdict").inner_text() == "" and part(root, "here").inner_text() == "—"


def test_a_cell_is_chosen_by_keyboard_and_by_pointer(addresses, open_page):
    page = open_page()
    root = visit(page, addresses)
    importance, density = root.get_by_label("Importance of the extra feature"), root.get_by_label("Density of both")
    assert density.get_attribute("aria-valuetext") == "0.100"
    importance.press("End")
    density.press("ArrowDown")
    assert (importance.get_attribute("aria-valuetext"), density.get_attribute("aria-valuetext")) == ("4.64", "0.0215")
    assert part(root, "published").inner_text() == "1 not represented, 1 superposed"
    cells = root.locator("[data-part=map] image")
    cells.evaluate("element => element.scrollIntoView({block: 'center'})")
    box = cells.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    assert (importance.input_value(), density.input_value()) == ("1", "1")
    page.mouse.move(box["x"] + 5, box["y"] - 20, steps=3)  # beyond the edge, the outermost cell is chosen
    page.mouse.up()
    assert (importance.input_value(), density.input_value()) == ("0", "2")
    page.wait_for_function("location.hash.includes('across=0') && location.hash.includes('up=2')")
    part(root, "reset").click()
    assert (importance.input_value(), density.input_value()) == ("0", "1")


def test_the_copied_program_describes_the_models_of_the_cell(open_explorable):
    page, _, part = open_explorable("phase-change", MAP, "across=1&up=2")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    part("copy").click()
    found = {}
    exec(page.evaluate("copied"), found)
    size = Size(steps=fakes.STEPS, seeds=fakes.FITS, grid=fakes.GRID)
    first = (2 * fakes.GRID + 1) * fakes.FITS
    assert found["cell"].runs == phases.models(2, size).runs[first : first + fakes.FITS]


def test_the_map_has_the_colours_of_the_page(addresses, open_page):
    page = open_page(scheme="dark", width=360)
    root = visit(page, addresses)
    dark = root.locator("image").get_attribute("href")
    page.evaluate("document.body.dataset.mdColorScheme = 'default'")
    page.wait_for_function(f"document.querySelector('{MAP} image').getAttribute('href') !== {dark!r}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
