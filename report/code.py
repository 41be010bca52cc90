"""Digests of code: the parsed source that an entry module reaches by imports, without comments, docstrings and layout.

Reformatting does not change a digest; a constant two imports away does. Only first-party modules count. Imports inside
functions count, those under `if TYPE_CHECKING:` do not. A package's `__init__` counts when a name is imported from it, not when
only a module below it is. If it looks names up lazily, a name that it does not bind counts as an import of all its modules.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from report import ROOT
from report.errors import PipelineError
from sup.canonical import digest

PACKAGES = ("sup", "figures", "report")
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


@dataclass
class _Meaning:
    """The content of a parsed module: its code without layout, and its imports.

    Empty fields of a node are left out, so the content does not depend on fields that a newer Python adds.
    """

    parts: list[str] = field(default_factory=list)
    imports: list[tuple[int, str, str | None]] = field(default_factory=list)

    def node(self, node: ast.AST) -> None:
        """Appends one node."""
        if isinstance(node, ast.Constant):
            self.parts.append(_constant(node.value))
            return
        if isinstance(node, ast.Import):
            self.imports += [(0, alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            self.imports += [(node.level, node.module or "", alias.name) for alias in node.names]
        self.parts.append(f"({type(node).__name__}")
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or value == [] or name in _SKIPPED:
                continue
            self.parts.append(f" {name}=")
            self.value(_joined(value) if isinstance(node, ast.JoinedStr) else value)
        self.parts.append(")")

    def value(self, value: object) -> None:
        """Appends the value of a field: a node, a list, a name or a number."""
        if isinstance(value, ast.AST):
            self.node(value)
        elif isinstance(value, list):
            self.parts.append("[")
            for item in _statements(value):
                self.value(item)
                self.parts.append(",")
            self.parts.append("]")
        else:
            self.parts.append(_constant(value))


def _constant(value: object) -> str:
    return f"{type(value).__name__}:{json.dumps(value) if isinstance(value, str) else repr(value)}"


def _statements(items: list[object]) -> Iterator[object]:
    """The items without docstrings (or other bare strings) and without code that only a type checker sees."""
    for item in items:
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str):
            continue
        if isinstance(item, ast.If) and ast.unparse(item.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _statements(list(item.orelse))
        else:
            yield item


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string with neighbouring texts joined; Python versions split them differently."""
    parts: list[ast.expr] = []
    for value in values:
        last = parts[-1] if parts else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            parts[-1] = ast.Constant(str(last.value) + str(value.value))
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            parts.append(value)
    return parts


@dataclass(frozen=True)
class Module:
    """A first-party module on disk.

    Attributes:
        name: Its dotted name.
        path: Its file.
    """

    name: str
    path: Path

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__` of a package."""
        return self.path.name == "__init__.py"

    @cached_property
    def tree(self) -> ast.Module:
        """Its parsed source.

        Raises:
            PipelineError: if it cannot be parsed.
        """
        try:
            return ast.parse(self.path.read_bytes())
        except SyntaxError as problem:
            raise PipelineError(f"{self.path}, line {problem.lineno}: {problem.msg}. Fix the line.") from None

    @cached_property
    def _meaning(self) -> _Meaning:
        meaning = _Meaning()
        meaning.node(self.tree)
        return meaning

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its content."""
        return hashlib.sha256("".join(self._meaning.parts).encode()).hexdigest()

    @cached_property
    def imports(self) -> tuple[tuple[str, str | None], ...]:
        """Its imports as pairs (module, name); the name is None for `import module`."""
        home = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        pairs = []
        for level, module, name in self._meaning.imports:
            base = home[: len(home) - (level - 1)] if level else []
            pairs.append((".".join([*base, module] if module else base), name))
        return tuple(pairs)

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that its statements bind at the top level."""
        names: set[str] = set()
        for statement in self.tree.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(statement.name)
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                names |= {alias.asname or alias.name for alias in statement.names}
            else:
                names |= {
                    node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                }
        return frozenset(names)


class Sources:
    """The first-party modules below a folder, each parsed once."""

    def __init__(self, root: Path = ROOT, packages: tuple[str, ...] = PACKAGES) -> None:
        self.root, self.packages = root, packages
        self._modules: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        """The first-party module `name`, or None."""
        if name not in self._modules:
            self._modules[name] = self._find(name)
        return self._modules[name]

    def _find(self, name: str) -> Module | None:
        if name.split(".")[0] not in self.packages:
            return None
        base = self.root.joinpath(*name.split("."))
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if path.is_file():
                return Module(name, path)
        return None

    def reachable(self, entry: str) -> tuple[str, ...]:
        """The modules that `entry` reaches by imports, itself included, sorted.

        A module that cannot be parsed is refused too.

        Raises:
            PipelineError: if there is no module `entry`.
        """
        if self.module(entry) is None:
            raise PipelineError(
                f"a code digest starts from a module of {', '.join(self.packages)}; there is no {entry!r} in {self.root}."
            )
        names, todo = {entry}, [entry]
        while todo:
            module = self.module(todo.pop())
            assert module is not None
            for name in self._imported(module):
                if name not in names:
                    names.add(name)
                    todo.append(name)
        return tuple(sorted(names))

    def _imported(self, module: Module) -> Iterator[str]:
        for source, name in module.imports:
            inner = f"{source}.{name}"
            if name is not None and self.module(inner):
                yield inner
                continue
            target = self.module(source)
            if target is None:
                continue
            yield source
            if "__getattr__" in target.binds and (name is None or name not in target.binds):
                yield from self._below(target)

    def _below(self, package: Module) -> Iterator[str]:
        for path in sorted(package.path.parent.rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def digest(self, *entries: str) -> str:
        """Digest of the code that the modules `entries` reach together; refuses what `reachable` refuses."""
        names = sorted({name for entry in entries for name in self.reachable(entry)})
        return digest("code", [(name, self._modules[name].digest) for name in names])  # type: ignore[union-attr]  # reachable has loaded them
