"""The pushed pentagon, against the library's attacks, by keyboard and by pointer."""

from itertools import combinations

import numpy as np
import pytest

from sup.geometry import gram
from sup.robustness import analytic_harm, directions, gradient_harm
from tests.report import fakes

INTRO = {name: np.array(array["data"]) for name, array in fakes.ARRAYS["intro"].items()}
W, B, DENSITY = INTRO["W"][-1], INTRO["b"][-1], float(INTRO["density"][-1])


class Push:
    """The explorable on a page whose address has these settings."""

    def __init__(self, open_explorable, settings="", **view):
        self.page, self.root, _ = open_explorable("adversarial", "#explore-push", settings, **view)

    def text(self, name):
        return self.root.locator(f"[data-part={name}]").inner_text()

    def number(self, name):
        return float(self.text(name).split()[0].replace("−", "-"))

    def columns(self):
        """The table's columns after the first: input, push, its part in one output, and the outputs before and after."""
        rows = self.root.locator("tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.cells].map((one) => one.textContent))"
        )
        return np.array([[float(text.replace("−", "-")) for text in row[1:]] for row in rows]).T


def one_active(feature, value):
    return value * np.eye(5)[feature - 1]


def added(x, delta):
    """The loss that a push adds to each input (sample, feature)."""
    G = gram(W[None])[0]
    clean, pushed = (np.maximum(seen @ G + B, 0) for seen in (x, x + delta))
    return ((pushed - x) ** 2).sum(axis=1) - ((clean - x) ** 2).sum(axis=1)


def inputs():
    """Inputs with at most two active features, at eight values each, and their weights."""
    at, samples, weights = (np.arange(8) + 0.5) / 8, [np.zeros((1, 5))], [np.full(1, (1 - DENSITY) ** 5)]
    for count in (1, 2):
        for chosen in combinations(range(5), count):
            grid = np.stack(np.meshgrid(*[at] * count), axis=-1).reshape(-1, count)
            samples.append(np.zeros((len(grid), 5)))
            samples[-1][:, chosen] = grid
            weights.append(np.full(len(grid), DENSITY**count * (1 - DENSITY) ** (5 - count) / len(grid)))
    often = np.concatenate(weights)
    return np.concatenate(samples), often / often.sum()


@pytest.mark.parametrize(
    ("feature", "value", "norm", "kind", "target", "sign"),
    [(1, 0.6, 0.3, 0, 2, 1), (2, 0.25, 0.12, 1, 4, -1), (5, 0.9, 0.5, 2, 3, 1), (3, 0.8, 0.2, 3, 1, 1)],
)
def test_harms_and_both_readings_are_those_of_the_library(open_explorable, feature, value, norm, kind, target, sign):
    settings = f"feature={feature}&value={value}&norm={norm}&kind={kind}&target={target}&sign={sign}"
    push, x = Push(open_explorable, settings), one_active(feature, value)
    rows = norm * directions(W[None])[0]
    pushes = np.concatenate([rows, -rows])
    here, (samples, often) = analytic_harm(W, B, x[None], norm), inputs()
    if kind == 3:
        exact = gradient_harm(W, B, x[None], norm, steps=1, stride=norm).added[0]
    else:
        row = sign * (rows if kind == 1 else norm * np.eye(5))[target - 1]
        exact = added(x[None], row)[0] if kind else here.adaptive
    assert push.number("harm") == pytest.approx(exact / norm**2, abs=6e-3)
    assert push.number("worst") == pytest.approx(here.adaptive / norm**2, abs=6e-3)
    harms = np.stack([added(samples, delta) for delta in pushes])
    assert push.number("each") == pytest.approx(harms.max(axis=0) @ often / norm**2, abs=6e-3)
    assert push.number("one") == pytest.approx((harms @ often).max() / norm**2, abs=6e-3)
    shown, delta, reach, clean, pushed = push.columns()
    np.testing.assert_allclose(shown, x, atol=1e-9)
    assert np.hypot.reduce(delta) == pytest.approx(norm, abs=0.02)
    np.testing.assert_allclose(clean, np.maximum(gram(W[None])[0] @ x + B, 0), atol=6e-3)
    hit = int(push.text("hit").split()[-1]) - 1
    np.testing.assert_allclose(reach, gram(W[None])[0][hit] * delta, atol=0.015)
    assert f"it goes from {clean[hit]:.2f} to {pushed[hit]:.2f}" in push.text("verdict")


def test_every_control_answers_to_the_keyboard_and_the_address_keeps_them(open_explorable):
    push = Push(open_explorable, width=360)
    page, root = push.page, push.root
    row = root.get_by_label("Row, or feature")
    assert row.is_disabled() and push.text("verdict").startswith("The push goes along row")
    root.locator("[name=kind]").select_option("2")
    for label, key, said in (
        ("Active feature", "End", "5"),
        ("Its value", "ArrowRight", "0.61"),
        ("Norm of the push, λ", "ArrowLeft", "0.29"),
        ("Row, or feature", "ArrowRight", "3"),
    ):
        root.get_by_label(label).press(key)
        assert root.get_by_label(label).get_attribute("aria-valuetext") == said
    root.locator("[name=sign]").select_option("-1")
    shown, delta, *_ = push.columns()
    assert shown.tolist() == [0, 0, 0, 0, 0.61] and delta.tolist() == [0, 0, -0.29, 0, 0]
    page.wait_for_function("location.hash.includes('sign=-1') && location.hash.includes('feature=5')")
    root.locator("[name=kind]").select_option("3")
    root.get_by_label("Its value").press("Home")
    assert push.text("verdict") == "There is no gradient here: behind a closed ReLU it sees nothing." and push.number("harm") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    root.locator("[data-part=reset]").press("Enter")
    assert root.get_by_label("Its value").get_attribute("aria-valuetext") == "0.60" and row.is_disabled()


def test_a_range_moves_by_pointer_and_bars_show_the_outputs(open_explorable):
    push = Push(open_explorable, "kind=1")
    value = push.root.get_by_label("Its value")
    value.scroll_into_view_if_needed()
    box = value.bounding_box()
    page = push.page
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert value.get_attribute("aria-valuetext") == "1.00"
    heights = push.root.locator("path.explore__after").evaluate_all("bars => bars.map((bar) => bar.getBBox().height / 30)")
    np.testing.assert_allclose(heights[5:], push.columns()[4], atol=6e-3)


def test_the_copied_program_prints_the_harm(open_explorable, capsys):
    push = Push(open_explorable, "feature=2&value=0.7&kind=1&target=3")
    push.page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    push.root.locator("[data-part=copy]").click()
    exec(push.page.evaluate("copied"), {})
    assert float(capsys.readouterr().out) == pytest.approx(push.number("harm"), abs=6e-3)
