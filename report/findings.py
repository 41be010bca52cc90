"""A figure's numbers and verdicts, as records and as rows of JSON: the only module that writes and reads these rows.

This module is small on purpose: its code is part of every figure's key.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from figures.base import Claim, Data, Finding, Range, Value

Ends: TypeAlias = tuple[float | None, float | None]
"""The ends of an interval; None where it is unbounded."""


def finite(number: float) -> float | None:
    """`number` for JSON: None for NaN and infinities."""
    return float(number) if math.isfinite(number) else None


def value_row(value: Value) -> dict[str, Any]:
    """A value as JSON; an unbounded end of its interval is null."""
    interval = None if value.interval is None else [finite(end) for end in value.interval]
    return {"value": finite(value.value), "unit": value.unit, "digits": value.digits, "interval": interval}


def value_of(row: Mapping[str, Any]) -> Value:
    """The value that `value_row` wrote; a null value is NaN, a null end infinite.

    Example:
        >>> value_of(value_row(Value(value=0.5, interval=(0.25, math.inf))))
        Value(value=0.5, unit='', digits=2, interval=(0.25, inf))
    """

    def number(value: float | None, missing: float) -> float:
        return missing if value is None else value

    interval = row["interval"]
    ends = None if interval is None else (number(interval[0], -math.inf), number(interval[1], math.inf))
    return Value(value=number(row["value"], math.nan), unit=row["unit"], digits=row["digits"], interval=ends)


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """A sweep that a claim's number rests on.

    Attributes:
        sweep: figure/name.
        count: Number of its runs.
        digest: SHA-256 of its ordered run digests.
    """

    sweep: str
    count: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class ClaimRecord:
    """A claim with its number and verdict; the fields are those of `claims --json`, in its order, and `rows`.

    Attributes:
        id: Its number in the list of claims, such as "C1".
        figure: The figure that checks it; empty, like profile and engine, until a build fills it in.
        source: Where the paper makes it.
        text: The statement, reworded.
        paper: What the paper says about the number.
        value: The number; None where it is not finite.
        unit: Its unit; empty for a pure number.
        interval: Its 95 % interval; None when it is exact.
        seeds: How many models it rests on; 0 when it is exact.
        measured: What the number is, in words.
        needed: When the claim holds and when its number agrees with the paper's, in words; both empty if it is not testable.
        holds: The range of the number in which the claim holds; None if it is not testable.
        agrees: The range in which the number also agrees with the paper's; None where the paper gives none.
        identity: Whether the number follows from definitions, so that it checks the code and not the models.
        verdict: reproduced, differs, not reproduced, undecided or not testable.
        reason: Why, in a sentence.
        profile: The profile's name.
        engine: "kernel" or "torch".
        runs: The sweeps that the number rests on; none when it is exact.
        rows: Details for the ledger, a dictionary of cells per row; None for none.
        cause: Why the number differs or the statement fails; empty where neither is the case or nobody knows.
    """

    id: str
    figure: str = ""
    source: str
    text: str
    paper: str
    value: float | None
    unit: str
    interval: Ends | None
    seeds: int
    measured: str
    needed: str
    holds: Ends | None
    agrees: Ends | None = None
    identity: bool = False
    verdict: str
    reason: str
    profile: str = ""
    engine: str = ""
    runs: tuple[TrainedOn, ...] = ()
    rows: Sequence[Mapping[str, str]] | None = None
    cause: str = ""

    @property
    def criterion(self) -> str:
        """What was measured and what is needed, in two sentences; empty if the claim is not testable."""
        return f"Measured: {self.measured}. Needed: {self.needed}." if self.needed else ""

    def row(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "ClaimRecord":
        """The record that `row` wrote."""
        ends = {name: None if row[name] is None else tuple(row[name]) for name in ("interval", "holds", "agrees")}
        return cls(**{**row, **ends, "runs": tuple(TrainedOn(**sweep) for sweep in row["runs"])})


def claim_record(finding: Finding, data: Data) -> ClaimRecord:
    """The record of a finding, with the fields that its figure knows."""
    claim, estimate = finding.claim, finding.estimate
    return ClaimRecord(
        id=claim.id,
        source=claim.source,
        text=claim.text,
        paper=claim.paper,
        value=finite(estimate.value),
        unit=claim.unit,
        interval=(finite(estimate.low), finite(estimate.high)) if estimate.models else None,
        seeds=estimate.models,
        measured="" if claim.not_testable else claim.quantity,
        needed="" if claim.not_testable else needed(claim),
        holds=None if claim.not_testable else _ends(claim.holds),
        agrees=_ends(claim.agrees) if claim.agrees else None,
        identity=claim.identity,
        verdict=finding.verdict,
        reason=finding.reason,
        rows=claim.rows(data) if claim.rows else None,
        cause=claim.cause if finding.verdict in ("differs", "not reproduced") else "",
    )


def _ends(range: Range) -> Ends:
    return finite(range.low), finite(range.high)


def needed(claim: Claim) -> str:
    """When the claim holds, and when its number agrees with the paper's, in words."""
    unit = f" {claim.unit}" if claim.unit else ""
    agrees = f"; to agree with the paper's number, {claim.agrees}{unit}" if claim.agrees else ""
    return f"{claim.holds}{unit}{agrees}"
