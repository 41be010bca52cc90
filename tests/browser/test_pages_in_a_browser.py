"""The pages as a reader meets them: over the web and from a disk, wide and narrow, light and dark."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from figures import NAMES
from tests.browser.conftest import Watch

MADE = ("intro", "interference_sketch")  # pages about figures are alike: one of a trained figure, one of a drawing
NAV = (Path(__file__).parents[2] / "mkdocs.yml").read_text(encoding="utf-8")
PAGES = (*re.findall(r": ([\w-]+)\.md$", NAV, re.MULTILINE), *(f"figures/{name}" for name in MADE))
AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text("utf-8")  # axe-core 4.14.1, its licence beside it
AUDIT = """axe.run({exclude: ['.katex-html']}, {resultTypes: ['violations'], preload: false})
  .then(({violations}) => violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes[0].html}`))"""
WAYS = ("file", "root", "folder")
SCROLL = """async () => {
  for (const picture of document.querySelectorAll('img')) {
    if (picture.offsetParent === null) continue;
    picture.scrollIntoView();
    if (!picture.complete) await new Promise((done) => { picture.onload = picture.onerror = done; });
  }
}"""


WORDLESS = """[
  ...document.querySelectorAll('img:not([alt]), .figure__picture img[alt=""], [role=dialog]:not([aria-label])'),
  ...[...document.querySelectorAll('main a, main button, main summary')]
    .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.title)),
].map((one) => one.outerHTML)"""


def visible(page, theme):
    """How many pictures of a theme can be seen on a page."""
    return page.evaluate(f"""[...document.querySelectorAll('img[src$="#only-{theme}"]')].filter((i) => i.offsetParent).length""")


@dataclass
class Survey:
    """What a reader meets when opening every page once and scrolling to its end; most fields are by the page's name."""

    home: str
    scheme: str
    watch: Watch = field(default_factory=Watch)
    too_wide: dict[str, int] = field(default_factory=dict)
    wordless: dict[str, list[str]] = field(default_factory=dict)
    audit: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module", params=[("file", "light", 1280), ("root", "dark", 360)], ids=["file", "root"])
def survey(request, browser, addresses):
    """All pages from a disk, wide and light, or from a server that sends the policy, narrow and dark."""
    way, scheme, width = request.param
    made = Survey(addresses[way], scheme)
    view = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = made.watch.follow(view.new_page())
    for name in PAGES:
        page.goto(f"{made.home}/{name}.html", wait_until="load")
        page.evaluate(SCROLL)
        made.too_wide[name] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        made.wordless[name] = page.evaluate(WORDLESS)
        page.evaluate(AXE)
        made.audit[name] = page.evaluate(AUDIT)
    yield made
    view.close()


def found(by_page):
    """What was found on each page, without the pages where nothing was."""
    return {name: what for name, what in by_page.items() if what}


def test_no_request_leaves_and_nothing_goes_wrong(survey):
    assert [url for url in survey.watch.requests if not url.startswith((survey.home, "data:", "blob:"))] == []
    assert len({url for url in survey.watch.requests if url.endswith(f"{survey.scheme}.svg")}) == len(NAMES)
    assert survey.watch.problems == []


def test_no_page_of_a_folder_asks_for_what_is_outside_it(addresses, open_page):
    watch = Watch()
    page = open_page(watch)
    for name in PAGES:
        page.goto(f"{addresses['folder']}/{name}.html", wait_until="load")
    assert [url for url in watch.requests if not url.startswith((addresses["folder"], "data:", "blob:"))] == []
    assert watch.problems == []


def test_no_page_is_wider_than_the_screen(survey):
    assert found(survey.too_wide) == {}


def test_every_picture_has_words_and_every_control_a_name(survey):
    assert found(survey.wordless) == {}


def test_an_accessibility_audit_finds_nothing(survey):
    assert found(survey.audit) == {}


def test_the_policy_blocks_what_the_pages_do_not_use(addresses, open_page):
    page = open_page()
    answer = page.goto(f"{addresses['root']}/index.html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page.evaluate("""() => {
      window.refused = [];
      document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
      const script = document.createElement('script'), style = document.createElement('style'), picture = new Image();
      script.textContent = 'window.entered = true';
      picture.src = 'https://example.org/picture.png';
      document.body.append(script, style, picture);
      style.textContent = 'body { color: red }';
      fetch('https://example.org/').catch(() => {});
    }""")
    page.wait_for_function("refused.length >= 4")
    assert set(page.evaluate("refused")) == {"script-src-elem", "style-src-elem", "img-src", "connect-src"}
    assert page.evaluate("window.entered") is None
    spec = "{model: 'relu-output', n_features: 5, n_hidden: 2, distribution: {kind: 'Independent', density: 0.1}}"
    assert page.evaluate(f"supTwin.blocks(supTwin.completeRun({spec}), [0, 0]) !== null"), "WebAssembly is blocked"


def test_the_table_of_page_weights_counts_what_the_browser_requests(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['root']}/reproducibility.html")
    rows = page.locator("#what-a-page-weighs ~ * table, #what-a-page-weighs ~ table").first.locator("tbody tr")
    table = [row.locator("th, td").all_inner_texts() for row in rows.all()]
    names = [name for name in PAGES if "/" not in name]
    assert len(table) == len(names)
    for name, (_, requests, kilobytes, *_rest) in list(zip(names, table, strict=True))[:6]:
        answers = []
        fresh = open_page()
        fresh.on("response", lambda answer, answers=answers: answers.append(answer))
        fresh.goto(f"{addresses['root']}/{name}.html", wait_until="networkidle")
        asked = {answer.url: answer.body() for answer in answers if answer.url.endswith((".html", ".js", ".css"))}
        workers = {
            worker.url for worker in fresh.workers if not worker.url.startswith("blob:")
        }  # their answers may go unreported
        assert len(asked.keys() | workers) == int(requests), name
        if workers <= asked.keys():
            assert sum(map(len, asked.values())) / 1000 == pytest.approx(int(kilobytes), abs=1)


@pytest.mark.parametrize("way", WAYS)
def test_search_finds_words_without_leaving_the_site(addresses, open_page, way):
    watch = Watch()
    page = open_page(watch)
    page.goto(f"{addresses[way]}/index.html")
    page.click(".md-search__input")
    page.keyboard.type("polysemantic", delay=20)
    page.wait_for_selector(".md-search-result__link", timeout=10_000)
    address = page.eval_on_selector(".md-search-result__link", "link => link.href")
    assert address.startswith(addresses[way]) and "polysemantic" in page.inner_text(".md-search-result__list").lower()
    assert [url for url in watch.requests if not url.startswith((addresses[way], "data:", "blob:"))] == []


def test_the_search_index_waits_for_the_reader_who_searches(addresses, open_page):
    watch = Watch()
    page = open_page(watch)
    page.goto(f"{addresses['root']}/index.html", wait_until="networkidle")
    assert [url for url in watch.requests if "search_index" in url] == []
    page.keyboard.press("/")
    page.keyboard.type("C9", delay=20)
    page.wait_for_selector(".md-search-result__link", timeout=10_000)
    assert [url.rsplit("/", 1)[1] for url in watch.requests if "search_index" in url] == ["search_index.json"]
    assert watch.problems == []


def test_print_from_the_dark_is_light_and_leaves_out_no_picture_that_is_loaded(addresses, open_page):
    page = open_page(scheme="dark")
    page.goto(f"{addresses['file']}/demonstrating.html", wait_until="load")
    page.evaluate(SCROLL)
    page.evaluate("addEventListener('beforeprint', () => { window.printed = document.body.dataset.mdColorScheme; })")
    assert page.locator(".figure__picture--dark").count() == 0
    page.pdf(print_background=False)
    assert page.evaluate("[printed, document.body.dataset.mdColorScheme]") == ["default", "slate"]
    dark, every = (page.locator(picture).count() for picture in (".figure__picture--dark", ".figure__picture"))
    assert 5 < dark <= every  # the light form of the first picture may have been loaded
    page.emulate_media(media="print")
    assert (visible(page, "dark"), visible(page, "light")) == (dark, every - dark)


def test_a_search_that_is_submitted_stays_on_the_page(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/index.html")
    page.evaluate("window.stayed = true")
    page.evaluate("document.querySelector('.md-search__form').requestSubmit()")
    page.wait_for_timeout(300)
    assert page.evaluate("window.stayed") and "?" not in page.url


def test_the_id_of_a_claim_leads_to_its_card(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/index.html")
    for id in ("C9", "C9-N", "C90", "C-S1", "C84-T"):
        page.fill(".md-search__input", "")
        page.evaluate("document.activeElement.blur()")
        page.click(".md-search__input")
        page.keyboard.type(id, delay=20)
        best = "document.querySelector('.md-search-result__link:not([href$=\"claims.html\"])')"
        page.wait_for_function(f"{best}?.href.includes('claims.html') && {best}.hash === '#{id}'", timeout=10_000)
        page.wait_for_timeout(300)  # the list may still change: it follows each key
        page.keyboard.press("Enter")  # to the best result
        page.wait_for_url(f"**/claims.html#{id}")
        card = page.locator(".claim", has=page.locator(":target"))
        assert card.get_attribute("aria-label") == f"Claim {id}"


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("name", ["motivation", "demonstrating"])
def test_formulas_are_rendered_with_and_without_scripts(addresses, open_page, name, scripts):
    page = open_page(scripts=scripts)
    page.goto(f"{addresses['file']}/{name}.html")
    assert page.locator(".arithmatex").count() > 5
    assert page.locator(".arithmatex").count() == page.locator(".arithmatex .katex").count()
    assert page.locator(".arithmatex .katex-error").count() == 0
    if scripts:
        assert page.evaluate(
            "document.fonts.ready.then(() => [...document.fonts].some(({family}) => family.startsWith('KaTeX')))"
        )
        assert page.evaluate("document.fonts.check('16px KaTeX_Main') && document.fonts.check('16px KaTeX_Math')")


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (".ref[data-formula]", "linear"),
        (".ref[data-picture]", "stored in fewer dimensions"),
        (".badge:visible", "The whole interval is"),
        (".symbol", "the values of the features"),
        (".value", "follow the link to see what made it"),
    ],
)
def test_a_preview_of_a_link_is_shown_on_focus_and_closes_with_escape(kept, link, shown):
    page = kept("demonstrating")
    one = page.locator(f"main {link}").first
    one.focus()
    preview = page.locator("#preview")
    assert preview.is_visible() and shown in preview.inner_text()
    assert one.get_attribute("aria-describedby") == "preview"
    box, width = preview.bounding_box(), page.viewport_size["width"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    assert not preview.is_visible()


def test_a_picture_opens_at_the_size_of_the_window(kept):
    page = kept("demonstrating")
    figure = page.locator("#fig-basic_small")
    page.get_by_role("button", name=re.compile("^Enlarge figure", re.IGNORECASE)).nth(3).press("Enter")
    opened = page.locator("dialog.enlarged img")
    assert opened.is_visible() and opened.bounding_box()["width"] > figure.locator("img").first.bounding_box()["width"]
    page.keyboard.press("Escape")
    assert page.locator("dialog.enlarged").count() == 0


def test_verdicts_of_a_figure_open_under_one_line(kept):
    page = kept("demonstrating")
    claims = page.locator("#fig-basic_small details.claims")
    assert re.match(r"5 claims: ", claims.locator("summary").inner_text())
    assert not claims.locator("li").first.is_visible()
    claims.locator("summary").press("Enter")
    assert claims.locator("li").first.is_visible()
    claims.locator("summary").press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_figure_is_shown_once_in_the_colours_of_the_page(addresses, open_page, scheme):
    other = {"light": "dark", "dark": "light"}[scheme]
    page = open_page(scheme=scheme)
    page.goto(f"{addresses['root']}/demonstrating.html")
    count = page.locator(".figure").count()
    assert count >= 6
    assert (visible(page, scheme), visible(page, other)) == (count, 0)
    page.locator(".md-header__option label:not([hidden])").click()
    assert (visible(page, scheme), visible(page, other)) == (0, count)
    page.goto(f"{addresses['root']}/figures.html")
    assert visible(page, scheme) == 0 and visible(page, other) == len(NAMES)


def test_only_the_visible_pictures_are_fetched(addresses, open_page):
    watch = Watch()
    page = open_page(watch)
    page.goto(f"{addresses['root']}/motivation.html")
    page.evaluate(SCROLL)
    assert [url for url in watch.requests if "dark." in url] == []


def test_printed_pages_show_the_light_pictures(addresses, open_page):
    page = open_page(scheme="dark")
    page.goto(f"{addresses['root']}/motivation.html")
    page.emulate_media(media="print")
    assert visible(page, "dark") == 0 and visible(page, "light") == page.locator(".figure").count()


def test_what_scrolls_can_be_reached_with_a_keyboard(addresses, open_page):
    page = open_page(width=390)
    page.goto(f"{addresses['file']}/demonstrating.html")
    page.wait_for_selector(".figure__picture[tabindex='0']")
    assert page.evaluate("""[...document.querySelectorAll('.figure__picture, .equation__body')]
        .every((frame) => (frame.scrollWidth > frame.clientWidth + 1) == (frame.tabIndex == 0))""")


def test_a_figure_leads_to_its_data_code_and_runs(addresses, site, open_page):
    page = open_page()
    page.goto(f"{addresses['file']}/demonstrating.html")
    links = page.locator("#fig-basic_small .figure__links a")
    found = {links.nth(i).inner_text(): links.nth(i).evaluate("(a) => a.href") for i in range(links.count())}
    assert set(found) == {"How it was made", "runs and weights", "code", "data", "SVG", "PNG"}
    assert "arrays" in json.loads(Path(unquote(urlsplit(found["data"]).path)).read_text())
    assert Path(unquote(urlsplit(found["SVG"]).path)).read_text().startswith("<svg")
    page.click("#fig-basic_small .figure__links a:has-text('code')")
    page.wait_for_url("**/figures/basic_small.html#code")
    assert "CLAIMS" in page.locator(".highlight code").last.inner_text()
    assert page.locator(".highlight .k, .highlight .kn").count() > 10
    page.goto(found["runs and weights"])
    assert page.locator("#sweep-runs").is_visible()
    page.click("a:has-text('Back to figure')")
    page.wait_for_url("**/demonstrating.html#fig-basic_small")


def test_a_number_leads_to_its_row_and_a_verdict_to_the_ledger(addresses, open_page):
    page = open_page()
    page.goto(f"{addresses['root']}/demonstrating.html")
    page.click("#fig-basic_small details.claims summary")
    page.locator("#fig-basic_small a.badge").first.click()
    page.wait_for_url("**/claims.html#C*")
    anchor = urlsplit(page.url).fragment
    card = page.locator(".claim", has=page.locator(f"#{anchor}"))
    assert card.is_visible()
    card.locator("a.ref").click()
    page.wait_for_url("**/demonstrating.html#fig-basic_small")
