"""Plans, numbers and verdicts as the command line prints them: as text and as JSON."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from report import ROOT
from report.archive import Archived
from report.findings import ClaimRecord, value_row
from report.pack import Packed
from report.plan import PlannedSweep
from report.progress import duration
from report.reasons import describe
from report.records import FigureRecord
from report.store.shards import Shard
from report.workshop import PlannedFigure, Workshop


def short(digest: str) -> str:
    """The first twelve digits of a digest."""
    return digest[:12]


def plan_rows(shop: Workshop, planned: Sequence[PlannedFigure]) -> dict[str, Any]:
    """A plan as JSON: every sweep and figure, with what must be made and why."""
    return {
        "profile": shop.profile.name,
        "engine": shop.engine.name,
        "device": shop.engine.device,
        "core_seconds": round(shop.timings.predict(_missing(planned))[0]),
        "sweeps": [_sweep_row(sweep) for figure in planned for sweep in figure.sweeps],
        "figures": [{"figure": f.name, "reason": asdict(f.reason) if f.reason else None} for f in planned],
    }


def _sweep_row(sweep: PlannedSweep) -> dict[str, Any]:
    missing = [
        {"part": i, "key": sweep.shards[i].key, "runs": len(sweep.shards[i].runs), "reason": asdict(reason)}
        for i, reason in sweep.reasons.items()
    ]
    return {
        "sweep": f"{sweep.figure}/{sweep.name}",
        "key": sweep.key,
        "runs": len(sweep.sweep.runs),
        "shards": len(sweep.shards),
        "missing": missing,
    }


def plan_text(shop: Workshop, planned: Sequence[PlannedFigure]) -> str:
    """A plan as text: what will be trained and drawn, and why."""
    sweeps = [sweep for figure in planned for sweep in figure.sweeps]
    head = f"Profile {shop.profile.name}, engine {shop.engine.words}."
    training = [line for sweep in sweeps for line in _training(sweep)]
    drawing = [f"  {figure.name} ({describe(figure.reason)})" for figure in planned if figure.reason]
    if not training and not drawing:
        runs = sum(len(sweep.sweep.runs) for sweep in sweeps)
        drawn = "1 figure is" if len(planned) == 1 else f"{len(planned)} figures are"
        return f"{head}\nNothing to do: {runs:,} runs are trained and {drawn} drawn."
    lines = [head]
    if training:
        lines += [f"To train, {_time_to_train(shop, planned)}:", *training]
    if drawing:
        lines += ["To draw:", *drawing]
    return "\n".join(lines)


def _missing(planned: Sequence[PlannedFigure]) -> list[Shard]:
    """The shards that must be trained, each once."""
    return list({shard.key: shard for figure in planned for sweep in figure.sweeps for shard in sweep.missing}.values())


def _time_to_train(shop: Workshop, planned: Sequence[PlannedFigure]) -> str:
    """How long the missing shards will take on this machine, and what that rests on."""
    seconds, known = shop.timings.predict(_missing(planned))
    basis = f"{known:.0%} of it by rates measured here" if known else "by rough rates, since none was measured here"
    if shop.engine.name != "kernel":
        return f"about {duration(seconds)} on one device, {basis}"
    cores = "one core" if shop.workers == 1 else f"{shop.workers} cores"
    return f"about {duration(seconds / shop.workers)} on {cores}, {basis}"


def _training(sweep: PlannedSweep) -> list[str]:
    """A line for each reason why shards of `sweep` are missing."""
    grouped: dict[str, list[int]] = {}
    for i, reason in sweep.reasons.items():
        text = "spec: other runs than before" if reason.kind == "spec" else describe(reason)
        grouped.setdefault(text, []).append(i)
    total = len(sweep.shards)
    return [
        f"  {sweep.figure}/{sweep.name}: {sum(len(sweep.shards[i].runs) for i in parts):,} of {len(sweep.sweep.runs):,} runs, "
        f"{len(parts)} of {total} {'shard' if total == 1 else 'shards'} ({text})"
        for text, parts in grouped.items()
    ]


def cost_text(seconds: float, stages: Mapping[str, float]) -> str:
    """What a build took, and its longer stages.

    Example:
        >>> cost_text(300, {"Training": 200, "Drawing": 70, "Writing the pages": 0.2})
        'It took 5 min: training 3 min, drawing 70 s.'
    """
    parts = [f"{name[0].lower()}{name[1:]} {duration(spent)}" for name, spent in stages.items() if spent >= 1]
    return f"It took {duration(seconds)}{': ' if parts else ''}{', '.join(parts)}."


def packed_text(packed: Packed, shop: Workshop, folder: Path) -> str:
    """What was packed, and what builds elsewhere will take of it."""
    head = f"Packed {packed.shards:,} shards of profile {shop.profile.name} ({packed.size / 1e6:.1f} MB) into {folder}."
    if packed.vouched == packed.sweeps:
        return f"{head} `make report PROFILE={shop.profile.name} FETCH=`, with its address, trains nothing."
    return f"{head} {_partly_vouched(packed)}"


def _partly_vouched(packed: Packed) -> str:
    return (
        f"A build with FETCH takes {packed.vouched} of their {packed.sweeps} sweeps and trains the others, "
        f"whose results artifacts.lock does not list."
    )


def archived_text(archived: Archived, shop: Workshop, target: Path) -> str:
    """What was archived, and where; and what builds elsewhere will take of its models, if that is not all."""
    packed = archived.packed
    head = (
        f"Archived profile {shop.profile.name} of commit {short(archived.commit)} in {target}: "
        f"{archived.files:,} files, {packed.shards:,} of them shards ({archived.size / 1e6:.1f} MB)."
    )
    return head if packed.vouched == packed.sweeps else f"{head} {_partly_vouched(packed)}"


def value_rows(shop: Workshop, records: Iterable[FigureRecord]) -> dict[str, dict[str, Any]]:
    """Every number that a page can show, by its name."""
    pages = pages_of_values()
    rows = {}
    for record in records:
        for name, value in record.values.items():
            row = value_row(value)
            rows[f"{record.name}.{name}"] = {
                **{part: row[part] for part in ("value", "unit", "interval", "digits")},
                "profile": shop.profile.name,
                "source": record.path,
                "pages": pages.get(f"{record.name}.{name}", []),
            }
    return rows


def pages_of_values(templates: Path = ROOT / "templates") -> dict[str, list[str]]:
    """The templates that show each number, by the number's name."""
    pages: dict[str, list[str]] = {}
    for path in sorted(templates.glob("*.md")):
        for name in sorted(set(re.findall(r"""\b(?:value|interval)\(\s*["']([\w.]+)["']""", path.read_text(encoding="utf-8")))):
            pages.setdefault(name, []).append(path.name)
    return pages


def values_text(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A line per number."""
    return (
        "\n".join(f"{name} = {_number(row['value'], row['unit'], row['interval'])}" for name, row in rows.items())
        or "There are no values."
    )


def claim_rows(claims: Iterable[ClaimRecord]) -> list[dict[str, Any]]:
    """The claims as JSON, without the rows, which only the ledger shows."""
    return [{name: cell for name, cell in claim.row().items() if name != "rows"} for claim in claims]


def claims_text(claims: Sequence[ClaimRecord]) -> str:
    """A line per claim, and the number of claims with each verdict."""
    counts = Counter(claim.verdict for claim in claims)
    lines = [f"{c.id:<4} {c.verdict:<15} {_number(c.value, c.unit, c.interval)}  {c.criterion} {c.reason}" for c in claims]
    return "\n".join(
        [*lines, f"{len(claims)} claims: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + "."]
    )


def _number(value: float | None, unit: str, interval: Sequence[float | None] | None) -> str:
    """A number with its unit and interval."""
    text = ("undefined" if value is None else f"{value:.6g}") + (f" {unit}" if unit else "")
    if interval is None:
        return text
    low, high = ("unbounded" if end is None else f"{end:.4g}" for end in interval)
    return f"{text} [{low}, {high}]"
