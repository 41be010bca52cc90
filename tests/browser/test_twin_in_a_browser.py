"""The kernel's JavaScript twin where a reader runs it: in a worker, started by a page that was opened from a disk."""

from pathlib import Path

import pytest

from tests.training.test_javascript import LOCK, SMALL, as_json

ASSETS = Path(__file__).parents[2] / "templates/assets"
PAGE = f"""<!DOCTYPE html><meta charset="utf-8"><title>twin</title><link rel="icon" href="data:,">
<script src="{(ASSETS / "twin-spec.js").as_uri()}"></script>
<script src="{(ASSETS / "twin-simd.js").as_uri()}"></script>
<script src="{(ASSETS / "twin.js").as_uri()}"></script>"""
IN_A_WORKER = """(spec) => new Promise((done, failed) => {
  const work = `${supTwin.source} onmessage = ({ data }) => {
    const training = new supTwin.Training(data);
    while (training.advance(10) < training.steps) postMessage(training.done);
    postMessage(supTwin.contentDigest(training.result()));
  };`;
  const seen = [], worker = new Worker(URL.createObjectURL(new Blob([work], { type: "text/javascript" })));
  worker.onerror = (event) => failed(new Error(event.message));
  worker.onmessage = ({ data }) => (seen.push(data), typeof data === "string" && done(seen));
  worker.postMessage(spec);
})"""


@pytest.mark.parametrize("name", ["relu-output-independent", "relu-hidden-correlated", "absolute-anticorrelated"])
def test_a_worker_of_a_page_on_a_disk_gives_the_same_bits(open_page, tmp_path, name):
    (tmp_path / "page.html").write_text(PAGE)
    page = open_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate(IN_A_WORKER, as_json(SMALL[name])) == [10, 20, 30, 40, LOCK[f"{name} trained"]]
