"""The project keeps its layout laws, and each law reports a small tree that breaks it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import figures
import report
import sup
from tests import laws
from tests.scripts import script

ROOT = Path(__file__).parents[1]


def tracked() -> list[Path]:
    """The files under version control; every file, where the project was unpacked without its history."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    rooms = [ROOT / room for room in ("sup", "figures", "report", "tests", "templates", ".ci", ".github")]
    return [path for room in rooms for path in sorted(room.rglob("*")) if path.is_file()] + sorted(ROOT.glob("*.*"))


def own_texts() -> dict[str, str]:
    """The text of every tracked file that was written here."""
    found = {}
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if not {"vendor", "corpus"} & set(path.relative_to(ROOT).parts) and path.suffix not in (".png", ".woff2", ".ico"):
            found[name] = path.read_text(encoding="utf-8")
    return found


LAWS = [
    laws.forbidden_imports,
    laws.hidden_inputs,
    laws.across_sections,
    laws.pyplot,
    laws.eager_imports,
    laws.undocumented,
    laws.unannotated,
    laws.too_long,
    laws.too_many_parameters,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_project_keeps_the_law(law):
    assert law(ROOT) == []


def test_most_files_and_functions_are_short():
    files, functions = list(laws.file_lengths(ROOT).values()), list(laws.function_lengths(ROOT).values())
    assert sum(n <= laws.USUAL_FILE for n in files) > 0.9 * len(files)
    assert sum(n <= laws.USUAL_FUNCTION for n in functions) > 0.9 * len(functions)


def test_no_file_names_a_path_of_one_machine_or_a_registry():
    texts = own_texts()
    assert "README.md" in texts and "sup/models.py" in texts
    texts[".ci/relock.py"] = texts[".ci/relock.py"].replace(script("relock").INDEX, "")  # it asks this one
    assert laws.foreign_words(texts) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_links_resolve(page):
    assert laws.dead_links(ROOT / page) == []


def test_a_reader_reaches_the_equation_in_two_hops_and_the_training_loop_in_three():
    front = laws.links((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "figures/intro.py" in front
    intro = (ROOT / "figures/intro.py").read_text(encoding="utf-8")
    assert "sup/models.py" in intro, "the figure's module points to the equation"
    models = (ROOT / "sup/models.py").read_text(encoding="utf-8")
    assert "x' = ReLU(W^T W x + b)" in models
    pointed = [name for name in laws.function_lengths(ROOT) if name.startswith("sup/training/") and name.split(":")[0] in models]
    assert pointed, "the equation's module points to the training loop"


def blocked(statement: str, *libraries: str) -> subprocess.CompletedProcess:
    """Runs `statement` in a fresh interpreter in which importing any of `libraries` is an error."""
    block = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {set(libraries)!r}: raise ImportError(f'{{name}} is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    return subprocess.run([sys.executable, "-c", block + statement], cwd=ROOT, capture_output=True, text=True)


def test_importing_sup_loads_no_library():
    assert blocked("import sup; dir(sup)", "numpy", "torch", "numba", "scipy", "matplotlib", "jaxtyping", "report").stderr == ""


def test_every_figure_imports_without_torch_and_matplotlib():
    statement = "import figures\nfor name in figures.NAMES: figures.module(name)"
    assert blocked(statement, "torch", "numba", "scipy", "matplotlib", "jinja2", "mkdocs").stderr == ""


def test_planning_needs_no_torch(tmp_path):
    arguments = ["report", "plan", "--profile", "smoke", "--store", str(tmp_path)]
    statement = f"import runpy; sys.argv = {arguments!r}; runpy.run_module('report', run_name='__main__')"
    run = blocked(statement, "torch", "matplotlib", "jinja2", "mkdocs")
    assert run.returncode == 0, run.stderr
    assert "intro" in run.stdout


def test_a_blocked_library_cannot_be_imported():
    assert "numpy is blocked" in blocked("import figures.base", "numpy").stderr


def test_figure_names_are_the_modules():
    drawing = {path for path, tree in laws.modules(ROOT, "figures") if any(getattr(n, "name", "") == "draw" for n in tree.body)}
    assert drawing == {figures.path(name) for name in figures.NAMES}


def seen_by_type_checkers() -> dict[str, str]:
    """The names under `if TYPE_CHECKING` in sup/__init__.py, with their modules."""
    tree = ast.parse((ROOT / "sup/__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {alias.asname or alias.name: node.module for node in block.body for alias in node.names}


def test_type_checkers_see_the_names_that_sup_loads():
    assert seen_by_type_checkers() == sup._HOME


@pytest.mark.parametrize("name", sup.__all__)
def test_public_names_are_there_and_documented(name):
    value = getattr(sup, name)
    if callable(value):
        assert value.__doc__, f"sup.{name} has no docstring"
    assert value is getattr(sys.modules[sup._HOME[name]], name)


def test_an_unknown_name_of_sup_is_refused():
    with pytest.raises(AttributeError, match="module 'sup' has no attribute 'spare'"):
        sup.spare  # noqa: B018


def listed_modules() -> list[str]:
    """The modules in the docstring of report/__init__.py, in order, as paths."""
    return [f"report/{name}.py" for name in re.findall(r"^    ([\w/]+)  +\S", report.__doc__, re.MULTILINE)]


def test_the_reading_order_of_report_lists_every_module_once():
    present = [path for path, _ in laws.modules(ROOT, "report") if not path.endswith("__init__.py")]
    assert sorted(listed_modules()) == sorted(present)


def test_a_module_of_report_imports_only_those_that_are_read_after_it():
    trees, order = dict(laws.modules(ROOT, "report")), listed_modules()
    for i, path in enumerate(order):
        wanted = {f"{name.replace('.', '/')}.py" for node in ast.walk(trees[path]) for name in laws.imported(node)}
        assert not wanted & set(order[:i]), path


TEN = "a, b, c, d, e, g, h, i, j, k"

BROKEN = [
    (laws.forbidden_imports, "sup/a.py", "from figures import base", ":1 imports figures"),
    (laws.forbidden_imports, "figures/a.py", "x = 1\nimport report.store", ":2 imports report.store"),
    (laws.forbidden_imports, "report/a.py", "import tests.laws", ":1 imports tests.laws"),
    (laws.forbidden_imports, "sup/a.py", "def f():\n    import matplotlib", ":2 imports matplotlib"),
    (laws.forbidden_imports, "sup/a.py", "open('x')", ":1 opens a file"),
    (laws.forbidden_imports, "figures/a.py", "from pathlib import Path", ":1 imports pathlib"),
    (laws.hidden_inputs, "sup/a.py", "def f():\n    from importlib import import_module", ":2 imports importlib"),
    (laws.hidden_inputs, "sup/a.py", "x = __import__('sup.b')", ":1 calls __import__"),
    (laws.hidden_inputs, "sup/a.py", "import os.path", ":1 imports os.path"),
    (laws.hidden_inputs, "figures/a/x.py", "def f(np):\n    return np.load('x')", ":2 calls np.load"),
    (laws.hidden_inputs, "figures/a/x.py", "rng = np.random.default_rng()", ":1 draws at random"),
    (laws.hidden_inputs, "figures/a.py", "from time import time", ":1 imports time"),
    (laws.hidden_inputs, "report/draw.py", "import random", ":1 imports random"),
    (laws.across_sections, "figures/a/x.py", "from figures.b.y import z", ":1 imports figures.b.y"),
    (laws.across_sections, "figures/a/x.py", "from figures import intro", ":1 imports figures.intro"),
    (laws.across_sections, "figures/shared/x.py", "from figures.a import y", ":1 imports figures.a"),
    (laws.pyplot, "figures/a.py", "from matplotlib import pyplot as plt", ":1 imports matplotlib.pyplot"),
    (laws.eager_imports, "report/a.py", "import torch", ":1 imports torch at import"),
    (laws.eager_imports, "sup/a.py", "class A:\n    import torch", ":2 imports torch at import"),
    (laws.undocumented, "sup/a.py", '"""A."""\ndef f(): ...', ":2 f has no docstring"),
    (laws.undocumented, "sup/a.py", '"""A."""\nclass A:\n    """A."""\n    def f(self): ...', ":4 A.f has no docstring"),
    (laws.undocumented, "sup/a.py", "", ":1 the module has no docstring"),
    (laws.unannotated, "sup/a.py", "def f(x) -> int: ...", ":1 f gives no type for x"),
    (laws.unannotated, "sup/a.py", "def f(*, x: int): ...", ":1 f gives no type for its result"),
    (laws.too_long, "sup/a.py", "\n" * 401, " has 401 lines, over 400"),
    (laws.too_long, "tests/a.py", "\n" * 601, " has 601 lines, over 600"),
    (laws.too_long, "sup/a.py", "def f():\n" + "    x = 1\n" * 60, ":1 f has 61 lines, over 60"),
    (laws.too_long, "sup/a.py", "def f():\n    def g():\n" + "        x = 1\n" * 60, ":2 g has 61 lines, over 60"),
    (laws.too_many_parameters, "sup/a.py", "def f(a, b, c, d, e, *, g, h, i, j, k): ...", ":1 f has 10 parameters, over 9"),
    (laws.too_many_parameters, "report/a.py", f"class A:\n    def _f(self, {TEN}): ...", ":2 _f has 10 parameters, over 9"),
    (laws.too_many_parameters, "sup/a.py", f"@njit()\ndef f({TEN}, l, m, n, o, p): ...", ":2 f has 15 parameters, over 14"),
]


def tree(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(("law", "path", "text", "complaint"), BROKEN)
def test_a_broken_law_is_reported_once(tmp_path, law, path, text, complaint):
    assert law(tree(tmp_path, {path: text})) == [path + complaint]


KEPT = {
    "sup/a.py": '"""A."""\nimport sup.b\nif TYPE_CHECKING:\n    import torch\n\ndef _f(x):\n    import torch\n',
    "sup/models.py": '"""Models."""\nimport torch\n',
    "sup/training/kernel/loop.py": '"""Loop."""\ndef step(x):\n    """One."""\n    def _inner(y): ...\n'
    f'    @njit(inline="always")\n    def _jitted({TEN}): ...\n',
    "figures/__init__.py": '"""Figures."""\n',
    "figures/a/x.py": '"""X."""\nfrom figures import module\nfrom figures.a import y\nfrom figures.shared import z\n',
    "figures/a.py": '"""A."""\nimport sup.a\n\ndef draw() -> None:\n    """Draws."""\n    import matplotlib.figure\n',
    "report/a.py": '"""A."""\nfrom pathlib import Path\nimport figures.a\nopen("x")\n',
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_kept_law_is_not_reported(tmp_path, law):
    assert law(tree(tmp_path, KEPT)) == []


@pytest.mark.parametrize(
    "line",
    ["/" + "work/main", "see /" + "root/.cache", "py" + "pi.org"],
)
def test_foreign_words_are_found(line):
    assert [row.split(" holds ")[0] for row in laws.foreign_words({"a": f"fine\n{line}"})] == ["a:2"]


@pytest.mark.parametrize("line", ["network/home/x", "a shared/folder", "homework/a"])
def test_own_words_are_left_alone(line):
    assert laws.foreign_words({"a": line}) == []


def test_dead_links_are_found(tmp_path):
    page = (
        "# One two\n[a](#one-two) [b](#three) [c](there.md) [d](gone.md) [e](https://x.org)\n"
        '<img src="gone.png">\n```\n[f](code.md)\n```\n'
    )
    tree(tmp_path, {"page.md": page, "there.md": ""})
    assert [row.split(" links to ")[1] for row in laws.dead_links(tmp_path / "page.md")] == [
        "#three, a heading that is not there",
        "gone.md, which is not there",
        "gone.png, which is not there",
    ]
