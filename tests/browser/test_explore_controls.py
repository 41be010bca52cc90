"""Every control of every explorable, driven by keyboard and by pointer; what the numbers must be stands beside each explorable's tests."""

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
SHOWN = "root => root.innerHTML"


@pytest.fixture(params=EXPLORABLES, ids=lambda pair: pair[1])
def opened(request, open_explorable):
    """The page of an explorable, its element, and its named fields."""
    name, root = request.param
    page, found, _ = open_explorable(name, f"#{root}")
    expect(found).to_be_visible()
    found.scroll_into_view_if_needed()
    return page, found, [found.locator(f"[name={field}]") for field in found.locator("form").evaluate(FIELDS)]


def moved_by(field, act):
    """Whether `act` changes the field's value."""
    before = field.input_value()
    act()
    return field.input_value() != before


def test_every_setting_answers_to_keyboard_and_pointer_and_stays_in_the_address(opened):
    page, root, fields = opened
    assert fields
    for field in fields:
        root.locator("[data-part=reset]").click()
        if field.is_disabled():  # as long as another one has its usual value
            root.locator("select").first.select_option(index=1)
        name, kind = field.get_attribute("name"), field.evaluate("field => field.type")
        up, down = ("ArrowDown", "ArrowUp") if kind == "select-one" else ("ArrowUp", "ArrowDown")
        assert moved_by(field, lambda: field.press(up)) or moved_by(field, lambda: field.press(down)), name  # noqa: B023
        expect(page).to_have_url(re.compile(rf"[#&]{name}={re.escape(field.input_value())}(&|$)"))
        if kind == "range":
            width, height = (field.bounding_box()[side] for side in ("width", "height"))
            ends = [lambda x=x: field.click(position={"x": x, "y": height / 2}) for x in (2, width - 2)]  # noqa: B023
            assert any([moved_by(field, end) for end in ends]), name
            assert field.get_attribute("aria-valuetext"), name


def test_every_button_answers_to_keyboard_and_pointer(opened):
    page, root, fields = opened
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    reset = root.locator("[data-part=reset]")
    reset.click()
    usual = [field.input_value() for field in fields]
    for button in root.locator("form button").all():
        name = button.get_attribute("data-part")
        for act in (button.click, lambda: button.press("Enter")):  # noqa: B023
            if name == "reset":
                field = next(field for field in fields if field.is_enabled())
                assert moved_by(field, lambda: field.press("ArrowDown")) or moved_by(field, lambda: field.press("ArrowUp"))  # noqa: B023
            else:
                reset.click()
            before = root.evaluate(SHOWN)
            act()
            for _ in range(100):
                if root.evaluate(SHOWN) != before or name == "reset":
                    break
                page.wait_for_timeout(20)
            else:
                pytest.fail(f"nothing is seen of {name}")
            if name == "copy":
                assert "sup" in page.evaluate("window.copied")
            if name == "reset":
                assert [field.input_value() for field in fields] == usual
