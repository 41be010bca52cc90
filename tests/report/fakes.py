"""A made-up build for the tests of pages and site: tiny figures with values, claims and runs, without training."""

import json
import re
import shutil
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from figures import NAMES, module
from figures.base import FIRST_SEED, About, Value
from figures.geometry.inventory import inventory
from figures.shared import phases
from figures.style import thumbnail
from report.again import choose
from report.findings import ClaimRecord
from report.notebook import Handout, Notebook, cells, scripts
from report.pages.site import CONFIG
from report.records import Build, FigureRecord, LockedSweep, RunRecord, Speed, SweepRecord
from sup.features import Independent
from sup.geometry import feature_dimensionality
from sup.polytopes import SHAPES, simplex, tegum
from sup.results import late_step
from sup.specs import Recipe, Run, geometric
from sup.sweeps import Sweep

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="200pt" viewBox="0 0 {width} 200">'
    '<rect width="{width}" height="200" fill="{fill}"/><text x="20" y="40" fill="{ink}">{name}</text></svg>\n'
)
VERDICTS = ("reproduced", "differs", "not reproduced", "undecided", "not testable")
PNG = b64decode(  # one transparent pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

_CELLS = [
    {
        "density": d,
        "common": 152.84321,
        "kernel": 4.0625,
        "ratio": 37.6543,
        "low": 36.0,
        "high": 40.0,
        "target": 20.0,
        "jax": 51.2345,
        "jax_ratio": 12.6112,
        "jax_low": 12.0,
        "jax_high": 13.0,
        "jax_target": 3.3 if d == 1.0 else 6.6,
    }
    for d in (1.0, 0.01)
]
SPEED = Speed(
    machine={
        "processor": "Abacus <9>",
        "target": "beads",
        "cores": 2,
        "system": "Linux",
        "python": "3.11.7",
        "torch": "2.13.0",
        "numba": "0.63.1",
        "jax": "0.10.2",
    },
    pairs=5,
    table=[
        {"model": "relu-output", "features": 5, "hidden": 2, "runs": 10, "cells": _CELLS},
        {"model": "absolute", "features": 100, "hidden": 40, "runs": 8, "cells": _CELLS},
    ],
    mean=25.04999,
    jax_mean=12.61116,
    peak={"features": 400, "hidden": 30, "gigaflops": 179.6, "share": 0.4321},
    late=[{"density": 0.1, "steps": 2000, "start": 912.0, "late": 904.0}],
    compilation={"profile": "laptop", "shapes": 35, "seconds": 98.25},
    growth_runs=[{"runs": 100, "steps": 100, "time": 812.0}, {"runs": 10_000, "steps": 100, "time": 809.0}],
    growth_features=[{"features": 10, "hidden": 5, "time": 8.25}],
    growth_threads=[
        {"features": 80, "hidden": 20, "runs": 8, "threads": 2, "one": 90.0, "all": 46.0, "ratio": 1.956, "low": 1.9, "high": 2.0}
    ],
    memory=[{"model": "relu-output", "features": 2, "hidden": 1, "runs": 10_000, "megabytes": 261.4}],
)
"""Made-up measurements of `make bench`."""


def claim(id, figure, verdict="reproduced", **changes):
    """A claim in a figure's record."""
    made = ClaimRecord(
        id=id,
        figure=figure,
        source="section 1",
        text=f"Statement {id} holds.",
        paper="all of them",
        value=0.95,
        unit="",
        interval=(0.9, 0.99),
        seeds=20,
        measured="share of models",
        needed="between 0.8 and 1",
        holds=(0.8, 1.0),
        verdict=verdict,
        reason="The whole interval is between 0.8 and 1.",
        profile="smoke",
        engine="kernel",
    )
    return replace(made, **changes)


def run(seed):
    """A run in a sweep's record."""
    digests = {"spec_digest": f"{seed:064x}", "content_digest": f"{seed + 100:064x}"}
    return RunRecord(**digests, seed=seed, density=0.1, final_loss=0.01 / (seed + 1))


def sweep(figure, name, count=3):
    """A trained sweep of `count` runs."""
    return SweepRecord(
        figure=figure,
        name=name,
        shape="relu-output 5x2, independent",
        spec_digest="1" * 64,
        key="2" * 64,
        results_digest="3" * 64,
        engine="kernel",
        runs=tuple(run(seed) for seed in range(count)),
        shards=1,
        seconds=2.5,
    )


def described(data, axes, text):
    """An array in `data.json`."""
    return {"axes": axes.split(), "text": text, "unit": "", "data": data}


def figure(folder: Path, name: str, *, claims=(), values=None, sweeps=(), note="", arrays=None, width=518):
    """A figure with its files in `folder`."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    for theme, fill, ink in (("light", "#ffffff", "#111111"), ("dark", "#1e2129", "#eeeeee")):
        (home / f"{theme}.svg").write_text(SVG.format(fill=fill, ink=ink, name=name, width=width))
        (home / f"{theme}.png").write_bytes(PNG)
        (home / f"{theme}.webp").write_bytes(thumbnail(PNG))
    (home / "data.json").write_text(json.dumps({"arrays": arrays or {}, "values": {}}))
    about = About(
        label="F1" if name == "intro" else "F2",
        title=f"Title of {name}",
        alt=f"What {name} shows",
        source="Introduction",
        note=note,
    )
    return FigureRecord(
        name=name,
        about=about,
        key="4" * 64,
        folder=home,
        values=values or {},
        claims=tuple(claims),
        sweeps=tuple(sweeps),
        source=f'"""The module of {name}."""\n\nABOUT = None\n',
    )


def intro(folder: Path):
    """A figure with everything that a figure can have."""
    return figure(
        folder,
        "intro",
        claims=[claim("C1", "intro"), claim("C2", "intro", "not reproduced", rows=[{"density": "1", "count": "5"}])],
        note="The seeds are ours.",
        values={"share": Value(value=0.9512, interval=(0.912, 0.987)), "models": Value(value=20)},
        sweeps=[sweep("intro", "panels")],
        arrays={
            "W": described([[[1.0, 0.5], [0.25, None]]], "density hidden feature", "weights"),
            "b": described([0.5, -0.5], "feature", "bias"),
            "density": described([0.1], "density", "density of the features"),
            "none": described([], "point coordinate", "nothing"),
            "pairs": described([[[1, 2]]], "density density feature", "pairs"),
        },
    )


def build(folder: Path, figures=None, **changes):
    """A build of two figures: `intro`, trained, and `sketch`, drawn."""
    settings = {
        "profile": "smoke",
        "decides": False,
        "engine": "kernel",
        "device": "cpu",
        "versions": {"numba": "0.63.1", "numpy": "2.4.0"},
        "figures": tuple(figures or (intro(folder), figure(folder, "sketch"))),
        "lock": (LockedSweep("intro/panels", "smoke", "1" * 64, "kernel", "3" * 64),),
        "drawing": 3.25,
    }
    return Build(**(settings | changes))


def scrubbed():
    """The arrays of F16 for three densities: nothing learned, `SHAPED`, and a simplex in four dimensions."""
    shapes = (np.zeros((1, 1)), SHAPED, simplex(4))
    models = np.stack([np.pad(W, ((0, 12 - W.shape[0]), (0, 40 - W.shape[1]))) for W in shapes])
    arrays = inventory(models, feature_dimensionality(models))
    return {
        **{name: described(one.values.tolist(), " ".join(one.axes), one.text) for name, one in arrays.items()},
        "level": described([0, 31, 42], "level", "levels"),
        "sparsity": described([1.0, 4.2919, 7.1969], "level", "1 / (1 - S)"),
        "ratio": described([0.9, 0.4444, 0.8], "level", "D*"),
        "drawn": described([50000, 50001, 50000], "level", "seeds"),
        "trained": described([40, 12, STEPS], "count", "features, hidden dimensions and updates"),
    }


STEPS, DRAWN = 60, 77
RUN = Run(
    model="relu-output",
    n_features=5,
    n_hidden=2,
    distribution=Independent(density=0.1),
    importance=geometric(0.9, 5),
    recipe=Recipe(steps=STEPS),
    seed=DRAWN,
)
"""The run that the front page and the first figure's page offer to train."""

GRID, FITS = 3, 2
SHAPED = tegum(*(SHAPES[name] for name in ("pentagon", "digon", "triangle", "square antiprism", "tetrahedron")))
_PAIRS = [[1.0, 0.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, -1.0, 0.0]]
_OCTAHEDRON = [[1.0, 0.0, 0.0, -1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, -1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, -1.0]]
_INTO = [[0.5, 0, -2, 0], [0, 1.5, -1.1, 0], [-1, 0, 0, 0.1], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0.1, 1]]
_OUT = [[2, 0, 0.5, 0], [-3.8, 0.6, 0.02, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0.9]]
_DEDICATED = [[1.0 if i == a else 0.0 for i in range(10)] for a in range(5)]
_SIGNS = [
    [1.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.9, -0.7, -0.04, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, -0.8, 0.9, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-0.1, 0.0, 0.0, 0.0, 0.7, 0.9, -1.5, 0.0, 0.0, 0.1],
    [0.0, 0.0, 0.05, 0.0, 0.7, -0.2, 0.8, 0.0, 0.2, 0.0],
]
ARRAYS = {
    "intro": {
        "steps": described(STEPS, "", "updates of each model"),
        "W": described([[[0.2, 1.0, -0.5, 0.1, -0.9], [1.0, 0.1, 0.4, -0.8, -0.6]]], "density hidden feature", "weights"),
        "b": described([[-0.2, -0.1, -0.15, -0.2, -0.05]], "density feature", "bias"),
        "density": described([0.1], "density", "density of the features"),
        "drawn": described([DRAWN], "density", "seed of the drawn model"),
    },
    "asymmetric_model": {
        "W1": described(_INTO, "hidden feature", "weights in"),
        "W2": described(_OUT, "hidden feature", "weights out"),
        "b": described([0.01, -0.02, 0.03, 0.05], "feature", "biases"),
    },
    "asymmetric_pairs": {"features": described([[2, 0, -1]], "instance feature", "features of a pair")},
    "deformed_pentagon": {
        "density_relative": described([0.2, 1.0, 5.0], "setting", "relative density"),
        "density_exact_pentagon": described([None, 0.004, 0.02], "setting", "loss of the pentagon"),
        "density_exact_square": described([0.001, 0.005, 0.03], "setting", "loss of the pairs"),
        "density_W": described([[_PAIRS, _PAIRS]] * 3, "setting group hidden feature", "weights"),
        "density_best": described([[1, 1], [2, 1], [2, 2]], "setting group", "arrangement"),
    },
    "feature_dimensions": scrubbed(),
    "octahedron": {
        "W": described(
            [[[0.01 * x for x in row] for row in _OCTAHEDRON[::-1]], _OCTAHEDRON], "snapshot hidden feature", "weights"
        ),
        "loss": described([[1.0, 0.05]], "seed snapshot", "loss"),
        "step": described([0, 1000], "snapshot", "step"),
        "shown": described([0, 0, 0, 1], "stage", "snapshots"),
        "drawn": described(0, "", "drawn model"),
    },
    "phase_two": {
        "importance": described(phases.importances(GRID).tolist(), "importance", "importance of the extra feature"),
        "density": described(phases.densities(GRID).tolist(), "density", "density of the features"),
        "fits": described(FITS, "", "fits of each cell"),
        "steps": described(STEPS, "", "updates of each model"),
        "best_found": described([[2, 2, 1], [2, 2, 1], [0, 2, 1]], "density importance", "outcome of the best fit"),
        "ended": described([[[1, 0, 1]] * GRID, [[0, 0, 2]] * GRID, [[0, 2, 0]] * GRID], "density importance solution", "fits"),
    },
    "privileged_codes": {
        "density": described([1.0, 0.3], "density", "density of the features"),
        "best_W": described([_DEDICATED, _SIGNS], "density hidden feature", "weights"),
        "best_b": described([[0.0] * 5 + [0.5] * 5, [-0.1, 0.0, -0.5, 0.0, *[0.1] * 6]], "density feature", "biases"),
    },
}
"""The arrays that pages take from figures for their scripts."""


class AnyValue(dict):
    """A value for any name, since the names of a trained figure's values are known only after training."""

    def __contains__(self, name):
        return True

    def __missing__(self, name):
        self[name] = Value(value=0.4321, interval=(0.41, 0.45))
        return self[name]


def map_of(cell):
    """The runs of a phase diagram; the fits of its middle cell have the content digests `cell`."""
    runs = [replace(run(k), seed=FIRST_SEED + k % FITS) for k in range(GRID * GRID * FITS)]
    middle = GRID * GRID // 2 * FITS
    runs[middle : middle + FITS] = [replace(runs[middle + k], content_digest=digest) for k, digest in enumerate(cell)]
    return tuple(runs)


def complete(folder: Path, published: str = "5" * 64, cell: Sequence[str] = ("6" * 64,) * FITS):
    """A build of all figures of the project, each with its title, text and claims, but with made-up numbers and pictures.

    `published` is the content digest of the run that the first figure draws; `cell` are those of the fits of the phase diagram's
    middle cell.
    """
    made = []
    for number, name in enumerate(NAMES):
        about = module(name)
        claims = [
            claim(
                c.id,
                name,
                VERDICTS[number % len(VERDICTS)],
                text=c.text,
                paper=c.paper,
                source=c.source,
                measured=c.quantity,
                rows=[{"density": "1", "count": "5"}] if c.rows else None,
            )
            for c in about.CLAIMS
        ]
        sweeps = [sweep(name, "runs", 60)] if claims else []
        if name == "intro":
            again = choose(Sweep((RUN,), snapshots=(late_step(STEPS),)), [published])
            runs = [(*one.runs, replace(run(DRAWN), content_digest=published)) for one in sweeps]
            sweeps = [
                replace(one, runs=rows, snapshots=(late_step(STEPS),), again=again)
                for one, rows in zip(sweeps, runs, strict=True)
            ]
        if name == "phase_two":
            sweeps = [replace(one, runs=map_of(cell)) for one in sweeps]
        plain = figure(folder, name, claims=claims, sweeps=sweeps, arrays=ARRAYS.get(name), width=518 if claims else 390)
        values = AnyValue({"first": Value(value=1.0)})
        made.append(replace(plain, about=about.ABOUT, values=values, source=Path(about.__file__).read_text()))
    return build(folder, figures=made, speed=SPEED, handout=handout())


def handout():
    """The notebooks of the project with made-up output, and a made-up wheel."""
    picture = SVG.format(width=432, fill="#ffffff", ink="#111111", name="drawn")
    books = []
    for path in scripts():
        script = path.read_text(encoding="utf-8")
        *first, last, exercises = cells(script)
        played = [replace(cell, printed="printed\n") if "print(" in cell.source else cell for cell in first]
        books.append(Notebook(name=path.stem, script=script, cells=(*played, replace(last, picture=picture), exercises)))
    return Handout(notebooks=tuple(books), wheel=("sup-0-py3-none-any.whl", b"wheel"))


PAGES = re.findall(r"([\w-]+)\.md", CONFIG.read_text(encoding="utf-8").partition("\nnav:")[2].partition("not_in_nav")[0])
"""The pages that the project's own settings ask for."""


def docs(folder: Path, words: str = "Words"):
    """The smallest pages that the project's own settings accept."""
    shutil.copytree(CONFIG.parent / "templates/assets", folder / "assets")
    for name in PAGES:
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{words} with \\(x^2\\).\n")
    return folder
