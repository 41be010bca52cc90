"""The kernel's arithmetic contract: IEEE float32 operations, each rounded, sums in a fixed order, nothing fused.

Every part works on LANES samples (`sup.constants`) at a time: sample r of a block is lane r, and every inner loop runs over
the lanes at fixed offsets of one scratch array `S`, with the model's shape a compile-time constant, so that the compiler can
prove that nothing overlaps and uses the machine's whole vector width. No sum runs across lanes except `lane_sum`, in a fixed
tree, so the width cannot change a bit.
"""

import numpy as np
from numba import njit

f32, i32, u32 = np.float32, np.int32, np.uint32


@njit(error_model="numpy", inline="always")
def madd(a, b, c):
    """The product a b, rounded, plus c, rounded."""
    return f32(f32(a * b) + c)
