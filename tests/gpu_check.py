"""Everything that wants a GPU: `python -m tests.gpu_check [STEP ...]` runs it and writes a report that can be sent.

The report is `gpu-check/report.md`, beside a log of each step. A step that fails does not stop the others; the exit status is 1
then. With names of steps, only those are run, and the report keeps what it knew of the others.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime

from report import ROOT, gpus

OUT = ROOT / "gpu-check"
OPTIONS = {"PROFILE", "DEVICE", "ENGINE", "STORE", "OUT", "ONLY", "CLUSTER", "FETCH"}
"""Variables that set options of the pipeline, which must not reach it from the caller."""

SANITIZED = """
from sup.training import selfcheck
from sup.training.cuda import device
device.train_cuda([selfcheck.cases()["absolute-options"]])
"""


def build(engine, store):
    """The command of a build of `paper` from nothing."""
    folder = f"{store}/{engine}"
    options = [
        "--profile",
        "paper",
        "--device",
        "cuda",
        "--engine",
        engine,
        "--store",
        f"{folder}/store",
        "--out",
        f"{folder}/site",
    ]
    return [sys.executable, "-m", "report", "build", *options]


def verified(profile):
    """The command that compares a profile's results with the lock."""
    return [sys.executable, "-m", "report", "verify", "--profile", profile, "--device", "cuda"]


def sanitized(tool):
    """The command that trains a small case under a tool of compute-sanitizer."""
    # The bindings ask for functions that an older driver lacks: that is no error.
    options = ["--tool", tool, "--error-exitcode", "9", "--report-api-errors", "no"]
    return ["compute-sanitizer", *options, sys.executable, "-c", SANITIZED]


def steps(store):
    """The commands by name, in order; builds keep their stores in the folder `store`."""
    tools = {f"sanitizer-{tool}": sanitized(tool) for tool in ("memcheck", "racecheck", "synccheck", "initcheck")}
    return {
        "self-check": [sys.executable, "-m", "sup.training.selfcheck", "--device", "cuda", "--check"],
        "verify-smoke": verified("smoke"),
        "verify-laptop": verified("laptop"),
        "paper-kernel": build("kernel", store),
        "verify-paper": verified("paper"),
        **tools,
        "benchmark": [sys.executable, "-m", "tests.benchmarks.gpu"],
        "paper-torch": build("torch", store),
    }


def run(name, command):
    """Runs a step with its output in a log; returns what the report says of it."""
    if not shutil.which(command[0]):
        return {"outcome": "not run", "why": f"{command[0]} is not installed", "seconds": 0.0}
    print(f"{name}: {' '.join(command)}", flush=True)
    begun = time.monotonic()
    env = {key: value for key, value in os.environ.items() if key not in OPTIONS}
    with (ROOT / "selfcheck.lock").open() as given, (OUT / f"{name}.log").open("w") as log:
        status = subprocess.run(command, cwd=ROOT, env=env, stdin=given, stdout=log, stderr=subprocess.STDOUT).returncode
    lines = (OUT / f"{name}.log").read_text(errors="replace").splitlines()
    found = {"outcome": "passed" if status == 0 else f"FAILED ({status})", "seconds": round(time.monotonic() - begun, 1)}
    print(f"{name}: {found['outcome']} after {found['seconds']} s", flush=True)
    return found | {"why": lines[-1][:300] if lines else ""}


def about():
    """The machine: its cards, and the versions that matter."""
    from importlib import metadata

    from sup.training.cuda import driver, nvrtc

    cards = [f"{gpu.name} (compute capability {gpu.capability / 10}, {gpu.processors} multiprocessors)" for gpu in driver.gpus()]
    names = [d.metadata["Name"] for d in metadata.distributions()]
    versions = {name: metadata.version(name) for name in ("torch", "cuda-bindings", "jax") if name in names}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cards": ", ".join(cards),
        "driver": f"supports CUDA {driver.gpus()[0].driver / 1000:.1f}",
        "compiler": "NVRTC of CUDA {}.{}".format(*nvrtc.version()),
        "machine": f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
    }


def text_of(found):
    """The report as Markdown."""
    lines = ["# What ran on a GPU", "", *(f"- {key}: {value}" for key, value in found["about"].items()), ""]
    lines += ["| step | outcome | seconds | last line |", "| --- | --- | ---: | --- |"]
    for name, step in found["steps"].items():
        lines.append(f"| {name} | {step['outcome']} | {step['seconds']} | {step['why'].replace('|', '/')} |")
    rows = found["steps"].get("benchmark", {}).get("rows", [])
    if rows:
        lines += ["", "Microseconds a run and step; share of the card's multiply-then-adds.", ""]
        lines += ["| shape | runs | kernel | torch, CUDA graphs | JAX | share |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
        for row in rows:
            cells = ["" if row[key] is None else f"{row[key]:.4g}" for key in ("kernel", "torch", "jax", "share_of_peak")]
            lines.append(f"| {row['shape']} | {row['runs']:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments=None):
    """Runs the steps and writes the report; 0 if all that could run has passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu_check", description="Everything that wants a GPU.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"only these: {', '.join(steps(''))}")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.steps if name not in steps("")]:
        parser.error(f"STEP is what to run; got {unknown[0]!r}. Pick some of {', '.join(steps(''))}.")
    if trouble := gpus.trouble():
        parser.error(f"this needs a GPU that works: {trouble}")
    OUT.mkdir(exist_ok=True)
    kept = OUT / "report.json"
    found = {"steps": json.loads(kept.read_text())["steps"] if given.steps and kept.exists() else {}} | {"about": about()}
    with tempfile.TemporaryDirectory(prefix="sup-gpu-") as store:
        for name, command in steps(store).items():
            if given.steps and name not in given.steps:
                continue
            found["steps"][name] = run(name, command)
            if name == "benchmark":
                lines = (OUT / "benchmark.log").read_text().splitlines()
                found["steps"][name]["rows"] = [json.loads(line) for line in lines if line.startswith("{")]
            kept.write_text(json.dumps(found, indent=1))
            (OUT / "report.md").write_text(text_of(found))
    print(f"wrote {OUT / 'report.md'}; to show it on the Reproducibility page: cp {OUT / 'report.json'} {ROOT / 'gpu.json'}")
    return int(any(step["outcome"].startswith("FAILED") for step in found["steps"].values()))


if __name__ == "__main__":
    sys.exit(main())
