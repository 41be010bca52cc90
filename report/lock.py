"""`artifacts.lock`: the digests of the kernel's results, a line per sweep, for anyone to retrain and compare.

A line has five words: the sweep (figure/name), the profile, the digest of its specs and observations, the engine, and the
SHA-256 of its runs' content digests in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import figures
from report import ROOT
from report.errors import PipelineError
from report.records import LockedSweep, SweepRecord

PATH = ROOT / "artifacts.lock"
SELFCHECK = ROOT / "selfcheck.lock"
PROFILES = ("smoke", "laptop", "paper")
"""The locked profiles; results of a GPU may differ between machines."""


def read(path: Path = PATH) -> list[LockedSweep]:
    """The lines of the lock; none when there is no file yet.

    Raises:
        PipelineError: if a line is malformed or of another profile; the message names it.
    """
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = text.split()
        if len(words) != 5:
            raise PipelineError(
                f"{path.name}, line {number}: a line is sweep, profile, spec digest, engine and digest; got {text!r}. "
                f"Restore the file, or rewrite it with `make lock` for each of {', '.join(PROFILES)}."
            )
        if words[1] not in PROFILES:
            raise PipelineError(
                f"{path.name}, line {number}: the locked profiles are {', '.join(PROFILES)}; got {words[1]!r}. Remove the line."
            )
        lines.append(LockedSweep(*words))
    return lines


def text_of(lines: Iterable[LockedSweep]) -> str:
    """The text of the lock: profiles from small to large, figures in the paper's order, sweeps by name."""

    def place(line: LockedSweep) -> tuple[int, int, str]:
        figure = line.name.split("/")[0]
        return PROFILES.index(line.profile), figures.NAMES.index(figure) if figure in figures.NAMES else -1, line.name

    ordered = sorted(lines, key=place)
    return "".join(f"{line.name} {line.profile} {line.spec_digest} {line.engine} {line.results_digest}\n" for line in ordered)


def lines_of(profile: str, sweeps: Iterable[SweepRecord]) -> list[LockedSweep]:
    """The lock's lines for a profile's sweeps, with the results of this machine."""
    return [
        LockedSweep(f"{sweep.figure}/{sweep.name}", profile, sweep.spec_digest, sweep.engine, sweep.results_digest)
        for sweep in sweeps
    ]


Outcome: TypeAlias = Literal["match", "differs", "outdated", "unlisted", "unneeded"]
MEANINGS: dict[Outcome, str] = {
    "match": "the same bits",
    "differs": "different bits from the same specs",
    "outdated": "the lock is out of date: it lists different specs; run `make lock`",
    "unlisted": "the lock does not list it; run `make lock`",
    "unneeded": "the lock lists it, but no figure needs it; run `make lock`",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a sweep compares with the lock.

    Attributes:
        name: figure/name.
        outcome: A key of `MEANINGS`.
        locked: The digest in the lock; empty when it is not listed.
        here: The digest of this machine's results; empty when no figure needs it.
    """

    name: str
    outcome: Outcome
    locked: str = ""
    here: str = ""


def compare(locked: Sequence[LockedSweep], here: Sequence[LockedSweep]) -> list[Comparison]:
    """How one profile's results on this machine compare with the locked ones, sweep by sweep."""
    by_name, names = {line.name: line for line in locked}, {line.name for line in here}
    comparisons = []
    for line in here:
        old = by_name.get(line.name)
        outcome: Outcome = "match"
        if old is None:
            outcome = "unlisted"
        elif (old.spec_digest, old.engine) != (line.spec_digest, line.engine):
            outcome = "outdated"
        elif old.results_digest != line.results_digest:
            outcome = "differs"
        comparisons.append(Comparison(line.name, outcome, old.results_digest if old else "", line.results_digest))
    return comparisons + [Comparison(line.name, "unneeded", line.results_digest) for line in locked if line.name not in names]


def check_profile(profile: str) -> None:
    """Refuses a profile that is not locked.

    Raises:
        PipelineError: for any other; the message names the locked ones.
    """
    if profile not in PROFILES:
        raise PipelineError(
            f"artifacts.lock lists the sweeps of {', '.join(PROFILES)}; got PROFILE={profile}. Pick one of these."
        )
