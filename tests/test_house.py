"""Around the code: the Makefile tells the truth, and citation, workflow and hooks are in order."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VARIABLES = ("PROFILE", "DEVICE", "STORE", "OUT", "ONLY", "WORKERS", "CLUSTER", "FETCH", "PACK", "ARCHIVE")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_lists_every_target_and_variable():
    text = make("help")
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    assert set(phony) >= set(
        "help report test plan verify lock pack archive serve bench reproduce soak notebooks clean relock audit".split()
    )
    assert [name for name in phony if not re.search(rf"^  {name} +\S", text, re.MULTILINE)] == []
    assert [name for name in VARIABLES if not re.search(rf"^  {name} +\S", text, re.MULTILINE)] == []


@pytest.mark.parametrize("target", ["report", "plan", "verify", "lock", "pack", "archive", "clean"])
def test_targets_run_the_command_line(target):
    command = "build" if target == "report" else target
    assert make("-n", "-o", ".venv/.ready", target).split() == [".venv/bin/python", "-m", "report", command]


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables_reach_the_command_line_only_when_set(variable):
    show = f"PYTHON=printenv {variable} || echo not set #"
    assert make("-o", ".venv/.ready", "plan", show, f"{variable}=a b") == "a b\n"
    assert make("-o", ".venv/.ready", "plan", show) == "not set\n"


def test_citation_names_software_and_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["version"] == PROJECT["project"]["version"]
    paper = citation["references"][0]
    assert paper["title"] == "Toy Models of Superposition" and paper["authors"][0]["family-names"] == "Elhage"
    assert f"## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_only_the_library_is_packaged(tmp_path):
    for name in ("sup", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheel", "."]
    made = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    (wheel,) = (tmp_path / "wheel").iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sup"} and "sup/py.typed" in names


def test_the_workflow_runs_the_tests_and_publishes_what_was_built():
    workflow = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = [step["run"].strip() for step in steps if "run" in step]
    assert ".ci/run" in commands
    [report, pack] = [command for command in commands if command.startswith("make ")]
    assert re.fullmatch(r"make report PROFILE=paper FETCH=\$\{\{ [\w.]+ \}\}/store", report)
    assert pack == "make pack PROFILE=paper PACK=site/store", "the next build fetches what this one packs"
    actions = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in actions), actions
    assert any(action.startswith("actions/deploy-pages@") for action in actions)


def test_only_the_job_that_publishes_may_write():
    workflow = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text(encoding="utf-8"))
    assert set(workflow["permissions"].values()) == {"read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == ["publish"]
    assert workflow["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_pages_are_served_on_this_machine_alone():
    assert re.search(r"-m http\.server --bind 127\.0\.0\.1 .* 8000$", make("-n", "-o", "report", "serve").strip())


def test_hooks_run_the_tools_of_the_virtual_environment():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = [hook["entry"] for hook in hooks[0]["hooks"]]
    assert {entry.split()[0] for entry in entries} == {".venv/bin/ruff", ".venv/bin/codespell", ".venv/bin/mypy"}


@pytest.mark.parametrize("script", [".ci/run", ".ci/python"])
def test_scripts_parse_and_are_executable(script):
    path = ROOT / script
    shell = path.read_text(encoding="utf-8").splitlines()[0].split("/")[-1].split()[-1]
    assert subprocess.run([shell, "-n", path]).returncode == 0
    assert path.stat().st_mode & 0o111
