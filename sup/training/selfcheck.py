"""Check that this machine computes the same bits: `python -m sup.training.selfcheck`, with numpy and numba alone.

It trains a tiny run of each model on each distribution, and of each option, and prints `name part digest` lines. With `--check`
it compares them with the lines on standard input and names the first part that differs: draw, forward, gradient, optimiser (one
update), trained. In place of the kernel, `--device cuda` runs the code for GPUs on the first of them, and `--device host` the
same code, compiled by this machine's C++ compiler.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from sup.canonical import content_digest
from sup.errors import SupError
from sup.features import Anticorrelated, Correlated, Distribution, Independent, one_hot
from sup.specs import TRAITS, Recipe, Run, geometric
from sup.sweeps import vary

DISTRIBUTIONS: dict[str, Distribution] = {
    "independent": Independent(density=(0.9, 0.5, 0.3, 0.1, 0.05, 0.7), low=-0.1),
    "correlated": Correlated(sizes=(2, 4), density=(0.3, 0.6)),
    "anticorrelated": Anticorrelated(sizes=(2, 4), density=(0.3, 0.6)),
}
DEVICES = ("cpu", "cuda", "host")
Forms: TypeAlias = tuple[Callable[[Run], dict[str, Any]], Callable[[list[Run], tuple[int, ...]], dict[str, Any]]]
"""The functions of a form of the kernel that give the parts of a block, and train."""
SCHEDULE = ((0.0, 0.1), (0.3, 1.0), (1.0, 0.0))


def cases() -> dict[str, Run]:
    """Tiny runs: each model on each distribution, each model in a size whose gradient is summed by samples, and each option."""
    found = {}
    for model in TRAITS:
        for name, features in DISTRIBUTIONS.items():
            recipe = Recipe(steps=50, batch=128, learning_rate=0.01, schedule=SCHEDULE)
            found[f"{model}-{name}"] = Run(
                model=model, n_features=6, n_hidden=3, distribution=features, importance=geometric(0.9, 6), recipe=recipe
            )
        found[f"{model}-large"] = Run(
            model=model,
            n_features=20,
            n_hidden=9,
            distribution=Independent(density=0.1, low=-1.0),
            recipe=Recipe(steps=5, batch=128),
        )
    return found | {
        "relu-output-quadratic": vary(found["relu-output-independent"], activation="quadratic"),
        "relu-hidden-gelu": vary(found["relu-hidden-correlated"], activation="gelu"),
        "relu-hidden-l1": vary(found["relu-hidden-anticorrelated"], l1=0.01),
        "relu-output-attack": vary(found["relu-output-independent"], attack=0.5),
        "linear-dataset": vary(found["linear-correlated"], dataset=0, batch=100, weight_decay=0.0),
        "relu-output-unit-norm": vary(found["relu-output-independent"], distribution=one_hot(6, binary=True)),
        "absolute-options": vary(
            found["absolute-large"], activation="gelu", unit_norm=True, l1=0.01, attack=0.5, dataset=1, batch=67
        ),
    }


def parts(run: Run, forms: Forms | None = None) -> Iterator[tuple[str, str]]:
    """Name and digest of each part of training `run`, by default by the kernel, in order: each rests on those before it."""
    block_parts, train = forms or forms_of("cpu")
    for name, arrays in block_parts(run).items():
        yield name, content_digest(arrays)
    result = train([run], (1,))
    snapshot = {name: array[0, 0] for name, array in result.items() if name.startswith("snapshot")}
    yield "optimiser", content_digest(snapshot)
    yield "trained", content_digest({name: array[0] for name, array in result.items() if not name.startswith("snapshot")})


def forms_of(device: str) -> Forms:
    """The forms of the kernel for a device of `DEVICES`."""
    if device == "cuda":
        from sup.training.cuda import device as gpu

        return gpu.block_parts, gpu.train_cuda
    if device == "host":
        from sup.training.cuda import host

        return host.block_parts, host.train_host
    from sup.training.kernel import engine, parts

    return parts.block_parts, engine.train_kernel


def lines(forms: Forms | None = None) -> Iterator[str]:
    """The line `name part digest` of every part of every case; by default the kernel's."""
    for name, run in cases().items():
        for part, digest in parts(run, forms):
            yield f"{name} {part} {digest}"


def first_difference(here: list[str], expected: list[str]) -> str | None:
    """The first difference between this machine's lines and the expected ones, in words; None if there is none."""
    for ours, theirs in zip(here, expected, strict=False):
        if ours != theirs:
            name, part, _ = ours.split()
            return f"{name}: the {part} differs, and all before it agrees"
    return None if len(here) == len(expected) else f"{len(here)} parts here, {len(expected)} expected"


def main(arguments: list[str]) -> int:
    """Prints the lines, or compares them with those on standard input; 1 when they differ, 2 for an error."""
    parser = argparse.ArgumentParser(prog="python -m sup.training.selfcheck", description="Check the bits of this machine.")
    parser.add_argument("--check", action="store_true", help="compare with the lines on standard input")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="what computes (default: cpu)")
    given = parser.parse_args(arguments)
    try:
        here = list(lines(forms_of(given.device)))
    except SupError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    if not given.check:
        sys.stdout.writelines(f"{line}\n" for line in here)
        return 0
    expected = sys.stdin.read().splitlines()
    found = first_difference(here, expected)
    sys.stdout.write(f"{found or f'{len(expected)} parts agree, bit for bit'}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
