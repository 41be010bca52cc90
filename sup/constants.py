"""Numbers that all engines share. A run's bits depend on them, so changing one changes every result.

The JavaScript twin has copies, since it is published by itself; a test compares them.
"""

LANES = 64
"""Samples per block. Sample r of a block is lane r, and each lane has its own sums."""

SMALL = 100
"""Largest number n m of weights whose gradient is summed lane by lane; a larger gradient is summed sample by sample."""

EVAL_SAMPLES = 65_536
"""Number of samples of the stream `eval` on which the final loss is measured."""
