"""Removes what a build made, and artifacts that no figure needs any more."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import figures
from report import engines, files, gpus, profiles
from report.code import Sources
from report.errors import PipelineError, StoreError, cannot_write
from report.handout import Shelf
from report.pages.site import STAMP
from report.store.artifacts import Store
from report.store.index import line_of
from report.workshop import Workshop


def clean(store: Path, out: Path) -> Iterator[str]:
    """Removes the site and the pages it is made from; yields a line about each folder before removing it.

    Raises:
        PipelineError: if `out` was not made by a build.
    """
    docs = store / "docs"
    if out.exists() and not (out / STAMP).is_file():
        raise PipelineError(
            f"OUT is the folder of the site; {out} was not made by a build, so it is left alone. Remove it yourself."
        )
    for folder in (out, docs):
        if folder.exists():
            yield f"Removing {folder}."
            _remove(folder)
    if not docs.exists() and not out.exists():
        yield f"The site and its pages are removed; trained models stay in {store}."


def clean_store(root: Path) -> Iterator[str]:
    """Removes artifacts that no figure of any profile needs, and kernels of old code; yields the counts before removing them."""
    store, sources = Store(root), Sources()
    shards, drawn, tables = _needed(store, sources)
    unneeded = [path for path in _inside(root / "shards", "*.safetensors") if path.stem not in shards]
    pictures = [path for path in _inside(root / "figures", "*") if path.is_dir() and path.name not in drawn]
    tables_and_weights = [path for kind in ("json", "safetensors") for path in _inside(root / "sweeps", f"*.{kind}")]
    others = [path for path in tables_and_weights if path.stem not in tables] + _inside(root / "damaged", "*")
    taken = Shelf(store, sources).keys()
    others += [path for path in _inside(root / "notebooks", "*") if path.name not in taken]
    others += [path for name in ("shards", "figures", "sweeps") for path in _inside(root / name, f"{files.TEMPORARY}*")]
    pictures = [path for path in pictures if path not in others]
    yield (
        f"Removing {len(unneeded)} of {len(store.sizes)} shards ({sum(p.stat().st_size for p in unneeded) / 1e6:.1f} MB), "
        f"{len(pictures)} drawn figures and {len(others)} leftovers that no figure needs any more."
    )
    for path in [*unneeded, *pictures, *others]:
        _remove(path)
    current = (engines.compiled_folder(engines.engine("cpu", sources)), gpus.folder())
    kernels = [path for folder in (engines.COMPILED, gpus.COMPILED) for path in _inside(folder, "*") if path not in current]
    if kernels:
        yield f"Removing the compiled kernels of old code: {len(kernels)} {'folder' if len(kernels) == 1 else 'folders'}."
    for path in kernels:
        _remove(path)
    lines = "".join(line_of(asdict(entry)) for entry in store.index.lines if entry.key in shards)
    if store.index.path.exists():
        files.write_if_changed(store.index.path, lines.encode())


def _needed(store: Store, sources: Sources) -> tuple[set[str], set[str], set[str]]:
    """The keys of shards, figures and tables that a build of any profile by any engine on any device would use."""
    shards: set[str] = set()
    drawn: set[str] = set()
    tables: set[str] = set()
    every = [engines.engine("cpu", sources), engines.engine("cpu", sources, "torch"), engines.engine("cuda", sources, "torch")]
    for profile in profiles.load().values():
        for engine in every:
            shop = Workshop(profile=profile, engine=engine, store=store, names=figures.NAMES, sources=sources)
            for figure in shop.plan():
                shards |= {shard.key for sweep in figure.sweeps for shard in sweep.shards}
                tables |= {sweep.key for sweep in figure.sweeps}
                drawn |= {figure.made_from.key} if figure.made_from else set()
    return shards, drawn, tables


def _inside(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as problem:
        raise StoreError(cannot_write(path, problem)) from None
