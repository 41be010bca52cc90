"""What the soak tests have done, counted: `make soak` prints it and keeps it in `soak.json`, for the Reproducibility page."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from report import ROOT

COUNTS = pytest.StashKey[dict]()


@pytest.fixture
def ledger(request):
    """Counts what a soak test has done: `ledger("builds killed", "one process")`."""
    counts = request.config.stash.setdefault(COUNTS, {})

    def count(deed, detail, number=1):
        details = counts.setdefault(deed, {})
        details[detail] = details.get(detail, 0) + number

    return count


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Prints the counts; if every test has passed, they replace those of the same deeds in the file that SOAK_REPORT names."""
    counts = config.stash.get(COUNTS, {})
    for deed, details in sorted(counts.items()):
        terminalreporter.write_line(f"{sum(details.values()):>12,} {deed}")
        for detail, number in sorted(details.items()):
            terminalreporter.write_line(f"{number:>20,} {detail}")
    if counts and exitstatus == 0:
        terminalreporter.write_line("Nothing was lost, and no process was left.")
        if name := os.environ.get("SOAK_REPORT"):
            write(Path(name), counts)


def write(path, counts):
    """Writes counts into a report, with date and commit, beside what it says of other deeds."""
    try:
        before = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        before = {}
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit(path.name)}
    rows = before | {deed: about | {"counts": details} for deed, details in counts.items()}
    path.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def commit(report):
    """The commit that is checked out, with a + where files other than the report differ from it; empty without git."""
    try:
        head, changed = (
            subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for command in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", ".", f":!{report}"])
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{head}+" if changed else head
