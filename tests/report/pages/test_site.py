"""The site: strict, whole or not at all, the same bytes wherever it is built."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from report.pages.render import write
from report.pages.site import CONFIG, SiteError, is_untouched, publish
from tests.report import fakes


@pytest.fixture
def docs(tmp_path):
    return fakes.docs(tmp_path / "docs")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "site"


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add(docs, line):
    with open(docs / "index.md", "a") as page:
        page.write(f"\n{line}\n")


def test_pages_become_a_site_once(docs, out):
    assert publish(docs, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert not publish(docs, out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert {f"{name}.html" for name in fakes.PAGES} <= set(tree(out))
    assert sorted(path.name for path in out.parent.iterdir()) == ["docs", "site"]


def test_a_build_with_nothing_to_do_imports_no_generator(docs, out):
    publish(docs, out)
    code = (
        "import sys; from pathlib import Path; from report.pages.site import publish\n"
        f"assert not publish(Path({str(docs)!r}), Path({str(out)!r}))\n"
        "assert not {'mkdocs', 'material', 'jinja2', 'torch', 'matplotlib', 'numpy'} & set(sys.modules), 'too much'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CONFIG.parent)


def test_a_change_or_a_damaged_site_is_built_again(docs, out):
    publish(docs, out)
    add(docs, "More words.")
    assert publish(docs, out)
    assert b"More words." in tree(out)["index.html"]
    (out / "claims.html").write_text("damaged")
    assert publish(docs, out)
    assert b"damaged" not in tree(out)["claims.html"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[away](missing.md)", r"the pages do not make a site:\n.*missing\.md"),
        ("[away](claims.md#missing)", r"the pages do not make a site:\n.*claims\.md#missing"),
        ("![a picture](missing.svg)", r"the pages do not make a site:\n.*missing\.svg"),
        ('<a href="missing.html">away</a>', r"broken links:\n  index\.html links to missing\.html, which is not there"),
        (
            '<a href="claims.html#missing">away</a>',
            r"index\.html links to claims\.html#missing, an anchor that claims\.html does not have",
        ),
        ('<img src="missing.svg" alt="">', r"index\.html links to missing\.svg, which is not there"),
        (
            '<script src="https://cdn.example/x.js"></script>',
            r"index\.html loads https://cdn\.example/x\.js from elsewhere",
        ),
        ('<img src="//cdn.example/x.png" alt="">', r"index\.html loads //cdn\.example/x\.png from elsewhere"),
    ],
)
def test_a_broken_link_is_an_error_and_the_old_site_stays(docs, out, line, message):
    publish(docs, out)
    before = tree(out)
    add(docs, line)
    with pytest.raises(SiteError, match=message):
        publish(docs, out)
    assert tree(out) == before
    assert sorted(path.name for path in out.parent.iterdir()) == ["docs", "site"]


def test_a_page_outside_the_navigation_is_an_error(docs, out):
    (docs / "stray.md").write_text("# Stray\n")
    with pytest.raises(SiteError, match=r"stray\.md"):
        publish(docs, out)
    assert not out.exists()


def test_external_links_are_fine_as_long_as_nothing_is_loaded(docs, out):
    add(docs, "[paper](https://example.org/paper) and <a href='https://example.org'>more</a>")
    assert publish(docs, out)


def test_a_folder_that_holds_something_else_is_left_alone(docs, out):
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(SiteError, match=r"OUT is the folder of the site; .*site holds something else"):
        publish(docs, out)
    assert tree(out) == {"thesis.txt": b"mine"}


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda path: (path.unlink(), path.mkdir()), lambda path: (path.unlink(), path.symlink_to("x"))]
)
def test_a_site_that_has_lost_its_stamp_is_known_by_other_files(docs, out, damage):
    publish(docs, out)
    before = tree(out)
    damage(out / ".stamp")
    assert publish(docs, out) and tree(out) == before


@pytest.mark.parametrize("name", [".git/config", "CNAME", "thesis.txt"])
def test_a_copy_of_a_site_with_other_files_is_left_alone(docs, out, name):
    """Copying a site to publish it may leave its stamp behind."""
    publish(docs, out)
    (out / ".stamp").unlink()
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    before = tree(out)
    with pytest.raises(
        SiteError, match=rf"OUT is the folder of the site; .*site also holds {re.escape(name.split('/')[0])}\. Empty it, or"
    ):
        publish(docs, out)
    assert tree(out) == before and sorted(path.name for path in out.parent.iterdir()) == ["docs", "site"]


def test_a_site_is_untouched_while_every_byte_is_as_it_was_built(docs, out):
    assert is_untouched(out) is None
    publish(docs, out)
    assert is_untouched(out) is True
    (out / "index.html").write_text((out / "index.html").read_text() + " ")
    assert is_untouched(out) is False
    for stamp in (b"", b"\xff\xfe"):
        (out / ".stamp").write_bytes(stamp)
        assert is_untouched(out) is None
    assert publish(docs, out) and is_untouched(out) is True


def test_an_empty_folder_is_accepted(docs, out):
    out.mkdir()
    assert publish(docs, out)


def test_leftovers_of_a_killed_build_are_removed_once_they_are_old(docs, out):
    old, young = (out.parent / f".site-{name}" for name in ("abcd1234", "efgh5678"))
    for folder in (old, young):
        (folder / "new").mkdir(parents=True)
    os.utime(old, (0, 0))
    publish(docs, out)
    assert not old.exists() and young.exists()


def test_the_environment_stays_as_it_was(docs, out):
    before = dict(os.environ)
    publish(docs, out)
    assert dict(os.environ) == before


PUBLISH = "import sys; from pathlib import Path; from report.pages import site; site.publish(*map(Path, sys.argv[1:]))"


def test_the_same_pages_give_the_same_bytes_at_any_place_and_time(docs, tmp_path):
    sites = []
    for place, seed, zone, epoch in (("a", "1", "UTC", None), ("b/deeper/still", "2", "Asia/Kolkata", "1000000000")):
        home = tmp_path / place
        shutil.copytree(docs, home / "docs")
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone} | ({"SOURCE_DATE_EPOCH": epoch} if epoch else {})
        subprocess.run(
            [sys.executable, "-c", PUBLISH, "docs", "site"],
            cwd=home,
            check=True,
            env=environment | {"PYTHONPATH": str(CONFIG.parent)},
        )
        sites.append(tree(home / "site"))
    assert sites[0].keys() == sites[1].keys()
    assert [name for name in sites[0] if sites[0][name] != sites[1][name]] == []


@pytest.mark.soak  # two whole sites; CI compares those of two builds, which took different times
def test_times_change_one_page_and_nothing_else(tmp_path):
    sites = []
    for place, seconds in (("one", 1.5), ("two", 777.0)):
        home = tmp_path / place
        made = fakes.complete(home / "figures")
        slow = [replace(f, sweeps=tuple(replace(s, seconds=seconds) for s in f.sweeps)) for f in made.figures]
        write(replace(made, figures=tuple(slow), drawing=seconds), home / "docs")
        publish(home / "docs", home / "site")
        sites.append(tree(home / "site"))
    assert sites[0].keys() == sites[1].keys()
    assert {name for name in sites[0] if sites[0][name] != sites[1][name]} == {"costs.html", ".stamp"}
