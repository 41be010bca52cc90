"""How planning grows with the number of runs, as `python -m tests.benchmarks.planning [RUNS ...]`; prints a table."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from report.engines import Engine
from report.execute import tasks_of
from report.plan import plan_sweep
from report.store.artifacts import Store
from report.store.index import Entry, line_of
from sup.features import Independent
from sup.specs import Recipe, Run, geometric
from sup.sweeps import sweep
from tests.benchmarks.memory import peak_bytes

COUNTS = (1_000, 10_000, 100_000)
DENSITIES = 50


def plan(folder, count):
    """What a separate process takes to describe `count` runs and to plan them with the store in `folder`.

    The first plan finds all of them missing, and leaves a store in which later ones find them all.
    """
    command = [sys.executable, "-m", "tests.benchmarks.planning", str(folder), str(count)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(folder, count):
    """Numbers of shards and of missing ones, CPU seconds of describing and of planning, and the peak memory in MB."""
    engine, store = Engine(name="kernel", device="cpu", code="c" * 64), Store(folder)
    base = Run(
        model="relu-output",
        n_features=20,
        n_hidden=5,
        distribution=Independent(density=1.0),
        importance=geometric(0.9, 20),
        recipe=Recipe(steps=10_000),
    )
    start = time.process_time()
    runs = sweep(base, density=[0.9**i for i in range(DENSITIES)], seed=range(count // DENSITIES))
    described = time.process_time()
    planned = plan_sweep(store, "paper/tiny/models", runs, engine)
    tasks = tasks_of([planned], "paper")
    done = time.process_time()
    megabytes = peak_bytes() / 1e6
    if tasks:
        pretend(store, planned)
    return {
        "shards": len(planned.shards),
        "missing": len(tasks),
        "describing": described - start,
        "planning": done - described,
        "megabytes": megabytes,
    }


def pretend(store, planned):
    """Writes files and an index into `store` that a plan takes for trained shards, since a plan reads no files."""
    store.probe()
    with open(store.index.path, "w", encoding="utf-8") as index:
        for shard in planned.shards:
            store.path(shard.key).write_bytes(b"-")
            entry = Entry(
                key=shard.key,
                spec_digest=shard.spec_digest,
                engine="kernel",
                code=shard.engine.code,
                environment="",
                label="paper/tiny/models",
                part=shard.part,
                results_digest="d" * 64,
                file="f" * 64,
                size=1,
                runs=len(shard.runs),
            )
            index.write(line_of(asdict(entry)))


def table(counts):
    """Prints a line for each number of runs."""
    print("     runs   shards   describing   planning: all missing   all there   peak memory")
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            missing, there = plan(folder, count), plan(folder, count)
        describing = min(missing["describing"], there["describing"])
        print(
            f"{count:9,d}  {there['shards']:7,d}   {describing:8.2f} s   {missing['planning']:19.2f} s "
            f"{there['planning']:9.2f} s   {there['megabytes']:8.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].isdecimal():
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
    else:
        table(tuple(map(int, sys.argv[1:])) or COUNTS)
