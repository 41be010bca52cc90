"""What a module reaches by imports, found in its text: a slow twin of `report.code.Sources.reachable`."""

import re

IMPORT = re.compile(r"^[ \t]*(?:from[ ]([\w.]+)[ ]import[ ](\([^)]*\)|.*)|import[ ](.*))$", re.MULTILINE)
FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n|\n)+", re.MULTILINE)
TEXTS = re.compile(r'("""|\'\'\').*?\1', re.DOTALL)


def file_of(root, name):
    """The file of a module; None where it is not one of ours."""
    base = root.joinpath(*name.split("."))
    found = [path for path in (base / "__init__.py", base.with_name(f"{base.name}.py")) if path.is_file()]
    return found[0] if found and name.split(".")[0] in ("sup", "figures", "report") else None


def imports(root, name):
    """The modules of ours that a module names, those of a package that looks its names up among them."""
    text = FOR_TYPES.sub("", TEXTS.sub("", file_of(root, name).read_text(encoding="utf-8")))
    for source, names, plain in IMPORT.findall(text):
        if plain:
            yield from (one.split()[0] for one in plain.split(",") if file_of(root, one.split()[0]))
        for one in filter(str.strip, re.sub(r"#.*|[()]", "", names).split(",")):
            below = f"{source}.{one.split()[0]}"
            if file_of(root, below):
                yield below
            elif package := file_of(root, source):
                yield source
                if "\ndef __getattr__" in package.read_text() and not re.search(
                    rf"^{one.split()[0]}\b", package.read_text(), re.M
                ):
                    inside = package.parent.rglob("*.py")
                    yield from (".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for p in inside)


def reached(root, entry):
    """All modules that `entry` reaches, itself included."""
    found, todo = {entry}, [entry]
    while todo:
        new = set(imports(root, todo.pop())) - found
        found |= new
        todo += new
    return found
