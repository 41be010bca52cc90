"""The GPUs of this machine, through the interface of CUDA's driver.

It is called through cuda-bindings, as NVRTC is. `cuda.core`, NVIDIA's layer on top, would be one more package for a dozen calls.
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sup.training.cuda import CudaError, answered, nvrtc


@dataclass(frozen=True)
class Gpu:
    """A GPU, as its driver describes it.

    Attributes:
        ordinal: Its number.
        name: Such as "NVIDIA H100".
        identity: What tells it from every other GPU, as hexadecimal digits.
        driver: Version of CUDA that the driver supports, such as 12090.
        capability: Its compute capability, such as 90 for 9.0.
        processors: How many multiprocessors it has.
        shared_bytes: Memory that a block of threads may have on a multiprocessor.
    """

    ordinal: int
    name: str
    identity: str
    driver: int
    capability: int
    processors: int
    shared_bytes: int


def asked(name: str, *arguments: Any) -> Any:
    """The answer of a function of the driver.

    Raises:
        CudaError: if there is no driver, or it fails.
    """
    status, answer = answered("driver", "there is no CUDA driver on this machine.", name, *arguments)
    if status == "CUDA_ERROR_OUT_OF_MEMORY":
        raise CudaError(f"the GPU has not enough memory left ({name}).")
    if status != "CUDA_SUCCESS":
        raise CudaError(f"the CUDA driver answers {status} to {name}.")
    return answer


def gpus() -> list[Gpu]:
    """The machine's GPUs."""
    from cuda.bindings.driver import CUdevice_attribute as Attribute

    asked("cuInit", 0)
    found = []
    for ordinal in range(asked("cuDeviceGetCount")):
        device = asked("cuDeviceGet", ordinal)
        attribute = partial(lambda device, name: int(asked("cuDeviceGetAttribute", name, device)), device)
        major = attribute(Attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        found.append(
            Gpu(
                ordinal=ordinal,
                name=asked("cuDeviceGetName", 256, device).split(b"\0")[0].decode(errors="replace"),
                identity=bytes(asked("cuDeviceGetUuid", device).bytes).hex(),
                driver=asked("cuDriverGetVersion"),
                capability=10 * major + attribute(Attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                processors=attribute(Attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                shared_bytes=attribute(Attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
            )
        )
    return found


@cache
def described(ordinal: int) -> Gpu:
    """A GPU that can be used; nothing is started on it.

    Raises:
        CudaError: if there is none of this number, or its driver is older than the compiler.
    """
    here = gpus()
    if ordinal >= len(here):
        raise CudaError(f"there is no GPU {ordinal}; the driver finds {len(here)}.")
    gpu, (major, minor) = here[ordinal], nvrtc.version()
    if gpu.driver // 1000 < major:
        raise CudaError(
            f"the driver of {gpu.name} supports CUDA {gpu.driver // 1000}.{gpu.driver % 1000 // 10}, and the compiler is "
            f"that of CUDA {major}.{minor}. Update the driver."
        )
    return gpu


@cache
def _context(ordinal: int) -> Any:
    from cuda.bindings import driver

    device = asked("cuDeviceGet", ordinal)
    # A thread that waits for the GPU sleeps; a context that exists keeps its own way of waiting.
    driver.cuDevicePrimaryCtxSetFlags(device, driver.CUctx_flags.CU_CTX_SCHED_BLOCKING_SYNC)
    return asked("cuDevicePrimaryCtxRetain", device)


def use(ordinal: int) -> None:
    """Makes a GPU the one that this thread's calls are about; fails as `described` does."""
    described(ordinal)
    asked("cuCtxSetCurrent", _context(ordinal))
