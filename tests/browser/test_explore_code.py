"""The explorable that reads the code of a model with a hidden ReLU."""

import re
from functools import partial

import numpy as np
import pytest
import torch

import sup
from sup.codes import code_words
from tests.report import fakes

ROOT = "#explore-code"
W, B = (np.array(fakes.ARRAYS["privileged_codes"][name]["data"]) for name in ("best_W", "best_b"))


@pytest.fixture
def opened(open_explorable):
    return partial(open_explorable, "privileged-basis", ROOT)


def outputs(picture):
    """What the picture says: the outputs, and how far each neuron is on."""
    numbers = picture.locator("text").evaluate_all("all => all.map((one) => one.textContent).filter((text) => /[.]/.test(text))")
    return [float(text) for text in numbers[:10]], [float(text) for text in numbers[10:]]


def touch(page, picture, row):
    """Clicks in the middle of a row, on its cells."""
    box = picture.locator(".explore__row").nth(row).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)


def expected(density, active, negative):
    """Neurons and outputs by the library, as tensors."""
    w, b, x = torch.tensor(W[[density]]), torch.tensor(B[[density]]), torch.zeros(1, 1, 10, dtype=torch.float64)
    x[..., active] = 1.0
    into, out = (w.clamp(min=0) if negative & way else w for way in (1, 2))
    return sup.absolute(x, into, out.mT, b)[0, 0], torch.relu(x @ into.mT)[0, 0], sup.relu_hidden(x, w, b)[0, 0]


@pytest.mark.parametrize(
    ("density", "feature", "second", "negative"),
    [(0, 2, -1, 0), (1, 2, -1, 0), (1, 3, 1, 0), (1, 1, 6, 1), (1, 2, 4, 2), (1, 4, 6, 3), (1, 5, 5, 0)],
)
def test_neurons_and_outputs_are_those_of_the_library(opened, density, feature, second, negative):
    _, _, part = opened(f"density={density}&feature={feature}&second={second}&negative={negative}")
    y, h, whole = expected(density, sorted({feature, second} - {-1}), negative)
    assert negative or torch.equal(y, whole)
    shown = outputs(part("code"))
    assert shown[0] == pytest.approx(y.tolist(), abs=6e-3)
    assert shown[1] == pytest.approx(h.tolist(), abs=6e-3)
    worded, active = (code_words(W)[density] > 0).any(axis=0), list(dict.fromkeys([feature, *{second} - {-1}]))
    wrong = [i for i in range(10) if y[i] >= 0.5 and worded[i] and i not in active]
    read, missed = ([i for i in active if (y[i] >= 0.5) == right] for right in (True, False))
    for name, found in {"read": read, "missed": missed, "wrong": wrong}.items():
        assert [int(i) for i in re.findall(r"(\d) \(", part(name).inner_text())] == found


def test_a_feature_is_chosen_by_keyboard_and_by_its_row(opened):
    page, root, part = opened("density=1")
    feature = root.get_by_role("slider", name="Active feature")
    assert feature.get_attribute("aria-valuetext") == "3: on neuron 2, against 1"
    assert part("word").inner_text() == "0 − + 0 0"
    feature.press("ArrowLeft")
    assert part("word").inner_text() == "0 + + 0 0"
    assert part("said").inner_text() == "Feature 2: on neurons 1 and 2. 7 of 10 features have a word."
    picture = part("code")
    picture.evaluate("element => element.scrollIntoView({block: 'center'})")
    touch(page, picture, 7)
    assert part("said").inner_text().startswith("Feature 7: no word.")
    touch(page, picture, 0)
    assert part("said").inner_text().startswith("Feature 0: dedicated to neuron 0.")
    page.wait_for_function("location.hash.includes('feature=0')")
    root.get_by_label("Density").press("ArrowLeft")
    assert part("word").inner_text() == "+ 0 0 0 0"
    part("reset").click()
    assert root.get_by_label("Density").get_attribute("aria-valuetext") == "0.3"


def test_negative_weights_on_the_way_out_silence_words_inside_other_words(opened):
    _, root, part = opened("density=1&feature=2")
    assert part("wrong").inner_text() == "none"
    root.get_by_label("Negative weights").select_option("none on the way out")
    assert part("wrong").inner_text() == "1 (0.90) and 3 (0.72)"
    root.get_by_label("Second active feature").select_option("1")
    assert part("read").inner_text().startswith("2 (")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rows_can_be_touched_on_a_phone_and_nothing_is_wider_than_it(opened, scheme):
    page, _, part = opened(width=360, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert part("code").locator(".explore__row").first.bounding_box()["height"] >= 24


@pytest.mark.parametrize("negative", [0, 2])
def test_the_copied_program_prints_the_outputs(opened, negative):
    page, _, part = opened(f"density=1&feature=1&second=6&negative={negative}")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    part("copy").press("Enter")
    printed = []
    exec(page.evaluate("copied"), {"print": printed.append})
    assert printed[0][0, 0].tolist() == pytest.approx(expected(1, [1, 6], negative)[0].tolist(), abs=1e-6)
