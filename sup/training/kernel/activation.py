"""Activations other than ReLU, with their slopes, from the operations of the arithmetic contract.

GELU in its tanh form (`sup.models`) needs a tanh: Lambert's continued fraction, cut after its fifth power, at a quarter of the
argument, then tanh 2y = 2 tanh y / (1 + tanh^2 y) twice. It is within 2e-7 of tanh everywhere, and exactly 1 from 9 upwards.
"""

from numba import njit

from sup.training.kernel.arithmetic import f32, madd

NONE, RELU, QUADRATIC, GELU = range(4)
ROOT = f32(0.7978845608028654)  # sqrt(2 / pi)
CUBIC, THRICE = f32(0.044715), f32(3 * 0.044715)


def is_curved(activation: int) -> bool:
    """Whether an activation stores its slopes: those of ReLU follow from its values, and NONE needs none."""
    return activation > RELU


@njit(error_model="numpy", inline="always")
def tanh(u):
    """The hyperbolic tangent."""
    u = f32(-9) if u < f32(-9) else (f32(9) if u > f32(9) else u)
    y = u * f32(0.25)
    s = y * y
    over = madd(s + f32(105), s, f32(945))
    under = madd(madd(f32(15), s, f32(420)), s, f32(945))
    t = f32(y * over) / under
    t = f32(t + t) / madd(t, t, f32(1))
    return f32(t + t) / madd(t, t, f32(1))


@njit(error_model="numpy")
def activate(S, count, values, slopes, activation):
    """Applies an activation to `count` numbers at S[values...], and stores its slopes at S[slopes...].

    Not inlined, like all code that only some models need: inlined code takes time to compile even where it is not used.
    """
    if activation == QUADRATIC:
        for q in range(count):
            z = S[values + q]
            S[values + q], S[slopes + q] = z * z, z + z
    else:
        for q in range(count):
            z = S[values + q]
            s = z * z
            t = tanh(f32(ROOT * z) * madd(CUBIC, s, f32(1)))
            half, on = f32(0.5) * z, f32(1) + t
            rise = ROOT * madd(THRICE, s, f32(1))
            S[values + q] = half * on
            S[slopes + q] = madd(f32(half * f32(f32(1) - f32(t * t))), rise, f32(0.5) * on)


@njit(error_model="numpy")
def multiply(S, count, values, slopes):
    """Multiplies `count` numbers at S[values...] by those at S[slopes...]."""
    for q in range(count):
        S[values + q] *= S[slopes + q]
