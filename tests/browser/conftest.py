"""A browser, and the project's own site made from figures without training, opened in three ways."""

import os
import shutil
import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from figures.base import Size
from figures.shared import phases
from report.pages.render import write
from report.pages.site import publish
from sup.results import late_step
from sup.saved import run_digests
from sup.training import train
from tests.report import fakes

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Runs as root and without a screen; the browser makes no requests of its own.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass
class Watch:
    """What the pages of a browser's context requested, and what went wrong."""

    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def follow(self, page):
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self._failed)
        page.on("response", lambda answer: answer.status >= 400 and self.problems.append(f"{answer.status}: {answer.url}"))
        page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # the reader went on to another page
            self.problems.append(f"{request.failure}: {request.url}")


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, or Playwright's own. Playwright keeps an event loop, so it ends before other modules' tests."""
    from playwright.sync_api import Error, sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error as error:
            reason = f"no browser: neither {', '.join(BROWSERS)} nor Playwright's Chromium starts ({str(error).splitlines()[0]})"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def published():
    """The content digest of the run that the front page offers to train, as the store has it."""
    return run_digests(train((fakes.RUN,), snapshots=(late_step(fakes.STEPS),)))[0]


@pytest.fixture(scope="session")
def cell():
    """The content digests of the models of the middle cell of the phase diagram, as the store has them."""
    size = Size(steps=fakes.STEPS, seeds=fakes.FITS, grid=fakes.GRID)
    middle = fakes.GRID * fakes.GRID // 2 * fakes.FITS
    runs = phases.models(2, size).runs[middle : middle + fakes.FITS]
    return run_digests(train(runs, snapshots=(late_step(fakes.STEPS),)))


@pytest.fixture(scope="session")
def site(tmp_path_factory, published, cell):
    """The folder of a site with all pages and figures of the project."""
    home = tmp_path_factory.mktemp("browser")
    write(fakes.complete(home / "figures", published, cell), home / "docs")
    publish(home / "docs", home / "folder/deeper/site")
    return home / "folder/deeper/site"


@pytest.fixture(scope="session")
def addresses(site):
    """The site's address as files, at a server's root, and in a folder of a server."""
    servers = [_serve(site), _serve(site.parents[1])]
    ports = [server.server_address[1] for server in servers]
    yield {
        "file": site.as_uri(),
        "root": f"http://127.0.0.1:{ports[0]}",
        "folder": f"http://127.0.0.1:{ports[1]}/deeper/site",
    }
    for server in servers:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def end_headers(self):
        """Does as a host that reads `_headers`: the lines after the first are sent with every file."""
        headers = Path(self.directory, "_headers")
        for line in headers.read_text("utf-8").splitlines()[1:] if headers.exists() else ():
            self.send_header(*line.strip().split(": ", 1))
        super().end_headers()


def _serve(folder: Path) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def open_page(browser):
    """Opens pages, and closes them after the test: `open_page(width=390, scheme="dark")`."""
    contexts = []

    def opener(watch=None, width=1280, scheme="light", scripts=True):
        view = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=view, color_scheme=scheme, java_script_enabled=scripts))
        return (watch or Watch()).follow(contexts[-1].new_page())

    yield opener
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def kept(browser, addresses):
    """Pages that stay open: `kept("demonstrating")`, for tests that leave a page as they found it; opening one takes seconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    pages = {}

    def opener(name):
        if name not in pages:
            pages[name] = context.new_page()
            pages[name].goto(f"{addresses['file']}/{name}.html")
        return pages[name]

    yield opener
    context.close()


GO = """(hash) => new Promise((done) => {
  addEventListener('hashchange', function seen({newURL}) {
    if (newURL.split('#')[1] !== hash) return;
    removeEventListener('hashchange', seen);
    setTimeout(done);
  });
  location.hash = '';
  location.hash = hash;
})"""


@pytest.fixture
def open_explorable(addresses, open_page, kept):
    """Opens a page with settings in its address: `page, root, part = open_explorable("computation", "#explore-motif", "kind=1")`.

    `root` is the explorable and `part(name)` one of its parts. A page with settings and no special view stays open for others.
    """

    def opener(name, root, settings="", **view):
        if settings and not view:
            page = kept(name)
            page.evaluate(GO, settings)
        else:
            page = open_page(**view)
            page.goto(f"{addresses['file']}/{name}.html#{settings}")
        found = page.locator(root)
        return page, found, lambda part: found.locator(f"[data-part={part}]")

    return opener
