"""Compiles `kernel.cu` for a GPU with NVRTC, NVIDIA's compiler as a library, which needs neither a GPU nor its driver.

It is called through cuda-bindings, NVIDIA's own package, which torch for CUDA brings along; `pip install sup[gpu]` has both.
"""

from typing import Any

from sup.errors import SupError
from sup.specs import Run
from sup.training.cuda.arguments import SOURCE, macros

# Every operation is an intrinsic that rounds once, so these change nothing; they say what is meant, should one be forgotten.
OPTIONS = ("-std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")


class NvrtcError(SupError):
    """NVRTC is missing, or does not compile the code."""


def ptx(run: Run, architecture: str) -> str:
    """The assembly of the code for runs of the shape of `run`.

    Args:
        run: The spec.
        architecture: A virtual architecture, such as "compute_90".

    Raises:
        NvrtcError: if NVRTC cannot be loaded, or fails.
    """
    try:
        from cuda.bindings import nvrtc
    except ImportError:
        raise NvrtcError("to compile for a GPU takes cuda-bindings and NVRTC. Run: pip install 'sup[gpu]'.") from None

    def checked(answer: tuple[Any, ...]) -> Any:
        if answer[0] != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise NvrtcError(f"NVRTC says {answer[0].name}.")
        return answer[1] if len(answer) > 1 else None

    program = checked(nvrtc.nvrtcCreateProgram(SOURCE.read_bytes(), SOURCE.name.encode(), 0, [], []))
    try:
        given = [*OPTIONS, f"--gpu-architecture={architecture}", *(f"-D{name}={value}" for name, value in macros(run).items())]
        (done,) = nvrtc.nvrtcCompileProgram(program, len(given), [option.encode() for option in given])
        if done != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            log = bytearray(checked(nvrtc.nvrtcGetProgramLogSize(program)))
            nvrtc.nvrtcGetProgramLog(program, log)
            said = log.decode(errors="replace").strip(" \0\n")
            raise NvrtcError(f"NVRTC does not compile {SOURCE.name} for {architecture}: {done.name}. {said[:2000]}")
        text = bytearray(checked(nvrtc.nvrtcGetPTXSize(program)))
        checked(nvrtc.nvrtcGetPTX(program, text))
        return text.decode().rstrip("\0")
    finally:
        nvrtc.nvrtcDestroyProgram(program)
