"""The commands `verify`, which retrains and compares with the committed lock, and `lock`, which writes it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from report import engines, expected, files, loading, lock, profiles, workshop
from report.compiling import compile_all
from report.errors import PipelineError, StoreError, cannot_write
from report.findings import ClaimRecord
from report.lock import Comparison
from report.log import say
from report.options import Options, choose_profile
from report.pages.site import is_untouched
from report.records import FigureRecord, LockedSweep
from report.words import short
from report.workshop import PlannedFigure, Workshop
from sup.saved import results_digest
from sup.specs import Run

LOCATE = ".venv/bin/python -m sup.training.selfcheck --check < selfcheck.lock"


def _locked_workshop(options: Options, store: Path | None = None) -> Workshop:
    """The kernel's workshop: on a CPU even where there is a GPU, unless DEVICE=cuda asks for it.

    Raises:
        PipelineError: for another engine. Profiles that are not locked are refused too, and a GPU that is not there.
    """
    profile = choose_profile(options.profile, "cpu")
    profiles.get(profile)
    lock.check_profile(profile)
    if engines.choose_name(options.engine) != "kernel":
        raise PipelineError(f"artifacts.lock lists what the kernel trains; got ENGINE={options.engine}. Leave it out.")
    return workshop.open_workshop(options, engines.choose_device(options.device or "cpu"), profile, store)


def _locked_lines(shop: Workshop, options: Options) -> list[LockedSweep]:
    """The lines of the lock for the profile and, with ONLY, for the figure."""
    return [line for line in lock.read() if line.profile == shop.profile.name and options.only in ("", line.name.split("/")[0])]


def run_verify(options: Options) -> int:
    """Retrains the profile's sweeps in a temporary store; compares bits with the lock, numbers and verdicts with the expected.

    A site that is there is compared with the bytes with which it was built.
    """
    with tempfile.TemporaryDirectory(prefix="sup-verify-") as folder:
        shop = _locked_workshop(options, Path(folder))
        planned = shop.train()
        here = [
            _line(shop, figure.name, loading.load(shop.store, sweep)[1], sweep.name, sweep.spec_digest)
            for figure in planned
            for sweep in figure.sweeps
        ]
        comparisons = lock.compare(_locked_lines(shop, options), here)
        unexpected = [text for figure in planned for text in _unexpected(shop, figure)]
    if is_untouched(options.out) is False:
        unexpected.append(f"site {options.out}: its files were changed after it was built; `make report` builds it again")
    if options.json:
        print(
            json.dumps(
                {"profile": shop.profile.name, "sweeps": [asdict(c) for c in comparisons], "unexpected": unexpected}, indent=1
            )
        )
    else:
        _print(shop.profile.name, comparisons, unexpected)
    return 1 if unexpected or any(c.outcome != "match" for c in comparisons) else 0


def _line(shop: Workshop, figure: str, digests: Sequence[str], name: str, spec_digest: str) -> LockedSweep:
    return LockedSweep(f"{figure}/{name}", shop.profile.name, spec_digest, shop.engine.name, results_digest(digests))


def _unexpected(shop: Workshop, figure: PlannedFigure) -> list[str]:
    """Where a figure's data and verdicts differ from what is expected."""
    from report.draw import compute

    _, content = compute(shop.module(figure.name), shop.load(figure), decides=shop.profile.decides)
    data, rows = json.loads(content["data.json"]), json.loads(content["findings.json"])
    numbers = expected.read(expected.FIGURES, shop.profile.name).get(figure.name, {})
    texts = [f"figure {figure.name}: {text}" for text in expected.differences(numbers, expected.summary(data))]
    section = expected.read(expected.CLAIMS, shop.profile.name)
    actual = expected.verdicts(map(ClaimRecord.from_row, rows))
    verdicts = {id: section.get(id, "unlisted") for id in actual}
    return texts + [f"claim {text}" for text in expected.differences(verdicts, actual)]


def _print(profile: str, comparisons: Sequence[Comparison], unexpected: Sequence[str]) -> None:
    for c in comparisons:
        detail = f" (lock {short(c.locked)}, here {short(c.here)})" if c.outcome == "differs" else ""
        print(f"{c.outcome:<9} {c.name} {short(c.here) if c.outcome == 'match' else lock.MEANINGS[c.outcome]}{detail}")
    for text in unexpected[:20]:
        print(f"differs   {text}")
    if len(unexpected) > 20:
        print(f"... and {len(unexpected) - 20} more")
    same = sum(c.outcome == "match" for c in comparisons)
    rest = (
        f"{len(unexpected)} numbers, verdicts or files are not as expected"
        if unexpected
        else "figures and verdicts are as expected"
    )
    print(f"Profile {profile}: {same} of {len(comparisons)} sweeps match artifacts.lock; {rest}.")
    if any(c.outcome == "differs" for c in comparisons):
        print(f"Where the bits begin to differ: {LOCATE}")


def run_lock(options: Options) -> int:
    """Builds what is missing, writes the lock and the profile's expected numbers and verdicts, and prints what changed.

    Raises:
        PipelineError: for DEVICE=cuda.
        StoreError: if a file cannot be written.
    """
    if options.device == "cuda":
        raise PipelineError("artifacts.lock is written on a CPU; got DEVICE=cuda. Leave it out.")
    shop = _locked_workshop(options)
    records = shop.make()
    profile = shop.profile.name
    here = lock.lines_of(profile, [sweep for record in records for sweep in record.sweeps])
    lines, old = lock.read(), _locked_lines(shop, options)
    for change in lock.compare(old, here):
        if change.outcome != "match":
            print(f"{profile} {change.name}: {short(change.locked) or 'new'} -> {short(change.here) or 'removed'}")
    texts = {lock.PATH: lock.text_of([line for line in lines if line not in old] + here).encode()}
    for path, section in _expectations(records, options, profile).items():
        texts[path] = expected.with_section(path, profile, section)
    texts[lock.SELFCHECK] = _selfcheck(shop)
    try:
        names = [path.name for path, data in texts.items() if files.write_if_changed(path, data)]
    except OSError as problem:
        raise StoreError(cannot_write(lock.PATH, problem)) from None
    print(f"Wrote {', '.join(names)}." if names else f"Nothing changed for profile {profile}.")
    return 0


def _selfcheck(shop: Workshop) -> bytes:
    """The text of `selfcheck.lock`: digests of each part of training tiny runs, which help to locate a difference."""
    engines.settle_compiled_code(shop.engine)
    from sup.training import selfcheck

    say("Training the runs of the self-check; their kernels are compiled once.")
    compile_all(_compile_parts, list(selfcheck.cases().values()), shop.workers)
    return "".join(f"{line}\n" for line in selfcheck.lines()).encode()


def _compile_parts(run: Run) -> None:
    from sup.training import selfcheck

    list(selfcheck.parts(run))


def _expectations(records: Sequence[FigureRecord], options: Options, profile: str) -> dict[Path, Mapping[str, Any]]:
    """The profile's new sections of the expected files; with ONLY, other figures keep their entries.

    So does a figure whose numbers are those expected within the tolerance: their last digits depend on the processor.
    """
    old = expected.read(expected.FIGURES, profile)
    data = {record.name: expected.summary(json.loads((record.folder / "data.json").read_bytes())) for record in records}
    data |= {name: old[name] for name in data if name in old and not list(expected.differences(old[name], data[name]))}
    verdicts = expected.verdicts(claim for record in records for claim in record.claims)
    if not options.only:
        return {expected.FIGURES: data, expected.CLAIMS: verdicts}
    return {
        expected.FIGURES: {**old, **data},
        expected.CLAIMS: {**expected.read(expected.CLAIMS, profile), **verdicts},
    }
