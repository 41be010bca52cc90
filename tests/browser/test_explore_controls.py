"""Every control of every explorable by keyboard and by pointer; what its numbers must be is tested with each explorable."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

TEMPLATES = Path(__file__).parents[2] / "templates"
STARTS = '<section class="explore[^>]* id="(explore-[a-z-]+)"'
EXPLORABLES = [
    (path.stem, name) for path in sorted(TEMPLATES.glob("*.md")) for name in re.findall(STARTS, path.read_text("utf-8"))
]
FIELDS = "form => [...form.elements].filter((field) => field.name && field.type !== 'hidden').map((field) => field.name)"


@pytest.fixture(params=EXPLORABLES, ids=lambda pair: pair[1])
def opened(request, open_explorable):
    """The page of an explorable, its element, and its named fields."""
    name, root = request.param
    page, found, _ = open_explorable(name, f"#{root}")
    expect(found).to_be_visible()
    return page, found, [found.locator(f"[name={field}]") for field in found.locator("form").evaluate(FIELDS)]


def pressed(field):
    """Whether one of the arrow keys changes a field; at an end of its values the other one does."""
    before = field.input_value()
    field.press("ArrowUp")
    if field.input_value() == before:
        field.press("ArrowDown")
    return field.input_value() != before


def clicked(field):
    """Whether a range follows a click near one of its ends."""
    before, box = field.input_value(), field.bounding_box()
    for x in (2, box["width"] - 2):
        field.click(position={"x": x, "y": box["height"] / 2})
        if field.input_value() != before:
            return True
    return False


def test_every_setting_answers_to_keyboard_and_pointer_and_stays_in_the_address(opened):
    page, root, fields = opened
    assert fields
    for field in fields:
        name = field.get_attribute("name")
        root.locator("[data-part=reset]").click()
        if field.is_disabled():  # as long as another one has its usual value
            root.locator("select").first.select_option(index=1)
        assert pressed(field), name
        expect(page).to_have_url(re.compile(rf"[#&]{name}={re.escape(field.input_value())}(&|$)"))
        if field.get_attribute("type") == "range":
            assert clicked(field), name
            assert field.get_attribute("aria-valuetext"), name


def test_every_button_answers_to_keyboard_and_pointer(opened):
    page, root, fields = opened
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    reset = root.locator("[data-part=reset]")
    reset.click()
    usual = [field.input_value() for field in fields]
    for button in root.locator("form button").all():
        name = button.get_attribute("data-part")
        for act in (button.click, lambda button=button: button.press("Enter")):
            if name == "reset":
                assert pressed(next(field for field in fields if field.is_enabled()))
                act()
                assert [field.input_value() for field in fields] == usual
                continue
            reset.click()
            before = root.inner_html()
            act()
            page.wait_for_function("([root, before]) => root.innerHTML !== before", arg=[root.element_handle(), before])
            assert name != "copy" or "sup" in page.evaluate("window.copied")
