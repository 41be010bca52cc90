"""The machine's peak of multiply-then-add: each product rounded, then each sum, as the kernel's contract demands, in registers.

The loop is written in LLVM IR, so that nothing depends on a vectoriser: independent chains z = z * a + c of whole
vectors, enough of them to hide how long an operation takes, few enough to stay in registers.
"""

import ctypes
import time

import llvmlite.binding as llvm

from tests.benchmarks.kernel_loop import CORES, spread

CHAINS, UNROLLED = 12, 4
FACTOR, TERM = 0.5, 1.0  # exact in binary; every chain tends to 2


def width(features):
    """Numbers in the machine's widest vector, from LLVM's list of what the processor can do."""
    return 16 if features.get("avx512f") else 8 if features.get("avx") else 4


def source(lanes):
    """The loop as LLVM's text: `peak(turns)` returns the sum of one lane of every chain."""
    vector = f"<{lanes} x float>"
    constant = {value: f"<{', '.join(f'float {value:e}' for _ in range(lanes))}>" for value in (FACTOR, TERM)}
    starts = [f"<{', '.join(f'float {k + 1:e}' for _ in range(lanes))}>" for k in range(CHAINS)]
    last = UNROLLED - 1
    chains = [f"  %z{k} = phi {vector} [ {start}, %entry ], [ %s{k}.{last}, %loop ]" for k, start in enumerate(starts)]
    work = []
    for turn in range(UNROLLED):
        for k in range(CHAINS):
            before = f"%s{k}.{turn - 1}" if turn else f"%z{k}"
            work += [f"  %p{k}.{turn} = fmul {vector} {before}, {constant[FACTOR]}"]
            work += [f"  %s{k}.{turn} = fadd {vector} %p{k}.{turn}, {constant[TERM]}"]
    ends = ["  %t0 = extractelement " + f"{vector} %s0.{last}, i32 0"]
    for k in range(1, CHAINS):
        ends += [f"  %e{k} = extractelement {vector} %s{k}.{last}, i32 {k % lanes}", f"  %t{k} = fadd float %t{k - 1}, %e{k}"]
    return "\n".join(
        [
            "define float @peak(i64 %turns) {",
            "entry:",
            "  br label %loop",
            "loop:",
            "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]",
            *chains,
            *work,
            "  %next = add i64 %i, 1",
            "  %more = icmp ult i64 %next, %turns",
            "  br i1 %more, label %loop, label %exit",
            "exit:",
            *ends,
            f"  ret float %t{CHAINS - 1}",
            "}",
        ]
    )


class Peak:
    """The compiled loop.

    Attributes:
        lanes: Numbers in a vector.
        assembly: What it was compiled to.
        call: The loop; takes the number of turns, and lets other threads run meanwhile.
    """

    def __init__(self):
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        self.lanes = width(features)
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=3)
        module = llvm.parse_assembly(source(self.lanes))
        self.assembly = machine.emit_assembly(module)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self.call = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)(self._engine.get_function_address("peak"))

    def flops(self, turns=500_000, tries=100):
        """Multiplications and additions a second, on all cores at once: the best of many short tries."""
        counted = 2 * self.lanes * CHAINS * UNROLLED * turns * CORES
        best = float("inf")
        for _ in range(tries):
            start = time.perf_counter()
            spread(lambda part: [self.call(turns) for _ in part], range(CORES))
            best = min(best, time.perf_counter() - start)
        return counted / best
