"""The explorable of asymmetric superposition with inhibition."""

from functools import partial

import numpy as np
import pytest
import torch

import sup
from figures.computation import asymmetric_sketch
from tests.report import fakes

ROOT = "#explore-motif"
TRAINED = {name: np.array(fakes.ARRAYS["asymmetric_model"][name]["data"], float) for name in ("W1", "W2", "b")}
S = 2.0
PURE = (
    np.array([[S, -1 / S, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]]),
    np.array([[1 / S, S, 0], [0, -S * S, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]),
)


@pytest.fixture
def opened(open_explorable):
    return partial(open_explorable, "computation", ROOT)


def outputs(into, out, bias, x):
    """The outputs by the library."""
    W1, W2, b, given = (torch.tensor(array)[None] for array in (into, out.T, bias, np.array(x, float)[None]))
    return sup.absolute(given, W1, W2, b)[0, 0].numpy()


def row(part, name):
    """A row of the table: what the shared neuron, the inhibitor and the rest give, the output, and what is wanted."""
    return [float(part(f"{name}-{k}").inner_text().replace("−", "-")) for k in range(5)]


@pytest.mark.parametrize("x", [(0.5, 0.0, 0.0), (0.5, -0.5, 0.3), (-0.75, 0.4, -1.0), (0.25, 0.9, 1.0)])
@pytest.mark.parametrize("acts", [1, 0])
def test_outputs_of_the_ideal_motif_are_those_of_the_library(opened, x, acts):
    _, _, part = opened(f"kind=0&loud={x[0]}&quiet={x[1]}&third={x[2]}&inhibitor={acts}")
    into, out = PURE
    np.testing.assert_array_equal(into[:2, :2], asymmetric_sketch.INTO)
    np.testing.assert_array_equal(out[:2, :2], asymmetric_sketch.OUT)
    y = outputs(into, out * (np.arange(6) != 1)[:, None] if not acts else out, np.zeros(3), x)
    for k, name in enumerate(("loud", "quiet", "third")):
        *parts, shown, wanted = row(part, name)
        assert shown == pytest.approx(y[k], abs=6e-3) and wanted == abs(x[k])
        assert max(0, sum(parts)) == pytest.approx(y[k], abs=0.02)


@pytest.mark.parametrize("x", [(0.5, 0.0, 0.0), (0.5, -0.5, 0.0), (0.5, 0.5, 0.3), (-1.0, -0.3, -0.2)])
def test_outputs_of_the_trained_model_are_those_of_the_library(opened, x):
    """Feature 2 is the loud one and heard with a negative weight, feature 0 the quiet one; the inhibitor also hears feature 1."""
    page, _, part = opened(f"kind=2&loud={x[0]}&quiet={x[1]}&third={x[2]}")
    y = outputs(TRAINED["W1"], TRAINED["W2"], TRAINED["b"], [-x[1], x[2], -x[0], 0.0])
    for feature, name in ((2, "loud"), (0, "quiet"), (1, "third")):
        assert part(f"{name}-name").inner_text() == f"y{feature}, {name}"
        assert row(part, name)[3] == pytest.approx(y[feature], abs=6e-3)
    printed = []
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    part("copy").press("Enter")
    exec(page.evaluate("copied"), {"print": printed.append})
    assert printed[0].flatten().tolist() == pytest.approx(y.tolist(), abs=1e-5)


def test_the_inhibitor_takes_the_leak_away_and_silences_the_quiet_output(opened):
    page, root, part = opened()
    assert row(part, "quiet") == [2, -2, 0, 0, 0]
    root.locator("[name=inhibitor]").select_option("left out")
    assert row(part, "quiet") == [2, 0, 0, 2, 0]
    assert part("said").inner_text() == "y1 is 2.00 too large. 6 neurons for 3 features."
    root.get_by_role("slider", name="Asymmetry").press("ArrowLeft")
    assert row(part, "quiet")[0] == pytest.approx(0.5 * 1.9**2, abs=6e-3)
    part("reset").press("Enter")
    quiet = root.get_by_role("slider", name="Quiet feature")
    quiet.press("End")
    assert quiet.get_attribute("aria-valuetext") == "x1 = 1.00"
    assert row(part, "quiet")[3:] == [0, 1]
    quiet.press("Home")
    assert row(part, "quiet")[3:] == [1, 1]
    root.locator("[name=kind]").select_option("ideal, inhibitor shared")
    root.get_by_role("slider", name="Third feature").press("End")
    assert row(part, "quiet")[3:] == [0, 1]
    assert part("said").inner_text().endswith("5 neurons for 3 features.")
    root.locator("[name=kind]").select_option("trained, pair 1")
    assert root.get_by_role("slider", name="Asymmetry").is_disabled()
    root.get_by_role("slider", name="Loud feature").press("ArrowRight")
    page.wait_for_function("location.hash.includes('loud=0.55') && location.hash.includes('kind=2')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(opened, scheme):
    page, _, part = opened(width=360, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert part("bench").locator("polyline").count() == 9
