"""The ball on the loss surface, against the library's exact loss and its minima, by keyboard and by pointer."""

import numpy as np
import pytest
from scipy.optimize import minimize

from sup.two_features import two_feature_loss
from sup.two_minima import minima

NAMES = ("the antipodal pair", "the mixture", "the first feature alone", "the second feature alone")


class Surface:
    """The explorable on a page whose address has these settings, once all basins are known."""

    def __init__(self, open_explorable, settings="", **view):
        self.page, self.root, _ = open_explorable("phase-change", "#explore-surface", settings, **view)
        self.page.emulate_media(reduced_motion="reduce")
        self.root.scroll_into_view_if_needed()

    def number(self, name):
        return float(self.root.locator(f"[data-part={name}]").inner_text())

    def verdict(self):
        return self.root.locator("[data-part=verdict]").inner_text()

    def rows(self):
        """The kinds of minima with their loss and share, lowest first, once the shares are known."""
        self.root.locator("[data-part=roll]").scroll_into_view_if_needed()
        known = "document.querySelector('#explore-surface td:last-child').textContent !== '…'"
        self.page.wait_for_function(known, timeout=60_000)
        texts = "rows => rows.map((row) => [...row.cells].map((one) => one.textContent))"
        cells = self.root.locator("tbody tr").evaluate_all(texts)
        return [(name[2:], float(loss), int(share[:-1])) for name, _, loss, share in cells]

    def end(self):
        """The weights at which the ball is drawn."""
        where = "ball => [ball.cx.baseVal.value, -ball.cy.baseVal.value]"
        return np.array(self.root.locator("circle.explore__dot--second").evaluate(where))


@pytest.mark.parametrize(
    ("p", "r", "biased", "x", "y"),
    [
        (0.3, 1.0, 0, 0.2, 1.3),
        (0.9, 0.25, 0, 1.1, -1.4),
        (1.0, 0.6, 0, -0.3, -0.1),
        (0.07, 0.4, 1, -0.8, 0.55),
        (0.5, 0.8, 1, 1.1, -1.4),
    ],
)
def test_the_loss_and_the_end_of_a_ball_are_those_of_the_library(open_explorable, p, r, biased, x, y):
    surface = Surface(open_explorable, f"sp={p}&sr={r}&sb={biased}&sx={x}&sy={y}")

    def loss(q):
        return float(two_feature_loss(np.array(q[:2]), np.array(q[2:] if biased else (0.0, 0.0)), p, r))

    best = minimize(lambda b: loss((x, y, *b)), (p / 2, p / 2), method="Nelder-Mead").fun if biased else loss((x, y))
    assert surface.number("start") == pytest.approx(best, rel=1e-3)
    end = surface.end()
    fine = {"xatol": 1e-7, "fatol": 1e-13, "maxiter": 4000}
    found = minimize(loss, (*end, *[p / 2 * (1 - min(1, abs(w))) for w in end] * biased), method="Nelder-Mead", options=fine)
    assert surface.number("end") == pytest.approx(found.fun, rel=1e-3)
    np.testing.assert_allclose(end, found.x[:2], atol=2e-3)


@pytest.mark.parametrize(("p", "r", "biased"), [(0.3, 1.0, 0), (0.7, 0.3, 0), (0.3, 0.8, 1)])
def test_the_minima_are_those_of_the_library_and_their_basins_fill_the_picture(open_explorable, p, r, biased):
    surface = Surface(open_explorable, f"sp={p}&sr={r}&sb={biased}&sx=0.2&sy=1.3")
    rows = surface.rows()
    exact = minima(np.array([p]), np.array([r]), biased=bool(biased))
    assert [loss for _, loss, _ in rows] == pytest.approx(exact.loss[0, exact.distinct[0]].tolist(), rel=1e-3)
    assert all(name in NAMES for name, _, _ in rows)
    assert sum(share for _, _, share in rows) == pytest.approx(100, abs=len(rows) - 1)
    lowest = surface.number("end") == pytest.approx(rows[0][1], rel=1e-3)
    assert ("That is the lowest" in surface.verdict() or "no other" in surface.verdict()) == lowest


def test_a_ball_starts_by_keyboard_and_by_tapping_and_the_basin_is_that_of_its_end(open_explorable):
    surface = Surface(open_explorable, width=360)
    page, root = surface.page, surface.root
    said = surface.verdict()
    assert said.startswith("The ball ends in the mixture") and "The lowest minimum is the antipodal pair" in said
    assert [name for name, _, _ in surface.rows()] == ["the antipodal pair", "the mixture"]
    shaded = root.locator("path.explore__basin")
    mixture = shaded.get_attribute("d")
    start = root.get_by_label("First weight at the start")
    start.focus()
    start.press("Home")
    assert start.get_attribute("aria-valuetext") == "-1.50"
    assert surface.verdict() == "The ball ends in the antipodal pair, W = (−1.02, 1.02). That is the lowest minimum."
    assert shaded.get_attribute("d") != mixture
    page.wait_for_function("location.hash.includes('sx=-1.5')")
    picture = root.locator("[data-part=surface]")
    picture.evaluate("element => element.scrollIntoView({block: 'center'})")
    box = picture.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.2 * box["height"])
    values = [float(root.locator(f"[name={name}]").input_value()) for name in ("sx", "sy")]
    assert values == pytest.approx([1.2, 0.9], abs=0.02)
    assert shaded.get_attribute("d") == mixture
    root.get_by_label("Biases").select_option("1")
    assert "the mixture" in surface.verdict()
    root.locator("[data-part=reset]").press("Enter")
    assert start.get_attribute("aria-valuetext") == "1.30"


def test_the_ball_rolls_along_its_path_and_goes_to_its_end_when_out_of_view(open_explorable):
    surface = Surface(open_explorable)
    surface.page.emulate_media(reduced_motion="no-preference")
    end = surface.end()
    surface.root.locator("[data-part=roll]").press("Enter")
    away = "(x) => Math.abs(document.querySelector('#explore-surface circle.explore__dot--second').cx.baseVal.value - x)"
    surface.page.wait_for_function(f"{away} > 0.1", arg=end[0])
    surface.page.evaluate("scrollTo(0, 0)")
    surface.page.wait_for_function(f"{away} < 1e-6", arg=end[0], timeout=1000)


def test_the_copied_program_prints_the_minima(open_explorable, capsys):
    surface = Surface(open_explorable, "sp=0.3&sr=0.8&sb=1")
    surface.page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    surface.root.locator("[data-part=copy]").click()
    exec(surface.page.evaluate("copied"), {})
    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    exact = minima(np.array([0.3]), np.array([0.8]), biased=True)
    assert losses == pytest.approx(exact.loss[exact.distinct].tolist())
