"""Numbers that every engine shares: a run's bits depend on them, so another value means other results everywhere.

The JavaScript twin keeps copies, since it is published by itself; a test compares them.
"""

LANES = 64
"""Samples of a block: sample r of a block is lane r, and each lane has sums of its own."""

SMALL = 100
"""Largest number n m of weights whose gradient is summed lane by lane; a larger gradient is summed sample after sample."""

EVAL_SAMPLES = 65_536
"""Samples of the stream `eval`, on which the final loss is measured."""
