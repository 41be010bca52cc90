"""Code digests: what changes them and what does not."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report import ROOT, engines
from report.code import Sources
from report.errors import PipelineError

TREE = {
    "sup/__init__.py": '"""Names."""\n',
    "sup/engine.py": '"""Trains."""\nfrom sup.step import move\n\ndef train(x):\n    """Trains x."""\n    return move(x)\n',
    "sup/step.py": "from sup.constants import RATE\n\ndef move(x):\n    return x * RATE  # a step\n",
    "sup/constants.py": "RATE = 0.5\n",
    "sup/metric.py": "def norm(x):\n    return abs(x)\n",
}


def digest(root, changes=None, entry="sup.engine"):
    """The digest of `entry` in the tree with changed files."""
    shutil.rmtree(root, ignore_errors=True)
    for name, text in {**TREE, **(changes or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Sources(root).digest(entry)


@pytest.fixture
def tree(tmp_path):
    return tmp_path / "tree"


KEEPING = {
    "comments, blank lines and layout": {
        "sup/step.py": "from sup.constants import RATE\n# why\n\n\ndef move(\n    x,\n):\n    return (x *\n            RATE)\n"
    },
    "a docstring": {
        "sup/engine.py": "from sup.step import move\n\ndef train(x):\n    '''Other,\n    longer words.'''\n    return move(x)\n"
    },
    "another notation of a number": {"sup/constants.py": "RATE = 5e-1\n"},
    "a module that is not reached": {"sup/metric.py": "def norm(x):\n    return x * x\n"},
    "the package above": {"sup/__init__.py": "from sup.metric import norm\n"},
}
CHANGING = {
    "a constant two imports away": {"sup/constants.py": "RATE = 0.25\n"},
    "an operator": {"sup/step.py": TREE["sup/step.py"].replace("*", "+")},
    "the order of statements": {"sup/constants.py": "OTHER = 1\nRATE = 0.5\n"},
    "an int where a float was": {"sup/engine.py": TREE["sup/engine.py"].replace("move(x)", "move(x + 1)")},
    "an import inside a function": {"sup/step.py": "def move(x):\n    from sup.metric import norm\n    return norm(x)\n"},
    "a default": {"sup/step.py": TREE["sup/step.py"].replace("(x)", "(x=None)")},
}


@pytest.mark.parametrize("what", KEEPING)
def test_a_digest_is_kept_by(tree, what):
    assert digest(tree) == digest(tree, KEEPING[what])


@pytest.mark.parametrize("what", CHANGING)
def test_a_digest_is_changed_by(tree, what):
    assert digest(tree) != digest(tree, CHANGING[what])


def test_imports_for_type_checkers_alone_do_not_count(tree):
    typed = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from sup.{} import {}\n\ndef train(x):\n    return x\n"
    one = digest(tree, {"sup/engine.py": typed.format("metric", "norm")})
    assert Sources(tree).reachable("sup.engine") == ("sup.engine",)
    assert one == digest(tree, {"sup/engine.py": typed.format("constants", "RATE")})


def test_imports_in_functions_are_followed(tree):
    late = {"sup/step.py": "def move(x):\n    from sup.metric import norm\n    return norm(x)\n"}
    before = digest(tree, late)
    assert "sup.metric" in Sources(tree).reachable("sup.engine")
    assert before != digest(tree, {**late, "sup/metric.py": "def norm(x):\n    return x * x\n"})


def test_relative_imports_and_modules_taken_from_packages_are_followed(tree):
    digest(tree, {"sup/engine.py": "from . import step\nfrom .metric import norm\nimport sup.constants\n"})
    assert Sources(tree).reachable("sup.engine") == ("sup.constants", "sup.engine", "sup.metric", "sup.step")


def test_a_name_taken_from_a_package_counts_its_init_and_a_lazy_one_all_its_modules(tree):
    digest(tree, {"sup/engine.py": "from sup import version\n", "sup/__init__.py": "version = 1\n"})
    assert Sources(tree).reachable("sup.engine") == ("sup", "sup.engine")
    lazy = "def __getattr__(name):\n    return name\n"
    digest(tree, {"sup/engine.py": "from sup import norm\n", "sup/__init__.py": lazy})
    assert "sup.metric" in Sources(tree).reachable("sup.engine")


def test_the_package_of_a_kernel_counts_as_its_entry(tree):
    changes = {
        "sup/kernel/__init__.py": "from sup.kernel.loop import go\n",
        "sup/kernel/loop.py": "from sup.constants import RATE\n",
    }
    digest(tree, changes, "sup.kernel")
    assert Sources(tree).reachable("sup.kernel") == ("sup.constants", "sup.kernel", "sup.kernel.loop")


def test_an_entry_that_is_not_there_and_a_module_that_does_not_parse_are_named(tree):
    with pytest.raises(PipelineError, match=r"there is no 'sup\.nothing' in"):
        digest(tree, entry="sup.nothing")
    with pytest.raises(PipelineError, match=r"step\.py, line 1: .*Fix the line"):
        digest(tree, {"sup/step.py": "def move(x:\n"})


def test_every_module_of_the_project_keeps_its_digest_without_comments_docstrings_and_layout(tmp_path):
    names = [path.relative_to(ROOT) for room in ("sup", "figures", "report") for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(names) > 30
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(ast.unparse(_without_docstrings(ast.parse((ROOT / name).read_text()))))
    here, there = Sources(), Sources(tmp_path)
    for name in names:
        dotted = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        one, other = here.module(dotted), there.module(dotted)
        assert one and other and one.digest == other.digest, f"{name} has another digest in another layout"


def _without_docstrings(parsed):
    for node in ast.walk(parsed):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:] or [ast.Pass()] if len(body) > 1 else body
    return parsed


numbers = st.one_of(st.integers(-5, 5), st.floats(allow_nan=False), st.booleans(), st.text(max_size=3), st.none())


@settings(max_examples=60)
@given(one=numbers, other=numbers)
def test_digests_agree_exactly_when_the_constants_do(tmp_path_factory, one, other):
    root = tmp_path_factory.mktemp("code") / "tree"
    same = (type(one), repr(one)) == (type(other), repr(other))
    assert (
        digest(root, {"sup/constants.py": f"RATE = {one!r}\n"}) == digest(root, {"sup/constants.py": f"RATE = {other!r}\n"})
    ) is same


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "# a word", "    # an indented word", "\n"])), max_size=6))
def test_comment_lines_anywhere_keep_a_digest(tmp_path_factory, insertions):
    root = tmp_path_factory.mktemp("code") / "tree"
    lines = TREE["sup/step.py"].splitlines()
    for position, line in insertions:
        lines.insert(position, line)
    assert digest(root, {"sup/step.py": "\n".join(lines) + "\n"}) == digest(root)


SYNTAX = '''
"""A module with much of the grammar in it."""
from __future__ import annotations
import os.path as p, sys
from dataclasses import dataclass, field

@dataclass(frozen=True)
class A(dict, metaclass=type):
    """Doc."""
    x: int = 1
    y: "list[int]" = field(default_factory=list)
    async def f(self, a, /, b, *c, d=None, **e) -> None:
        """Doc."""
        async with a as z, b: await z
        async for i in a: yield i

def g(*, k: int = -1):
    global G
    G = {**{}, 1: 2, "a": b"x", "c": 1j, 'e': ...}
    s = f"a{{b}}{k!r:>{10}}" "tail" f"{k=}" rf"\\d{k:}"
    t = [i for i in range(3) if i if not i] + [*s]
    u = lambda v=1, *w: (v, *w)
    match k:
        case [1, 2, *rest] | {"a": _, **more} if rest: pass
        case A(x=1) as q: del q
        case None | -1 | "s": ...
    try: raise ValueError from None
    except (OSError, KeyError) as problem: print(problem)
    else: assert k, "no"
    finally: nonlocal_ = s[1:2, ::3, ...]
    while (n := k) < 3 <= 4 != 5 is not None not in (): k += 1; continue
    return 10**400 if k and not n or 0x10 else ~n @ 1_000.5e-3

try: pass
except* OSError: pass
'''
GOLDEN = "e8a7c5218f5f1b89930745db9f065704031a187179728b0559f1b2973d31c0e0"


def syntax_digest(folder):
    (folder / "sup").mkdir()
    (folder / "sup/__init__.py").write_text("")
    (folder / "sup/syntax.py").write_text(SYNTAX)
    return Sources(folder).digest("sup.syntax")


def test_the_digest_of_a_fixed_text_is_the_same_everywhere(tmp_path):
    assert syntax_digest(tmp_path) == GOLDEN


def other_pythons():
    """Interpreters of other versions than this one."""
    names = [shutil.which(f"python3.{minor}") for minor in range(11, 16)]
    names += [str(path) for path in (Path.home() / ".pyenv" / "versions").glob("3.1[1-9]*/bin/python")]
    pythons = {}
    for name in filter(None, names):
        version = subprocess.run(
            [name, "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True
        ).stdout.strip()
        if version.isdecimal() and int(version) >= 11 and int(version) != sys.version_info[1]:
            pythons.setdefault(version, name)
    return pythons


def test_other_versions_of_python_give_the_same_digest(tmp_path):
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other version of Python is installed here")
    # numpy is not needed for a code digest; an interpreter without it gets an empty one
    program = (
        "import sys, types; numpy = types.ModuleType('numpy'); numpy.ndarray = object; sys.modules['numpy'] = numpy\n"
        "from pathlib import Path; from report.code import Sources; print(Sources(Path(sys.argv[1])).digest('sup.syntax'))"
    )
    here = syntax_digest(tmp_path)
    for version, name in pythons.items():
        command, plain = [name, "-c", program, str(tmp_path)], {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=plain)
        assert ran.stdout.strip() == here, f"Python 3.{version}: {ran.stderr}"


@pytest.mark.parametrize("entry", engines.ENTRIES.values())
def test_trained_artifacts_are_named_by_the_code_of_sup_alone(entry):
    assert {name.split(".")[0] for name in Sources().reachable(entry)} == {"sup"}
