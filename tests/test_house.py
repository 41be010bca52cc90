"""Around the code: the lock fits the project, the Makefile tells the truth, and citation, workflow and hooks are in order."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = [line for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
VARIABLES = ("PROFILE", "DEVICE", "STORE", "OUT", "ONLY", "WORKERS", "CLUSTER", "FETCH", "PACK", "ARCHIVE")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def load_relock():
    spec = importlib.util.spec_from_file_location("relock", ROOT / ".ci/relock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


relock = load_relock()


def unmet(lock, wanted):
    """The requirements that no line of the lock meets."""
    pins = {canonicalize_name(need.name): need for need in map(Requirement, lock)}
    versions = {name: next(iter(need.specifier)).version for name, need in pins.items()}
    needs = {text: Requirement(text) for text in wanted}
    return [text for text, need in needs.items() if not need.specifier.contains(versions.get(canonicalize_name(need.name), "0"))]


def test_the_lock_meets_the_project():
    assert unmet(LOCK, relock.wanted(PROJECT)) == []


def test_jax_has_a_lock_of_its_own_beside_the_one_that_make_installs():
    text = (ROOT / "tests/benchmarks/jax.lock").read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if not line.startswith("#")]
    extra = PROJECT["project"]["optional-dependencies"]["bench"]
    assert unmet(pins, extra) == [] and all(re.fullmatch(r"\w+==[\d.]+", pin) for pin in pins)
    assert not set(extra) & set(relock.wanted(PROJECT)) and set(relock.LEFT_OUT) == {"bench", "gpu", "s3"}
    assert not {Requirement(pin).name for pin in pins} & {Requirement(line).name for line in LOCK}
    assert "-c requirements.lock -r tests/benchmarks/jax.lock" in make("-n", "-o", ".venv/.ready", "bench")


def test_the_compiler_for_gpus_has_a_lock_of_its_own_which_ci_installs():
    pins = [line for line in (ROOT / "tests/training/nvrtc.lock").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert unmet(pins, PROJECT["project"]["optional-dependencies"]["gpu"]) == []
    assert not {Requirement(pin).name for pin in pins} & {Requirement(line).name for line in LOCK}
    assert "install --quiet --disable-pip-version-check -r tests/training/nvrtc.lock" in (ROOT / ".ci/run").read_text("utf-8")


def test_the_validator_of_archives_has_a_lock_of_its_own():
    pins = [line for line in (ROOT / "tests/report/validator.lock").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(pins) == 1 and re.fullmatch(r"roc-validator==[\d.]+", pins[0])


def test_a_lock_that_lacks_something_is_noticed():
    assert unmet(["numpy==2.4.6"], ["numpy>=2", "numpy<2", "scipy>=1"]) == ["numpy<2", "scipy>=1"]


def test_every_line_of_the_lock_is_one_exact_version():
    for line in LOCK:
        need = Requirement(line)
        assert [s.operator for s in need.specifier] == ["=="], line
        assert not need.url and "*" not in line and "--" not in line and "://" not in line, line
        assert not Version(next(iter(need.specifier)).version).local, f"{line} names one build of a release"
    names = [canonicalize_name(Requirement(line).name) for line in LOCK]
    assert names == sorted(set(names))
    assert "torch==2.13.0" in LOCK


def test_the_lock_is_what_relock_writes_for_what_is_installed():
    resolved = [
        {"name": "torch", "version": "2.13.0+cpu", "requires_dist": ["sympy>=1", "nvidia-cublas ; platform_system == 'Linux'"]},
        {"name": "sympy", "version": "1.14.0", "requires_dist": ["mpmath", "pytest ; extra == 'dev'"]},
        {"name": "nvidia-cublas", "version": "13.0"},
        {"name": "mpmath", "version": "1.3.0"},
        {"name": "Zipp", "version": "4.0", "requires_dist": ["tzdata ; sys_platform == 'win32'"]},
        {"name": "tzdata", "version": "2026.6"},
    ]
    lines = ["mpmath==1.3.0", "sympy==1.14.0", "torch==2.13.0", 'tzdata==2026.6 ; sys_platform == "win32"', "Zipp==4.0"]
    assert relock.lines(resolved, ["torch>=2", "zipp"]) == lines


def test_relock_unpins_what_it_is_asked_to():
    lock = "# head\nnumpy==2.4.6\npymdown-extensions==12.3\nzipp==4.0 ; python_version < '3.12'\n"
    assert relock.kept(lock, ["Pymdown_Extensions"]) == "numpy==2.4.6\nzipp==4.0 ; python_version < '3.12'"
    assert relock.kept(lock, ["all"]) == ""


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_lists_every_target_and_variable():
    text = make("help")
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    assert set(phony) >= set("help report test plan verify lock pack archive serve bench soak notebooks clean".split())
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
