"""The lock and the expected files: written by `lock`, compared by `verify`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report import ROOT, expected, lock, workshop
from report.__main__ import main
from report.errors import PipelineError
from report.lock import Comparison
from report.records import LockedSweep
from sup.training import selfcheck
from tests.report.workbench import FakeEngine, arrays_of, shop

ONE, TWO = (
    LockedSweep("intro/relu", "smoke", "1" * 64, "kernel", "a" * 64),
    LockedSweep("basic_small/relu", "smoke", "2" * 64, "kernel", "b" * 64),
)


def test_lines_come_back_in_the_papers_order(tmp_path):
    path = tmp_path / "artifacts.lock"
    large = LockedSweep("intro/relu", "laptop", "3" * 64, "kernel", "c" * 64)
    path.write_text(lock.text_of([large, TWO, ONE]))
    assert lock.read(path) == [ONE, TWO, large]
    assert path.read_text().splitlines()[0] == f"intro/relu smoke {'1' * 64} kernel {'a' * 64}"
    assert lock.read(tmp_path / "nothing") == []


def test_a_malformed_line_is_named(tmp_path):
    path = tmp_path / "artifacts.lock"
    path.write_text(lock.text_of([ONE]) + "intro/relu smoke\n")
    with pytest.raises(PipelineError, match=r"artifacts\.lock, line 2: a line is sweep, profile, .* got 'intro/relu smoke'"):
        lock.read(path)
    path.write_text(lock.text_of([ONE]).replace("smoke", "huge"))
    words = r"line 1: the locked profiles are smoke, laptop, paper; got 'huge'\. Remove the line\."
    with pytest.raises(PipelineError, match=words):
        lock.read(path)


def test_every_way_to_differ_is_told_apart():
    here = [
        ONE,
        LockedSweep(TWO.name, "smoke", "9" * 64, "kernel", TWO.results_digest),
        LockedSweep("basic_large/relu", "smoke", "4" * 64, "kernel", "d" * 64),
        LockedSweep("basic_large/new", "smoke", "5" * 64, "kernel", "e" * 64),
    ]
    locked = [
        ONE,
        TWO,
        LockedSweep("basic_large/relu", "smoke", "4" * 64, "kernel", "f" * 64),
        LockedSweep("gone/relu", "smoke", "6" * 64, "kernel", "0" * 64),
    ]
    assert lock.compare(locked, here) == [
        Comparison("intro/relu", "match", "a" * 64, "a" * 64),
        Comparison("basic_small/relu", "outdated", "b" * 64, "b" * 64),
        Comparison("basic_large/relu", "differs", "f" * 64, "d" * 64),
        Comparison("basic_large/new", "unlisted", "", "e" * 64),
        Comparison("gone/relu", "unneeded", "0" * 64, ""),
    ]


numbers = st.floats(-1e6, 1e6)


@given(
    st.recursive(
        st.one_of(numbers, st.none(), st.text(max_size=3)),
        lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(max_size=3), x, max_size=4),
        max_leaves=12,
    )
)
def test_rounding_stays_within_the_tolerance(value):
    assert list(expected.differences(expected.rounded(value), value)) == []


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({"x": [1.0, 2.0]}, {"x": [1.0, 2.001]}, "x[1] is 2.001, expected 2.0"),
        ({"x": [1.0]}, {"x": [1.0, 2.0]}, "x has 2 entries, expected 1"),
        ({"x": 1.0}, {}, "x is expected but missing"),
        ({}, {"x": {"y": 1}}, "x is not expected"),
        ({"C1": "differs"}, {"C1": "reproduced"}, "C1 is 'reproduced', expected 'differs'"),
        ({"x": None}, {"x": 0.0}, "x is 0.0, expected None"),
        ({"x": True}, {"x": 1.0}, "x is 1.0, expected True"),
    ],
)
def test_differences_are_named(one, other, words):
    assert list(expected.differences(one, other)) == [words]


@given(st.integers(65, 400), st.data())
def test_a_fingerprint_notices_one_changed_number(count, data):
    values = data.draw(st.lists(st.floats(-1, 1), min_size=count, max_size=count))
    values[0] = 1.0
    other = list(values)
    other[data.draw(st.integers(0, count - 1))] += data.draw(st.sampled_from([-1, 1])) * 0.05
    one, two = (expected.rounded(expected.fingerprint(rows)) for rows in (values, other))
    assert list(expected.differences(one, two)), "a change of a twentieth is noticed"
    assert not list(expected.differences(one, expected.fingerprint([x * (1 + 1e-9) for x in values])))


def test_sections_are_replaced_one_by_one(tmp_path):
    path = tmp_path / "claims.expected"
    path.write_bytes(expected.with_section(path, "smoke", {"C1": "undecided"}))
    path.write_bytes(expected.with_section(path, "laptop", {"C1": "reproduced", "C2": "differs"}))
    assert expected.read(path, "smoke") == {"C1": "undecided"} and list(expected.read(path, "laptop")) == ["C1", "C2"]
    laptop, smoke = ['  "C1": "reproduced",', '  "C2": "differs"'], ['  "C1": "undecided"']
    assert path.read_text().splitlines() == ["{", ' "laptop": {', *laptop, " },", ' "smoke": {', *smoke, " }", "}"]
    path.write_text("[")
    with pytest.raises(PipelineError, match=r"claims\.expected holds JSON with a section per profile, and it cannot be read"):
        expected.read(path, "smoke")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the tiny figure's workshop and a lock of its own; returns a function that runs a command there."""
    monkeypatch.setattr(lock, "PATH", tmp_path / "artifacts.lock")
    monkeypatch.setattr(lock.read, "__defaults__", (tmp_path / "artifacts.lock",))
    monkeypatch.setattr(expected, "FIGURES", tmp_path / "figures.expected")
    monkeypatch.setattr(expected, "CLAIMS", tmp_path / "claims.expected")
    monkeypatch.setattr(lock, "SELFCHECK", tmp_path / "selfcheck.lock")
    monkeypatch.setattr(selfcheck, "lines", lambda: iter(["tiny draw 0", "tiny trained 1"]))  # what it trains has its own test

    def run(*arguments, trainer=None, **changes):
        def opened(options, device, profile, store=None):
            made = shop(tmp_path, trainer or FakeEngine(), **changes)
            if store:
                made.store = type(made.store)(store)
                made.__post_init__()
            return made

        monkeypatch.setattr(workshop, "open_workshop", opened)
        return main([*arguments, "--profile", "smoke"])

    run.folder = tmp_path
    return run


def test_lock_writes_what_verify_then_matches(place, capsys):
    assert place("lock") == 0
    assert "smoke tiny/models: new -> " in capsys.readouterr().out
    assert (place.folder / "selfcheck.lock").read_text() == "tiny draw 0\ntiny trained 1\n"
    assert place("lock") == 0
    assert "Nothing changed for profile smoke." in capsys.readouterr().out
    assert place("verify") == 0
    out = capsys.readouterr().out
    assert "match     tiny/models" in out and "1 of 1 sweeps match artifacts.lock; figures and verdicts are as expected." in out


def test_lock_keeps_numbers_that_differ_in_their_last_digits_alone(place, capsys):
    place("lock")
    path = place.folder / "figures.expected"
    sections = json.loads(path.read_text())
    loss = sections["smoke"]["tiny"]["values"]["loss"]
    for factor, words in ((1 + 1e-7, "Nothing changed for profile smoke."), (1.01, "Wrote figures.expected.")):
        other = sections | {"smoke": {"tiny": sections["smoke"]["tiny"] | {"values": {"loss": [loss[0] * factor, loss[1]]}}}}
        path.write_bytes(expected.with_section(path, "smoke", other["smoke"]))
        capsys.readouterr()
        assert place("lock") == 0 and words in capsys.readouterr().out


def other_bits(specs, snapshots):
    return {name: array + 1 for name, array in arrays_of(specs, snapshots).items()}


def test_verify_reports_other_bits_and_other_numbers(place, capsys):
    place("lock")
    capsys.readouterr()
    assert place("verify", trainer=other_bits) == 1
    out = capsys.readouterr().out
    assert "differs   tiny/models different bits from the same specs (lock " in out
    assert "figure tiny: values/loss[0] is 1." in out
    assert "0 of 1 sweeps match artifacts.lock; " in out
    assert "Where the bits begin to differ: .venv/bin/python -m sup.training.selfcheck --check < selfcheck.lock" in out
    assert place("verify", "--json", trainer=other_bits) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["sweeps"][0]["outcome"] == "differs" and answer["unexpected"]


def test_verify_reports_a_changed_verdict(place, capsys):
    place("lock")
    path = place.folder / "claims.expected"
    path.write_text(path.read_text().replace('"C0": "reproduced"', '"C0": "differs"'))
    capsys.readouterr()
    assert place("verify") == 1
    assert "claim C0 is 'reproduced', expected 'differs'" in capsys.readouterr().out


@pytest.mark.parametrize(("untouched", "status"), [(None, 0), (True, 0), (False, 1)])
def test_verify_reports_a_site_that_was_changed(place, monkeypatch, capsys, untouched, status):
    place("lock")
    capsys.readouterr()
    monkeypatch.setattr("report.verify.is_untouched", lambda out: untouched)
    assert place("verify") == status
    said = "differs   site" in (out := capsys.readouterr().out)
    assert said == ("1 numbers, verdicts or files are not as expected" in out) == bool(status)


def test_verify_reports_a_lock_that_is_out_of_date(place, capsys):
    place("lock")
    capsys.readouterr()
    assert place("verify", seeds=4) == 1
    assert "outdated  tiny/models the lock is out of date: it lists different specs; run `make lock`" in capsys.readouterr().out


def test_verify_trains_although_the_store_holds_everything(place):
    place("lock")
    engine = FakeEngine()
    assert place("verify", trainer=engine) == 0 and engine.calls


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["lock", "--profile", "smoke", "--device", "cuda"],
            "artifacts.lock is written on a CPU; got DEVICE=cuda. Leave it out.",
        ),
        (["verify", "--profile", "tiny"], "got 'tiny'. Pick one of smoke, laptop, paper."),
    ],
)
def test_what_cannot_be_verified_is_refused(arguments, words, capsys):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_profile_that_is_not_locked_cannot_be_verified(monkeypatch, capsys):
    monkeypatch.setattr("report.lock.PROFILES", ("smoke", "laptop"))
    assert main(["verify", "--profile", "paper"]) == 2
    assert "artifacts.lock lists the sweeps of smoke, laptop; got PROFILE=paper. Pick one of these." in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["smoke", "laptop", pytest.param("paper", marks=pytest.mark.soak)],  # a minute: 880,000 specs
)
def test_the_committed_lock_lists_what_the_figures_need(name):
    from report import engines, profiles
    from report.plan import plan_sweeps
    from report.store.artifacts import Store

    locked = lock.read()
    profile = profiles.get(name)
    planned = plan_sweeps(Store(ROOT / "nowhere"), profile, engines.engine("cpu"), profile.sizes)
    needs = {(f"{sweep.figure}/{sweep.name}", sweep.spec_digest) for sweep in planned}
    listed = {(line.name, line.spec_digest) for line in locked if line.profile == name}
    assert listed == needs, f"run `make lock PROFILE={name}`"
    assert expected.read(expected.FIGURES, name) and expected.read(expected.CLAIMS, name)
