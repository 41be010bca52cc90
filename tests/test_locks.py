"""The locks of libraries: they fit the project, pip installs nothing else, and relock writes them."""

import hashlib
import re
import shlex
import subprocess
import sys
import tomllib
import urllib.error
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.scripts import script

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
INSTALL = shlex.split(re.search(r"^INSTALL := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1])
relock, for_gpus = script("relock"), script("for_gpus")
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in relock.HEADERS}
PINS = {name: relock.pins(text) for name, text in TEXTS.items()}
NAMES = {name: {relock.package(pin) for pin in pins} for name, pins in PINS.items()}


def unmet(lock, wanted):
    """The requirements that no line of the lock meets."""
    pins = {canonicalize_name(need.name): need for need in map(Requirement, lock)}
    versions = {name: next(iter(need.specifier)).version for name, need in pins.items()}
    needs = {text: Requirement(text) for text in wanted}
    return [text for text, need in needs.items() if not need.specifier.contains(versions.get(canonicalize_name(need.name), "0"))]


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_locks_meet_the_project():
    assert unmet(PINS[relock.MAIN], relock.wanted(PROJECT)) == []
    for name, extra in ((relock.JAX, "bench"), (relock.ATHERIS, "fuzz"), (relock.NVRTC, "gpu"), (relock.TOOLS, "tools")):
        assert unmet(PINS[name], EXTRAS[extra]) == [] and not set(EXTRAS[extra]) & set(relock.wanted(PROJECT))
    assert relock.LEFT_OUT == {"bench", "fuzz", "gpu", "s3", "tools"}


def test_a_lock_that_lacks_something_is_noticed():
    assert unmet(["numpy==2.4.6"], ["numpy>=2", "numpy<2", "scipy>=1"]) == ["numpy<2", "scipy>=1"]


def test_locks_of_one_environment_share_nothing():
    assert not NAMES[relock.MAIN] & (NAMES[relock.GPU] | NAMES[relock.JAX] | NAMES[relock.NVRTC])
    assert not NAMES[relock.JAX] & (NAMES[relock.GPU] | NAMES[relock.NVRTC])


@pytest.mark.parametrize("name", relock.HEADERS)
def test_every_line_of_a_lock_is_one_exact_version(name):
    assert TEXTS[name].startswith(relock.HEADERS[name])
    for pin in PINS[name]:
        need = Requirement(pin)
        assert [s.operator for s in need.specifier] == ["=="], pin
        assert not need.url and "*" not in pin and "--" not in pin and "://" not in pin, pin
        assert name == relock.CPU or not Version(relock.version_of(pin)).local, f"{pin} names one build of a release"
    names = [relock.package(pin) for pin in PINS[name]]
    assert (names or name == relock.CPU) and names == sorted(set(names))


@pytest.mark.parametrize("name", relock.HEADERS)
def test_every_version_has_digests_in_order(name):
    entries = TEXTS[name].removeprefix(relock.HEADERS[name]).replace(" \\\n", "\n").split("\n")
    starts = [i for i, line in enumerate(entries) if line and not line.startswith(" ")]
    assert len(starts) == len(PINS[name])
    for start, end in pairwise([*starts, len(entries) - 1]):
        digests = entries[start + 1 : end]
        assert digests and all(re.fullmatch("    --hash=sha256:[0-9a-f]{64}", line) for line in digests), entries[start]
        assert digests == sorted(set(digests)), entries[start]


def test_the_lock_is_what_relock_writes_for_what_is_installed():
    resolved = [
        {"name": "torch", "version": "2.13.0+cpu", "requires_dist": ["sympy>=1", "nvidia-cublas ; platform_system == 'Linux'"]},
        {"name": "sympy", "version": "1.14.0", "requires_dist": ["mpmath", "pytest ; extra == 'dev'"]},
        {"name": "mpmath", "version": "1.3.0"},
        {"name": "Zipp", "version": "4.0", "requires_dist": ["tzdata ; sys_platform == 'win32'"]},
        {"name": "tzdata", "version": "2026.6"},
    ]
    lines = ["mpmath==1.3.0", "sympy==1.14.0", "torch==2.13.0", 'tzdata==2026.6 ; sys_platform == "win32"', "Zipp==4.0"]
    assert relock.lines(resolved, ["torch>=2", "zipp"]) == lines


def test_relock_unpins_what_it_is_asked_to():
    lock = "# head\nnumpy==2.4.6 \\\n    --hash=sha256:1\npymdown-extensions==12.3\n"
    lock += "zipp==4.0 ; python_version < '3.12' \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"
    assert relock.kept(lock, ["Pymdown_Extensions"]) == ["numpy==2.4.6", "zipp==4.0 ; python_version < '3.12'"]
    assert relock.kept(lock, ["all"]) == []


@pytest.mark.parametrize(
    ("tag", "counts"),
    [
        *((tag, True) for tag in ("py3-none-any", "cp311-cp311-win_amd64", "cp314-cp314t-musllinux_1_2_aarch64")),
        *((tag, True) for tag in ("cp39-abi3-manylinux_2_17_x86_64", "py310-none-any", "cp315-abi3-macosx_11_0_arm64")),
        *((tag, False) for tag in ("py2-none-any", "cp310-cp310-manylinux_2_28_x86_64", "pp311-pypy311_pp73-win_amd64")),
        *((tag, False) for tag in ("cp313-cp313-ios_13_0_arm64_iphoneos", "cp313-cp313-android_21_x86_64")),
        *((tag, False) for tag in ("cp312-cp312-pyodide_2024_0_wasm32", "graalpy311-graalpy240_311_native-any")),
    ],
)
def test_wheels_count_that_a_supported_python_installs(tag, counts):
    (found,) = parse_tag(tag)
    assert relock.installable(found) is counts


def file(name, digest):
    return {"filename": name, "hashes": {"sha256": digest}}


def test_digests_are_those_of_the_wheels_of_one_version():
    files = [
        file("a_b-1.0-py2.py3-none-any.whl", "1"),
        file("a_b-1.0.0-3-cp312-cp312-win_amd64.whl", "2"),
        file("a_b-1.0-cp310-cp310-win_amd64.whl", "3"),
        file("a_b-1.0.1-py3-none-any.whl", "4"),
        file("a_b-1.0.tar.gz", "5"),
        file("a_b-1.0-py3.exe", "6"),
        file("a_b-1.0-py3-none-any.whl", "7") | {"yanked": "broken"},
    ]
    assert relock.listed(files, "1.0") == {"1", "2", "7"}


def found(name, version, digest="", needs=()):
    archive = {"hashes": {"sha256": digest}} if digest else {}
    metadata = {"name": name, "version": version, "requires_dist": list(needs)}
    return {"metadata": metadata, "download_info": {"archive_info": archive}}


def test_a_file_that_pip_found_elsewhere_counts_too(monkeypatch):
    monkeypatch.setattr(relock, "files_of", lambda name: [file(f"{name}-2.0-py3-none-any.whl", "b")])
    resolved = [found("torch", "2.0+cpu", "a"), found("sympy", "2.0")]
    text = "sympy==2.0 \\\n    --hash=sha256:b\ntorch==2.0 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n"
    assert relock.hashed(["sympy==2.0", "torch==2.0"], resolved) == text
    monkeypatch.setattr(relock, "files_of", lambda name: [])
    with pytest.raises(SystemExit, match=r"there is no wheel of sympy==2\.0, neither at PyPI nor where pip looked"):
        relock.hashed(["sympy==2.0"], resolved)


def test_a_build_of_torch_for_cpus_stays_locked_while_its_release_is():
    ours = "torch==2.0+cpu \\\n    --hash=sha256:a\n"
    assert relock.for_cpus("", found("torch", "2.0+cpu", "a")) == ours
    old = relock.HEADERS[relock.CPU] + ours
    assert relock.for_cpus(old, found("torch", "2.0", "b")) == ours and relock.for_cpus(old, found("torch", "2.1", "b")) == ""
    torch = [pin for pin in PINS[relock.MAIN] if pin.startswith("torch==")]
    assert [pin.removesuffix("+cpu") for pin in PINS[relock.CPU]] in ([], torch)


def test_relock_takes_the_oldest_python():
    relock.check_python((3, 11))
    with pytest.raises(SystemExit, match=r"relock takes Python 3\.11, .* and this is 3\.13\. Remove \.venv-tools and run"):
        relock.check_python((3, 13))


def test_relock_says_that_it_cannot_reach_the_index(monkeypatch):
    def closed(request, timeout):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(relock.urllib.request, "urlopen", closed)
    with pytest.raises(SystemExit, match=r"PyPI cannot be asked for the files of numpy: .*no route to host.* stay as they are"):
        relock.files_of("numpy")


def test_relock_keeps_versions_and_sets_apart_what_torch_for_gpus_brings(monkeypatch):
    asked = []

    def resolve(roots, constraints, *options):
        asked.append((list(roots), constraints, options))
        if roots == relock.wanted(PROJECT):
            return [found("torch", "2.0", needs=["nvidia-x; sys_platform == 'linux'"]), found("nvidia-x", "9", needs=["jax"])]
        return [found("torch", "2.0", needs=["nvidia-x; sys_platform == 'linux'"]), found("nvidia-x", "1"), found("jax", "3")]

    monkeypatch.setattr(relock, "resolve", resolve)
    monkeypatch.setattr(relock, "hashed", lambda chosen, resolved: list(chosen))
    new = relock.relocked(dict.fromkeys(relock.HEADERS, "") | {relock.JAX: "jax==3\n"}, [])
    assert new[relock.MAIN] == ["torch==2.0"]
    assert new[relock.GPU] == ["jax==3", 'nvidia-x==1 ; sys_platform == "linux"'] and asked[1][0] == ["torch==2.0"]
    assert "--isolated" in asked[1][2] and asked[2] == (EXTRAS["bench"], ["torch==2.0", "jax==3"], ())
    assert new[relock.ATHERIS] == ["jax==3", 'nvidia-x==1 ; sys_platform == "linux"']
    assert new[relock.TOOLS] == ["jax==3", 'nvidia-x==1 ; sys_platform == "linux"', "torch==2.0"] and asked[5][1] == []


def wheel(folder):
    """Writes a package of one module, and gives its path and SHA-256."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: absent\n"
        )
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("tiny==1.0 --hash=sha256:{digest}", ""),
        ("tiny==1.0 --hash=sha256:{other} --hash=sha256:{digest}", ""),
        ("tiny==1.0 --hash=sha256:{other}", "DO NOT MATCH THE HASHES"),
        ("tiny==1.0", "Hashes are required"),
        ("source==1.0 --hash=sha256:{digest}", "No matching distribution"),
    ],
)
def test_pip_installs_only_wheels_whose_digest_the_lock_lists(tmp_path, line, problem):
    digest = wheel(tmp_path)
    (tmp_path / "source-1.0.tar.gz").touch()
    (tmp_path / "lock").write_text(line.format(digest=digest, other="0" * 64), encoding="utf-8")
    pip = [sys.executable, *INSTALL, "--isolated", "--no-index", "--find-links", tmp_path, "--target", tmp_path / "there"]
    run = subprocess.run([*pip, "-r", tmp_path / "lock"], capture_output=True, text=True)
    assert bool(run.returncode) == bool(problem) and problem in run.stderr, run.stderr
    assert (tmp_path / "there/tiny.py").exists() == (not problem)


@pytest.mark.parametrize("gpus", [True, False])
def test_setup_installs_what_a_torch_for_gpus_brings_beside_such_a_torch_alone(tmp_path, gpus):
    (tmp_path / "bin").mkdir()
    for name in ("pip", "python"):
        torch = "gpu" if gpus else "cpu"
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\n[ "$1" = .ci/for_gpus.py ] && echo {torch} || echo "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    said = make("setup", f"VENV={tmp_path}").splitlines()
    install = " ".join(INSTALL)
    assert said.index(f"{install} -r requirements-cpu.lock") < said.index(f"{install} -r requirements.lock")
    assert (
        (f"{install} -r requirements-gpu.lock" in said)
        == gpus
        == ("Installing what this build of torch needs for GPUs ..." in said)
    )
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(INSTALL) and (tmp_path / ".ready").exists()


@pytest.mark.parametrize(
    ("requirements", "gpus"),
    [
        (["filelock", "cuda-toolkit[nvrtc]==13.0"], True),
        ([f"nvidia-nccl-cu13==2; sys_platform == '{sys.platform}'"], True),
        (["nvidia-nccl-cu13==2; sys_platform == 'elsewhere'", "nvidia-x; extra == 'all'", "sympy"], False),
    ],
)
def test_a_torch_for_gpus_is_known_by_its_requirements(requirements, gpus):
    assert for_gpus.for_gpus(requirements) is gpus


def test_benchmark_and_ci_install_from_their_locks():
    assert f"{' '.join(INSTALL)} -r {relock.JAX}" in make("-n", "-o", ".venv/.ready", "bench")
    commands = " ".join((ROOT / ".ci/run").read_text(encoding="utf-8").replace("\\\n", "").split())
    assert f'[ "$torch" = gpu ] || .venv/bin/python {" ".join(INSTALL)} -r {relock.NVRTC}' in commands


def test_the_validator_of_archives_has_a_version():
    """It needs an environment of its own, with an older rich than the project's."""
    pins = relock.pins((ROOT / "tests/report/validator.txt").read_text(encoding="utf-8"))
    assert len(pins) == 1 and re.fullmatch(r"roc-validator==[\d.]+", pins[0])
