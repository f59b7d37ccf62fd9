"""Classic BPF as seccomp(2) takes it: a few instructions, packed for the kernel.

An instruction is a tuple (code, jump if true, jump if false, constant); jumps are relative and at most 255
forward. Source: <linux/filter.h>, <linux/seccomp.h>, Documentation/networking/filter.rst.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Instruction = tuple[int, int, int, int]

LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS
_LONGEST_JUMP = 255
_SOCK_FILTER = struct.Struct("<HBBI")  # struct sock_filter; both machines are little endian

# struct seccomp_data: int nr, u32 arch, u64 instruction_pointer, u64 args[6]
NUMBER = 0
ARCHITECTURE = 4


def low_word(argument: int) -> int:
    """The offset of the low 32 bits of a system call's argument (0 to 5)."""
    return 16 + 8 * argument


def load(offset: int) -> Instruction:
    """Load 32 bits of `struct seccomp_data`."""
    return (LOAD, 0, 0, offset)


def keep(mask: int) -> Instruction:
    """Keep the bits of the mask."""
    return (AND, 0, 0, mask)


def if_equal(value: int, yes: int, no: int) -> Instruction:
    """Skip `yes` instructions if the loaded word equals `value`, else `no`. Raises OverflowError over 255."""
    return (JUMP_EQUAL, _near(yes), _near(no), value)


def if_at_least(value: int, yes: int, no: int) -> Instruction:
    """Skip `yes` instructions if the loaded word is at least `value`, else `no`."""
    return (JUMP_AT_LEAST, _near(yes), _near(no), value)


def give(answer: int) -> Instruction:
    """End with this answer."""
    return (RETURN, 0, 0, answer)


def assemble(instructions: Sequence[Instruction]) -> bytes:
    """The bytes of an array of `struct sock_filter`."""
    if not 0 < len(instructions) <= MOST_INSTRUCTIONS:
        message = f"a filter has 1 to {MOST_INSTRUCTIONS} instructions, not {len(instructions)}"
        raise OverflowError(message)
    return b"".join([_SOCK_FILTER.pack(*instruction) for instruction in instructions])


def disassemble(program: bytes) -> list[Instruction]:
    """The instructions of an assembled program."""
    return [(code, yes, no, value) for code, yes, no, value in _SOCK_FILTER.iter_unpack(program)]


def _near(distance: int) -> int:
    if not 0 <= distance <= _LONGEST_JUMP:
        message = f"a conditional jump reaches {_LONGEST_JUMP} instructions, not {distance}"
        raise OverflowError(message)
    return distance
