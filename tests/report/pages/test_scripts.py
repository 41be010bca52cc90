"""Scripts become shorter and do the same; what is no JavaScript is named."""

import pytest
from py_mini_racer import MiniRacer

from report.pages.scripts import ScriptError, shorten

SCRIPT = """// Adds up.
globalThis.added = (function () {
  const first = 40, second = 2; // two numbers
  return (addend) => `${first + second + addend} // no comment`;
})()(1);
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "assets/explore/sum.js"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    return path


def test_a_script_is_shorter_and_gives_the_same(script, tmp_path):
    shorten(tmp_path)
    text = script.read_text()
    assert len(text) < len(SCRIPT) / 2 and "Adds up" not in text
    with MiniRacer() as engine:
        assert engine.eval(text + ";added") == "43 // no comment"


def test_what_is_no_javascript_is_named(script, tmp_path):
    script.write_text("const one = ;\n")
    with pytest.raises(ScriptError, match=r"assets/explore/sum\.js is no JavaScript, line 1: Unexpected token"):
        shorten(tmp_path)
    assert script.read_text() == "const one = ;\n"
