"""Builds on an emulated GPU: its artifacts are the kernel's, and where it cannot train the CPU goes on."""

import json

import pytest

BUILDS = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from figures.base import Size
from report import engines, gpus
from report.errors import PipelineError
from report.profiles import Profile
from sup.training import selfcheck
from sup.training.cuda import arguments, device, nvrtc
from tests.report.workbench import shop

folder, devices, changes = Path(sys.argv[1]), sys.argv[2].split(), json.loads(sys.argv[3])
every = selfcheck.cases()
selfcheck.cases = lambda: {name: every[name] for name in ("linear-independent", "relu-output-large")}
gpus.COMPILED, gpus.SELFCHECK = folder / "cuda", folder / "selfcheck.lock"
if not gpus.SELFCHECK.exists():
    gpus.SELFCHECK.write_text("".join(f"{line}\\n" for line in selfcheck.lines()))
code = arguments.SOURCE.read_text()
for old, new in changes.get("code", {}).items():
    assert code.count(old) == 1
    code = code.replace(old, new)
nvrtc.SOURCE = folder / "kernel.cu"
nvrtc.SOURCE.write_text(code)
used, train_cuda = [], device.train_cuda
def watched(runs, snapshots=(), ordinal=0, folder=None, halt=None):
    used.append((ordinal, len(runs), runs[0].recipe.steps))
    if runs[0].recipe.steps == changes.get("breaks"):
        time.sleep(3)  # the other call ends meanwhile
        raise device.CudaError("the GPU fell off the bus.")
    return train_cuda(runs, snapshots, ordinal, folder, halt)
device.train_cuda = watched
sizes = {"tiny": Size(steps=20, seeds=3), "other": Size(steps=30, seeds=3)}
for chosen in devices:
    engine = engines.engine(engines.choose_device(chosen.lower()))
    made = shop(folder, engine=engine, insists=chosen.isupper(), names=tuple(sizes))
    made = replace(made, trainer=None, profile=Profile(name="smoke", decides=True, sizes=sizes))
    used.clear()
    missing = sum(len(sweep.missing) for figure in made.plan() for sweep in figure.sweeps)
    try:
        sweeps = [sweep for record in made.make() for sweep in record.sweeps]
    except PipelineError as problem:
        print(json.dumps({"error": str(problem)}))
        continue
    results = [sweep.results_digest for sweep in sweeps]
    print(json.dumps({"missing": missing, "results": results, "device": made.engine.device, "used": used}))
"""


@pytest.fixture
def builds(gpu, tmp_path):
    """Builds one after the other with the tiny figure; gives what each says as JSON, and standard error."""

    def run(*devices, changes=(), **settings):
        done = gpu(BUILDS, tmp_path, " ".join(devices), json.dumps(dict(changes)), **settings)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run


def test_artifacts_of_a_gpu_serve_a_cpu_and_the_other_way_round(builds, tmp_path):
    (first, again, on_cpu), said = builds("cuda", "cuda", "cpu")
    assert (first["missing"], first["device"]) == (2, "cuda") and said.startswith("Trained 12 runs in ")
    proof, trained = first["used"][:2], first["used"][2:]
    assert [runs for _, runs, _ in proof] == [1, 1] and [runs for _, runs, _ in trained] == [6, 6]
    assert [other | {"used": 0} for other in (again, on_cpu)] == [
        first | {"missing": 0, "device": device, "used": 0} for device in ("cuda", "cpu")
    ]
    assert again["used"] == on_cpu["used"] == []
    store = tmp_path / "store"
    shards = {path.name: path.read_bytes() for path in store.glob("shards/*.safetensors")}
    store.rename(tmp_path / "of-the-gpu")
    (on_cpu, on_gpu), _ = builds("cpu", "cuda")
    assert on_cpu["missing"] == 2 and on_gpu["missing"] == 0 and on_cpu["results"] == first["results"]
    assert {path.name: path.read_bytes() for path in store.glob("shards/*.safetensors")} == shards


def test_two_gpus_train_side_by_side_once_both_have_been_checked(builds):
    (made,), _ = builds("cuda", gpus=2)
    trained = [entry for entry in made["used"] if entry[1] > 1]
    assert {ordinal for ordinal, *_ in trained} == {0, 1}
    assert {ordinal for ordinal, runs, _ in made["used"] if runs == 1} == {0, 1}


WRONG = {"code": {"__fdiv_rn(a, b)": "__fmul_rn(a, __fdiv_rn(1.0f, b))"}}
DIFFERS = (
    "Emulated GPU 0 does not give the kernel's bits. The self-check says of linear-independent: the optimiser differs, and all"
)


def test_a_gpu_with_other_bits_trains_nothing(builds):
    (refused, made), said = builds("CUDA", "cuda", changes=WRONG)
    assert refused["error"].startswith(DIFFERS)
    assert (made["missing"], made["device"]) == (2, "cpu") and said.startswith(DIFFERS)
    assert "before it agrees. Training goes on on the CPU; what is trained is kept.\n" in said


def test_when_a_gpu_fails_in_between_the_cpu_goes_on_and_nothing_is_lost(builds):
    (refused, made), said = builds("CUDA", "cuda", changes={"breaks": 20})
    assert refused["error"] == "GPU 0 cannot go on: the GPU fell off the bus."
    assert made["missing"] == 1, "the other shard had been trained before the GPU failed"
    assert made["device"] == "cpu" and "the GPU fell off the bus. Training goes on on the CPU; what is trained is kept.\n" in said
