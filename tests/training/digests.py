"""Prints the digests of tiny runs and the widest vector registers of their compiled code; run in a process of its own."""

import json

from sup.canonical import content_digest
from sup.training import train
from sup.training.kernel.loop import make_loop
from tests.training.runs import tiny

CASES = [("relu-output", 5, 2), ("linear", 30, 9)]  # one shape of each way to sum the weight gradient

if __name__ == "__main__":
    digests, registers = {}, set()
    for model, n, m in CASES:
        runs = [tiny(n, m, model=model, seed=seed) for seed in range(3)]
        digests[f"{model} {n}x{m}"] = content_digest(train(runs))
        for function in make_loop(n, m, model == "relu-output"):
            text = "".join(function.inspect_asm().values())
            registers |= {name for name in ("xmm", "ymm", "zmm") if name in text}
    print(json.dumps({"digests": digests, "registers": sorted(registers)}))
