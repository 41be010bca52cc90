"""The commands: each prints its answer on standard output and everything else on standard error."""

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import figures
from report import archive, build, checkout, cleaning, engines, gpus, lock, log, pack, verify, words, workshop
from report.errors import PipelineError
from report.log import say
from report.options import Options, choose_profile
from report.progress import SPENT
from report.records import PICTURES, FigureRecord
from report.store.artifacts import Store
from report.workshop import Workshop


def _workshop(options: Options) -> Workshop:
    """The workshop for the requested device and profile, or for the defaults of this machine."""
    name = engines.choose_name(options.engine)
    device = engines.choose_device(options.device, name)
    if gpus.count() and device == "cpu" and not options.device:
        say(f"There is a GPU, and it is not used: {engines.trouble(name)} Training is on the CPU.")
    elif (name, device) == ("kernel", "cuda"):
        for text in gpus.usable()[1]:
            say(f"Left out: {text}")
    return workshop.open_workshop(options, device, choose_profile(options.profile, device))


def run_build(options: Options) -> int:
    """Trains, draws and publishes."""
    start = time.monotonic()
    shop = _workshop(options)
    log.keep(shop.store.root)
    log.note(f"Build of profile {shop.profile.name}, {shop.engine.words}, Python {platform.python_version()}.")
    if shop.engine.device == "cuda" and not options.device:
        say(f"Found a GPU: it trains profile {shop.profile.name}. DEVICE=cpu trains on the CPU, by default profile laptop.")
    records = shop.make()
    if options.only:
        records = _all_records(shop, records[0])
        if not records:
            return 0
    changed = _publish(shop, records, options.out)
    page = (options.out / "index.html").resolve().as_uri()
    outcome = f"{'The site is built' if changed else 'Nothing to do'}. Profile {shop.profile.name}, open {page}"
    log.note(outcome)
    print(outcome)
    if changed:
        say(f"{words.cost_text(time.monotonic() - start, SPENT)}{f' The log is {kept}.' if (kept := log.kept()) else ''}")
    if options.only:
        _print_pictures(options.only, options.out / "figures" / options.only)
    return 0


def _publish(shop: Workshop, records: Sequence[FigureRecord], out: Path) -> bool:
    """Brings the site up to date, and returns whether anything changed."""
    record = build.build_record(shop, records, [line for line in lock.read() if line.profile == shop.profile.name])
    return build.publish(record, shop, out)


def _all_records(shop: Workshop, record: FigureRecord) -> list[FigureRecord]:
    """The records of all figures; while some are not drawn yet, none, with a notice about `record` and its pictures."""
    every = replace(shop, names=figures.NAMES, forced=False)
    missing = [figure.name for figure in every.plan() if figure.reason]
    if not missing:
        return every.make()
    print(f"Made {record.name}. The site stays as it was until these are made too: {', '.join(missing)}. Run again without ONLY.")
    _print_pictures(record.name, record.folder)
    return []


def _print_pictures(name: str, folder: Path) -> None:
    print("\n  ".join([f"Pictures of {name}:", *(str((folder / picture).resolve()) for picture in PICTURES)]))


def _reader(options: Options) -> Workshop:
    """The workshop for a command that leaves the store as it is."""
    shop = _workshop(options)
    return replace(shop, store=Store(shop.store.root, shop.store.warn, read_only=True))


def run_plan(options: Options) -> int:
    """Prints what a build would make, and why; writes nothing."""
    shop = _reader(options)
    planned = shop.plan()
    print(_json(words.plan_rows(shop, planned)) if options.json else words.plan_text(shop, planned))
    return 0


def run_values(options: Options) -> int:
    """Prints the numbers that pages can show."""
    shop = _workshop(options)
    rows = words.value_rows(shop, shop.make())
    print(_json(rows) if options.json else words.values_text(rows))
    return 0


def run_claims(options: Options) -> int:
    """Prints the paper's statements with their verdicts."""
    claims = [claim for record in _workshop(options).make() for claim in record.claims]
    print(_json(words.claim_rows(claims)) if options.json else words.claims_text(claims))
    return 0


def run_pack(options: Options) -> int:
    """Packs what the figures need into a folder.

    Raises:
        PipelineError: if no folder is given.
    """
    if not options.pack:
        raise PipelineError("PACK is the folder that gets the models, and none is given. Pass PACK=folder.")
    shop, folder = _reader(options), Path(options.pack)
    print(words.packed_text(pack.pack(shop, folder, lock.read()), shop, folder))
    return 0


def run_archive(options: Options) -> int:
    """Writes what was made into one file, an RO-Crate, after the site is up to date.

    Raises:
        PipelineError: for one figure, for another engine, for a file that is no zip file, and for one inside OUT or STORE.
    """
    if options.only or engines.choose_name(options.engine) != "kernel":
        got = f"ONLY={options.only}" if options.only else f"ENGINE={options.engine}"
        raise PipelineError(f"an archive holds all figures, of models that the kernel trained; got {got}. Leave it out.")
    target = options.archive
    if target.suffix != ".zip":
        raise PipelineError(f"ARCHIVE is the zip file to write; got {target}. Pass ARCHIVE=name.zip.")
    for name, folder in (("OUT", options.out), ("STORE", options.store)):
        if target.resolve().is_relative_to(folder.resolve()):
            raise PipelineError(
                f"ARCHIVE is a file beside what it holds; got {target}, which is in {name}. Pass ARCHIVE=another file."
            )
    commit, shop = checkout.head(), _workshop(options)
    planned = archive.check_complete(shop)
    records = shop.make()
    _publish(shop, records, options.out)
    claims = words.claim_rows([claim for record in records for claim in record.claims])
    made = list(zip(planned, records, strict=True))
    archived = archive.write(target, commit, shop, made, claims, options.out, lock.read())
    print(words.archived_text(archived, shop, target))
    return 0


def run_clean(options: Options) -> int:
    """Removes what a build makes."""
    for text in cleaning.clean(options.store, options.out):
        print(text)
    if options.clean_store:
        for text in cleaning.clean_store(options.store):
            print(text)
    return 0


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


COMMANDS: dict[str, Callable[[Options], int]] = {
    "build": run_build,
    "plan": run_plan,
    "verify": verify.run_verify,
    "lock": verify.run_lock,
    "values": run_values,
    "claims": run_claims,
    "pack": run_pack,
    "archive": run_archive,
    "clean": run_clean,
}
