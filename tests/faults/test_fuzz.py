"""Random input to whatever reads what others may have written; `inputs.py` says what must come out."""

import json
import os
import re
import string
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report import ROOT, profiles
from report.errors import PipelineError
from report.store.shard_file import Damaged, decode
from tests.faults import inputs
from tests.faults.fuzz import CORPUS
from tests.faults.inputs import CHECKS, ENTRY, FILE, ONE

numbers = st.integers() | st.floats() | st.booleans() | st.none()
anything = st.recursive(
    numbers | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)
json_bytes = anything.map(lambda value: json.dumps(value).encode())
yaml_like = st.text("abcde :-[]{}#&*!|>'\"%@`,?\n\t0123456789.~", max_size=60).map(str.encode) | st.binary(max_size=60)
words = st.text(string.printable, max_size=9) | st.sampled_from(
    ["build", "plan", "verify", "--profile", "smoke", "--workers", "--only", "intro", "--store", "-1", "--json", "--", "1e9"]
)
fields = st.sampled_from(
    ["model", "n_features", "n_hidden", "importance", "seed", "steps", "density", "batch", "distribution", "x"]
)


@st.composite
def altered(draw, data):
    """The bytes with some of them replaced, cut out, repeated or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        data = data[:start] + draw(st.binary(max_size=12) | st.just(data[start:end] * 2)) + data[end:]
    return data


INPUTS = {
    "shard_file": altered(FILE) | st.binary(max_size=200),
    "index_lines": st.lists(
        st.text(max_size=60).map(lambda text: text.encode()) | json_bytes | st.just(json.dumps(ENTRY).encode()), max_size=6
    ).map(b"\n".join),
    "report_yml": yaml_like,
    "command_line": st.lists(words, max_size=5).map(lambda some: "\n".join(some).encode()),
    "spec_fields": st.dictionaries(fields, anything, max_size=3).map(lambda some: json.dumps(some).encode()),
    "fetched_file": altered(FILE) | st.just(FILE),
    "saved_models": st.deferred(lambda: altered(inputs.saved())),
    "expectations": json_bytes | st.text(max_size=40).map(str.encode),
    "template_function": st.deferred(
        lambda: st.tuples(st.sampled_from(sorted(inputs.functions()[1])), st.lists(anything, max_size=3)).map(
            lambda pair: f"{pair[0]}\n{json.dumps(pair[1])}".encode()
        )
    ),
}


def test_every_check_has_its_inputs():
    assert INPUTS.keys() == CHECKS.keys() == {path.name for path in CORPUS.iterdir()}


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=300)
@given(data=st.data())
def test_random_input_gives_an_answer_or_the_documented_error(name, data):
    CHECKS[name](data.draw(INPUTS[name]))


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_inputs_that_were_found_before_give_one_too(path):
    CHECKS[path.parent.name](path.read_bytes())


@given(
    st.dictionaries(st.sampled_from(["W", "b", "__metadata__", "final_loss", "../x"]), anything, max_size=4),
    st.binary(max_size=40),
)
def test_a_header_of_any_json_is_damaged(header, rest):
    text = json.dumps(header).encode()
    with pytest.raises(Damaged):
        decode(ONE, len(text).to_bytes(8, "little") + text + rest)


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, "2001-99-99", "!!python/object:os.system {}", "a: !!int x", "\0", "&a [*a]", "? {a: 1}\n: 2", "!!timestamp x"],
)
def test_odd_profiles_are_refused_in_a_line(tmp_path, text):
    (tmp_path / "report.yml").write_text(text)
    with pytest.raises(PipelineError, match=r"^report\.yml[^\n]*$"):
        profiles.load(tmp_path / "report.yml")


@pytest.mark.soak
@pytest.mark.parametrize("name", CHECKS)
def test_atheris_finds_no_input_that_does_not(name, tmp_path, ledger):
    pytest.importorskip("atheris", reason="it is in tests/faults/atheris.lock, which `make soak` installs")
    seconds = os.environ.get("FUZZ_SECONDS", "600")
    command = [sys.executable, "-m", "tests.faults.fuzz", name, seconds, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    found = {path.name: path.read_bytes() for path in tmp_path.glob("*-*")}
    assert done.returncode == 0, (
        f"a fault for {found}; keep the input in {CORPUS / name}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    )
    ledger("Inputs that atheris made up", name.replace("_", " "), int(re.findall(r"Done (\d+) runs", done.stderr)[-1]))
