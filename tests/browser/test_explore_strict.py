"""Moved limits give the same verdicts as the library's rule."""

import json
import math
import re
from dataclasses import replace
from html import escape

import pytest

from figures.base import Claim, Data, Range, judge
from sup.statistics import Estimate
from tests.report import fakes

STRICT = "#explore-strict"
VALUES = (None, 0.5, 0.81, 0.9, 0.99, 1.2)
INTERVALS = (None, (0.85, 0.95), (0.7, 0.9), (None, 0.86), (0.6, 0.7))
RANGES = ((0.8, 1.0), (0.8, None), (None, 0.9), (0.0, None))
AGREES = (None, (0.84, 0.86), (1.1, None))


def moved(ends, strict):
    """The range `ends` with its limits moved by `strict` per cent, towards each other where that is positive."""
    low, high = (-math.inf if ends[0] is None else ends[0]), (math.inf if ends[1] is None else ends[1])
    width = high - low
    by = [strict / 100 * (width if math.isfinite(width) else abs(end)) if math.isfinite(end) else 0 for end in (low, high)]
    return Range(low=low + by[0], high=high - by[1])


def ruled(record, strict):
    """The verdict of the library on a claim of these numbers."""
    low, high = record.interval or (record.value, record.value)
    value = math.nan if record.value is None else record.value
    ends = [
        math.nan if record.value is None else missing if end is None else end
        for end, missing in ((low, -math.inf), (high, math.inf))
    ]
    words = {"id": record.id, "text": "", "source": "", "paper": "", "quantity": ""}
    claim = Claim(
        **words,
        measure=lambda data: Estimate(value=value, low=ends[0], high=ends[1], models=9),
        holds=moved(record.holds, strict),
        agrees=record.agrees and moved(record.agrees, strict),
    )
    return judge(claim, Data(), decides=True).verdict


def claims():
    """Claims of many kinds; the last is undecided for a reason other than its range."""
    made = []
    for value in VALUES:
        for interval in INTERVALS if value else INTERVALS[:1]:
            for holds in RANGES:
                for agrees in AGREES:
                    one = fakes.claim(f"C{len(made) + 1}", "intro", value=value, interval=interval, holds=holds, agrees=agrees)
                    made.append(replace(one, verdict=ruled(one, 0)))
    return [*made, fakes.claim("C-S1", "intro", "undecided", value=0.9, interval=(0.85, 0.95), holds=(0.8, 1.0))]


@pytest.fixture(scope="module")
def opened(addresses, browser, site):
    """The page of claims with these claims in its explorable."""
    fields = ("id", "verdict", "value", "interval", "holds", "agrees", "unit")
    ledger = json.dumps([[getattr(claim, name) for name in fields] for claim in claims()])
    text = re.sub(r'data-claims="[^"]*"', f'data-claims="{escape(ledger)}"', (site / "claims.html").read_text("utf-8"))
    page = browser.new_page()
    page.route("**/claims.html", lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
    page.goto(f"{addresses['root']}/claims.html")
    yield page
    page.close()


@pytest.mark.parametrize("strict", [-50, -7, 0, 1, 23, 50])
def test_moved_limits_flip_the_verdicts_that_the_library_flips(opened, strict):
    slider = opened.get_by_label("All limits")
    slider.evaluate(
        "(field, value) => { field.value = value; field.dispatchEvent(new Event('input', {bubbles: true})); }", strict
    )
    known = {claim.id: claim.verdict for claim in claims()}
    then = {claim.id: ruled(claim, strict) for claim in claims()[:-1]}
    shown = opened.locator(f"{STRICT} [data-part=flips] li").all_inner_texts()
    words = {line.split(":")[0]: line.split("→")[1].split(maxsplit=1)[1] for line in shown}
    assert words == {id: verdict for id, verdict in then.items() if verdict != known[id]}
    assert opened.locator(f"{STRICT} [data-part=changed]").inner_text() == f"{len(words)} of {len(known)}"


def test_one_claim_is_examined_by_keyboard_and_stays_in_the_address(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/claims.html#one=C2")
    root = page.locator(STRICT)
    assert root.get_by_label("One claim").input_value() == "C2"
    assert root.locator("[data-part=here]").inner_text() == "0.95 (0.9 to 0.99)"
    assert root.locator("[data-part=needed]").inner_text() == "0.8 to 1"
    slider = root.get_by_label("All limits")
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "tightened by 50 %"
    assert root.locator("[data-part=needed]").inner_text() == "0.9 to 0.9"
    page.wait_for_function("location.hash.includes('strict=50')")
    root.locator("[data-part=reset]").click()
    assert slider.get_attribute("aria-valuetext") == "as they are"
