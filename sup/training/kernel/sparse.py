"""The same products where most of a block's samples, or of its output gradients, are zero: one term for each nonzero number.

A product with a zero never changes a sum that starts at +0, so leaving it out changes no bit while weights are finite.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from sup.constants import LANES
from sup.training.kernel.vectors import FLOAT, INDEX, VECTOR, WIDTH, at, emitted, load, madd, splat, store

BITS = ir.IntType(LANES)


def _active(builder: Any, address: Any) -> Any:
    """One bit for each lane at an address: 1 where the lane is not zero."""
    kind = ir.VectorType(FLOAT, LANES)
    lanes = load(builder, address, kind)
    return builder.bitcast(builder.fcmp_unordered("!=", lanes, ir.Constant(kind, [0.0] * LANES)), BITS)


class _EachActive:
    """Emits a loop over the active lanes at an address, in order: inside it, `lane` is the index and `value` its number."""

    def __init__(self, builder: Any, address: Any) -> None:
        self.builder, self.address = builder, address

    def __enter__(self) -> "_EachActive":
        builder = self.builder
        first, before = _active(builder, self.address), builder.block
        self.head, self.body, self.end = (builder.append_basic_block(f"active.{part}") for part in ("head", "body", "end"))
        builder.branch(self.head)
        builder.position_at_end(self.head)
        self.left = builder.phi(BITS)
        self.left.add_incoming(first, before)
        builder.cbranch(builder.icmp_unsigned("!=", self.left, BITS(0)), self.body, self.end)
        builder.position_at_end(self.body)
        self.lane = builder.cttz(self.left, ir.IntType(1)(1))
        self.value = splat(builder, load(builder, at(builder, self.address, self.lane), FLOAT))
        return self

    def __exit__(self, *problem: object) -> None:
        builder = self.builder
        self.left.add_incoming(builder.and_(self.left, builder.sub(self.left, BITS(1))), builder.block)
        builder.branch(self.head)
        builder.position_at_end(self.end)


@emitted(types.int64)
def count_active(builder: Any, S: Any, n: int, source: int) -> Any:
    """The count of nonzero numbers in the n rows of lanes at S[source...]."""
    count = cgutils.alloca_once_value(builder, INDEX(0))
    with cgutils.for_range(builder, INDEX(n)) as loop:
        bits = _active(builder, at(builder, S, source, builder.mul(loop.index, INDEX(LANES))))
        builder.store(builder.add(builder.load(count), builder.ctpop(bits)), count)
    return builder.load(count)


@emitted(types.void)
def to_hidden_rows(builder: Any, S: Any, n: int, padded: int, source: int, rows: int, T: Any) -> None:
    """S[rows + r, a] = sum over the features j that are active in sample r, in order, of S[source + j, r] * T[j, a]."""
    vectors = range(0, padded, WIDTH)
    with cgutils.for_range(builder, INDEX(LANES * padded // WIDTH)) as loop:
        store(builder, ir.Constant(VECTOR, [0.0] * WIDTH), at(builder, S, rows, builder.mul(loop.index, INDEX(WIDTH))))
    with cgutils.for_range(builder, INDEX(n)) as loop:
        weights = [load(builder, at(builder, T, builder.mul(loop.index, INDEX(padded)), v)) for v in vectors]
        with _EachActive(builder, at(builder, S, source, builder.mul(loop.index, INDEX(LANES)))) as active:
            row = at(builder, S, rows, builder.mul(active.lane, INDEX(padded)))
            for v, weight in zip(vectors, weights, strict=True):
                place = at(builder, row, v)
                store(builder, madd(builder, weight, active.value, load(builder, place)), place)


@emitted(types.void)
def add_outer_active(builder: Any, S: Any, n: int, padded: int, source: int, rows: int, target: int) -> None:
    """S[target + j, a] += sum over the samples r in which feature j is active, in order, of S[source + j, r] * S[rows + r, a]."""
    vectors = range(0, padded, WIDTH)
    with cgutils.for_range(builder, INDEX(n)) as loop:
        result = at(builder, S, target, builder.mul(loop.index, INDEX(padded)))
        sums = [cgutils.alloca_once_value(builder, load(builder, at(builder, result, v))) for v in vectors]
        with _EachActive(builder, at(builder, S, source, builder.mul(loop.index, INDEX(LANES)))) as active:
            row = at(builder, S, rows, builder.mul(active.lane, INDEX(padded)))
            for v, total in zip(vectors, sums, strict=True):
                builder.store(madd(builder, active.value, load(builder, at(builder, row, v)), builder.load(total)), total)
        for v, total in zip(vectors, sums, strict=True):
            store(builder, builder.load(total), at(builder, result, v))
