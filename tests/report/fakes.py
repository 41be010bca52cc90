"""A build made up for the tests of pages and site: two tiny figures, one of them trained, with values, claims and runs."""

import json
from pathlib import Path

from figures.base import About, Value
from report.records import Build, FigureRecord, SweepRecord

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="518pt" height="200pt" viewBox="0 0 518 200">'
    '<rect width="518" height="200" fill="{fill}"/><text x="20" y="40" fill="{ink}">{name}</text></svg>\n'
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def claim(id, figure, verdict="reproduced", **changes):
    """A claim in the form of `claims --json`, with rows."""
    return {
        "id": id, "figure": figure, "source": "section 1", "text": f"Statement {id} holds.", "paper": "all of them", "value": 0.95,
        "unit": "", "interval": [0.9, 0.99], "seeds": 20, "criterion": "share of models between 0.8 and 1", "verdict": verdict,
        "reason": "The whole interval is between 0.8 and 1.", "profile": "smoke", "engine": "kernel", "runs": ["0" * 64], "rows": None,
    } | changes  # fmt: skip


def sweep(figure, name, runs=3, digit="1"):
    """A trained sweep of a few runs."""
    return SweepRecord(
        figure=figure, name=name, shape="relu-output 5x2, independent", spec=digit * 64, key="2" * 64, digest="3" * 64, engine="kernel",
        runs=tuple({"spec": f"{i:064x}", "content": f"{i + 100:064x}", "seed": i, "density": 0.1, "final_loss": 0.01 / (i + 1)} for i in range(runs)),
        shards=1, seconds=2.5,
    )  # fmt: skip


def figure(folder: Path, name: str, *, claims=(), values=None, sweeps=(), note="", arrays=None):
    """A figure with its files in `folder`."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    for theme, fill, ink in (("light", "#ffffff", "#111111"), ("dark", "#1e2129", "#eeeeee")):
        (home / f"{theme}.svg").write_text(SVG.format(fill=fill, ink=ink, name=name))
        (home / f"{theme}.png").write_bytes(PNG)
    (home / "data.json").write_text(json.dumps({"arrays": arrays or {}, "values": {}}))
    about = About(label="F1", title=f"Title of {name}", alt=f"What {name} shows", source="Introduction", note=note)
    return FigureRecord(
        name=name, about=about, key="4" * 64, folder=home, values=values or {}, claims=tuple(claims), sweeps=tuple(sweeps),
        source=f'"""The module of {name}."""\n\nABOUT = None\n',
    )  # fmt: skip


def build(folder: Path, figures=None, **changes):
    """A build of two figures: `intro`, trained, and `sketch`, drawn."""
    figures = figures or (
        figure(
            folder, "intro", claims=[claim("C1", "intro"), claim("C2", "intro", "not reproduced")], note="The seeds are ours.",
            values={"share": Value(value=0.9512, interval=(0.912, 0.987)), "models": Value(value=20)}, sweeps=[sweep("intro", "panels")],
            arrays={"W": [[[1.0, 0.5], [0.25, 0.0]]], "b": [0.5, -0.5]},
        ),
        figure(folder, "sketch"),
    )  # fmt: skip
    settings = dict(
        profile="smoke", decides=False, engine="kernel", device="cpu", versions={"numba": "0.63.1", "numpy": "2.4.0"}, figures=tuple(figures),
        lock=({"name": "intro/panels", "spec": "1" * 64, "engine": "kernel", "digest": "3" * 64},), timings={"train": 12.5, "draw": 3.25},
    )  # fmt: skip
    return Build(**(settings | changes))
