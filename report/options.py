"""The options of the command line, with their defaults from the environment."""

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
    "lock": "write the digests of the profile's results into artifacts.lock, and print what changed",
    "values": "the numbers that pages can show",
    "claims": "the paper's statements with their verdicts",
    "pack": "write the profile's trained models into a folder that any static server can offer, for builds with FETCH",
    "archive": "write code, models, figures, claims and site into one zip file, an RO-Crate, for a repository with DOIs",
    "clean": "remove what a build makes; with --store, artifacts that no figure needs any more",
}
STORE, ARCHIVE = str(ROOT / ".artifacts"), str(ROOT / "archive.zip")
_MAKES_JSON = ("plan", "verify", "values", "claims")
_FETCHES = ("build", "values", "claims")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command and its options.

    Attributes:
        command: One of `COMMANDS`.
        profile: Name of the profile; empty to choose by the device.
        device: "cpu", "cuda" or empty to take a GPU where there is one.
        engine: "kernel", "torch" or empty for the kernel.
        store: Folder of artifacts.
        out: Folder of the site.
        only: The one figure to make; empty for all.
        workers: Threads.
        cluster: Address of a Dask scheduler to train on; empty to train here.
        fetch: Address of a packed store to fetch from before training; empty to train everything.
        pack: Folder that `pack` writes.
        archive: File that `archive` writes.
        json: Whether to answer in JSON.
        force: Whether to make everything again.
        clean_store: Whether to clean the store.
    """

    command: str
    profile: str = ""
    device: str = ""
    engine: str = ""
    store: Path = Path(STORE)
    out: Path = ROOT / "site"
    only: str = ""
    workers: int = 1
    cluster: str = ""
    fetch: str = ""
    pack: str = ""
    archive: Path = Path(ARCHIVE)
    json: bool = False
    force: bool = False
    clean_store: bool = False


def parse(arguments: list[str] | None = None) -> Options:
    """The options in `arguments` (by default those of the process) and in the environment.

    Refuses a value that makes no sense with a PipelineError. Exits after `--help`, and for unknown options.
    """
    namespace = _parser().parse_args(arguments)
    values = {name: value for name, value in vars(namespace).items() if name in Options.__dataclass_fields__}
    values["clean_store"] = namespace.command == "clean" and namespace.store is not None
    values["store"], values["out"] = Path(namespace.store or _default("store", STORE)), Path(namespace.out)
    values["archive"] = Path(values.get("archive", ARCHIVE))
    values["workers"] = _workers(namespace.workers)
    if values.get("only"):
        profiles.check_figure(namespace.only)
    return Options(**values)


def choose_profile(choice: str, device: Device) -> str:
    """`choice`, or if it is empty `paper` on a GPU and `laptop` without one."""
    return choice or ("paper" if device == "cuda" else "laptop")


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
        _add(command, "engine", "", "kernel, or torch to compare with (default: kernel)")
        _add(command, "out", str(ROOT / "site"), "folder of the site (default: site)")
        _add(command, "only", "", "the one figure to make (default: all)")
        _add(command, "workers", "", "threads that train (default: all cores)")
        _add(command, "cluster", "", "address of a Dask scheduler to train on (default: train here)")
        if name == "clean":
            text = "also remove artifacts that no figure needs any more, from the store or from FOLDER"
            command.add_argument("--store", nargs="?", default=None, const=_default("store", STORE), metavar="FOLDER", help=text)
        else:
            _add(command, "store", STORE, "folder of artifacts (default: .artifacts)")
        if name in _FETCHES:
            _add(command, "fetch", "", "address of a packed store, such as https://host/store, to fetch from before training")
        if name == "pack":
            _add(command, "pack", "", "folder that gets the models; it may hold those of another profile")
        if name == "archive":
            _add(command, "archive", ARCHIVE, "the zip file to write (default: archive.zip)")
        if name in _MAKES_JSON:
            command.add_argument("--json", action="store_true", help="print JSON, and nothing else, on standard output")
        if name == "build":
            command.add_argument("--force", action="store_true", help="train and draw everything again")
    return parser


def _add(command: argparse.ArgumentParser, name: str, default: str, text: str) -> None:
    command.add_argument(f"--{name}", default=_default(name, default), metavar=name.upper(), help=text)


def _default(name: str, otherwise: str) -> str:
    """The default of an option: its environment variable, where that is set."""
    return os.environ.get(name.upper(), "") or otherwise
