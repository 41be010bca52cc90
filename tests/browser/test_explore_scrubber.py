"""The scrubber of shapes as a reader uses it: which dot belongs to which shape, and what the shape looks like on its own."""

import numpy as np
import pytest

from figures.geometry import graphs
from figures.style import DARK, LIGHT
from sup.census import components
from sup.geometry import feature_dimensionality
from sup.polytopes import SHAPES, SHARES
from tests.report import fakes


@pytest.fixture
def scrubber(open_explorable):
    """Opens the page at some settings: the page and the explorable."""
    return lambda settings="", **view: open_explorable("geometry", "#explore-scrubber", settings, **view)[:2]


def said(root, *names):
    return [root.locator(f"[data-part={name}]").inner_text() for name in names]


def parts():
    return sorted(components(fakes.SHAPED), key=lambda c: -len(c.features))


def chart(root, name):
    """For each component in a picture: number of its shape, whether it is lit, places of its dots, and its path."""
    return root.locator(f"[data-part={name}] > g").evaluate_all(
        "groups => groups.map((group) => ({shape: Number(group.dataset.shape), lit: group.classList.contains('explore__lit'),"
        " places: [...group.querySelectorAll('circle')].map(({cx, cy}) => [cx.baseVal.value, cy.baseVal.value]),"
        " d: [...group.querySelectorAll('path')].map((path) => path.getAttribute('d')).join('')}))"
    )


def test_the_keyboard_walks_through_components_and_levels(scrubber):
    page, root = scrubber()
    component = root.get_by_role("slider", name="Component")
    names = []
    component.press("Home")
    for _ in range(len(parts()) + 1):
        names.append(component.get_attribute("aria-valuetext"))
        component.press("ArrowRight")
    shapes = [*(part.shape for part in parts()), "not learned"]
    assert names == [f"{k} of {len(shapes)}: {name}" for k, name in enumerate(shapes, 1)]
    assert said(root, "component", "shares", "drawn") == [
        "18 features with a norm below one half",
        "up to 0.01",
        "Nothing to draw",
    ]
    root.get_by_label("Sparsity").press("ArrowRight")
    assert root.get_by_label("Sparsity").get_attribute("aria-valuetext") == "1/(1-S) = 7.20, density 0.14"
    assert component.get_attribute("aria-valuetext") == "1 of 2: component without a name"
    assert said(root, "component", "shares") == ["5 features in 4 dimensions, without a name", "0.800"]
    root.get_by_label("Sparsity").press("Home")
    assert said(root, "census", "ratio", "component") == ["40 not learned", "0.900", "40 features with a norm below one half"]
    page.wait_for_function("location.hash.includes('level=0')")
    root.locator("[data-part=reset]").press("Enter")
    assert said(root, "component") == ["3/8, a square antiprism of 8 features in 3 dimensions"]
    root.locator("[data-part=play]").press("Enter")
    page.wait_for_function("document.querySelector('#explore-scrubber [name=level]').value === '2'")


def test_dots_nodes_and_words_are_those_of_the_census(scrubber):
    _, root = scrubber()
    drawn, shares = parts(), feature_dimensionality(fakes.SHAPED[None])[0]
    census = {part.shape: f"{len(part.features)} in 1 {part.shape}" for part in drawn}
    assert said(root, "census", "ratio") == [
        "; ".join([*(census[name] for name in SHAPES if name in census), "18 not learned"]),
        "0.444",
    ]
    dots, nodes = chart(root, "strip"), chart(root, "graph")
    assert [one["shape"] for one in dots] == [one["shape"] for one in nodes]
    assert [one["shape"] for one in dots] == [*(graphs.NAMES.index(part.shape) for part in drawn), len(graphs.NAMES)]
    for part, one in zip(drawn, dots, strict=False):
        heights = [1 - (y - 4) / 100 for _, y in one["places"]]
        np.testing.assert_allclose(heights, shares[list(part.features)], atol=1e-3)
        assert heights == pytest.approx([SHARES[part.shape]] * len(part.features), abs=1e-3)
    expected = graphs.graph(fakes.SHAPED)
    np.testing.assert_allclose(np.concatenate([one["places"] for one in nodes[:-1]]), expected["nodes"][:, :2], atol=2e-3)
    joins = sum(one["d"].count("M") for one in nodes)
    assert joins == len(expected["edges"])


@pytest.mark.parametrize(("name", "edges"), [("square antiprism", 16), ("pentagon", 5), ("tetrahedron", 6), ("digon", 1)])
def test_a_component_by_itself_has_the_products_and_edges_of_its_shape(scrubber, name, edges):
    k = [part.shape for part in parts()].index(name)
    flat = []
    for turn, tilt in ((0, 0), (90, 0), (0, 90)):  # the front, a side, the top
        _, root = scrubber(f"level=1&component={k}&turn={turn}&tilt={tilt}")
        (solid,) = chart(root, "solid")
        flat.append(np.array(solid["places"]) * [1.0, -1.0])
        assert solid["d"].count("M") == edges
        assert root.get_by_label("Turn").is_enabled() == (len(SHAPES[name]) == 3)
    (x, z), (y, _), (_, away) = (places.T for places in flat)
    W = np.stack([x, z, y]) if len(SHAPES[name]) == 3 else np.stack([x, z])
    np.testing.assert_allclose(away if len(W) == 3 else z, W[-1], atol=1e-6)
    np.testing.assert_allclose(W.T @ W, SHAPES[name].T @ SHAPES[name], atol=3e-3)
    np.testing.assert_allclose(feature_dimensionality(W[None])[0], SHARES[name], atol=3e-3)


@pytest.mark.parametrize("picture", ["strip", "graph"])
def test_a_dot_under_the_pointer_lights_up_its_shape_and_a_click_keeps_it(scrubber, picture):
    page, root = scrubber()
    pentagon = [part.shape for part in parts()].index("pentagon")
    root.locator(f"[data-part={picture}]").evaluate("element => element.scrollIntoView({block: 'center'})")
    dot = root.locator(f"[data-part={picture}] > g").nth(pentagon).locator("circle").first.bounding_box()
    before = said(root, "component")
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    assert said(root, "component", "drawn") == ["2/5, a pentagon of 5 features in 2 dimensions", "In a plane"]
    for name in ("strip", "graph"):
        assert [k for k, one in enumerate(chart(root, name)) if one["lit"]] == [pentagon]
    page.mouse.move(2, 2)
    assert said(root, "component") == before
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.move(2, 2)
    assert said(root, "component") == ["2/5, a pentagon of 5 features in 2 dimensions"]
    page.wait_for_function(f"location.hash.includes('component={pentagon}')")


def test_a_shape_in_space_turns_with_the_pointer_and_with_the_keyboard(scrubber):
    page, root = scrubber()
    solid = root.locator("[data-part=solid]")
    solid.evaluate("element => element.scrollIntoView({block: 'center'})")
    box, before = solid.bounding_box(), chart(root, "solid")
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 80, steps=3)
    page.mouse.up()
    page.wait_for_function("location.hash.includes('turn=55') && location.hash.includes('tilt=35')")
    assert chart(root, "solid") != before
    root.get_by_label("Tilt").press("ArrowLeft")
    assert root.get_by_label("Tilt").get_attribute("aria-valuetext") == "33°"


def test_another_address_gives_another_level_even_with_more_components(scrubber):
    page, root = scrubber("level=0")
    page.evaluate("location.hash = '#level=1&component=3'")
    page.wait_for_function(
        "document.querySelector('#explore-scrubber [data-words=component]').textContent === '4 of 6: triangle'"
    )
    assert said(root, "component") == ["2/3, a triangle of 3 features in 2 dimensions"]


def test_the_copied_program_describes_the_drawn_model(scrubber):
    page, root = scrubber()
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    root.locator("[data-part=copy]").click()
    found = {}
    exec(page.evaluate("copied").split("for component")[0], found)
    run = found["run"]
    assert (run.n_features, run.n_hidden, run.seed, run.recipe.steps) == (40, 12, 50001, fakes.STEPS)
    assert 1 / run.distribution.density == pytest.approx(4.2919, abs=1e-4)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_shapes_have_the_colours_of_the_figure_and_phones_need_no_scrolling(scrubber, theme):
    page, root = scrubber(width=360, scheme=theme.name)
    for part, group in zip(parts(), root.locator("[data-part=strip] > g").all(), strict=False):
        colour = graphs.colours(theme)[graphs.NAMES.index(part.shape)]
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        assert group.evaluate("group => getComputedStyle(group).fill") == f"rgb({red}, {green}, {blue})"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
