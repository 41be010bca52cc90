"""Vector operations of LLVM, for the parts of the kernel that numba alone would compile to half the speed."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

WIDTH = 16  # numbers in one vector of this code; where registers are narrower, the compiler uses several
FLOAT, WORD, INDEX = ir.FloatType(), ir.IntType(32), ir.IntType(64)
VECTOR, WORDS = ir.VectorType(FLOAT, WIDTH), ir.VectorType(WORD, WIDTH)


def emitted(result: types.Type) -> Callable[[Callable[..., Any]], Any]:
    """Decorator that turns a function that emits code into a function that jitted code can call.

    The emitter gets the builder and then the call's arguments: arrays as their addresses, compile-time integers as they are,
    and all else as LLVM values. It returns the call's result.

    Args:
        result: Type of the call's result; `types.void` for none.
    """

    def wrap(emit: Callable[..., Any]) -> Any:
        def typed(_context: Any, *kinds: Any) -> Any:
            def generate(target: Any, builder: Any, call: Any, values: Any) -> Any:
                given: list[Any] = [builder]
                for kind, value in zip(call.args, values, strict=True):
                    if isinstance(kind, types.Array):
                        given.append(target.make_array(kind)(target, builder, value).data)
                    else:
                        given.append(kind.literal_value if isinstance(kind, types.Literal) else value)
                return emit(*given) if result != types.void else emit(*given) or target.get_dummy_value()

            return result(*kinds), generate

        typed.__name__, typed.__doc__ = emit.__name__, emit.__doc__
        typed.__signature__ = signature(emit)  # type: ignore[attr-defined]  # numba reads the names of arguments from it
        return intrinsic(prefer_literal=True)(typed)

    return wrap


def registers() -> int:
    """The number of sums, each a vector of WIDTH numbers, that stay in registers of the target machine."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    has = set(features.split(","))
    if "+avx512f" in has:
        return 24
    return 6 if "+avx" in has or not triple.startswith("x86_64") else 3


def index(value: Any) -> Any:
    """An index from a Python integer, or an LLVM value as it is."""
    return INDEX(value) if isinstance(value, int) else value


def at(builder: Any, base: Any, *offsets: Any, kind: Any = FLOAT) -> Any:
    """The address `offsets` numbers after `base`."""
    for offset in offsets:
        base = builder.gep(base, [index(offset)], source_etype=kind)
    return base


def load(builder: Any, address: Any, kind: Any = VECTOR) -> Any:
    """Loads from an address that is aligned to one number only."""
    return builder.load(builder.bitcast(address, kind.as_pointer()), align=4)


def store(builder: Any, value: Any, address: Any) -> None:
    """Stores a vector at an address that is aligned to one number only."""
    builder.store(value, builder.bitcast(address, value.type.as_pointer()), align=4)


def splat(builder: Any, number: Any) -> Any:
    """A vector of WIDTH copies of one number."""
    kind = ir.VectorType(number.type, WIDTH)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, WORD(0))
    return builder.shuffle_vector(one, one, ir.Constant(WORDS, [0] * WIDTH))


def madd(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The product a b, rounded, plus c, rounded."""
    return builder.fadd(builder.fmul(a, b), c)
