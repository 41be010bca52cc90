"""Renders the formulas of a site's pages when the site is built, so that they can be read without scripts."""

import json
import re
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path

import yaml

from report import ROOT
from report.errors import PipelineError

KATEX = ROOT / "templates/vendor/katex/katex.min.js"
GLOSSARY = ROOT / "templates/glossary.yml"
# What arithmatex leaves on a page, and the formula that a link to an equation carries for its preview.
_FORMULA = re.compile(
    r'<(span|div) class="([^"]*\barithmatex\b[^"]*)"([^>]*)>\s*\\([(\[])(.*?)\\[)\]]\s*</\1>(?=([.,:;?!)]?))', re.DOTALL
)
SHORT = 24
"""Characters of TeX up to which a formula in the text stays on one line."""
_CARRIED = re.compile(r'data-tex="([^"]*)"')
_RENDER = """JSON.stringify(%s.map(([tex, displayMode]) => {
  try { return [katex.renderToString(tex, {displayMode, throwOnError: true}), ""]; } catch (error) { return ["", error.message]; }
}))"""


class FormulaError(PipelineError):
    """A formula cannot be rendered; the message names its page."""


def render(site: Path) -> None:
    """Replaces the TeX in the pages under `site` by HTML and MathML, and says of each symbol of the glossary what it means."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    found = {path: sorted(set(_formulas(text))) for path, text in pages.items()}
    known = _rendered(found)
    symbols = {str(tex): meaning for tex, meaning in yaml.safe_load(GLOSSARY.read_text("utf-8")).items()}

    def formula(match: re.Match[str]) -> str:
        tag, names, rest, bracket, source, mark = match.groups()
        tex = unescape(source).strip()
        names += " unbroken" if bracket == "(" and len(tex) <= SHORT else ""
        if bracket == "(" and tex in symbols:
            names, rest = f"{names} symbol", f'{rest} title="{escape(symbols[tex])}"'
        joiner = "\u2060" if bracket == "(" and mark else ""  # else a line may begin with the mark that follows
        return f'<{tag} class="{names}"{rest}>{known[tex, bracket == "["]}</{tag}>{joiner}'

    def carried(match: re.Match[str]) -> str:
        return f'data-formula="{escape(known[unescape(match[1]).strip(), True])}"'

    for path, text in pages.items():
        if found[path]:
            path.write_text(_CARRIED.sub(carried, _FORMULA.sub(formula, text)), "utf-8")


def _formulas(text: str) -> Iterator[tuple[str, bool]]:
    """The TeX of each formula of a page, and whether it stands by itself."""
    for match in _FORMULA.finditer(text):
        yield unescape(match[5]).strip(), match[4] == "["
    for match in _CARRIED.finditer(text):
        yield unescape(match[1]).strip(), True


def _rendered(found: dict[Path, list[tuple[str, bool]]]) -> dict[tuple[str, bool], str]:
    """The HTML of all formulas, by KaTeX in a JavaScript engine of its own.

    Raises:
        FormulaError: if KaTeX refuses one.
    """
    from py_mini_racer import MiniRacer

    formulas = sorted({formula for some in found.values() for formula in some})
    with MiniRacer() as engine:
        engine.eval(KATEX.read_text("utf-8"))
        results = json.loads(str(engine.eval(_RENDER % json.dumps(formulas))))
    for formula, (_, problem) in zip(formulas, results, strict=True):
        if problem:
            page = next(path for path, some in found.items() if formula in some)
            raise FormulaError(f"{page.name}: a formula is TeX that KaTeX knows; {formula[0]!r} is not: {problem}")
    return {formula: html for formula, (html, _) in zip(formulas, results, strict=True)}
