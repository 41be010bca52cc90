"""Translates PTX, NVIDIA's assembly, into C: `python -m tests.training.gpu.ptx IN.ptx OUT.so` compiles it as well.

A kernel becomes a function that runs one thread from a barrier to the next: registers are kept in a structure, a barrier returns
its number, and the next call goes on behind it. It knows the instructions that NVRTC makes of `kernel.cu`, each as the PTX manual
defines it, and refuses others. Every access to memory is checked against what is allocated.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

TYPES = {"f32": "float", "f64": "double", "pred": "char"}
TYPES |= {f"{kind}{bits}": f"{'' if kind == 's' else 'u'}int{bits}_t" for kind in "sub" for bits in (8, 16, 32, 64)}
BANKS = {"%p": "pred", "%f": "f32", "%fd": "f64", "%r": "b32", "%rd": "b64", "%rs": "b16"}
SPECIAL = {f"%{name}.{axis}": f"T->{name}[{at}]" for name in ("tid", "ntid", "ctaid", "nctaid") for at, axis in enumerate("xyz")}
BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/", "rem": "%", "and": "&", "or": "|", "xor": "^"}
COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
ROUNDING = {"rn", "lo", "wide", "hi", "uni", "wrap"}

HEAD = r"""
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
int (*gpu_reaches)(uint64_t address, uint64_t size);  /* set by the driver that loads this */
static float as_f32(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static double as_f64(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
/* Of two zeros the positive one is larger, and a number wins over NaN. */
static double larger(double a, double b) { return a != a ? b : b != b ? a : a > b ? a : b > a ? b : signbit(a) ? b : a; }
static double smaller(double a, double b) { return -larger(-a, -b); }
"""


class UnknownInstruction(Exception):
    """The translator does not know an instruction."""


def operand(text: str, kind: str) -> str:
    """An operand as a C expression of the type `kind`."""
    if text in SPECIAL:
        return SPECIAL[text]
    if found := re.fullmatch(r"(%[a-z]+)(\d+)", text):
        bank, number = found.groups()
        return f"(({TYPES[kind]})T->{bank[1:]}[{number}])"
    if found := re.fullmatch(r"0([fd])([0-9A-Fa-f]+)", text):
        return f"as_f{32 if found[1] == 'f' else 64}(0x{found[2]}u{'ll' if found[1] == 'd' else ''})"
    if re.fullmatch(r"-?\d+", text):
        return f"(({TYPES[kind]}){text}ll)"
    if text in ("%SP", "%SPL"):
        return f"T->{text[1:]}"
    return f"({TYPES[kind]})({text})"  # a symbol: a macro of the C code


def stored(register: str, value: str) -> str:
    """The statement that writes `value` into a register."""
    if register in ("%SP", "%SPL"):
        return f"T->{register[1:]} = {value};"
    bank, number = re.fullmatch(r"(%[a-z]+)(\d+)", register).groups()
    return f"T->{bank[1:]}[{number}] = ({TYPES[BANKS[bank]]})({value});"


def access(op: list[str], operands: str) -> str:
    """A load or a store, of one register or several, at an address that is checked."""
    space = next((each for each in ("param", "global", "shared", "local", "const") if each in op), "")
    kind, width = op[-1], int(next((each[1:] for each in op if re.fullmatch(r"v\d", each)), 1))
    place = re.search(r"\[(\S+?)(?:\+(-?\d+))?\]", operands)
    base = operand(place[1], "u32" if re.match(r"%r\d", place[1]) else "u64")
    address = f"(uint64_t)({base}) + ({place[2] or 0})" + (" + T->chip" if space == "shared" else "")
    registers = re.findall(r"%\w+", operands.replace(place[0], "")) or [operands.replace(place[0], "").strip(" ,")]
    size = f"sizeof({TYPES[kind]})"
    text = f"{{ uint64_t at = {address}; "
    if space != "param":
        text += f"if (at % ({width} * {size}) || !gpu_reaches(at, {width} * {size})) return -1; "
    for k, register in enumerate(registers):
        cell = f"(({TYPES[kind]} *)at)[{k}]"
        text += stored(register, cell) if op[0] == "ld" else f"{cell} = {operand(register, kind)};"
    return text + " }"


def packed(target: str, source: str) -> str:
    """Two registers of 32 bits put into one of 64, or the other way round."""
    if "{" in source:
        low, high = (operand(part, "b32") for part in re.findall(r"[%\w]+", source))
        return stored(target, f"{low} | (uint64_t){high} << 32")
    low, high = re.findall(r"[%\w]+", target)
    return (stored(low, operand(source, "b64")) if low != "_" else "") + stored(high, f"{operand(source, 'b64')} >> 32")


def compared(op: list[str], one: str, two: str) -> str:
    """A comparison; those that end with u are true of NaN."""
    name, kind = op[1], op[-1]
    a, b = operand(one, kind), operand(two, kind)
    if name not in COMPARED and name[-1] == "u":
        return f"({a} != {a} || {b} != {b} || {a} {COMPARED[name[:-1]]} {b})"
    return f"({a} {COMPARED[name]} {b})"


def calculated(op: list[str], sources: list[str]) -> str:
    """What an instruction without effects computes."""
    name, kind = op[0], op[-1]
    real = kind in ("f32", "f64")
    values = [operand(source, kind) for source in sources]
    if name in ("mov", "cvta"):
        space = next((each for each in op if each == "shared"), "")
        return values[0] + (f" {'-' if 'to' in op else '+'} T->chip" if name == "cvta" and space else "")
    if name == "cvt":
        return f"({TYPES[op[-2]]}){operand(sources[0], kind)}"
    if name in ("neg", "not"):
        return {"neg": f"-{values[0]}", "not": f"!{values[0]}" if kind == "pred" else f"~{values[0]}"}[name]
    if name in ("sqrt", "rcp") and "rn" in op:
        return f"sqrt{'f' if kind == 'f32' else ''}({values[0]})" if name == "sqrt" else f"1 / {values[0]}"
    if name in ("min", "max") and real:
        return f"{'larger' if name == 'max' else 'smaller'}({', '.join(values)})"
    if name in ("min", "max"):
        return f"({values[0]} {'<>'[name == 'max']} {values[1]} ? {values[0]} : {values[1]})"
    if name == "selp":
        return f"({operand(sources[2], 'pred')} ? {values[0]} : {values[1]})"
    if name in ("shl", "shr"):
        bits, by = int(kind[1:]), operand(sources[1], "u32")
        gone = f"({values[0]} < 0 ? -1 : 0)" if kind[0] == "s" and name == "shr" else "0"
        return f"({by} >= {bits} ? {gone} : {values[0]} {'<<' if name == 'shl' else '>>'} {by})"
    if name == "shf" and op[1:3] == ["l", "wrap"]:
        low, high, by = values[0], values[1], f"({operand(sources[2], 'u32')} & 31)"
        return f"(uint32_t)(((uint64_t){high} << 32 | {low}) << {by} >> 32)"
    if name in ("mul", "mad") and not real:
        wide = {"32": "64", "16": "32"}[kind[1:]] if {"wide", "hi"} & set(op) and kind[1:] != "64" else kind[1:]
        product = f"({TYPES[kind[0] + wide]}){values[0]} * ({TYPES[kind[0] + wide]}){values[1]}"
        product = f"(({product}) >> {kind[1:]})" if "hi" in op else f"({product})"
        return product if name == "mul" else f"{product} + {operand(sources[2], kind[0] + wide)}"
    if name in BINARY and (not real or "rn" in op):
        return f"{values[0]} {BINARY[name]} {values[1]}"
    raise UnknownInstruction(".".join(op))


def instruction(text: str, barriers: list[str]) -> str:
    """An instruction as a C statement; a barrier is appended to `barriers`."""
    guard, opcode, operands = re.fullmatch(r"(@!?%p\d+\s+)?([a-z][\w.]*)\s*(.*)", text).groups()
    op = opcode.split(".")
    parts = [part.strip() for part in re.split(r",(?![^{]*\})", operands)] if operands else []
    if op[0] == "bra":
        done = f"goto {parts[0].lstrip('$')};"
    elif op[0] == "ret":
        done = "return 0;"
    elif op[:2] == ["bar", "sync"]:
        barriers.append(f"barrier{len(barriers) + 1}")
        done = f"T->at = {len(barriers)}; return {len(barriers)}; {barriers[-1]}:;"
    elif op[0] in ("ld", "st"):
        done = access(op, operands)
    elif op[0] == "mov" and "{" in operands:
        done = packed(*parts)
    elif op[0] == "setp":
        both = next((sign for name, sign in (("and", "&&"), ("or", "||")) if name in op), "")
        done = stored(parts[0], compared(op, *parts[1:3]) + (f" {both} {operand(parts[3], 'pred')}" if both else ""))
    else:
        done = stored(parts[0], calculated(op, parts[1:]))
    if not guard:
        return done
    return f"if ({'!' if '!' in guard else ''}{operand(guard.strip(' @!'), 'pred')}) {{ {done} }}"


def kernel(name: str, parameters: str, body: str) -> str:
    """A kernel as a C function, with the structure of a thread and the size of what it is called with."""
    banks = {bank[1:]: (BANKS[bank], size) for bank, size in re.findall(r"\.reg \.\w+\s+(%[a-z]+)<(\d+)>", body)}
    depot = re.search(r"\.local[^;]*\b(\w+)\[(\d+)\]", body)
    barriers: list[str] = []
    lines = []
    for line in (line.split("//")[0].strip() for line in body.splitlines()):
        if line.endswith(":"):
            lines.append(f"{line.lstrip('$')};")
        elif line and not line.startswith((".", "{", "}")):
            lines.append(instruction(line.removesuffix(";").strip(), barriers))
    array = re.search(r"(\w+)\[(\d+)\]", parameters)
    size = array.groups() if array else (parameters.split()[-1], 8)  # a structure, or one address
    fields = [f"  {TYPES[kind]} {bank}[{count}];" for bank, (kind, count) in banks.items()]
    return "\n".join(
        [
            f"struct {name}_thread {{",
            "  uint32_t tid[3], ntid[3], ctaid[3], nctaid[3]; int at; uint64_t chip, parameters, SP, SPL;",
            *fields,
            f"  char depot[{depot[2] if depot else 1}];",
            "};",
            f"size_t {name}_size = sizeof(struct {name}_thread), {name}_parameters = {size[1]};",
            f"#define {size[0]} T->parameters",
            *([f"#define {depot[1]} T->depot"] if depot else []),
            f"int {name}_run(struct {name}_thread *T) {{",
            "  switch (T->at) {",
            *(f"    case {at}: goto {label};" for at, label in enumerate(barriers, 1)),
            "  }",
            *(f"  {line}" for line in lines),
            "}",
        ]
    )


def translated(text: str) -> str:
    """C code for the kernels and constants of a text of PTX.

    Raises:
        UnknownInstruction: if it has an instruction that the kernel was not known to be compiled into.
    """
    shared = re.findall(r"\.extern \.shared [^;]*?(\w+)\[\];", text)
    parts = [HEAD, *(f"#define {name} 0" for name in shared)]
    parts += [kernel(*found) for found in re.findall(r"\.visible \.entry (\w+)\(\s*(.*?)\s*\)[^{]*\{(.*?)\n\}", text, re.DOTALL)]
    return "\n".join(parts) + "\n"


def main(source: str, library: str) -> None:
    """Translates a file and compiles what comes out, without contraction."""
    code = Path(library).with_suffix(".c")
    code.write_text(translated(Path(source).read_text()))
    compiler = shlex.split(os.environ.get("CC") or "cc")
    flags = ["-O1", "-w", "-fno-strict-aliasing", "-ffp-contract=off", "-fPIC", "-shared"]
    subprocess.run([*compiler, *flags, str(code), "-o", library, "-lm"], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
