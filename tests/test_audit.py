"""The audit reads every lock, accepts known licences alone, and fails when it cannot ask."""

import json
import subprocess

import pytest

from tests.scripts import script

audit = script("audit")


def test_audit_reads_every_lock_and_accepts_known_licences():
    assert {*audit.LOCKS, "requirements-cpu.lock"} == set(script("relock").HEADERS), "torch is the same release"
    accepted = ["MIT", "BSD License", "Apache-2.0 AND MIT", "GPL-3.0-only OR MIT", "Apache Software License; BSD License"]
    assert all(audit.accepted("numpy", licence) for licence in accepted)
    refused = ["GPL-2.0-only", "MIT AND GPL-3.0-only", "UNKNOWN", "", "(MIT OR GPL-3.0-only) AND ISC", "MIT License; Other"]
    assert [licence for licence in refused if audit.accepted("numpy", licence)] == []
    assert audit.accepted("codespell", "GPL-2.0-only") and audit.accepted("nvidia-x", "LicenseRef-NVIDIA-Proprietary")


def answered(monkeypatch, audit_answer, licence="MIT", error=""):
    """The answers of both tools."""

    def run(command, **options):
        tool = command[command.index("-m") + 1]
        installed = json.dumps([{"Name": "numpy", "Version": "2.0", "License": licence}])
        return subprocess.CompletedProcess(command, 0, installed if tool == "piplicenses" else audit_answer, error)

    monkeypatch.setattr(audit.subprocess, "run", run)


def test_an_audit_without_findings_says_so(monkeypatch, capsys):
    answered(monkeypatch, json.dumps({"dependencies": [{"name": "numpy", "version": "2.0", "vulns": []}]}))
    audit.main()
    assert capsys.readouterr().out.splitlines() == [
        "Licences: 1 are installed, 0 of them not accepted.",
        "Vulnerabilities: none are known in the locked libraries.",
    ]


@pytest.mark.parametrize(
    ("answer", "licence", "line"),
    [
        ("", "MIT", "The service that knows vulnerabilities did not answer: ConnectionError: refused"),
        (
            '{"dependencies": [{"name": "numpy", "skip_reason": "not found"}, {"name": "scipy", "version": "1", "vulns": []}]}',
            "MIT",
            f"{audit.UNREACHABLE} for {len(audit.LOCKS)} of {2 * len(audit.LOCKS)} libraries: not found.",
        ),
        (
            '{"dependencies": [{"name": "numpy", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1", "3.0"]}]}]}',
            "MIT",
            "numpy 2.0 has CVE-1, fixed in 2.1, 3.0.",
        ),
        ('{"dependencies": []}', "GPL-3.0-only", "  numpy                        2.0              GPL-3.0-only"),
    ],
)
def test_an_audit_fails_with_a_line_for_what_is_wrong(monkeypatch, capsys, answer, licence, line):
    answered(monkeypatch, answer, licence, error="Traceback ...\nConnectionError: refused\n")
    with pytest.raises(SystemExit) as stop:
        audit.main()
    assert stop.value.code == 1 and line in capsys.readouterr().out.splitlines()
