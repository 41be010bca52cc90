"""A run of a figure's page, trained again by the reader."""

import pytest

from tests.browser.conftest import Watch

AGAIN = "#explore-again-1"


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_run_trained_again_has_the_published_digest(addresses, open_page, published, way):
    watch = Watch()
    page = open_page(watch)
    page.goto(f"{addresses[way]}/figures/intro.html#runs=0")
    root = page.locator(AGAIN)
    assert root.locator("[data-part=published]").inner_text() == published
    root.get_by_role("button", name="Train").press("Enter")
    page.wait_for_function(f"document.querySelector('{AGAIN} [data-part=verdict]').textContent", timeout=60_000)
    assert root.locator("[data-part=digest]").inner_text() == published
    assert root.locator("[data-part=verdict]").inner_text() == "✓ the published run, bit for bit"
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    root.locator("[data-part=copy]").click()
    assert page.evaluate("copied").startswith("import sup\n")
    assert watch.problems == []


def test_a_different_digest_is_reported(addresses, open_page, site, published):
    text = (site / "figures/intro.html").read_text("utf-8").replace(published, "0" * 64)
    page = open_page()
    page.route("**/intro.html", lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
    page.goto(f"{addresses['root']}/figures/intro.html")
    page.locator(f"{AGAIN} [data-part=train]").click()
    page.wait_for_function(f"document.querySelector('{AGAIN} [data-part=verdict]').textContent", timeout=60_000)
    assert page.locator(f"{AGAIN} [data-part=verdict]").inner_text() == "✗ not the published run; please report this browser"
