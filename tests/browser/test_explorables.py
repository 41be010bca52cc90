"""The explorables as a reader uses them: by keyboard and pointer, from a disk and over the web, with and without motion."""

import re

import numpy as np
import pytest
from scipy.optimize import minimize

from sup.linear_loss import linear_terms
from sup.polytopes import polygon
from sup.sparse_loss import one_sparse_terms
from tests.browser.conftest import Watch
from tests.report import fakes

PENTAGON = "#explore-pentagon"
TRAINED = f"document.querySelector('{PENTAGON} [data-part=digest]').textContent.length === 64"


def part(page, name):
    return page.locator(f"{PENTAGON} [data-part={name}]")


def finished(page):
    """Waits for the end of a training, and returns the digest and the verdict."""
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


def test_explorables_are_small(site):
    scripts = [path.read_text("utf-8") for path in (site / "assets/explore").glob("*.js")]
    assert len(scripts) >= 14 and sum(map(len, scripts)) < 60_000
    assert not [script for script in scripts if re.search("^ *//", script, re.MULTILINE)]


def test_settings_change_with_the_keyboard_and_stay_in_the_address(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/index.html")
    finished(page)
    density = page.get_by_label("Density of the features")
    density.focus()
    page.keyboard.press("ArrowLeft")
    assert density.get_attribute("aria-valuetext") == "0.15"
    page.wait_for_function("location.hash.includes('density=5')")
    assert part(page, "digest").inner_text() == ""  # the digest belonged to other settings
    assert "density=5" in page.url and f"seed={fakes.DRAWN}" in page.url
    part(page, "train").press("Enter")
    digest, said = finished(page)
    assert said == "No published run has these settings; the Python package gives the same digest."
    page.reload()
    assert density.get_attribute("aria-valuetext") == "0.15"
    assert finished(page)[0] == digest
    part(page, "reset").click()
    assert density.get_attribute("aria-valuetext") == "0.1"


def test_nothing_moves_for_readers_who_want_no_motion(addresses, open_page):
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{addresses['file']}/index.html")
    page.wait_for_timeout(500)
    assert part(page, "train").inner_text() == "Train" and part(page, "step").inner_text() == "—"
    length = "({x2, y2}) => Math.hypot(x2.baseVal.value, y2.baseVal.value)"
    ends = page.eval_on_selector_all(f"{PENTAGON} line", f"lines => lines.map({length})")
    W = fakes.ARRAYS["intro"]["W"]["data"][-1]
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


ARRANGE = "#explore-arrange"
ARRANGEMENT = np.array([[0.0, 1.1, 0.7, -0.65, -1.05], [1.2, 0.3, -0.9, -0.95, 0.45]])


@pytest.mark.parametrize(("relu", "bias"), [(0, -0.1), (1, 0.0), (1, -0.28)])
def test_the_terms_of_an_arrangement_are_those_of_the_library(open_explorable, relu, bias):
    w = "+".join(f"{x:.3f}" for x in ARRANGEMENT.T.ravel())
    _, _, part = open_explorable("demonstrating", ARRANGE, f"w={w}&count=5&relu={relu}&bias={bias}")
    shown = [float(part(name).inner_text()) for name in ("benefit", "interference", "total")]
    W, importance = ARRANGEMENT[None], np.ones(5)
    terms = one_sparse_terms(W, np.full((1, 5), bias), importance) if relu else linear_terms(W, importance)
    assert shown == pytest.approx([terms.benefit[0], terms.interference[0], terms.total[0]], abs=6e-5)


def test_an_arrangement_relaxes_to_the_pentagon_of_the_page(addresses, open_page):
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{addresses['file']}/demonstrating.html")
    relax = page.locator(f"{ARRANGE} [data-part=relax]")
    relax.press("Enter")
    page.wait_for_function("document.querySelector('#explore-arrange [data-part=relax]').textContent === 'Relax'")
    pentagon = polygon(5)[None]

    def loss(length_and_bias):
        length, bias = length_and_bias
        return one_sparse_terms(length * pentagon, np.full((1, 5), bias), np.ones(5)).total[0]

    exact = minimize(loss, [1.0, -0.1], method="Nelder-Mead")
    assert float(page.locator(f"{ARRANGE} [data-part=total]").inner_text()) == pytest.approx(exact.fun, abs=2e-4)


def test_relaxing_ends_lower_and_never_leaves_the_picture(open_explorable):
    page, _, part = open_explorable("demonstrating", ARRANGE, "count=4&relu=1&bias=-0.1&w=" + "+".join(["1.4"] * 8))
    page.emulate_media(reduced_motion="reduce")
    loss = part("total")
    before = float(loss.inner_text())
    part("relax").press("Enter")
    page.wait_for_function("document.querySelector('#explore-arrange [data-part=relax]').textContent === 'Relax'")
    assert float(loss.inner_text()) < before
    lengths = page.locator(f"{ARRANGE} [role=slider]:visible").evaluate_all(
        "all => all.map((one) => one.ariaValueText.split(' ').pop())"
    )
    assert len(lengths) == 4 and all(float(length) <= 2 for length in lengths)


@pytest.mark.parametrize("seed", ["-1", "1.5", "", "many"])
def test_an_address_with_a_wrong_seed_trains_the_usual_one(addresses, open_page, published, seed):
    page = open_page()
    page.goto(f"{addresses['file']}/index.html#density=6&decay=0.9&seed={seed}")
    assert finished(page)[0] == published


def test_another_address_gives_another_arrangement_and_an_anchor_changes_nothing(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/demonstrating.html#count=2&relu=1&bias=0&w=1+0+-1+0")
    loss = page.locator(f"{ARRANGE} [data-part=total]")
    assert loss.inner_text() == "0.0000"
    page.evaluate("location.hash = '#count=2&relu=1&bias=0&w=1+0+0+0'")
    page.wait_for_function(f"document.querySelector('{ARRANGE} [data-part=total]').textContent === '0.3333'")
    page.evaluate("location.hash = '#eq-loss'")
    assert loss.inner_text() == "0.3333"


def test_an_arrow_moves_by_keyboard_and_by_pointer(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/demonstrating.html")
    arrow = page.get_by_role("slider", name="Feature 2")
    before = float(arrow.get_attribute("aria-valuenow"))
    arrow.press("ArrowRight")
    assert float(arrow.get_attribute("aria-valuenow")) == before + 2
    arrow.press("ArrowUp")
    assert arrow.get_attribute("aria-valuetext") == f"{before + 2:.0f} degrees, length 1.02"
    plane = page.locator(f"{ARRANGE} [data-part=arrows]")
    plane.evaluate("element => element.scrollIntoView({block: 'center'})")
    box, tip = plane.bounding_box(), arrow.locator("circle").bounding_box()
    page.mouse.move(tip["x"] + tip["width"] / 2, tip["y"] + tip["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (0.5 - 0.5 / 3), steps=4)
    page.mouse.up()
    assert arrow.get_attribute("aria-valuetext") == "90 degrees, length 0.50"
    page.wait_for_function("location.hash.includes('w=')")


def test_a_pentagon_is_stretched_by_keyboard_and_says_which_arrangement_it_is(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/non-uniform.html")
    root = page.locator("#explore-stretch")
    setting = root.get_by_label("The varied feature")
    assert setting.get_attribute("aria-valuetext") == "1.00 times as dense"
    assert [root.locator(f"[data-part={name}]").inner_text() for name in ("arrangement", "pentagon", "square")] == [
        "pentagon",
        "0.004000",
        "0.005000",
    ]
    setting.press("ArrowLeft")
    assert root.locator("[data-part=arrangement]").inner_text() == "two antipodal pairs"
    assert root.locator("[data-part=pentagon]").inner_text() == "none there"
    ends = root.locator("[data-part=arrows] line").evaluate_all(
        "lines => lines.map(({x2, y2}) => [x2.baseVal.value, -y2.baseVal.value])"
    )
    np.testing.assert_allclose(np.array(ends).T, fakes.ARRAYS["deformed_pentagon"]["density_W"]["data"][0][0], atol=1e-6)
    root.locator("[data-part=play]").press("Enter")
    page.wait_for_function("document.querySelector('#explore-stretch [name=setting]').value === '2'")


def test_the_octahedron_has_three_opposite_pairs_from_every_side(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/learning-dynamics.html")
    root = page.locator("#explore-octahedron")
    assert [root.locator(f"[data-part={name}]").inner_text() for name in ("stage", "loss", "opposite")] == ["D", "0.0500", "3"]
    picture = root.locator("[data-part=space]")
    picture.evaluate("element => element.scrollIntoView({block: 'center'})")
    box = picture.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 130, steps=3)
    page.mouse.up()
    page.wait_for_function("location.hash.includes('turn=55') && location.hash.includes('tilt=35')")
    ends = root.locator("circle").evaluate_all("dots => dots.map(({cx, cy}) => [cx.baseVal.value, -cy.baseVal.value])")
    c, s, u, v = np.cos(np.radians(55)), np.sin(np.radians(55)), np.cos(np.radians(35)), np.sin(np.radians(35))
    x, y, z = np.array(fakes.ARRAYS["octahedron"]["W"]["data"][-1])
    np.testing.assert_allclose(np.array(ends).T, [c * x + s * y, u * z + v * (c * y - s * x)], atol=1e-6)
    root.get_by_label("Training").press("Home")
    assert root.locator("[data-part=stage]").inner_text() == "C"
