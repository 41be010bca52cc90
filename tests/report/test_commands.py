"""The command line: options, answers and errors."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from figures import module
from report import ROOT, commands, engines, files, gpus, options, profiles, workshop
from report.__main__ import main
from report.engines import choose_device
from report.errors import PipelineError
from report.handout import Shelf
from report.notebook import Handout
from report.options import choose_profile, parse
from report.plan import watched
from report.store.artifacts import Store
from report.store.shards import cut
from tests.report.workbench import FakeEngine, arrays_of, shard, shop, tree


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Runs a command on the tiny figure; pages and site are written by `made`, a list of calls."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gpus, "count", lambda: 0)
    monkeypatch.setattr(Shelf, "handout", lambda *_: Handout())

    def run(*arguments, **changes):
        monkeypatch.setattr(
            workshop, "open_workshop", lambda options, device, profile: shop(tmp_path, changes.pop("trainer", None), **changes)
        )
        return main(list(arguments))

    return run


def test_every_command_has_help():
    for command in options.COMMANDS:
        with pytest.raises(SystemExit) as exit:
            parse([command, "--help"])
        assert exit.value.code == 0
    assert set(options.COMMANDS) == set(commands.COMMANDS)


def test_defaults_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PROFILE", "smoke")
    monkeypatch.setenv("STORE", "/elsewhere")
    monkeypatch.setenv("WORKERS", "3")
    settings = parse(["build"])
    assert (settings.profile, str(settings.store), settings.workers, settings.only) == ("smoke", "/elsewhere", 3, "")
    assert parse(["build", "--profile", "laptop"]).profile == "laptop"
    monkeypatch.setenv("STORE", "")
    assert parse(["build"]).store == ROOT / ".artifacts" and parse(["build"]).out == ROOT / "site"


def test_clean_takes_store_as_a_switch_and_as_a_folder(monkeypatch):
    monkeypatch.setenv("STORE", "/elsewhere")
    assert not parse(["clean"]).clean_store and str(parse(["clean"]).store) == "/elsewhere"
    assert parse(["clean", "--store"]).clean_store and str(parse(["clean", "--store"]).store) == "/elsewhere"
    assert str(parse(["clean", "--store", "/there"]).store) == "/there"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["build", "--workers", "many"],
            "WORKERS is the number of threads, an int of at least 1; got 'many'. Leave it out to use all",
        ),
        (["plan", "--workers", "0"], "WORKERS is the number of threads, an int of at least 1; got '0'"),
        (["build", "--only", "intr"], "ONLY is the figure to make; got 'intr'. Pick one of intro, privileged_basis_sketch"),
        (
            ["plan", "--profile", "huge"],
            "PROFILE is how much of each experiment to run; got 'huge'. Pick one of smoke, laptop, paper.",
        ),
        (["plan", "--device", "tpu"], "DEVICE is where to train; got 'tpu'. Pick cpu or cuda, or leave it out"),
        (["plan", "--engine", "jax"], "ENGINE is what trains; got 'jax'. Pick kernel or torch, or leave it out for the kernel."),
        (["verify", "--engine", "torch"], "artifacts.lock lists what the kernel trains; got ENGINE=torch. Leave it out."),
    ],
)
def test_a_wrong_option_gives_one_line_and_status_2(arguments, words, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and words in err and err.count("\n") == 1


def test_the_gpu_is_used_where_there_is_one(monkeypatch):
    monkeypatch.setattr(gpus, "trouble", lambda: "")
    assert (choose_device(""), choose_device("cpu"), choose_device("cuda")) == ("cuda", "cpu", "cuda")
    monkeypatch.setattr(gpus, "trouble", lambda: "it is broken.")
    assert choose_device("") == "cpu"
    with pytest.raises(
        PipelineError, match=r"DEVICE=cuda needs a GPU that works: it is broken\. Pass DEVICE=cpu to train without\."
    ):
        choose_device("cuda")
    assert [choose_profile("", device) for device in ("cpu", "cuda")] == ["laptop", "paper"]
    assert choose_profile("smoke", "cuda") == "smoke"


@pytest.mark.skipif(bool(gpus.count()), reason="there is a GPU")
def test_without_a_gpu_a_build_for_one_says_in_a_line_what_is_missing():
    ran = subprocess.run([sys.executable, "-m", "report", "build", "--device", "cuda"], cwd=ROOT, capture_output=True, text=True)
    missing = "there is no GPU with a CUDA driver on this machine."
    line = f"error: DEVICE=cuda needs a GPU that works: {missing} Pass DEVICE=cpu to train without.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", line)


def test_blas_has_one_thread_unless_the_caller_wants_more():
    program = (
        "import os, sys, report; early = 'numpy' in sys.modules; import report.__main__\n"
        "print(early, os.environ['OPENBLAS_NUM_THREADS'])"
    )
    for setting, answer in (({}, "False 1"), ({"OPENBLAS_NUM_THREADS": "3"}, "False 3")):
        rest = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=rest | setting, capture_output=True, text=True)
        assert ran.stdout.strip() == answer, ran.stderr


def test_gpus_are_counted_without_a_library():
    program = (
        "import sys; from report.gpus import count; print(count())\n"
        "sys.exit(bool({'torch', 'numba', 'cuda.bindings'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stdout.strip().isdecimal(), ran.stderr


def test_a_torch_for_cpus_uses_no_gpu(monkeypatch):
    class Driver:
        def __init__(self, name):
            pass

        def cuInit(self, flags):
            return 0

        def cuDeviceGetCount(self, count):
            count._obj.value = 1
            return 0

    monkeypatch.setattr(gpus.ctypes, "CDLL", Driver)
    monkeypatch.setattr(engines, "torch_version", lambda: "2.13.0+cpu")
    assert choose_device("", "torch") == "cpu"
    with pytest.raises(PipelineError, match=r"needs a GPU that works: the installed torch is built for CPUs\."):
        choose_device("cuda", "torch")
    monkeypatch.setattr(engines, "torch_version", lambda: "2.13.0")
    assert choose_device("", "torch") == "cuda"


def test_a_plan_says_what_and_why_and_then_that_there_is_nothing_to_do(tiny, capsys):
    assert tiny("plan") == 0
    out = capsys.readouterr().out
    assert "Profile smoke, engine kernel on cpu." in out
    assert "tiny/models: 6 of 6 runs, 1 of 1 shard (absent: smoke/tiny/models)" in out
    assert "tiny (input: tiny/models)" in out
    tiny("claims")
    capsys.readouterr()
    assert tiny("plan") == 0
    assert "Nothing to do: 6 runs are trained and 1 figure is drawn." in capsys.readouterr().out


def cut_shard(store):
    (path,) = (store / "shards").iterdir()
    path.write_bytes(path.read_bytes()[:-9])


def cut_figure(store):
    (path,) = (store / "figures").glob("*/light.svg")
    path.write_bytes(path.read_bytes()[:-9])


def lose_index(store):
    (store / "index.jsonl").unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut_shard, "tiny/models: 6 of 6 runs, 1 of 1 shard (corrupt: "),
        (cut_figure, "tiny (corrupt: tiny)"),
        (lose_index, "Nothing to do"),
    ],
)
def test_a_plan_changes_nothing_in_a_store(tiny, tmp_path, capsys, change, words):
    tiny("claims")
    store = tmp_path / "store"
    change(store)
    leftover = files.temporary_name(store / "shards" / "x.safetensors")
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))
    before = {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in store.rglob("*")}
    capsys.readouterr()
    warnings = []
    assert tiny("plan", warn=warnings.append) == 0
    assert words in capsys.readouterr().out
    assert {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in store.rglob("*")} == before
    assert all(text.endswith(". A build moves it aside and makes it again.") for text in warnings)
    assert len(warnings) == (change is not lose_index)


def test_a_plan_in_json(tiny, capsys):
    assert tiny("plan", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sweeps"][0]["missing"][0]["reason"] == {
        "kind": "absent",
        "subject": "smoke/tiny/models",
        "was": None,
        "now": None,
    }
    assert answer["figures"] == [
        {"figure": "tiny", "reason": {"kind": "input", "subject": "tiny/models", "was": None, "now": None}}
    ]


def test_claims_in_json_follow_the_contract_whatever_the_verdicts(tiny, capsys):
    assert tiny("claims", "--json") == 0
    captured = capsys.readouterr()
    first, second = json.loads(captured.out)
    contract = "id figure source text paper value unit interval seeds measured needed holds agrees identity verdict reason "
    assert set(first) == {*contract.split(), "profile", "engine", "runs", "cause"}
    assert [first["verdict"], second["verdict"]] == ["reproduced", "not reproduced"]
    assert (first["measured"], first["needed"]) == ("mean loss", "at least 0.01") and captured.err.startswith("Trained 6 runs")
    assert tiny("claims") == 0
    assert "2 claims: 1 reproduced, 1 not reproduced." in capsys.readouterr().out


def test_values_in_json_follow_the_contract(tiny, capsys):
    assert tiny("values", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["tiny.loss"]
    assert set(answer["tiny.loss"]) == {"value", "unit", "interval", "digits", "profile", "source", "pages"}
    assert math.isfinite(answer["tiny.loss"]["value"]) and answer["tiny.loss"]["source"] == "figures/tiny.py"
    assert tiny("values") == 0
    assert capsys.readouterr().out.startswith("tiny.loss = 0.")


def test_numbers_that_are_not_finite_are_null_in_json(tiny, capsys):
    def broken(specs, snapshots):
        return {name: array * float("nan") for name, array in arrays_of(specs, snapshots).items()}

    assert tiny("claims", "--json", trainer=broken) == 0
    answer = json.loads(capsys.readouterr().out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert answer[0]["value"] is None and answer[0]["verdict"] == "undecided"


def test_a_build_publishes_and_says_where(tiny, monkeypatch, tmp_path, capsys):
    calls = []
    monkeypatch.setattr("report.build.publish", lambda build, shop, out: calls.append((build, shop, out)) or len(calls) == 1)
    assert tiny("build", "--out", "here") == 0
    assert f"The site is built. Profile smoke, open {(tmp_path / 'here/index.html').as_uri()}" in capsys.readouterr().out
    build, shop, _ = calls[0]
    assert shop.store.root == tmp_path / "store" and build.figure("tiny").claims and build.versions["numba"]
    assert build.training >= 0 and build.engine == "kernel"
    assert tiny("build") == 0
    assert capsys.readouterr().out.startswith("Nothing to do. Profile smoke, open file://")


def test_one_figure_is_made_alone_and_the_site_waits_for_the_others(tiny, monkeypatch, tmp_path, capsys):
    tree(tmp_path / "code")
    monkeypatch.setattr("figures.NAMES", ("tiny", "other"))
    monkeypatch.setattr("report.build.publish", lambda *_: True)
    assert tiny("build", "--only", "tiny") == 0
    notice, head, *pictures = capsys.readouterr().out.splitlines()
    assert notice == "Made tiny. The site stays as it was until these are made too: other. Run again without ONLY."
    assert head == "Pictures of tiny:"
    assert [Path(line.strip()).name for line in pictures] == [
        "light.svg",
        "dark.svg",
        "light.png",
        "dark.png",
        "light.webp",
        "dark.webp",
    ]
    assert all(Path(line.strip()).is_file() for line in pictures)
    assert tiny("build", names=("tiny", "other")) == 0
    capsys.readouterr()
    assert tiny("build", "--only", "other", "--out", "here", names=("other",)) == 0
    out = capsys.readouterr().out
    assert out.startswith("The site is built.") and str(tmp_path / "here/figures/other/dark.svg") in out


def test_a_folder_that_cannot_be_written_is_named(tiny, monkeypatch, tmp_path, capsys):
    def refuse(*_):
        raise OSError(30, "Read-only file system", "x")

    monkeypatch.setattr("report.pages.render.write", lambda *_: True)
    monkeypatch.setattr("report.pages.site.publish", refuse)
    assert tiny("build", "--out", "here") == 2
    err = capsys.readouterr().err
    assert (
        "cannot write here: the file system is read-only. Finished work is kept. Make it writable or pass OUT=another folder"
        in err
    )


def test_an_interruption_is_status_130(tiny, capsys):
    assert tiny("claims", trainer=FakeEngine(fail_after=0)) == 130
    assert "interrupted: 0 of 1 shards are trained and stored" in capsys.readouterr().err


def test_clean_removes_the_site_and_pages_and_nothing_else(tmp_path, monkeypatch, capsys):
    site, store = tmp_path / "site", tmp_path / "store"
    for path in (site / ".stamp", site / "index.html", store / "docs/smoke/index.md", store / "shards/x.safetensors"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.setenv("STORE", str(store))
    assert main(["clean", "--out", str(site)]) == 0
    assert not site.exists() and not (store / "docs").exists() and (store / "shards/x.safetensors").exists()
    assert main(["clean", "--out", str(site)]) == 0
    (tmp_path / "home").mkdir()
    assert main(["clean", "--out", str(tmp_path / "home")]) == 2
    assert "was not made by a build, so it is left alone" in capsys.readouterr().err


def test_clean_store_removes_what_no_figure_of_any_profile_needs(tmp_path, monkeypatch, capsys):
    store = Store(tmp_path)
    one = profiles.get("smoke")
    two = replace(one, name="two", sizes=one.sizes | {"intro": replace(one.size("intro"), steps=20)})
    monkeypatch.setattr(profiles, "load", lambda: {"smoke": one, "two": two})  # the paper's takes a minute to describe
    needed = [next(iter(module("intro").needs(profile.size("intro")).values())) for profile in (one, two)]
    kept, unneeded = [next(iter(cut(watched(sweep), engines.engine("cpu")))) for sweep in needed], shard()
    for part in (*kept, unneeded):
        store.write(part, arrays_of(part.runs, part.snapshots), "x")
    for name in ("figures/old/record.json", "sweeps/old.json", "damaged/y.safetensors", "shards/.tmp-1-half", "notebooks/old"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(engines, "COMPILED", tmp_path / "numba")
    monkeypatch.setattr(gpus, "COMPILED", tmp_path / "cuda")
    gpus.folder.cache_clear()
    current = engines.compiled_folder(engines.engine("cpu"))
    for folder in (current, gpus.folder(), tmp_path / "numba/0123456789abcdef", tmp_path / "cuda/0123456789abcdef"):
        (folder / "kernel").mkdir(parents=True)
    monkeypatch.setenv("STORE", str(tmp_path))
    assert main(["clean", "--store", "--out", str(tmp_path / "no site")]) == 0
    assert [*(tmp_path / "numba").iterdir(), *(tmp_path / "cuda").iterdir()] == [current, gpus.folder()]
    gpus.folder.cache_clear()
    out = capsys.readouterr().out
    assert "Removing the compiled kernels of old code: 2 folders." in out
    assert "Removing 1 of 3 shards (0.0 MB), 1 drawn figures and 4 leftovers that no figure needs any more." in out
    assert {path.name for path in store.shards.iterdir()} == {f"{part.key}.safetensors" for part in kept}
    assert not any(any((tmp_path / name).iterdir()) for name in ("figures", "sweeps", "damaged", "notebooks"))
    assert {entry.key for entry in Store(tmp_path).index.lines} == {part.key for part in kept}
