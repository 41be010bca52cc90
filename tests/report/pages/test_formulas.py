"""Formulas are rendered when the site is built: readable without scripts, explained where the glossary knows them."""

import re

import pytest

from report.pages.formulas import GLOSSARY, FormulaError, render

PAGE = "<main><p>{}</p></main>\n"


@pytest.fixture
def page(tmp_path):
    def rendered(body):
        (tmp_path / "page.html").write_text(PAGE.format(body), "utf-8")
        render(tmp_path)
        return (tmp_path / "page.html").read_text("utf-8")

    return rendered


def test_a_formula_becomes_html_and_mathml(page):
    shown = page(r'<span class="arithmatex">\(a &lt; b^2\)</span>')
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML">' in shown and 'class="katex-html"' in shown
    assert r"\(" not in shown and '<annotation encoding="application/x-tex">a &lt; b^2</annotation>' in shown


def test_a_displayed_formula_keeps_its_element(page):
    shown = page('<div class="equation__body arithmatex" role="group" aria-label="Equation 1">\\[\nx = y\n\\]</div>')
    assert re.search(
        r'<div class="equation__body arithmatex" role="group" aria-label="Equation 1"><span class="katex-display">', shown
    )


def test_a_symbol_says_what_it_means_and_other_formulas_do_not(page):
    symbol = '<span class="arithmatex unbroken symbol" title="number of hidden dimensions">'
    assert symbol in page(r'<span class="arithmatex">\(m\)</span>')
    assert "title=" not in page(r'<span class="arithmatex">\(m + 1\)</span>')
    assert "symbol" not in page(r'<div class="arithmatex">\[m\]</div>')


def test_a_short_formula_stays_on_its_line_and_keeps_the_mark_that_follows(page):
    short, long = r'<span class="arithmatex">\(p\)</span>', r'<span class="arithmatex">\(p + p + p + p + p + p + p\)</span>'
    assert page(f"{short}, and").count("</span>\u2060, and") == 1 and "\u2060" not in page(f"{short} and")
    assert 'class="arithmatex unbroken' in page(short) and "unbroken" not in page(long)
    assert "\u2060" not in page(r'<div class="arithmatex">\[p\]</div>.')


def test_a_link_carries_its_equation(page):
    shown = page('<a class="ref" href="#eq" data-tex="x &lt; \\alpha">Equation (1)</a>')
    assert "data-tex" not in shown and 'data-formula="&lt;span class=&quot;katex-display&quot;' in shown


def test_wrong_tex_is_named_with_its_page(page):
    with pytest.raises(
        FormulaError, match=r"page\.html: a formula is TeX that KaTeX knows; .*frobnicate.* is not: .*Undefined control"
    ):
        page(r'<span class="arithmatex">\(\frobnicate\)</span>')


def test_pages_without_formulas_stay_as_they_are(page):
    assert page(r"a price of \(5\) in words") == PAGE.format(r"a price of \(5\) in words")


def test_every_symbol_of_the_glossary_occurs_on_a_page():
    pages = "".join(path.read_text("utf-8") for path in sorted(GLOSSARY.parent.glob("*.md")))
    entries = re.findall(r'^("?)([^#].*?)\1: ', GLOSSARY.read_text("utf-8"), flags=re.M)
    missing = [tex for _, tex in entries if rf"\({tex}\)" not in pages]
    assert len(entries) > 15 and missing == []
