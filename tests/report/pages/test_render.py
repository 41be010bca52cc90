"""Pages: what templates can ask for, what they get, and the errors for what does not exist."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from figures.base import Value
from report.pages.numbers import column
from report.pages.render import TEMPLATES, PageError, write
from tests.report import fakes

NAV = "nav:\n  - Home: index.md\n  - Part:\n      - More: more.md\n"
HOME = '# Home\n\nSee {{ ref("intro") }} and {{ ref("loss") }}: {{ value("intro.share") }}.\n'
MORE = """# More

{% call figure("intro") %}All *of* it.{% endcall %}

{{ figure("sketch", "Drawn.") }}
{% call eq("loss") %}L < \\lVert x \\rVert{% endcall %}

{{ claim("C1") }} said {{ cite("elhage2022") }}. {{ interval("intro.share") }} of {{ value("intro.models") }}
"""


@pytest.fixture
def templates(tmp_path):
    """A folder of two templates with the project's own parts."""
    home = tmp_path / "templates"
    home.mkdir()
    (tmp_path / "mkdocs.yml").write_text(NAV)
    shutil.copytree(TEMPLATES / "parts", home / "parts")
    shutil.copy(TEMPLATES / "references.bib", home)
    (home / "assets").mkdir()
    (home / "assets/style.css").write_text("p {}\n")
    (home / "index.md").write_text(HOME)
    (home / "more.md").write_text(MORE)
    return home


@pytest.fixture
def build(tmp_path):
    return fakes.build(tmp_path / "figures")


@pytest.fixture
def docs(tmp_path):
    return tmp_path / "docs"


@pytest.fixture
def page(build, templates, docs):
    """Renders a single line after the two templates, and returns it."""

    def fill(line, made=build):
        (templates / "more.md").write_text(f"{MORE}\nLINE: {line} END\n")
        write(made, docs, templates=templates)
        match = re.search(r"LINE: (.*) END", (docs / "more.md").read_text(), re.S)
        assert match
        return match[1]

    return fill


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_references_lead_to_numbers_given_in_the_order_of_the_navigation(build, templates, docs):
    assert write(build, docs, templates=templates)
    home, more = ((docs / name).read_text() for name in ("index.md", "more.md"))
    assert (
        '<a class="ref" href="more.html#fig-intro" title="Title of intro" data-picture="figures/intro">Figure&nbsp;1</a>' in home
    )
    assert re.search(r'<a class="ref" href="more.html#eq-loss" data-tex="L &lt; [^"]*">Equation&nbsp;\(1\)</a>', home)
    assert re.search('<figure class="figure" id="fig-intro"[^>]* markdown>', more)
    assert "Figure 2. Title of sketch." in more
    assert 'id="eq-loss"' in more and r"\[ L &lt; \lVert x \rVert \]" in more


def test_a_number_is_printed_with_its_digits_and_leads_to_what_made_it(page):
    shown = page('{{ value("intro.share") }}')
    assert shown.startswith('<a class="value" href="figures/intro.html#value-share" title="intro.share = 0.9512, 95 % interval')
    assert shown.endswith(">0.95</a>")
    assert page('{{ value("intro.models") }}').endswith(">20</a>")
    assert page('{{ interval("intro.share") }}').endswith(">0.91 to 0.99</a>")


def test_a_claim_is_shown_with_verdict_and_number(page):
    shown = page('{{ claim("C2") }}')
    assert 'href="claims.html#C2"' in shown and "verdict--not-reproduced" in shown
    assert 'C2<span class="hidden"> not reproduced</span>' in shown and ">0.950</a>" in shown


def test_a_verdict_in_a_sentence_stays_with_the_word_before_it(page):
    assert '**It holds**&nbsp;<a class="badge"' in page('**It holds** {{ verdict("C2") }} {{ verdict("C1") }}')
    assert '</a> <a class="badge"' in page('**It holds** {{ verdict("C2") }} {{ verdict("C1") }}')


def test_the_tally_of_claims_names_each_verdict_that_occurs(page):
    shown = page("{{ tally(build.figures[0].claims) }}")
    assert re.sub("<[^>]*>", "", shown) == "2 claims: ✓ 1 reproduced ✗ 1 not reproduced"


def test_a_note_follows_its_word_and_stays_in_its_paragraph(page):
    shown = page("A word{% call note() %}\nof two\n\nlines\n{% endcall %} and more")
    assert shown == (
        'A word<span class="note-mark" aria-hidden="true"></span><span class="note" role="note">of two lines</span> and more'
    )


def test_every_note_keeps_the_line_break_after_it():
    texts = {path.name: path.read_text("utf-8") for path in TEMPLATES.glob("*.md")}
    notes = [
        (name, end)
        for name, text in texts.items()
        for end in re.findall(r"call note\(\) %\}.*?\{% (endcall[ +]*)%\}", text, re.S)
    ]
    assert len(notes) > 5 and {end for _, end in notes} == {"endcall +"}


def test_a_section_leads_to_its_place_in_the_paper(page):
    assert page('{{ original("Demonstrating Superposition", "demonstrating") }}') == (
        '<p class="paper-title">In the paper: <a href="https://transformer-circuits.pub/2022/toy_model/index.html#demonstrating">'
        "Demonstrating Superposition</a></p>"
    )


def test_the_rows_of_a_claim_are_a_table(page):
    assert page('{{ rows("C2") }}').count("<tr>") == 2


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (("9.5", "10", "-100.25"), ("___9.5", "__10", "−100.25")),
        (("1,024 of 2,048", "7 of 8"), ("1 024 of 2 048", "____7 of 8")),
        (("3.5e-06 ± 1e-07", "none"), ("3.5 × 10⁻⁶ <small>± 10⁻⁷</small>", "none")),
        (("5 [4, 6]", "12 [11.5, 13]"), ("_5 <small>[4, 6]</small>", "12 <small>[11.5, 13]</small>")),
        (("Figure 9", "10"), ("Figure 9", "10")),  # names with digits: nothing is aligned
        (("a < b", ""), ("a &lt; b", "")),
    ],
)
def test_columns_are_aligned_at_their_decimal_points(cells, shown):
    assert tuple(text.replace("\u2007", "_").replace("\u202f", " ") for text in column(cells)) == shown


def test_a_claim_left_undecided_without_rows_says_so_and_stops_no_build(build, page):
    [intro, sketch] = build.figures
    first, *rest = intro.claims
    undecided = replace(first, verdict="undecided", value=None, rows=(), reason="Too little training.")
    made = replace(build, figures=(replace(intro, claims=(undecided, *rest)), sketch))
    assert "There is no table. Too little training." in page('{{ rows("C1") }}', made)


def test_words_of_a_module_become_html_and_its_figures_links(page):
    link = '<a class="ref" href="#fig-intro" title="Title of intro" data-picture="figures/intro">Figure&nbsp;1</a>'
    assert page('{{ prose("W^T W in F1, F7 < 2") }}') == f"WᵀW in {link}, F7 &lt; 2"


def test_a_citation_becomes_a_footnote_next_to_its_word(page, docs):
    assert page('said {{ cite("elhage2022") }}') == "said[^elhage2022]"
    last = (docs / "more.md").read_text().rstrip().splitlines()[-1]
    assert last.startswith("[^elhage2022]: Nelson Elhage and others (2022). [Toy Models of Superposition](https://")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{{ figure("intrp") }}', r"no figure 'intrp'; there are intro, sketch\."),
        ('{{ value("intro.shar") }}', r"no value 'intro\.shar'; there are intro\.share, intro\.models\."),
        ('{{ value("sketch.x") }}', r"no value 'sketch\.x'; the figure has none\."),
        ('{{ value("drawn.x") }}', r"no figure 'drawn'; there are intro, sketch\."),
        ('{{ interval("intro.models") }}', r"intro\.models is exact, so it has no interval\. Print it with value\(\)\."),
        ('{{ claim("C9") }}', r"no claim 'C9'; there are C1, C2\."),
        ('{{ ref("los") }}', r"no label 'los'; there are intro, loss, sketch\."),
        ('{{ cite("elhage") }}', r"no reference 'elhage'; there are .*elhage2022"),
        ('{{ eq("loss", "L") }}', r"a label names one thing; 'loss' is on more\.html too\. Choose another name\."),
        ('{{ rows("C1") }}', r"claim C1 has no rows\. Show it with claim\(\)\."),
        ("{{ nothing }}", r"'nothing' is undefined"),
        ("{{ build.nothing }}", r"has no attribute 'nothing'"),
        ("{% if %}", r"Expected an expression"),
    ],
)
def test_a_missing_name_stops_the_build_with_its_template_and_line_and_changes_nothing(build, templates, docs, line, message):
    write(build, docs, templates=templates)
    before = tree(docs)
    (templates / "index.md").write_text("# Another home\n")
    (templates / "more.md").write_text(f"{MORE}\n{line}\n")
    number = len(MORE.splitlines()) + 2
    with pytest.raises(PageError, match=rf"^templates/more\.md, line {number}: .*{message}"):
        write(build, docs, templates=templates)
    assert tree(docs) == before


def test_a_number_inside_a_formula_stops_the_build(build, templates, docs):
    (templates / "more.md").write_text(MORE + '\nAt \\(1\\) or \\(p = {{ value("intro.share") }}\\).\n')
    with pytest.raises(PageError, match=r"more\.md: a formula cannot hold a link, as in \\\(p = <a class=\"value\""):
        write(build, docs, templates=templates)


def test_a_page_of_the_navigation_without_a_template_is_named(build, templates, docs):
    (templates / "more.md").unlink()
    with pytest.raises(PageError, match=r"mkdocs\.yml names more\.md, and templates/ has no such template"):
        write(build, docs, templates=templates)


def test_a_page_that_the_navigation_leaves_out_is_named(build, templates, docs):
    (templates / "deeper").mkdir()
    (templates / "deeper/lost.md").write_text("# Lost\n")
    with pytest.raises(PageError, match=r"mkdocs\.yml leaves out templates/deeper/lost\.md\. Add it"):
        write(build, docs, templates=templates)
    (templates / "deeper").rename(templates / "notebooks")
    assert write(build, docs, templates=templates), "only folders of pages hold pages"


def test_writing_a_second_time_changes_nothing(build, templates, docs):
    assert write(build, docs, templates=templates)
    dates = {path: path.stat().st_mtime_ns for path in docs.rglob("*")}
    assert not write(build, docs, templates=templates)
    assert {path: path.stat().st_mtime_ns for path in docs.rglob("*")} == dates


def test_only_what_changed_is_written(build, templates, docs):
    write(build, docs, templates=templates)
    dates = {path: path.stat().st_mtime_ns for path in docs.rglob("*") if path.is_file()}
    (templates / "index.md").write_text(HOME + "\nMore words.\n")
    assert write(build, docs, templates=templates)
    assert {path for path, date in dates.items() if path.stat().st_mtime_ns != date} == {docs / "index.md"}


def test_what_is_no_longer_needed_is_removed(build, templates, docs, tmp_path):
    write(build, docs, templates=templates)
    (templates / "more.md").write_text('{{ figure("intro") }}\n{{ eq("loss", "L") }}\n')
    fewer = fakes.build(tmp_path / "figures", figures=[fakes.intro(tmp_path / "figures")])
    assert write(fewer, docs, templates=templates)
    assert not (docs / "figures/sketch").exists() and not (docs / "figures/sketch.md").exists()
    assert (docs / "figures/intro/data.json").exists()


@pytest.mark.parametrize("name", ["index.md", "figures/intro/data.json", "figures", "figures/intro"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_stands_in_the_place_of_a_page_or_of_a_folder_makes_room(build, templates, docs, name, kind):
    write(build, docs, templates=templates)
    before = {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()}
    path = docs / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if kind == "folder":
        (path / "inside").mkdir(parents=True)
        (path / "inside/more").touch()
    elif kind == "file":
        path.write_text("other")
    else:
        path.symlink_to("nowhere")
    assert write(build, docs, templates=templates)
    assert {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("damage", ["gone", "a folder", "a link"])
def test_pages_that_have_lost_their_marker_are_known_by_the_others(build, templates, docs, damage):
    write(build, docs, templates=templates)
    before = tree(docs)
    (docs / ".pages").unlink()
    if damage == "a folder":
        (docs / ".pages").mkdir()
    elif damage == "a link":
        (docs / ".pages").symlink_to("nowhere")
    write(build, docs, templates=templates)
    assert tree(docs) == before


def test_a_folder_that_holds_something_else_is_left_alone(build, templates, docs):
    docs.mkdir()
    (docs / "thesis.md").write_text("mine")
    with pytest.raises(PageError, match=r"docs is a folder for the pages alone; .*docs holds something else"):
        write(build, docs, templates=templates)
    assert tree(docs) == {"thesis.md": b"mine"}


def test_each_figure_has_a_page_with_its_files_values_runs_and_code(build, templates, docs):
    write(build, docs, templates=templates)
    text = (docs / "figures/intro.md").read_text()
    assert "# How figure 1 was made" in text and "(../more.md#fig-intro)" in text
    parts = ('id="value-share"', "#claims", "#sweep-panels", "#code", "The seeds are ours.", "2" * 64, "verdict--not-reproduced")
    for needed in parts:
        assert needed in text, needed
    assert "````python\n" in text and "ABOUT = None" in text
    for link in re.findall(r'(?:href|src)="(intro/[^"#]+)', text):
        assert (docs / "figures" / link).is_file(), link
    assert "What the paper leaves open" not in (docs / "figures/sketch.md").read_text()


def test_arrays_and_runs_are_offered_as_csv(build, templates, docs):
    write(build, docs, templates=templates)
    home = docs / "figures/intro"
    assert (home / "W.csv").read_text() == "density,hidden,feature 0,feature 1\n0.1,0,1.0,0.5\n0.1,1,0.25,\n"
    assert (home / "b.csv").read_text() == "feature,b\n0,0.5\n1,-0.5\n"
    assert (home / "density.csv").read_text() == "position,density\n0,0.1\n"
    assert not (home / "none.csv").exists()  # JSON does not say how long the other axis of an empty array is
    assert (home / "pairs.csv").read_text() == "density,density 2,feature 0,feature 1\n0.1,0.1,1,2\n"
    assert re.search(r"W\.csv</a></th><td>weights</td><td>density, hidden, feature</td>", (docs / "figures/intro.md").read_text())
    runs = (home / "runs-panels.csv").read_text().splitlines()
    assert runs[0] == "spec,content,seed,density,final_loss,late_gain"
    assert runs[2] == f"{1:064x},{101:064x},1,0.1,0.005,"


def test_trained_models_are_offered_with_their_size_and_once_where_figures_share_them(tmp_path):
    made = fakes.complete(tmp_path / "figures")  # all have the same sweep
    owner, other = [figure.name for figure in made.figures if figure.sweeps][:2]
    write(made, tmp_path / "docs")
    assert (tmp_path / f"docs/figures/{owner}.md").read_text().count("The models are too many for this site") == 1
    (tmp_path / "weights").write_bytes(b"0" * 1_234_567)
    sweep = replace(made.figure(owner).sweeps[0], weights=tmp_path / "weights")
    figures = [replace(figure, sweeps=(sweep,)) if figure.name == owner else figure for figure in made.figures]
    write(replace(made, figures=tuple(figures)), tmp_path / "docs")
    assert (tmp_path / f"docs/figures/{owner}/{owner}-runs.safetensors").stat().st_size == 1_234_567
    assert not (tmp_path / f"docs/figures/{other}/{other}-runs.safetensors").exists()
    for name in (owner, other):
        page = (tmp_path / f"docs/figures/{name}.md").read_text()
        assert f'download="{owner}-runs.safetensors">trained models, safetensors, 1.2 MB</a>' in page
        assert f'sup.load(Path("{owner}-runs.safetensors").read_bytes())' in page


def test_models_that_figures_share_are_counted_for_the_first(tmp_path):
    made = fakes.complete(tmp_path / "figures")  # all have the same sweep
    first, *others = [figure.name for figure in made.figures if figure.sweeps]
    write(made, tmp_path / "docs")
    page = (tmp_path / "docs/costs.md").read_text()
    assert made.training == 2.5 and page.count("<td>100\u202f%</td>") == 1
    assert page.count(f"<td>those of {first}/runs</td>") == len(others)
    assert re.search(rf">{first}</a></th><td>2.5 s</td><td>100\u202f%</td>", page)
    assert re.search(rf">{others[0]}</a></th><td>—</td><td></td>", page)


def test_code_that_holds_fences_stays_code(build, templates, docs, tmp_path):
    tricky = replace(fakes.intro(tmp_path / "figures"), source="x = '''\n```\n# not a heading\n````\n'''\n[^elhage2022]\n")
    write(fakes.build(tmp_path / "figures", figures=[tricky, *build.figures[1:]]), docs, templates=templates)
    assert f"`````python\n{tricky.source.rstrip()}\n`````\n" in (docs / "figures/intro.md").read_text()


def test_numbers_without_value_or_interval_are_dashes(page, tmp_path):
    claims = [fakes.claim("C1", "intro", value=None, interval=(None, None), seeds=1), fakes.claim("C2", "intro")]
    odd = fakes.figure(
        tmp_path / "odd",
        "intro",
        claims=claims,
        values={"share": Value(value=float("nan"), interval=(0.0, 1.0)), "models": Value(value=2)},
    )
    made = fakes.build(tmp_path / "odd", figures=[odd, fakes.figure(tmp_path / "odd", "sketch")])
    assert page('{{ value("intro.share") }}', made).endswith(">—</a>")
    assert page('{{ claim("C1") }}', made).endswith(">—</a>")


WRITE = """
import sys
from pathlib import Path
from report.pages.render import write
from tests.report import fakes
home = Path(sys.argv[1])
write(fakes.build(home / "figures"), home / "docs", templates=Path(sys.argv[2]))
assert not {"torch", "matplotlib", "mkdocs"} & set(sys.modules), "pages need none of these"
"""


def test_the_same_build_gives_the_same_bytes_in_any_process(templates, tmp_path):
    homes = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Kolkata")):
        homes.append(tmp_path / f"home{seed}")
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(TEMPLATES.parent)}
        subprocess.run([sys.executable, "-c", WRITE, str(homes[-1]), str(templates)], env=environment, check=True, cwd=tmp_path)
    assert tree(homes[0] / "docs") == tree(homes[1] / "docs")


# Numbers that are not results: in expressions of Jinja, mathematics, code, addresses, and the confidence of all intervals.
NOT_RESULTS = (
    r"\{\{.*?\}\}|\{%.*?%\}|\\\(.*?\\\)|```.*?```|`[^`]*`|<[^>]*>|^---.*?^---|\{ #.*?\}"  # everything but words
    r"|95 %|^\d+\. |SHA-256"
)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.md")) + sorted(TEMPLATES.glob("parts/*")), ids=lambda path: path.name)
def test_no_number_is_typed_by_hand(path):
    equations = re.sub(r"\{% call eq.*?endcall %\}", "", path.read_text(), flags=re.S)
    words = re.sub(NOT_RESULTS, "", equations, flags=re.S | re.M)
    assert re.findall(r"[^\n]*\d[^\n]*", words) == []
