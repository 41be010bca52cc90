"""The benchmark of planning plans what it says: all runs missing, then none. No test looks at a clock."""

from tests.benchmarks import planning


def test_runs_are_missing_in_an_empty_store_and_there_in_the_next_plan(tmp_path):
    missing, there = planning.plan(tmp_path, 500), planning.plan(tmp_path, 500)
    assert missing["shards"] == missing["missing"] == there["shards"] == 23, "of 22 runs each"
    assert there["missing"] == 0
    assert all(value > 0 for value in missing.values())


def test_each_number_of_runs_has_a_line(monkeypatch, capsys):
    measured = {"shards": 46, "missing": 0, "describing": 0.5, "planning": 0.25, "megabytes": 36.0}
    monkeypatch.setattr(planning, "plan", lambda folder, count: measured)
    planning.table((1_000, 10_000))
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert first.split() == "1,000 46 0.50 s 0.25 s 0.25 s 36 MB".split() and second.split()[0] == "10,000"
