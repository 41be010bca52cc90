"""What reads input that others may have written. Each check takes bytes: there is an answer, or the documented error, in a line.

`test_fuzz.py` gives them random input of the right kind and the inputs kept in `corpus/`; `fuzz.py` lets atheris look for more.
"""

import hashlib
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

from report import expected, options, profiles
from report.errors import PipelineError
from report.fetch import download
from report.pages import citations, markup, render
from report.store import index
from report.store.remote import Missing, Remote
from report.store.shard_file import Damaged, decode, encode
from report.store.timings import Timings
from sup.canonical import canonical_text, spec_digest
from sup.errors import SpecError, SupError
from sup.features import Independent
from sup.saved import load, to_bytes
from sup.specs import Recipe, Run
from sup.sweeps import vary
from tests.report import fakes
from tests.report.workbench import arrays_of, shard, shop

ONE = shard(2)
BYTES = {name: array.tobytes() for name, array in arrays_of(ONE.runs).items()}
FILE, _ = encode(ONE, arrays_of(ONE.runs))
ENTRY = {**dict.fromkeys(index._KINDS, "x"), "part": 0, "size": 1, "runs": 2}
BASE = Run(model="relu-output", n_features=4, n_hidden=2, distribution=Independent(density=0.5), recipe=Recipe(steps=9))


@cache
def folder():
    """A folder for files that a check needs, which goes when the process ends."""
    made = tempfile.TemporaryDirectory(prefix="inputs-")
    folder.kept = made
    return Path(made.name)


def text_of(data):
    return data.decode("utf-8", errors="surrogateescape")


def in_one_line(problem):
    assert "\n" not in str(problem), str(problem)


def shard_file(data):
    """The file of a shard holds its runs, or is damaged."""
    try:
        arrays, _ = decode(ONE, data)
    except Damaged:
        return
    assert {name: array.tobytes() for name, array in arrays.items()} == BYTES


def index_lines(data):
    """An index gives entries, and leaves out what is none."""
    assert all(isinstance(entry, index.Entry) for entry in index.parse(text_of(data)))


def report_yml(data):
    """Profiles are read or refused."""
    path = folder() / "report.yml"
    path.write_bytes(data)
    try:
        profiles.load(path)
    except PipelineError as problem:
        in_one_line(problem)


def command_line(data):
    """Arguments, a line each, are parsed or refused."""
    with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        try:
            options.parse(text_of(data).split("\n"))
        except (PipelineError, SystemExit) as problem:
            assert isinstance(problem, PipelineError) or problem.code in (0, 2)


def spec_fields(data):
    """Fields of a spec, as JSON, make a spec with a canonical text of its own, or are refused."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(fields, dict):
        return
    try:
        made = vary(BASE, **fields)
    except SpecError as problem:
        in_one_line(problem)
        return
    again = json.loads(canonical_text(made))
    assert spec_digest(made) == spec_digest(vary(made)) and again == json.loads(canonical_text(vary(made)))


class Hostile(Remote):
    """A store that answers with given bytes."""

    def __init__(self, data):
        super().__init__("nowhere")
        self.data = data

    def read(self, name, size=0):
        return self.data


def fetched_file(data):
    """A fetched file is the shard's, or refused, also where the index there goes with wrong bytes."""
    for claimed in (data, b""):
        entry = index._parse(json.dumps(ENTRY | {"size": len(data), "file": hashlib.sha256(claimed).hexdigest()}))
        try:
            found, _ = download(Hostile(data), ONE, entry)
        except (Damaged, Missing):
            continue
        shard_file(found)
        assert found == FILE or decode(ONE, found)


@cache
def saved():
    """The bytes of a sweep's trained models."""
    shop(folder() / "shop").make()
    (path,) = (folder() / "shop/store/sweeps").glob("*.safetensors")
    return path.read_bytes()


def saved_models(data):
    """Saved models are those that were saved, or an error."""
    try:
        trained = load(data)
    except SupError:
        return
    assert to_bytes(trained) == to_bytes(load(saved()))


def expectations(data):
    """Expected numbers and timings are read; the former may be refused."""
    path = folder() / "any.json"
    path.write_bytes(data)
    assert isinstance(Timings(path).get("shard", "x"), float | None)
    try:
        assert isinstance(expected.read(path, "smoke"), dict)
    except PipelineError as problem:
        in_one_line(problem)


@cache
def functions():
    """What a template may call, by name, and an environment with a template for each that calls it."""
    (folder() / "templates").mkdir()
    (folder() / "templates/parts").symlink_to(render.TEMPLATES / "parts")
    environment = render._environment(folder() / "templates")
    made = markup.Markup(
        fakes.complete(folder() / "figures"),
        "index.html",
        markup.Labels(final=True),
        citations.load(render.TEMPLATES / "references.bib"),
        render._part(environment),
    )
    found = {name: function for name, function in made.functions().items() if callable(function)}
    for name in found:
        (folder() / f"templates/{name}.md").write_text(f"{{{{ {name}(*given) }}}}")
    return environment, found


def template_function(data):
    """The template function named in the first line gives a text for the arguments in the second, as JSON, or an error."""
    environment, found = functions()
    name, _, arguments = text_of(data).partition("\n")
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return
    if name not in found or not isinstance(given, list):
        return
    try:
        render._render(environment, f"{name}.md", found | {"given": given})
    except PipelineError as problem:
        assert str(problem).startswith(f"templates/{name}.md, line 1: ")


CHECKS = {
    check.__name__: check
    for check in (
        *(shard_file, index_lines, report_yml, command_line, spec_fields, fetched_file, saved_models, expectations),
        template_function,
    )
}
