"""Shortens the scripts of a site when it is built: no comments, short names. Terser does it, in an engine of its own."""

import json
from pathlib import Path

from report import ROOT
from report.errors import PipelineError

TERSER = ROOT / "templates/vendor/terser/terser.min.js"  # 5.51.4, its licence beside it
FOLDERS = ("assets", "assets/explore")
_SHORTEN = """JSON.stringify(%s.map((script) => {
  try { return [Terser.minify_sync(script).code, ""]; } catch ({message, line}) { return ["", `line ${line}: ${message}`]; }
}))"""


class ScriptError(PipelineError):
    """A script cannot be shortened; the message names it."""


def shorten(site: Path) -> None:
    """Replaces the scripts of `FOLDERS` of a site by shorter ones that do the same.

    Raises:
        ScriptError: if one is no JavaScript.
    """
    from py_mini_racer import MiniRacer

    paths = [path for folder in FOLDERS for path in sorted((site / folder).glob("*.js"))]
    with MiniRacer() as engine:
        engine.eval("globalThis.sourceMap = {}")  # Terser looks for the library of maps, which are not made
        engine.eval(TERSER.read_text("utf-8"))
        shortened = json.loads(str(engine.eval(_SHORTEN % json.dumps([path.read_text("utf-8") for path in paths]))))
    for path, (script, problem) in zip(paths, shortened, strict=True):
        if problem:
            raise ScriptError(f"{path.relative_to(site).as_posix()} is no JavaScript, {problem}")
        path.write_text(script, "utf-8")
