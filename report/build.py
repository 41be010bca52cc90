"""The end of a build: the pages and the site, made from its records."""

import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from report.engines import Engine
from report.errors import StoreError, cannot_write
from report.handout import Shelf
from report.pages import gpu, soak, speed
from report.progress import working
from report.records import Build, FigureRecord, LockedSweep
from report.workshop import Workshop


def versions(engine: Engine) -> dict[str, str]:
    """Versions of Python and of the libraries that the results depend on."""
    trains = {"kernel on cpu": "numba", "kernel on cuda": "cuda-bindings"}.get(engine.words, "torch")
    libraries = ["numpy", "scipy", "matplotlib", trains]
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in sorted(libraries)}}


def build_record(workshop: Workshop, records: Sequence[FigureRecord], lock: Sequence[LockedSweep]) -> Build:
    """The record of a build: everything that the pages may show."""
    drawing = [seconds for figure in records if (seconds := workshop.timings.get("figure", figure.key)) is not None]
    return Build(
        profile=workshop.profile.name,
        decides=workshop.profile.decides,
        engine=workshop.engine.name,
        device=workshop.engine.device,
        versions=versions(workshop.engine),
        figures=tuple(records),
        lock=tuple(lock),
        drawing=sum(drawing),
        speed=speed.read(),
        gpu=gpu.read(),
        soak=soak.read(),
    )


def publish(build: Build, workshop: Workshop, out: Path) -> bool:
    """Runs new notebooks, writes the pages and the site, and returns whether anything changed.

    A notebook that fails, a wrong page or a broken link is refused with a PipelineError; the old site then stays.

    Raises:
        StoreError: if a folder cannot be written.
    """
    from report.pages import render, site

    docs = workshop.store.root / "docs" / workshop.profile.name
    build = replace(build, handout=Shelf(workshop.store, workshop.sources).handout(workshop.workers))
    try:
        with working("Writing the pages"):
            render.write(build, docs)
    except OSError as problem:
        raise StoreError(cannot_write(docs, problem)) from None
    try:
        with working("Building the site"):
            return site.publish(docs, out)
    except OSError as problem:
        raise StoreError(cannot_write(out, problem, "OUT")) from None
