"""`make gpu-check` on an emulated GPU: its report says what passed, failed and could not run; the benchmark measures."""

import json

import pytest

from report.errors import PipelineError
from report.pages import gpu as gpu_page
from tests import gpu_check

CHECKS = """
import sys
from pathlib import Path
from tests import gpu_check
gpu_check.OUT = Path(sys.argv[1])
row = '{"shape": "relu-output 5x2", "runs": 1000, "kernel": 0.25, "torch": 7.5, "jax": null, "share_of_peak": 0.3, "missing": {}}'
gpu_check.steps = lambda store: {
    "passes": [sys.executable, "-c", "import os; print('stands alone' if 'ONLY' not in os.environ else 'does not')"],
    "fails": [sys.executable, "-c", "print('bits | differ'); raise SystemExit(3)"],
    "lacks": ["no-such-tool"],
    "benchmark": [sys.executable, "-c", f"print({row!r})"],
}
print(gpu_check.main(sys.argv[2:]))
"""


def test_the_report_says_what_passed_failed_and_could_not_run(gpu, tmp_path, monkeypatch):
    monkeypatch.setenv("ONLY", "intro")
    done = gpu(CHECKS, tmp_path)
    assert f"wrote {tmp_path / 'report.md'}; to show it on the" in done.stdout and done.stdout.endswith("\n1\n"), done.stderr
    text = (tmp_path / "report.md").read_text()
    assert "- cards: Emulated GPU 0 (compute capability 99.0, 3 multiprocessors)\n" in text
    for start, end in (
        ("| passes | passed |", "| stands alone |"),
        ("| fails | FAILED (3) |", "| bits / differ |"),
        ("| lacks | not run |", "| no-such-tool is not installed |"),
        ("| relu-output 5x2 | 1,000 |", "| 0.25 | 7.5 |  | 0.3 |"),
    ):
        (line,) = [line for line in text.splitlines() if line.startswith(start)]
        assert line.endswith(end), line
    report = gpu_page.read(tmp_path / "report.json")
    assert report.steps["fails"]["outcome"] == "FAILED (3)" and report.steps["benchmark"]["rows"][0]["kernel"] == 0.25
    (tmp_path / "report.json").write_text(json.dumps({"steps": {"fails": {"outcome": "passed", "seconds": 1, "why": "kept"}}}))
    assert gpu(CHECKS, tmp_path, "passes").stdout.endswith("\n0\n")
    assert "| fails | passed | 1 | kept |" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["verify-all"], "STEP is what to run; got 'verify-all'. Pick some of self-check, verify-smoke"), ([], "needs a GPU that")],
)
def test_what_cannot_be_checked_is_said(arguments, words, capsys, monkeypatch):
    monkeypatch.setattr(gpu_check.gpus, "trouble", lambda: "it is broken.")
    with pytest.raises(SystemExit, match="2"):
        gpu_check.main(arguments)
    assert words in capsys.readouterr().err


BENCHMARK = "from tests.benchmarks import gpu; gpu.COUNTS, gpu.LONG = (3,), 0.01; gpu.main(['3x2'])"


def test_the_benchmark_measures_the_kernel_and_says_why_others_are_missing(gpu):
    done = gpu(BENCHMARK)
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["shape"], row["runs"]) == ("relu-output 3x2", 3) and row["kernel"] > 0, done.stderr
    assert 0 < row["share_of_peak"] == pytest.approx(5 * 6 * 1024 / (row["kernel"] * 1e-6) / (3 * 128 * 1e9 / 2))
    assert set(row["missing"]) == {"torch", "jax"} and row["torch"] is row["jax"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"about": {}, "steps": {}}', '{"about": {"cards": "", "date": ""}, "steps": {"a": {}}}']
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text):
    assert gpu_page.read(tmp_path / "gpu.json") is None
    (tmp_path / "gpu.json").write_text(text)
    with pytest.raises(PipelineError, match=r"^gpu\.json is no report of `make gpu-check`\. Copy gpu-check/report\.json to it"):
        gpu_page.read(tmp_path / "gpu.json")
