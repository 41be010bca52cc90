"""The options of the command line, their defaults from the environment, and what they mean together."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from report import ROOT, profiles
from report.engines import Device
from report.errors import PipelineError

COMMANDS = {
    "build": "train what is missing, draw what changed, and publish the site",
    "plan": "what a build would train and draw, and why",
    "verify": "retrain the profile's sweeps with the kernel and compare them with artifacts.lock",
    "lock": "write what the profile's sweeps came out as into artifacts.lock, and say what changed",
    "values": "the numbers that pages may print",
    "claims": "the paper's statements with their verdicts",
    "clean": "remove what a build makes; with --store, artifacts that no figure needs any more",
}
STORE = str(ROOT / ".artifacts")
_MAKES_JSON = ("plan", "verify", "values", "claims")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for.

    Attributes:
        command: One of `COMMANDS`.
        profile: Name of the profile; empty to choose by the device.
        device: "cpu", "cuda" or empty to take a GPU where there is one.
        store: Folder of artifacts.
        out: Folder of the site.
        only: The one figure to make; empty for all.
        workers: Threads.
        cluster: Address of a Dask scheduler to train on; empty to train here.
        json: Whether to answer in JSON.
        force: Whether to make everything again.
        clean_store: Whether to clean the store.
    """

    command: str
    profile: str = ""
    device: str = ""
    store: Path = Path(STORE)
    out: Path = ROOT / "site"
    only: str = ""
    workers: int = 1
    cluster: str = ""
    json: bool = False
    force: bool = False
    clean_store: bool = False


def parse(arguments: list[str] | None = None) -> Options:
    """The options in `arguments` (by default those of the process) and in the environment.

    Raises:
        PipelineError: if a value makes no sense.
        SystemExit: for `--help`, and for words that are no options.
    """
    given = _parser().parse_args(arguments)
    told = {name: value for name, value in vars(given).items() if name in Options.__dataclass_fields__}
    told["clean_store"] = given.command == "clean" and given.store is not None
    told["store"], told["out"] = Path(given.store or _default("store", STORE)), Path(given.out)
    told["workers"] = _workers(given.workers)
    if told.get("only"):
        profiles.check_figure(given.only)
    return Options(**told)


def choose_profile(asked: str, device: Device) -> str:
    """The profile asked for; else `paper` on a GPU and `laptop` without one."""
    return asked or ("paper" if device == "cuda" else "laptop")


def _workers(text: str) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text:
        return cores
    if not text.isdecimal() or int(text) < 1:
        raise PipelineError(
            f"WORKERS is the number of threads, an int of at least 1; got {text!r}. Leave it out to use all {cores} cores."
        )
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m report", description="The paper's pipeline.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        _add(command, "profile", "", "how much to run: smoke, laptop or paper (default: laptop; paper on a GPU)")
        _add(command, "device", "", "cpu or cuda (default: a GPU where there is one)")
        _add(command, "out", str(ROOT / "site"), "folder of the site (default: site)")
        _add(command, "only", "", "the one figure to make (default: all)")
        _add(command, "workers", "", "threads that train (default: all cores)")
        _add(command, "cluster", "", "address of a Dask scheduler to train on (default: train here)")
        if name == "clean":
            text = "remove artifacts that no figure needs any more too, from the store or from FOLDER"
            command.add_argument("--store", nargs="?", default=None, const=_default("store", STORE), metavar="FOLDER", help=text)
        else:
            _add(command, "store", STORE, "folder of artifacts (default: .artifacts)")
        if name in _MAKES_JSON:
            command.add_argument("--json", action="store_true", help="answer in JSON, and in nothing else, on standard output")
        if name == "build":
            command.add_argument("--force", action="store_true", help="train and draw everything again")
    return parser


def _add(command: argparse.ArgumentParser, name: str, default: str, text: str) -> None:
    command.add_argument(f"--{name}", default=_default(name, default), metavar=name.upper(), help=text)


def _default(name: str, otherwise: str) -> str:
    """The value of an option that is not given: the environment's, where it is set."""
    return os.environ.get(name.upper(), "") or otherwise
