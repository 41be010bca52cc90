"""Compiles `kernel.cu` for a GPU with NVRTC, NVIDIA's compiler as a library, which needs neither a GPU nor its driver.

It is called through cuda-bindings, NVIDIA's own package, which torch for CUDA brings along; the extra `gpu` has both.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from sup.canonical import digest
from sup.training.cuda import MISSING, CudaError, answered
from sup.training.cuda.arguments import SOURCE

# Every operation is an intrinsic that rounds once, so these change nothing; they say what is meant, should one be forgotten.
OPTIONS = ("-std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")


def asked(name: str, *arguments: Any) -> Any:
    """The answer of a function of NVRTC.

    Raises:
        CudaError: if NVRTC cannot be loaded, or fails.
    """
    status, answer = answered("nvrtc", f"{MISSING} ({{}}).", name, *arguments)
    if status != "NVRTC_SUCCESS":
        raise CudaError(f"NVRTC answers {status} to {name}.")
    return answer


def version() -> tuple[int, int]:
    """Major and minor version of CUDA that NVRTC belongs to."""
    major, minor = asked("nvrtcVersion")
    return major, minor


def architecture(capability: int) -> str:
    """What to compile for: "sm_90" for a GPU of compute capability 9.0; for one that NVRTC does not know, the newest it does.

    Raises:
        CudaError: for a GPU that is too old for NVRTC. It also fails as `asked` does.
    """
    known = asked("nvrtcGetSupportedArchs")
    if capability in known:
        return f"sm_{capability}"
    older = [each for each in known if each < capability]
    if not older:
        major, minor = version()
        raise CudaError(
            f"its compute capability is {capability / 10}, and CUDA {major}.{minor} compiles for {min(known) / 10} and newer."
        )
    return f"compute_{max(older)}"


def compiled(macros: Mapping[str, str], architecture: str, folder: Path | None = None) -> bytes:
    """The code for runs of one shape.

    Args:
        macros: What `sup.training.cuda.arguments.macros` gives for the shape.
        architecture: "sm_90" for machine code, "compute_90" for PTX, an assembly that newer GPUs take as well.
        folder: Where code is kept, by a digest of all it depends on; None to keep nothing.
    """
    given = [*OPTIONS, f"--gpu-architecture={architecture}", *(f"-D{name}={value}" for name, value in macros.items())]
    if folder is None:
        return _compiled(given, architecture)
    path = folder / digest("code", SOURCE.read_text("utf-8"), *given, str(version()))
    try:
        seal, code = path.read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        seal, code = b"", b""
    if seal != digest("kept", code.hex()).encode():
        code = _compiled(given, architecture)
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(digest("kept", code.hex()).encode() + b"\n" + code)
        os.replace(file.name, path)
    return code


def _compiled(options: Sequence[str], architecture: str) -> bytes:
    program = asked("nvrtcCreateProgram", SOURCE.read_bytes(), SOURCE.name.encode(), 0, [], [])
    from cuda.bindings import nvrtc

    try:
        (done,) = nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options])
        if done != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            log = bytearray(asked("nvrtcGetProgramLogSize", program))
            asked("nvrtcGetProgramLog", program, log)
            said = log.decode(errors="replace").strip(" \0\n")
            raise CudaError(f"NVRTC does not compile {SOURCE.name} for {architecture}: {done.name}. {said[:2000]}")
        kind = "CUBIN" if architecture.startswith("sm_") else "PTX"
        code = bytearray(asked(f"nvrtcGet{kind}Size", program))
        asked(f"nvrtcGet{kind}", program, code)
        return bytes(code)
    finally:
        nvrtc.nvrtcDestroyProgram(program)
