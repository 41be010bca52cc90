"""Prints the digests of tiny runs and the widest vector registers of their compiled code; run in a process of its own."""

import json

from sup.canonical import content_digest
from sup.sweeps import vary
from sup.training import train
from sup.training.kernel.engine import constants_of
from sup.training.kernel.loop import make_loop
from tests.training.runs import CASES

# Every model, distribution and option, and both ways to add up a weight gradient, in as few shapes as that takes.
NAMES = (
    "linear-independent",
    "relu-output-anticorrelated",
    "relu-hidden-large",
    "absolute-correlated",
    "relu-output-quadratic",
    "absolute-options",
)


def digest(name):
    """The digest of three runs of a case."""
    return content_digest(train([vary(CASES[name], seed=seed) for seed in range(3)]))


if __name__ == "__main__":
    digests, registers = {}, set()
    for name in NAMES:
        digests[name] = digest(name)
        for function in make_loop(constants_of(CASES[name])):
            text = "".join(function.inspect_asm().values())
            registers |= {name for name in ("xmm", "ymm", "zmm") if name in text}
    print(json.dumps({"digests": digests, "registers": sorted(registers)}))
