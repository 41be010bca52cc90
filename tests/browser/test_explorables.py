"""The explorables as a reader uses them: by keyboard and pointer, from a disk and over the web, with and without motion."""

import pytest

from tests.browser.conftest import Watch
from tests.report import fakes

PENTAGON = "#explore-pentagon"
TRAINED = f"document.querySelector('{PENTAGON} [data-part=digest]').textContent.length === 64"


def part(page, name):
    return page.locator(f"{PENTAGON} [data-part={name}]")


def finished(page):
    """Waits for the end of a training, and returns its digest and what is said of it."""
    page.wait_for_function(TRAINED, timeout=60_000)
    return part(page, "digest").inner_text(), part(page, "verdict").inner_text()


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_model_trained_in_the_browser_has_the_published_digest(addresses, open_page, published, way):
    watch = Watch()
    page = open_page(watch)
    page.goto(f"{addresses[way]}/index.html")
    assert finished(page) == (published, "✓ the published run, bit for bit")
    assert part(page, "step").inner_text() == f"{fakes.STEPS} of {fakes.STEPS}"
    assert watch.problems == []
    assert [url for url in watch.requests if not url.startswith((addresses[way], "data:", "blob:"))] == []


def test_settings_change_with_the_keyboard_and_stay_in_the_address(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/index.html")
    finished(page)
    density = page.get_by_label("Density of the features")
    density.focus()
    page.keyboard.press("ArrowLeft")
    assert density.get_attribute("aria-valuetext") == "0.15"
    assert "density=5" in page.url and f"seed={fakes.DRAWN}" in page.url
    part(page, "train").press("Enter")
    digest, said = finished(page)
    assert said == "No published run has these settings; the Python package gives the same digest."
    page.reload()
    assert density.get_attribute("aria-valuetext") == "0.15"
    assert finished(page)[0] == digest
    part(page, "reset").click()
    assert density.get_attribute("aria-valuetext") == "0.1"


def test_nothing_moves_for_those_who_want_no_motion(addresses, open_page):
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{addresses['file']}/index.html")
    page.wait_for_timeout(500)
    assert part(page, "train").inner_text() == "Train" and part(page, "step").inner_text() == "—"
    length = "({x2, y2}) => Math.hypot(x2.baseVal.value, y2.baseVal.value)"
    ends = page.eval_on_selector_all(f"{PENTAGON} line", f"lines => lines.map({length})")
    W = fakes.INTRO["W"]["data"][-1]
    assert ends == pytest.approx([(x * x + y * y) ** 0.5 for x, y in zip(*W, strict=True)], abs=1e-6)


def test_the_copied_program_describes_the_run(addresses, open_page):
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{addresses['root']}/index.html#density=0&decay=1&seed=5")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    part(page, "copy").click()
    assert part(page, "copy").inner_text() == "Copied"
    program = page.evaluate("copied").replace("print(", "made = (run,)#")
    found = {}
    exec(program, found)
    run = found["run"]
    assert (run.seed, run.distribution.density, run.importance, run.recipe.steps) == (5, 1.0, (1.0,) * 5, fakes.STEPS)
