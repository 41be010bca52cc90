"""The kernel's second form, one source for two compilers: CUDA C++ for a GPU, and the same code as plain C++ on a host.

`kernel.cu` follows the arithmetic contract of `sup.training.kernel`, operation by operation, so all give the same bits. The host
form is slow; it proves the source on machines without a GPU.
"""

from typing import Any

from sup.errors import SupError

MISSING = "to compile for a GPU takes cuda-bindings and NVRTC. Run: pip install 'cuda-bindings<13' nvidia-cuda-nvrtc-cu12"


class CudaError(SupError):
    """The GPU, its driver or its compiler is missing, or cannot do what training takes."""


def answered(library: str, absent: str, name: str, *arguments: Any) -> tuple[str, Any]:
    """The status, by name, and the answer of a function of a library of NVIDIA's, called through cuda-bindings.

    Args:
        library: "driver" or "nvrtc".
        absent: What to say when the library itself is not there.
        name: The function.
        arguments: Its arguments.

    Raises:
        CudaError: if the library or its bindings are missing, or too different to understand each other.
    """
    try:
        function = getattr(getattr(__import__("cuda.bindings", fromlist=[library]), library), name)
    except ImportError:
        raise CudaError(f"{MISSING}.") from None
    try:
        status, *answer = function(*arguments)
    except RuntimeError as problem:  # from the loader, when the library is not there
        raise CudaError(absent.format(" ".join(str(problem).split())[:200])) from None
    except ValueError as problem:  # a status that these bindings do not know
        raise CudaError(f"the CUDA {library} is newer than cuda-bindings, and cannot be understood ({problem}).") from None
    return status.name, answer[0] if len(answer) == 1 else tuple(answer)
