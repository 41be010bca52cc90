"""Helpers of the pipeline's tests: small sweeps, an engine that trains nothing, and a figure to draw."""

import hashlib
import time
from types import SimpleNamespace

import numpy as np

from figures.base import About, Claim, Data, Range, Size, Value, array
from report.code import Sources
from report.engines import Engine
from report.profiles import Profile
from report.store.artifacts import Store
from report.store.shards import cut
from report.workshop import Workshop
from sup.canonical import spec_digest
from sup.features import Independent
from sup.specs import Recipe, Run
from sup.statistics import mean
from sup.sweeps import sweep

KERNEL = Engine(name="kernel", device="cpu", code="c" * 64)
BASE = Run(model="relu-output", n_features=5, n_hidden=2, distribution=Independent(density=0.1), recipe=Recipe(steps=1000))


def runs(seeds=3, densities=(1.0, 0.1), snapshots=(), steps=1000, first=0):
    """A sweep of the 5x2 model; the seeds vary slowest, so that adding seeds keeps the earlier runs in place."""
    return sweep(BASE, snapshots=snapshots, steps=(steps,), seed=range(first, first + seeds), density=densities)


def shard(seeds=3, engine=KERNEL, **changes):
    """The single shard of a small sweep."""
    (only,) = cut(runs(seeds, **changes), engine)
    return only


SNAPSHOTS = (("W", "W"), ("loss", "final_loss"))


def arrays_of(specs, snapshots=()):
    """Arrays in place of training results, which depend on each run's spec alone."""
    rows = [np.frombuffer(hashlib.shake_256(spec_digest(run).encode()).digest(4 * 16), np.uint32) for run in specs]
    numbers = np.stack(rows).astype(np.float32) / np.float32(2**32)
    arrays = {"W": numbers[:, :10].reshape(-1, 2, 5), "b": numbers[:, 10:15], "final_loss": numbers[:, 15]}
    if snapshots:
        arrays |= {f"snapshot_{name}": np.repeat(arrays[key][:, None], len(snapshots), axis=1) for name, key in SNAPSHOTS}
    return arrays


def contents(folder, without=()):
    """Every file below a folder, by its relative path, but for those whose path starts like one of `without`."""
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(tuple(without))}


class FakeEngine:
    """Trains nothing; records its calls."""

    def __init__(self, seconds=0.0, fail_after=None):
        self.seconds, self.fail_after, self.calls = seconds, fail_after, []

    def __call__(self, specs, snapshots):
        if self.fail_after is not None and len(self.calls) >= self.fail_after:
            raise KeyboardInterrupt
        self.calls.append(tuple(specs))
        time.sleep(self.seconds)
        return arrays_of(specs, snapshots)


def tiny_figure(seeds=None, steps=1000):
    """A figure module with one sweep, a value, two claims and a line to draw."""

    def needs(size):
        return {"models": runs(seeds or size.seeds, steps=size.steps)}

    def reduce(trained):
        losses = trained["models"]["final_loss"]
        loss = mean(losses)
        return Data(
            arrays={"losses": array(losses, "seed", "final loss"), "none": array([np.nan], "row", "no number")},
            values={"loss": Value(value=loss.value, interval=(loss.low, loss.high))},
        )

    def draw(data, theme):
        from matplotlib.figure import Figure

        drawing = Figure(figsize=(1, 1))
        drawing.subplots().plot(data["losses"], color=theme.ink)
        return drawing

    def claim(id, low):
        return Claim(
            id=id,
            text="Loss is high.",
            source="here",
            paper="high",
            quantity="mean loss",
            measure=lambda data: mean(data["losses"]),
            holds=Range(low=low),
        )

    about = About(label="F0", title="Tiny", alt="A line.", source="nowhere")
    return SimpleNamespace(ABOUT=about, CLAIMS=(claim("C0", 0.01), claim("C00", 2.0)), needs=needs, reduce=reduce, draw=draw)


class Modules:
    """Gives the tiny figure for any name; another process gets its own."""

    def __init__(self):
        self.figure = tiny_figure()

    def __call__(self, name):
        return self.figure

    def __reduce__(self):
        return Modules, ()


def tree(folder):
    """The first-party sources of two figures, as far as code digests need them."""
    files = {"figures/tiny.py": "COLOUR = 1\n", "figures/other.py": "COLOUR = 2\n", "report/draw.py": "DPI = 200\n"}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def shop(
    folder, trainer=None, *, engine=KERNEL, steps=1000, seeds=3, decides=True, warn=lambda text: None, names=("tiny",), **changes
):
    """A workshop with the tiny figure, its store in `folder`."""
    if not (folder / "code").exists():
        tree(folder / "code")
    size = Size(steps=steps, seeds=seeds)
    return Workshop(
        profile=Profile(name="smoke", decides=decides, sizes=dict.fromkeys(("tiny", "other"), size)),
        engine=engine,
        store=Store(folder / "store", warn),
        workers=2,
        names=names,
        module=Modules(),
        sources=Sources(folder / "code"),
        trainer=trainer or FakeEngine(),
        **changes,
    )
