"""A change of anything makes a build do again what depends on it, for the right reason, and nothing else."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import figures
from report import ROOT
from tests.faults.builds import contents, smoke
from tests.report.reach import reached

pytestmark = pytest.mark.soak

ENGINE = "sup.training.kernel"


def appended(text):
    return lambda path: path.write_text(path.read_text() + text)


def replaced(old, new):
    def change(path):
        assert path.read_text().count(old) >= 1
        path.write_text(path.read_text().replace(old, new, 1))

    return change


CONSTANT = appended("\nSTALE = 1\n")
CODE = {
    "a constant below training": ("sup/constants.py", CONSTANT),
    "what draws samples": ("sup/law.py", CONSTANT),
    "a measure": ("sup/geometry.py", CONSTANT),
    "a figure": ("figures/geometry/pressure.py", CONSTANT),
    "what figures share": ("figures/shared/uniform.py", CONSTANT),
    "the style of pictures": ("figures/style.py", CONSTANT),
    "what judges": ("figures/base.py", CONSTANT),
    "the rest of the pipeline": ("report/plan.py", CONSTANT),
    "a comment": ("sup/constants.py", appended("\n# why\n")),
    "a docstring": ("sup/geometry.py", replaced('"""', '"""Really: ')),
}
OTHER = {
    "seeds of a profile": ("report.yml", replaced("octahedron: {steps: 200, seeds: 2}", "octahedron: {steps: 200, seeds: 3}")),
    "steps of a profile": ("report.yml", replaced("octahedron: {steps: 200", "octahedron: {steps: 201")),
    "whether a profile decides": ("report.yml", replaced("decides: false", "decides: true")),
    "a template": ("templates/geometry.md", appended("\nMore.\n")),
    "a style sheet": ("templates/assets/style.css", appended("\n.stale { color: red; }\n")),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project's files, which tests change and restore."""
    folder = tmp_path_factory.mktemp("checkout") / "copy"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def planned(checkout, store, path=()):
    """What a build would do: the kinds and subjects of each sweep's reasons to train, and the kind of each figure's to draw."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*path, checkout]))}
    command = [sys.executable, "-m", "report", "plan", "--json", "--profile", "smoke", "--device", "cpu", "--store", str(store)]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    train = {row["sweep"]: {(m["reason"]["kind"], m["reason"]["subject"]) for m in row["missing"]} for row in plan["sweeps"]}
    draw = {row["figure"]: row["reason"]["kind"] for row in plan["figures"] if row["reason"]}
    return train, draw


def changed(checkout, name, change):
    """Changes a file of the checkout; gives the function that restores it."""
    path = checkout / name
    before = path.read_bytes()
    change(path)
    return lambda: path.write_bytes(before)


@pytest.mark.parametrize("what", CODE)
def test_code(checkout, smoke_build, what, ledger):
    name, change = CODE[what]
    module = name.removesuffix(".py").replace("/", ".")
    means = change is CONSTANT
    restore = changed(checkout, name, change)
    try:
        train, draw = planned(checkout, smoke_build.folder / "store")
    finally:
        restore()
    trains = means and module in reached(ROOT, ENGINE)
    assert all(reasons == ({("code", ENGINE)} if trains else set()) for reasons in train.values()) and len(train) > 40
    with_models = {sweep.split("/")[0] for sweep in train}
    drawn_by = {
        figure for figure in figures.NAMES if module in reached(ROOT, figures.home(figure)) | reached(ROOT, "report.draw")
    }
    expected = dict.fromkeys(drawn_by, "code") if means else {}
    assert draw == expected | (dict.fromkeys(with_models, "input") if trains else {})
    ledger("Changes of the project whose consequences were predicted", "code")


@pytest.mark.parametrize("what", OTHER)
def test_profiles_and_pages(checkout, smoke_build, what, ledger):
    restore = changed(checkout, *OTHER[what])
    try:
        train, draw = planned(checkout, smoke_build.folder / "store")
    finally:
        restore()
    run_again = {sweep for sweep, reasons in train.items() if reasons}
    if "of a profile" in what:
        assert run_again and all(sweep.startswith("octahedron/") for sweep in run_again)
        assert all(reasons == {("spec", f"smoke/{sweep}")} for sweep, reasons in train.items() if reasons)
        assert draw == {"octahedron": "input"}
    else:
        assert not run_again
        assert draw == (dict.fromkeys(figures.NAMES, "spec") if "decides" in what else {})
    ledger("Changes of the project whose consequences were predicted", "profiles and pages")


@pytest.mark.parametrize("library", ["numpy", "matplotlib", "scipy", "pillow", "numba", "llvmlite", "torch", "jinja2"])
def test_libraries(checkout, smoke_build, tmp_path, library, ledger):
    about = tmp_path / f"{library}-99.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 99.0\n")
    train, draw = planned(checkout, smoke_build.folder / "store", path=[tmp_path])
    assert not any(train.values())
    drawing = library in ("numpy", "matplotlib", "scipy", "pillow")
    assert draw == (dict.fromkeys(figures.NAMES, "environment") if drawing else {})
    ledger("Changes of the project whose consequences were predicted", "versions of libraries")


PAGES = {
    "a template": ("templates/geometry.md", {"geometry.html"}),
    "a style sheet": ("templates/assets/style.css", {"assets/style.css"}),
    "a script": ("templates/assets/page.js", {"assets/page.js"}),
}


@pytest.mark.parametrize("what", PAGES)
def test_a_build_changes_the_pages_that_show_it(checkout, smoke_build, tmp_path, what, ledger):
    """And no other file of the site but the index of the search and what each page weighs."""
    name, expected = PAGES[what]
    folder = tmp_path / "built"
    shutil.copytree(smoke_build.folder, folder)
    words = {".md": "\nAnd more of it.\n", ".css": "\n.stale { color: red; }\n", ".js": "\nwindow.stale = 1;\n"}
    restore = changed(checkout, name, appended(words[name[name.rindex(".") :]]))
    try:
        env = os.environ | {"PYTHONPATH": str(checkout)}
        done = subprocess.run(smoke(folder).command, cwd=checkout, env=env, capture_output=True, text=True)
    finally:
        restore()
    assert done.returncode == 0, done.stderr
    assert "Trained" not in done.stderr and "Drawing" not in done.stderr
    now = {path.removeprefix("site/"): data for path, data in contents(folder).items() if path.startswith("site/")}
    before = {path.removeprefix("site/"): data for path, data in smoke_build.files.items() if path.startswith("site/")}
    assert now.keys() == before.keys()
    differ = {path for path in now if now[path] != before[path]}
    follow = {"search/search_index.json", "search/search_index.js", "reproducibility.html"}
    assert expected <= differ <= expected | follow, differ
    ledger("Changes of the project whose consequences were predicted", "pages")
