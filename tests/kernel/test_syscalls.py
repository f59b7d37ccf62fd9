"""The numbers, compared with the kernel's installed headers (package linux-libc-dev)."""

from __future__ import annotations

import os
import re

import pytest

from paddock.kernel import syscalls

GENERIC = "/usr/include/asm-generic/unistd.h"
X86_64 = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h")


def numbers_in(header: str) -> dict[str, int]:
    with open(header, encoding="utf-8") as file:
        return {m[1]: int(m[2]) for m in re.finditer(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", file.read())}


def header_for(machine: str) -> str:
    candidates = X86_64 if machine == "x86_64" else (GENERIC,)
    found = next((path for path in candidates if os.path.exists(path)), None)
    if found is None:
        reason = f"no kernel header for {machine}; package linux-libc-dev"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_every_number_is_the_one_in_the_kernels_header(machine: str):
    known = numbers_in(header_for(machine))
    assert len(known) > 300
    newest = max(known.values())
    for name in syscalls.names():
        ours = syscalls.number(name, machine)
        if ours is None or ours <= newest:
            assert known.get(name) == ours, name


def test_calls_that_are_newer_than_old_headers_have_their_number_on_both_machines():
    assert {syscalls.number("open_tree_attr", machine) for machine in syscalls.MACHINES} == {467}


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_no_two_calls_share_a_number(machine: str):
    used = [syscalls.number(name, machine) for name in syscalls.names()]
    real = [n for n in used if n is not None]
    assert len(real) == len(set(real)) > 70


def test_an_unknown_call_or_machine_is_an_error():
    with pytest.raises(KeyError):
        syscalls.number("no_such_call", "x86_64")
    with pytest.raises(ValueError):
        syscalls.number("mount", "riscv64")
