"""Matrix products of a block of samples, with a tile of the result held in registers.

Element (i, v) of a product is its first value, then plus A[i, 0] B[0, v], then plus A[i, 1] B[1, v] and so on, each product
and each sum rounded. The size of a tile changes no bit, so it depends on the machine's registers.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from sup.constants import LANES
from sup.training.kernel.vectors import FLOAT, INDEX, VECTOR, WIDTH, WORD, at, emitted, load, madd, registers, splat, store


class Product:
    """Emits code for C[i, v] = first + sum over k, in order, of A[i row_step + k term_step] B[k, v].

    Args:
        builder: Builder of the code.
        result: Address of C, rows of `columns` numbers.
        factor: Address of B, rows of `columns` numbers.
        columns: Number of columns of C and B, a multiple of WIDTH.
    """

    def __init__(self, builder: Any, result: Any, factor: Any, columns: int) -> None:
        self.builder, self.result, self.factor, self.columns = builder, result, factor, columns

    def emit(self, rows: int, terms: int, weights: Any, row_step: int, term_step: int, first: Any = None) -> None:
        """Emits the code, tile by tile.

        Args:
            rows: Number of rows of C.
            terms: Number of terms of each sum.
            weights: Address of A.
            row_step: Distance, in numbers, from a weight to that of the next row.
            term_step: Distance, in numbers, from a weight to that of the next term.
            first: Address of the first value of each row; that of C to add to its values; None for zero.
        """
        done, rest = 0, (terms, weights, row_step, term_step, first)
        while done < self.columns:
            wide = min(4 if registers() > 6 else 1, (self.columns - done) // WIDTH)
            count, high = (self.columns - done) // (wide * WIDTH), max(1, registers() // wide)
            with cgutils.for_range(self.builder, INDEX(count)) as across:
                column = self._plus(self._times(across.index, wide * WIDTH), done)
                with cgutils.for_range(self.builder, INDEX(rows // high)) as down:
                    self._tile(self._times(down.index, high), column, high, wide, *rest)
                if rows % high:
                    self._tile(INDEX(rows - rows % high), column, rows % high, wide, *rest)
            done += count * wide * WIDTH

    def _times(self, index: Any, count: int) -> Any:
        return self.builder.mul(index, INDEX(count))

    def _plus(self, index: Any, count: int) -> Any:
        return self.builder.add(index, INDEX(count))

    def _number(self, address: Any) -> Any:
        return splat(self.builder, load(self.builder, address, FLOAT))

    def _tile(
        self, row: Any, column: Any, high: int, wide: int, terms: int, weights: Any, row_step: int, term_step: int, first: Any
    ) -> None:
        """Emits `high` rows and `wide` vectors of C from `row` and `column` on; LLVM moves their sums from stack to registers."""
        builder, tile = self.builder, [(i, v) for i in range(high) for v in range(wide)]
        corner = at(builder, self.result, self._times(row, self.columns), column)
        target = {(i, v): at(builder, corner, i * self.columns + v * WIDTH) for i, v in tile}
        sums = {cell: cgutils.alloca_once(builder, VECTOR) for cell in tile}
        for i, v in tile:
            start = ir.Constant(VECTOR, [0.0] * WIDTH)
            if first is self.result:
                start = load(builder, target[i, v])
            elif first is not None:
                start = self._number(at(builder, first, row, i))
            builder.store(start, sums[i, v])
        with cgutils.for_range(builder, INDEX(terms)) as loop:
            at_term = at(builder, self.factor, self._times(loop.index, self.columns), column)
            factors = [load(builder, at(builder, at_term, v * WIDTH)) for v in range(wide)]
            at_weight = at(builder, weights, self._times(row, row_step), self._times(loop.index, term_step))
            for i in range(high):
                weight = self._number(at(builder, at_weight, i * row_step))
                for v in range(wide):
                    builder.store(madd(builder, weight, factors[v], builder.load(sums[i, v])), sums[i, v])
        for cell in tile:
            store(builder, builder.load(sums[cell]), target[cell])


@emitted(types.void)
def to_hidden(builder: Any, S: Any, n: int, m: int, source: int, target: int, W: Any) -> None:
    """S[target + a] = sum over features j, in order, of W[a, j] * S[source + j], for every lane."""
    Product(builder, at(builder, S, target), at(builder, S, source), LANES).emit(m, n, W, n, 1)


@emitted(types.void)
def to_output(builder: Any, S: Any, n: int, m: int, source: int, target: int, V: Any, bias: Any) -> None:
    """S[target + j] = bias[j] + sum over hidden dimensions a, in order, of V[a, j] * S[source + a], for every lane."""
    Product(builder, at(builder, S, target), at(builder, S, source), LANES).emit(n, m, V, 1, n, bias)


@emitted(types.void)
def to_features(builder: Any, S: Any, n: int, m: int, source: int, target: int, V: Any) -> None:
    """S[target + j] = sum over hidden dimensions a, in order, of V[a, j] * S[source + a], for every lane."""
    Product(builder, at(builder, S, target), at(builder, S, source), LANES).emit(n, m, V, 1, n)


@emitted(types.void)
def add_outer(builder: Any, S: Any, n: int, padded: int, source: int, rows: int, target: int) -> None:
    """S[target + j, a] += sum over samples r, in order, of S[source + j, r] * S[rows + r, a]; rows of `padded` numbers."""
    result = at(builder, S, target)
    Product(builder, result, at(builder, S, rows), padded).emit(n, LANES, at(builder, S, source), LANES, 1, result)


@emitted(types.void)
def add_outer_by_lanes(builder: Any, S: Any, n: int, m: int, hidden: int, features: int, target: int) -> None:
    """S[target + a n + j] += S[hidden + a] * S[features + j], lane by lane."""
    _outers_by_lanes(builder, S, n, m, target, [(hidden, features)])


@emitted(types.void)
def add_two_outers_by_lanes(
    builder: Any, S: Any, n: int, m: int, hidden: int, features: int, hidden2: int, features2: int, target: int
) -> None:
    """S[target + a n + j] += S[hidden + a] * S[features + j], and then += the same of the second pair, lane by lane."""
    _outers_by_lanes(builder, S, n, m, target, [(hidden, features), (hidden2, features2)])


def _outers_by_lanes(builder: Any, S: Any, n: int, m: int, target: int, pairs: list[tuple[int, int]]) -> None:
    """Adds the products of each pair, in order, to a gradient (hidden feature lane)."""
    high = min(m, 8 if registers() > 6 else 2)

    def rows(start: Any, count: int, lane: Any) -> None:
        over = [
            [load(builder, at(builder, S, h, builder.mul(start, INDEX(LANES)), a * LANES, lane)) for a in range(count)]
            for h, _ in pairs
        ]
        with cgutils.for_range(builder, INDEX(n)) as across:
            along = builder.mul(across.index, INDEX(LANES))
            under = [load(builder, at(builder, S, f, along, lane)) for _, f in pairs]
            for a in range(count):
                place = at(builder, S, target, builder.mul(start, INDEX(n * LANES)), a * n * LANES, along, lane)
                total = load(builder, place)
                for h, f in zip(over, under, strict=True):
                    total = madd(builder, h[a], f, total)
                store(builder, total, place)

    with cgutils.for_range(builder, INDEX(LANES // WIDTH)) as part:
        lane = builder.mul(part.index, INDEX(WIDTH))
        with cgutils.for_range(builder, INDEX(m // high)) as down:
            rows(builder.mul(down.index, INDEX(high)), high, lane)
        if m % high:
            rows(INDEX(m - m % high), m % high, lane)


@emitted(types.float32)
def lane_sum(builder: Any, S: Any, start: Any) -> Any:
    """The sum of the lanes at S[start...]: their second half is added to the first half until one lane is left."""
    lanes, width = load(builder, at(builder, S, start), ir.VectorType(FLOAT, LANES)), LANES
    while width > 1:
        width //= 2
        halves = [ir.Constant(ir.VectorType(WORD, width), list(range(from_, from_ + width))) for from_ in (0, width)]
        lanes = builder.fadd(*(builder.shuffle_vector(lanes, lanes, half) for half in halves))
    return builder.extract_element(lanes, WORD(0))
