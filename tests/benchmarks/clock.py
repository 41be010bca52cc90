"""How times are taken: long enough to be reliable, and in turn, so that a disturbance of the machine affects every side."""

import math
import statistics
import time

LONG = 0.3
"""The rough minimum of seconds for a measurement."""


def seconds(advance, steps):
    """Seconds that a step takes in `advance(steps)`."""
    time.sleep(0.02)  # threads of the other side stop waiting for work
    start = time.perf_counter()
    advance(steps)
    return (time.perf_counter() - start) / steps


def steps_for(advance, long=LONG):
    """How many steps take `long` seconds. Finding out also warms up the code."""
    advance(1)
    steps = 1
    while (taken := seconds(advance, steps)) * steps < long / 4:
        steps *= 2
    return max(1, math.ceil(long / taken))


def in_turn(sides, turns):
    """What each of the functions `sides` returns, called one after the other, in each of `turns` turns."""
    return [tuple(side() for side in sides) for _ in range(turns)]


def compare(pairs):
    """For pairs of times: the medians of both sides, the median of their ratios, and the least and greatest ratio."""
    ratios = sorted(first / second for first, second in pairs)
    sides = (statistics.median(times) for times in zip(*pairs, strict=True))
    return (*sides, statistics.median(ratios), ratios[0], ratios[-1])
