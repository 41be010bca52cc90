"""Random input to whatever reads what others may have written: an answer, or the error that is documented, and nothing else."""

import hashlib
import json
import string
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report import expected, options, profiles
from report.errors import PipelineError
from report.fetch import download
from report.store import index
from report.store.remote import Missing, Remote
from report.store.shard_file import Damaged, decode, encode
from report.store.timings import Timings
from sup.errors import SupError
from sup.saved import load, to_bytes
from tests.report.workbench import arrays_of, shard, shop

ONE = shard(2)
FILE, _ = encode(ONE, arrays_of(ONE.runs))
ENTRY = {**dict.fromkeys(index._KINDS, "x"), "part": 0, "size": 1, "runs": 2}

numbers = st.integers() | st.floats() | st.booleans() | st.none()
anything = st.recursive(
    numbers | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)
yaml_like = st.text("abcde :-[]{}#&*!|>'\"%@`,?\n\t0123456789.~", max_size=60) | st.binary(max_size=60).map(
    lambda data: data.decode("latin-1")
)


@st.composite
def altered(draw, data):
    """The bytes with some of them replaced, cut out, repeated or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        data = data[:start] + draw(st.binary(max_size=12) | st.just(data[start:end] * 2)) + data[end:]
    return data


@settings(max_examples=400)
@given(altered(FILE) | st.binary(max_size=200))
def test_a_shard_s_file_holds_its_runs_or_is_damaged(data):
    try:
        arrays, _ = decode(ONE, data)
    except Damaged:
        return
    assert {name: array.tobytes() for name, array in arrays.items()} == {n: a.tobytes() for n, a in arrays_of(ONE.runs).items()}


@given(
    st.dictionaries(st.sampled_from(["W", "b", "__metadata__", "final_loss", "../x"]), anything, max_size=4),
    st.binary(max_size=40),
)
def test_a_header_of_any_json_is_damaged(header, rest):
    text = json.dumps(header).encode()
    with pytest.raises(Damaged):
        decode(ONE, len(text).to_bytes(8, "little") + text + rest)


@given(st.lists(st.text(max_size=60) | anything.map(json.dumps) | st.just(json.dumps(ENTRY)), max_size=6))
def test_an_index_of_any_lines_is_read(lines):
    assert all(isinstance(entry, index.Entry) for entry in index.parse("\n".join(lines)))


@settings(max_examples=300)
@given(text=yaml_like)
def test_profiles_are_read_or_refused_in_a_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "report.yml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        profiles.load(path)
    except PipelineError as problem:
        assert "\n" not in str(problem)


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, "2001-99-99", "!!python/object:os.system {}", "a: !!int x", "\0", "&a [*a]", "? {a: 1}\n: 2", "!!timestamp x"],
)
def test_odd_profiles_are_refused_in_a_line(tmp_path, text):
    (tmp_path / "report.yml").write_text(text)
    with pytest.raises(PipelineError, match=r"^report\.yml[^\n]*$"):
        profiles.load(tmp_path / "report.yml")


words = st.text(string.printable, max_size=9) | st.sampled_from(
    ["build", "plan", "verify", "--profile", "smoke", "--workers", "--only", "intro", "--store", "-1", "--json", "--", "1e9"]
)


@given(st.lists(words, max_size=5))
def test_options_are_parsed_or_refused(arguments):
    with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        try:
            options.parse(arguments)
        except (PipelineError, SystemExit) as problem:
            assert isinstance(problem, PipelineError) or problem.code in (0, 2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The bytes of a sweep's trained models."""
    folder = tmp_path_factory.mktemp("saved")
    shop(folder).make()
    (path,) = (folder / "store/sweeps").glob("*.safetensors")
    return path.read_bytes()


@settings(max_examples=200)
@given(data=st.data())
def test_saved_models_are_those_or_an_error(saved, data):
    try:
        trained = load(data.draw(altered(saved)))
    except SupError:
        return
    assert to_bytes(trained) == to_bytes(load(saved))


@given(text=anything.map(json.dumps) | st.text(max_size=40))
def test_expectations_and_timings_of_any_text(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert Timings(path).get("shard", "x") is None or isinstance(Timings(path).get("shard", "x"), float)
    try:
        assert isinstance(expected.read(path, "smoke"), dict)
    except PipelineError as problem:
        assert "\n" not in str(problem)


class Hostile(Remote):
    """A store that answers with given bytes."""

    def __init__(self, data):
        super().__init__("nowhere")
        self.data = data

    def read(self, name, size=0):
        return self.data


@given(altered(FILE) | st.just(FILE), st.booleans())
def test_a_fetched_file_is_the_shard_s_or_refused(data, honest):
    """Also where the index there goes with the wrong bytes."""
    sha = hashlib.sha256(data if honest else b"").hexdigest()
    entry = index._parse(json.dumps(ENTRY | {"size": len(data), "file": sha}))
    try:
        found, _ = download(Hostile(data), ONE, entry)
    except (Damaged, Missing):
        return
    arrays, _ = decode(ONE, found)
    assert {name: array.tobytes() for name, array in arrays.items()} == {n: a.tobytes() for n, a in arrays_of(ONE.runs).items()}
