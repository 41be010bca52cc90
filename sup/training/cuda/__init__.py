"""The kernel's second form, one source for two compilers: CUDA C++ for a GPU, and the same code as plain C++ on a host.

`kernel.cu` follows the arithmetic contract of `sup.training.kernel`, operation by operation, so all give the same bits. The host
form is slow; it proves the source on machines without a GPU.
"""

from sup.errors import SupError


class CudaError(SupError):
    """The GPU, its driver or its compiler is missing, or cannot do what training takes."""
