"""The code for GPUs without one: compiled by C++ it gives the kernel's bits in any order of lanes; for GPUs it fuses nothing."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sup.canonical import content_digest
from sup.sweeps import vary
from sup.training import train
from sup.training.cuda import CudaError, host, nvrtc
from sup.training.cuda.arguments import SOURCE, joined, macros, parted
from sup.training.cuda.host import CompilerError, block_parts, train_host
from sup.training.cuda.nvrtc import compiled
from sup.training.kernel.parts import block_parts as kernel_parts
from tests.training.runs import CASES, MIXED

LOCK = Path(__file__).parents[2] / "selfcheck.lock"
SHUFFLED = ("-DSHUFFLED",)
ARCHITECTURES = ("compute_70", "compute_80", "compute_90", "compute_100")
COMPILED = ("relu-output-independent", "linear-dataset", "relu-hidden-anticorrelated", "absolute-options")
HOST, NVIDIA = (pytest.mark.usefixtures(name) for name in ("compiler", "nvidia"))
FUSED = re.compile(r"\b(fma|mad)\.\w*\.?f(32|64)|\.ftz|\.approx")


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        assert one[name].dtype == two[name].dtype and np.array_equal(one[name], two[name]), name


@HOST
def test_the_host_form_gives_the_committed_bits():
    command = [sys.executable, "-m", "sup.training.selfcheck", "--device", "host", "--check"]
    done = subprocess.run(command, input=LOCK.read_text(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"{len(LOCK.read_text().splitlines())} parts agree, bit for bit\n", 0), done.stderr


@HOST
@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_lanes_in_any_order_give_the_same_bits(run):
    parts, expected = block_parts(run, SHUFFLED), kernel_parts(run)
    assert parts.keys() == expected.keys()
    for part in parts:
        assert_same(parts[part], expected[part])


@HOST
@pytest.mark.parametrize("run", MIXED.values(), ids=MIXED.keys())
def test_runs_side_by_side_have_the_kernel_s_bits_with_every_mixture_of_options(run):
    runs = [vary(run, seed=seed) for seed in (3, 4)]
    assert_same(train_host(runs, (0, 5), SHUFFLED), train(runs, (0, 5)))


def changed(monkeypatch, tmp_path, module, old, new):
    """Lets a module compile other code, in which `new` stands for `old`."""
    code = SOURCE.read_text()
    assert code.count(old) == 1
    other = tmp_path / "kernel.cu"
    other.write_text(code.replace(old, new))
    monkeypatch.setattr(module, "SOURCE", other)


@HOST
def test_a_barrier_that_is_missing_shows(monkeypatch, tmp_path):
    """Without it the last lane adds up what the others have written; in rising order that goes well."""
    sum_up, last = "a.loss[(wide)run * EVAL_BLOCKS + block] = lane_sum(s.gb[0]);", "if (r == LANES - 1)"
    barrier = f"  }}\n  EACH_THREAD(r, t) if (r == 0 && t == 0) {sum_up}\n"
    changed(monkeypatch, tmp_path, host, barrier, f"  {last} {sum_up}\n  }}\n")
    run = CASES["linear-independent"]
    expected = train([run])["final_loss"]
    assert train_host([run])["final_loss"] == expected
    assert train_host([run], (), SHUFFLED)["final_loss"] != expected


@HOST
def test_other_arithmetic_shows(monkeypatch, tmp_path):
    changed(monkeypatch, tmp_path, host, "return plus(times(a, b), c); }", "return fmaf(a, b, c); }")
    run = CASES["linear-independent"]
    assert not np.array_equal(train_host([run])["W"], train([run])["W"])


@pytest.mark.parametrize("name", ["linear-independent", "absolute-independent"])
def test_parameters_come_apart_as_they_were_joined(name):
    run = CASES[name]
    parameters = train([run, vary(run, seed=9)])
    parameters.pop("final_loss")
    assert_same(parted(run, joined(parameters)), parameters)


@HOST
def test_without_a_compiler_or_with_wrong_code_it_says_so(monkeypatch, tmp_path):
    run = CASES["linear-independent"]
    changed(monkeypatch, tmp_path, host, "typedef unsigned int word;", "typedef unsigned nonsense word;")
    with pytest.raises(CompilerError, match=r"does not compile kernel\.cu: [^\n]*\n[^\n]*nonsense"):
        train_host([run])
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    with pytest.raises(CompilerError, match=r"needs a C\+\+ compiler, and there is no no-such-compiler\. .* name it in CXX\."):
        train_host([run])
    check = [sys.executable, "-m", "sup.training.selfcheck", "--device", "host"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("error: the host form needs a C++ compiler")


def test_without_nvrtc_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(CudaError, match=r"takes cuda-bindings and NVRTC\. Run: pip install 'cuda-bindings<13' nvidia-\S+\."):
        compiled(macros(CASES["linear-independent"]), "compute_90")


@NVIDIA
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", COMPILED)
def test_nothing_is_fused_or_approximate_on_a_gpu(name, architecture):
    if int(architecture.removeprefix("compute_")) not in nvrtc.asked("nvrtcGetSupportedArchs"):
        pytest.skip(f"NVRTC {nvrtc.version()} no longer compiles for {architecture}")
    shared = 0 if architecture == "compute_70" else 232_448
    text = compiled(macros(CASES[name], shared), architecture).decode()
    assert (
        f".target sm_{architecture.removeprefix('compute_')}" in text and ".entry advance" in text and ".entry evaluate" in text
    )
    assert {"mul.rn.f32", "add.rn.f32", "div.rn.f32", "sqrt.rn.f32", "add.rn.f64"} <= set(re.findall(r"\w+\.rn\.f\d\d", text))
    assert "bar.sync" in text and not FUSED.search(text)


@NVIDIA
def test_what_is_fused_is_found(monkeypatch, tmp_path):
    changed(monkeypatch, tmp_path, nvrtc, "return plus(times(a, b), c); }", "return a * b + c; }")
    monkeypatch.setattr(nvrtc, "OPTIONS", ("-std=c++17", "--use_fast_math"))
    text = compiled(macros(CASES["linear-independent"]), "compute_80").decode()
    assert FUSED.search(text)


@NVIDIA
def test_an_unknown_architecture_is_said():
    with pytest.raises(
        CudaError, match=r"does not compile kernel\.cu for compute_7: NVRTC_ERROR_INVALID_OPTION\. .*architecture"
    ):
        compiled(macros(CASES["linear-independent"]), "compute_7")


@HOST
def test_a_run_that_diverges_has_the_same_bits_everywhere():
    """What a processor computes for a NaN differs from another's; results have one."""
    far = {"activation": "quadratic", "init_scale": 1e15, "learning_rate": 0.99, "weight_decay": 0.0}
    run = vary(CASES["relu-output-independent"], **far)
    ours, torch, host_form = train([run], (1,)), train([run], (1,), engine="torch"), train_host([run], (1,))
    assert content_digest(ours) == content_digest(host_form)
    for result in (ours, torch):
        bits = np.concatenate([a.ravel().view(np.uint32)[np.isnan(a.ravel())] for a in result.values() if a.dtype == np.float32])
        assert len(bits) and set(bits.tolist()) == {0x7FC00000}
