"""The layout laws as checkers: each reads a tree of files and lists what breaks the law, as `path:line what`.

They parse the files they check and never import them. `tests/test_layout.py` applies them to the project, and to small trees
in which each law is broken.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOMS = {"sup": ("sup",), "figures": ("sup", "figures"), "report": ("sup", "figures", "report")}
"""Each package with the first-party packages that it may import."""

COMMON = {"base", "style", "paper", "shared", "NAMES", "home", "module"}
"""What every section of figures/ may import besides itself."""

FILES = {"io", "pathlib", "shutil", "tempfile", "safetensors", "pickle"}
PAGES = {"jinja2", "mkdocs", "markdown", "pybtex", "yaml", "rich"}
NEVER = {"sup": FILES | PAGES | {"matplotlib"}, "figures": (FILES - {"io"}) | PAGES, "report": set[str]()}
"""Libraries that a package never imports: science reads no files and draws nothing, figures read no files."""

ALLOWED = {"sup/saved.py": {"safetensors"}}  # turns trained models into bytes and back, and leaves files to its callers
OTHER_COMPILERS = ("arguments", "device", "host", "nvrtc")  # want files, and keep some
ALLOWED |= {f"sup/training/cuda/{name}.py": {"pathlib", "tempfile"} for name in OTHER_COMPILERS}

HIDDEN = {"builtins", "ctypes", "datetime", "getpass", "importlib", "locale", "os", "pkgutil", "platform", "random", "runpy"}
HIDDEN |= {"secrets", "socket", "subprocess", "sys", "time", "uuid"}
HIDDEN_CALLS = {
    "__import__",
    "eval",
    "exec",
    "open",
    "input",
    "np.load",
    "np.loadtxt",
    "np.genfromtxt",
    "np.fromfile",
    "np.memmap",
}
MAKERS = {"report/draw.py", "report/findings.py"}
"""The modules of report/ that make what figures show; the others may look around."""

UNSEEN = ("sup/__init__.py", "figures/__init__.py", "sup/training/cuda/", "sup/training/selfcheck.py")
"""Which look names up in all their modules, as digests know; which must give the kernel's bits whatever they read."""

LAZY = {"torch", "matplotlib"}
TORCH_FREELY = {"sup/attack.py", "sup/models.py", "sup/sampling.py"}
TORCH_FREELY |= {f"sup/training/torch_{part}.py" for part in ("engine", "objective", "update", "device")}
"""Modules that are about torch, and are themselves imported only where they are used."""

MAX_FILE, MAX_TEST_FILE, MAX_FUNCTION = 400, 600, 60
USUAL_FILE, USUAL_FUNCTION = 260, 30
MAX_PARAMETERS, MAX_JITTED_PARAMETERS = 9, 14


def modules(root: Path, *rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Path below `root` and parsed source of every Python file of the rooms, in order."""
    for room in rooms or ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> list[str]:
    """The dotted names that an import statement may load: `from a import b` names `a` and `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def forbidden_imports(root: Path) -> list[str]:
    """Imports against the direction of flow, or of a library that the room must not use; imports for annotations included."""
    found = []
    for path, tree in modules(root):
        room = path.split("/")[0]
        others = (set(ROOMS) | {"tests"}) - set(ROOMS[room])
        for node in ast.walk(tree):
            bad = sorted(name for name in imported(node) if _within(name, (others | NEVER[room]) - ALLOWED.get(path, set())))
            if bad:
                found.append(f"{path}:{node.lineno} imports {bad[0]}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open" and room != "report":
                found.append(f"{path}:{node.lineno} opens a file")
    return found


def hidden_inputs(root: Path) -> list[str]:
    """What may change a result unseen by its digest: other ways to import, files, surroundings, chance."""
    found = []
    for path, tree in modules(root):
        if path.startswith(UNSEEN) or (path.startswith("report/") and path not in MAKERS):
            continue
        for node in ast.walk(tree):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            bad = [f"imports {name}" for name in imported(node) if name.split(".")[0] in HIDDEN]
            bad += [f"calls {name}"] if name in HIDDEN_CALLS else []
            bad += ["draws at random"] if name.endswith("default_rng") and not node.args else []
            found += [f"{path}:{node.lineno} {bad[0]}"] if bad else []
    return found


def across_sections(root: Path) -> list[str]:
    """Imports of a section of figures/ by another section, or by modules that sections share."""
    found = []
    for path, tree in modules(root, "figures"):
        own = {path.split("/")[1]} - {"shared"}
        for node in ast.walk(tree):
            others = [name for name in imported(node) if name.startswith("figures.") and name.split(".")[1] not in COMMON | own]
            if others and path != "figures/__init__.py":
                found.append(f"{path}:{node.lineno} imports {others[0]}")
    return found


def pyplot(root: Path) -> list[str]:
    """Imports of pyplot, whose global state makes a figure depend on what was drawn before it; tests included."""
    return [
        f"{path}:{node.lineno} imports {name}"
        for path, tree in modules(root, *ROOMS, "tests", "templates")
        for node in ast.walk(tree)
        for name in imported(node)
        if name in ("matplotlib.pyplot", "pylab")
    ]


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported: not those in functions, not those for type checkers."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _at_import(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
            for name in ("body", "orelse", "finalbody"):
                yield from _at_import(getattr(node, name, []))


def eager_imports(root: Path) -> list[str]:
    """Imports of torch or matplotlib that run when a module is imported, although planning and importing must not need them."""
    return [
        f"{path}:{node.lineno} imports {name} at import"
        for path, tree in modules(root)
        if path not in TORCH_FREELY
        for node in _at_import(tree.body)
        for name in imported(node)
        if name in LAZY
    ]


def _public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public functions, classes and methods, with their dotted names; names inside a function are private."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{prefix}{node.name}.")


def undocumented(root: Path) -> list[str]:
    """Modules and public names without a docstring."""
    found = []
    for path, tree in modules(root):
        if ast.get_docstring(tree) is None:
            found.append(f"{path}:1 the module has no docstring")
        for name, node in _public(tree.body):
            if ast.get_docstring(node) is None:
                found.append(f"{path}:{node.lineno} {name} has no docstring")
    return found


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """The parameters of a function but `self` and `cls`."""
    a = node.args
    taken = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    return [arg for arg in taken if arg.arg not in ("self", "cls")]


def unannotated(root: Path) -> list[str]:
    """Public functions with an argument or a result whose type is not given; the jitted kernel's modules are exempt."""
    found = []
    for path, tree in modules(root):
        if path.startswith("sup/training/kernel"):
            continue
        for name, node in _public(tree.body):
            if isinstance(node, ast.ClassDef):
                continue
            bare = [arg.arg for arg in _parameters(node) if arg.annotation is None]
            bare += [] if node.returns else ["its result"]
            found += [f"{path}:{node.lineno} {name} gives no type for {what}" for what in bare]
    return found


def file_lengths(root: Path) -> dict[str, int]:
    """Lines of every source file: Python, and the site's own scripts, styles and templates."""
    kinds = {".py", ".js", ".css", ".html", ".j2", ".md"}
    paths = [p for room in (*ROOMS, "tests", "templates", ".ci") for p in sorted((root / room).rglob("*")) if p.suffix in kinds]
    own = [p for p in paths if "vendor" not in p.parts and "golden" not in p.parts]
    return {p.relative_to(root).as_posix(): len(p.read_text(encoding="utf-8").splitlines()) for p in own}


def function_lengths(root: Path) -> dict[str, int]:
    """Lines of every function, without those of functions defined inside it, which are counted by themselves."""
    found = {}
    for path, tree in modules(root, *ROOMS, "tests", ".ci"):
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found[f"{path}:{node.lineno} {node.name}"] = _length(node)
    return found


def _length(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1 - sum(child.end_lineno - child.lineno + 1 for child in _functions_below(node))


def _functions_below(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield child
        else:
            yield from _functions_below(child)


def too_long(root: Path) -> list[str]:
    """Files and functions over their limits."""
    found = []
    for path, lines in file_lengths(root).items():
        limit = MAX_TEST_FILE if path.startswith("tests/") else MAX_FILE
        if lines > limit:
            found.append(f"{path} has {lines} lines, over {limit}")
    functions = function_lengths(root).items()
    return found + [f"{name} has {n} lines, over {MAX_FUNCTION}" for name, n in functions if n > MAX_FUNCTION]


def too_many_parameters(root: Path) -> list[str]:
    """Functions with more parameters than a reader can follow; jitted ones take sizes and flags one by one and may have more."""
    found = []
    for path, tree in modules(root):
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            jitted = any(ast.unparse(decorator).startswith("njit") for decorator in node.decorator_list)
            limit, count = MAX_JITTED_PARAMETERS if jitted else MAX_PARAMETERS, len(_parameters(node))
            if count > limit:
                found.append(f"{path}:{node.lineno} {node.name} has {count} parameters, over {limit}")
    return found


# Written so that this file passes its own check.
FOREIGN = {
    "a path of one machine": "(?<![\\w.])/(?:" + "|".join(("work", "root", "home", "Users")) + ")/[\\w.]",
    "the host of a package registry": r"(pypi|pythonhosted|debian)[.]org|registry[.]npm",
}
"""What no file of the project holds."""


def foreign_words(texts: dict[str, str]) -> list[str]:
    """Lines with a path of one machine or the host of a registry.

    Args:
        texts: By path, the text of each file.
    """
    return [
        f"{path}:{number} holds {what}: {match[0]}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if (match := re.search(pattern, line))
    ]


def links(text: str) -> list[str]:
    """The targets of Markdown links and of HTML images and anchors, outside code blocks."""
    prose = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"(?:src|href|srcset)=\"([^\"\s]+)\"", prose)


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ +(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Links of a Markdown file to files that are not there, or to headings that the file linked to does not have."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists():
            found.append(f"{page.name} links to {link}, which is not there")
        elif anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text(encoding="utf-8")):
            found.append(f"{page.name} links to {link}, a heading that is not there")
    return found
