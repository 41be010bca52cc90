"""The code for GPUs on an emulated one: what NVRTC makes of it gives the kernel's bits, and what the driver answers is said."""

import json
import re
import time
from pathlib import Path

import pytest

from sup.training.cuda import CudaError, nvrtc
from sup.training.cuda.arguments import SOURCE, macros
from tests.training.gpu.ptx import UnknownInstruction, translated
from tests.training.runs import CASES

LOCK = Path(__file__).parents[2] / "selfcheck.lock"
SELFCHECK = "from sup.training import selfcheck; import sys; sys.exit(selfcheck.main(['--device', 'cuda', '--check']))"
pytestmark = pytest.mark.usefixtures("nvidia")


def test_the_compiled_code_gives_the_committed_bits(gpu):
    done = gpu(SELFCHECK, given=LOCK.read_text())
    assert (done.stdout, done.returncode) == (f"{len(LOCK.read_text().splitlines())} parts agree, bit for bit\n", 0), done.stderr


TRAINS = """
import sys
import numpy as np
from sup.sweeps import vary
from sup.training import train
from sup.training.cuda import device
from tests.training.runs import tiny
device.SECONDS = float(sys.argv[1])
parts, trained = [], device.trained
device.trained = lambda runs, *rest: parts.append(len(runs)) or trained(runs, *rest)
for n, m, changes in ((10, 5, {"l1": 0.01}), (20, 5, {"dataset": 3, "batch": 100}), (25, 6, {"attack": 0.3})):
    runs = [vary(tiny(n, m, "relu-hidden", **changes), seed=seed) for seed in range(5)]
    ours, kernel = device.train_cuda(runs, (0, 7)), train(runs, (0, 7))
    assert ours.keys() == kernel.keys()
    assert all(np.array_equal(ours[name], kernel[name]) for name in kernel), (n, m)
print(parts)
"""


def test_runs_that_do_not_fit_at_once_or_into_one_launch_have_the_kernel_s_bits(gpu):
    whole, cut = gpu(TRAINS, 9.0), gpu(TRAINS, 1e-9, memory=500_000)
    assert (whole.stdout, whole.returncode) == ("[5, 5, 5]\n", 0), whole.stderr
    assert cut.returncode == 0 and len(json.loads(cut.stdout)) > 3, (cut.stdout, cut.stderr)


STOPS = """
import threading, time
from sup.sweeps import vary
from sup.training.cuda import device
from tests.training.runs import tiny
halt = threading.Event()
threading.Timer(2.0, halt.set).start()
try:
    device.train_cuda([vary(tiny(), steps=10**6)], (), halt=halt)
except device.CudaError as problem:
    print(problem)
"""


def test_training_stops_between_two_launches(gpu):
    begun = time.monotonic()
    assert gpu(STOPS).stdout == "training was stopped.\n"
    assert time.monotonic() - begun < 30, "all steps would take minutes"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gpus": 0}, r"the CUDA driver answers CUDA_ERROR_NO_DEVICE to cuInit\."),
        ({"version": 11080}, r"the driver of Emulated GPU 0 supports CUDA 11\.8, and the compiler is that of CUDA 12\.\d\."),
        ({"capability": 3}, r"its compute capability is 3\.0, and CUDA 12\.\d compiles for 5\.0 and newer\."),
        ({"memory": 12_000}, r"the GPU has not enough memory left \(cuMemAlloc\)\."),
    ],
)
def test_a_gpu_that_cannot_train_is_said(gpu, settings, words):
    done = gpu(SELFCHECK, given=LOCK.read_text(), **settings)
    assert (done.returncode, done.stdout) == (2, "") and re.fullmatch(f"error: .*{words}.*\n", done.stderr), done.stderr


CHANGED = """
import sys
from pathlib import Path
import numpy as np
from sup.training import train
from sup.training.cuda import arguments, device, nvrtc
from tests.training.runs import CASES
nvrtc.SOURCE = Path(sys.argv[1])
run = CASES[sys.argv[2]]
try:
    print(bool(np.array_equal(device.train_cuda([run])["W"], train([run])["W"])))
except device.CudaError as problem:
    print(problem)
"""


STATE, EACH = "a.parameters + first, s.parameters, r, t", "once = 1; once; once = 0, __syncthreads())"
NORM, SAYS = "EACH_THREAD(r, t) if (t == 0) to_unit_norm", "the CUDA driver answers CUDA_ERROR"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (STATE, STATE.replace("first", "100000"), f"{SAYS}_ILLEGAL_ADDRESS"),
        (EACH, "once = 1; once; once = 0)", "False"),
        (NORM, "if (threadIdx.x < 9) EACH_THREAD(r, t) to_unit_norm", f"{SAYS}_LAUNCH_FAILED"),
        ("__fmul_rn(a, b)", "__fmul_rz(a, b)", f"{SAYS}_INVALID_IMAGE"),
    ],
    ids=["outside", "no barrier", "not all at a barrier", "unknown instruction"],
)
def test_wrong_code_shows(gpu, tmp_path, old, new, words):
    code = SOURCE.read_text()
    assert code.count(old) == 1
    other = tmp_path / "kernel.cu"
    other.write_text(code.replace(old, new))
    done = gpu(CHANGED, other, "relu-output-unit-norm")
    assert done.returncode == 0 and done.stdout.startswith(words), (done.stdout, done.stderr)


def test_a_run_larger_than_its_share_is_trained_and_one_without_room_is_said(gpu):
    assert gpu(CHANGED, SOURCE, "relu-output-unit-norm", memory=20_000).stdout == "True\n"
    said = gpu(CHANGED, SOURCE, "relu-output-unit-norm", memory=4_000).stdout
    assert said == "the GPU has not enough memory left (cuMemAlloc).\n"


def test_an_instruction_that_the_translator_does_not_know_is_refused():
    with pytest.raises(UnknownInstruction, match=r"fma\.rn\.f32"):
        translated(".visible .entry k(\n.param .u64 p[8]\n)\n{\n\tfma.rn.f32 \t%f1, %f2, %f3, %f4;\n}\n")


def test_compiled_code_is_kept_and_damage_is_noticed(tmp_path, monkeypatch):
    given, calls, compiled = macros(CASES["linear-independent"]), [], nvrtc._compiled
    monkeypatch.setattr(nvrtc, "_compiled", lambda *arguments: calls.append(1) or compiled(*arguments))
    first = nvrtc.compiled(given, "sm_90", tmp_path)
    assert first.startswith(b"\x7fELF") and nvrtc.compiled(given, "sm_90", tmp_path) == first and len(calls) == 1
    assert nvrtc.compiled(given, "sm_80", tmp_path) != first and len(calls) == 2
    for damage in (lambda data: data[:-1] + b"?", lambda data: b"", lambda data: data[:70]):
        for path in tmp_path.iterdir():
            path.write_bytes(damage(path.read_bytes()))
        assert nvrtc.compiled(given, "sm_90", tmp_path) == first
    assert len(calls) == 5 and not [path for path in tmp_path.iterdir() if path.name.startswith("tmp")]


def test_an_architecture_is_the_gpu_s_own_or_the_newest_before_it(monkeypatch):
    assert [nvrtc.architecture(capability) for capability in (90, 80, 88, 999)] == ["sm_90", "sm_80", "compute_87", "compute_121"]
    with pytest.raises(CudaError, match=r"its compute capability is 3\.5, and CUDA 12\.\d compiles for 5\.0 and newer\."):
        nvrtc.architecture(35)
