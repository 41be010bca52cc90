"""The source of all randomness: counter-based draws, a pure function of (run, stream, step, position).

Threefry-2x32 with 13 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") turns a key and a counter
into two 32-bit words with integer operations alone, so any machine, batch and order of work gives the same words. Normal
variates are built from them by +, -, *, / and square root in float64, without a maths library, for the same reason.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sup.canonical import digest, spec_digest
from sup.specs import Run

ROUNDS = ((13, 15, 26, 6), (17, 29, 16, 24), (13, 15, 26, 6), (17,))
PARITY = 0x1BD11BDA


def stream_key(run: Run, stream: str) -> tuple[int, int]:
    """The 64-bit key of one stream of a run, as two 32-bit words.

    `train`, `attack` and `init` belong to the run alone. `eval` depends on the distribution and the width only, so runs that
    learn the same task are judged on the same draws and their losses differ by the models, not by the luck of the draw. For
    the same reason a fixed data set (`train` where `recipe.dataset` is set) depends on its number, the distribution and the
    width.
    """
    identity = spec_digest(run)
    if stream == "eval":
        identity = digest("task", run.distribution, run.n_features)
    elif stream == "train" and run.recipe.dataset is not None:
        identity = digest("data", run.distribution, run.n_features, run.recipe.dataset)
    text = digest("stream", identity, stream)
    return int(text[:8], 16), int(text[8:16], 16)


def stream_keys(runs: Sequence[Run], stream: str) -> NDArray[np.uint32]:
    """The keys of one stream of many runs, shape (run, 2)."""
    return np.array([stream_key(run, stream) for run in runs], np.uint32).reshape(len(runs), 2)


def threefry(
    key: NDArray[np.uint32], low: NDArray[np.uint32], high: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Two words for each counter (low, high) under each key. Arrays broadcast; the last axis of `key` has two words.

    Example:
        >>> key, counter = np.zeros(2, np.uint32), np.zeros(1, np.uint32)
        >>> [hex(int(word[0])) for word in threefry(key, counter, counter)]
        ['0x9d1c5ec6', '0x8bd50731']
    """
    k0, k1 = key[..., 0], key[..., 1]
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(PARITY))
    x0, x1 = low + k0, high + k1
    for number, rotations in enumerate(ROUNDS):
        for rotation in rotations:
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))) ^ x0
        if len(rotations) == 4:
            x0 = x0 + keys[(number + 1) % 3]
            x1 = x1 + keys[(number + 2) % 3] + np.uint32(number + 1)
    return x0, x1


def words(keys: NDArray[np.uint32], step: int, start: int, count: int) -> NDArray[np.uint32]:
    """`count` words (an even number) for each key, shape (run, count): the counters' first words, then their second words.

    The count / 2 counters are (start, step), (start + 1, step), ...
    """
    low = np.arange(start, start + count // 2, dtype=np.uint32)
    x0, x1 = threefry(keys[:, None, :], low[None, :], np.full((1, 1), step, np.uint32))
    return np.concatenate([x0, x1], axis=1)


def ln(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of positive numbers from basic operations: u = f * 2^e, ln f = 2 artanh((f - 1) / (f + 1))."""
    fraction, exponent = np.frexp(u)
    low = fraction < 0.7071067811865476
    fraction, exponent = np.where(low, fraction * 2.0, fraction), np.where(low, exponent - 1, exponent)
    t = (fraction - 1.0) / (fraction + 1.0)
    square = t * t
    series = np.zeros_like(t)
    for odd in range(21, 0, -2):
        series = series * square + 1.0 / odd
    return 2.0 * t * series + exponent * 0.6931471805599453


CENTRE = (
    (2.50908092873012267270e3, 3.34305755835881281050e4, 6.72657709270087008530e4, 4.59219539315498714570e4,
     1.37316937655094611250e4, 1.97159095030655144270e3, 1.33141667891784377450e2, 3.38713287279636660800e0),
    (5.22649527885285456100e3, 2.87290857357219426740e4, 3.93078958000927106100e4, 2.12137943015865958670e4,
     5.39419602142475110770e3, 6.87187007492057908300e2, 4.23133307016009112520e1, 1.0),
)  # fmt: skip
FLANK = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], r: NDArray[np.float64]) -> NDArray[np.float64]:
    over, under = np.zeros_like(r), np.zeros_like(r)
    for a, b in zip(*coefficients, strict=True):
        over, under = over * r + a, under * r + b
    return over / under


def normals(bits: NDArray[np.uint32]) -> NDArray[np.float64]:
    """A standard normal variate for each word: the normal quantile of (word + 1/2) / 2^32.

    Source: Wichura 1988, algorithm AS 241 (the third of its three ranges, beyond 9 standard deviations, cannot occur here).

    Example:
        >>> normals(np.array([0x80000000], np.uint32)).round(6)
        array([0.])
    """
    p = (bits.astype(np.float64) + 0.5) * 2.0**-32
    q = p - 0.5
    centre = _ratio(CENTRE, 0.180625 - q * q) * q
    tail = np.sqrt(-ln(np.where(q < 0.0, p, 1.0 - p)))
    flank = _ratio(FLANK, tail - 1.6)
    return np.where(np.abs(q) <= 0.425, centre, np.where(q < 0.0, -flank, flank))
