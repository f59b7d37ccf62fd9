"""The filter, three times: read by a small interpreter, compared with its table, and tried on this kernel."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.kernel import bpf, libc, seccomp, syscalls
from paddock.kernel.seccomp import ALLOW, ARCHITECTURES, ERRNO, KILL, Deny, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

MACHINES = ("x86_64", "aarch64")
I386, ARM = 0x40000003, 0x40000028
MACHINE: Any = os.uname().machine
WORD = 0xFFFFFFFF
MARK = errno.EXFULL  # an answer that no call of ours gives by itself: whoever sees it met the filter

here_only = pytest.mark.skipif(MACHINE not in MACHINES, reason=f"no table for {MACHINE}")


def interpret(program: bytes, data: bytes) -> int:
    """Run a filter over one `struct seccomp_data`."""
    code, at, word = bpf.disassemble(program), 0, 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        if operation == bpf.LOAD:
            (word,) = struct.unpack_from("<I", data, value)
        elif operation == bpf.AND:
            word &= value
        elif operation == bpf.JUMP_EQUAL:
            at += yes if word == value else no
        elif operation == bpf.JUMP_AT_LEAST:
            at += yes if word >= value else no
        elif operation == bpf.RETURN:
            return value
        else:
            raise AssertionError(hex(operation))


def data(architecture: int, number: int, arguments: Iterable[int] = ()) -> bytes:
    six = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    return struct.pack("<IIQ6Q", number & WORD, architecture, 0, *six)


def answer(program: bytes, machine: str, name: str, *arguments: int) -> int:
    number = syscalls.number(name, machine)
    assert number is not None
    return interpret(program, data(ARCHITECTURES[machine], number, arguments))


def meant(table: Sequence[Deny], machine: str, number: int, arguments: Sequence[int]) -> int:
    """What the table says, read the slow way."""
    for rule in table:
        if number in [syscalls.number(name, machine) for name in rule.calls]:
            verdicts = [((arguments[w.argument] & w.mask & WORD) in w.values) != w.other for w in rule.when]
            if all(verdicts):
                return ERRNO | rule.error
    return ALLOW


interesting = st.one_of(
    st.sampled_from(
        [0, 1, 2, 3, 5, 8, 10, 16, 17, 58, 262, 0x5412, 0x541C, 0x80, 0x10000000, 0x7E020000, 0x40000, WORD]
    ),
    st.integers(0, 2**64 - 1),
)
high = st.integers(0, WORD).map(lambda n: n << 32)
words = st.lists(st.tuples(interesting, high).map(lambda two: (two[0] | two[1]) & (2**64 - 1)), min_size=6, max_size=6)
calls = st.one_of(st.sampled_from(syscalls.names()), st.integers(0, 600))


@given(
    profile=st.sampled_from(seccomp.PROFILES),
    machine=st.sampled_from(MACHINES),
    sockets=st.sampled_from(seccomp.SOCKETS),
    neighbours=st.booleans(),
    call=calls,
    arguments=words,
)
def test_the_compiled_filter_answers_what_the_table_says(
    profile: Any, machine: Any, sockets: Any, neighbours: bool, call: str | int, arguments: list[int]
):
    number = syscalls.number(call, machine) if isinstance(call, str) else call
    if number is None:
        return
    table = seccomp.rules(profile, sockets=sockets, neighbours=neighbours)
    program = seccomp.program(profile, machine, sockets=sockets, neighbours=neighbours)
    assert interpret(program, data(ARCHITECTURES[machine], number, arguments)) == meant(
        table, machine, number, arguments
    )


@given(machine=st.sampled_from(MACHINES), number=st.integers(0, WORD), architecture=st.integers(0, WORD))
def test_a_foreign_architecture_is_killed_whatever_it_calls(machine: Any, number: int, architecture: int):
    if architecture != ARCHITECTURES[machine]:
        assert interpret(seccomp.program("default", machine), data(architecture, number)) == KILL


@pytest.mark.parametrize("profile", seccomp.PROFILES)
def test_the_32_bit_relatives_are_killed(profile: Any):
    assert interpret(seccomp.program(profile, "x86_64"), data(I386, 20)) == KILL
    assert interpret(seccomp.program(profile, "aarch64"), data(ARM, 20)) == KILL
    assert interpret(seccomp.program(profile, "x86_64"), data(ARCHITECTURES["aarch64"], 20)) == KILL


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 | 39, 0x40000000 | 520, 0x80000000, WORD])
def test_x32_calls_are_killed(number: int):
    assert interpret(seccomp.program("default", "x86_64"), data(ARCHITECTURES["x86_64"], number)) == KILL


DENIED = [
    ("clone3", (), errno.ENOSYS),
    ("clone", (0x10000000 | 17,), errno.EPERM),
    ("clone", (0x00020000 | 17,), errno.EPERM),
    ("unshare", (0x10000000,), errno.EPERM),
    ("unshare", (0x80,), errno.EPERM),
    ("setns", (3, 0), errno.EPERM),
    ("ioctl", (0, 0x5412), errno.EPERM),
    ("ioctl", (0, 0x541C), errno.EPERM),
    ("ioctl", (0, 0x5412 | 1 << 32), errno.EPERM),  # CVE-2019-10063
    ("ioctl", (0, 0x5412 | 0xFFFFFFFF << 32), errno.EPERM),
    ("socket", (socket.AF_PACKET, 3, 0), errno.EAFNOSUPPORT),
    ("socket", (socket.AF_VSOCK, 1, 0), errno.EAFNOSUPPORT),
    ("socket", (16, 3, 12), errno.EAFNOSUPPORT),
    ("socket", (16, 3, 9), errno.EAFNOSUPPORT),
    ("socket", (2, 3, 1), errno.EPERM),
    ("socket", (2, 10, 768), errno.EPERM),
    ("socket", (10, 3 | 0o2000000, 58), errno.EPERM),
    ("socket", (2, 1, 262), errno.EPROTONOSUPPORT),
    ("socket", (2, 1, 132), errno.EPROTONOSUPPORT),
    ("socket", (2 | 1 << 40, 1, 262 | 1 << 32), errno.EPROTONOSUPPORT),
    ("socketpair", (2, 1, 0), errno.EAFNOSUPPORT),
    ("personality", (0x0040000,), errno.EPERM),
    ("ptrace", (0,), errno.EPERM),
    ("process_vm_readv", (1,), errno.EPERM),
]
ALLOWED = [
    ("clone", (0x01200011,)),
    ("clone", (0x003D0F00,)),
    ("clone", (0x4111,)),
    ("unshare", (0x400,)),
    ("ioctl", (0, 0x5413)),
    ("ioctl", (0, 0x5401 | 0x5412 << 32)),
    ("socket", (1, 5, 0)),
    ("socket", (2, 1 | 0o2004000, 6)),
    ("socket", (10, 2, 17)),
    ("socket", (2, 2, 1)),
    ("socket", (16, 3, 0)),
    ("socketpair", (1, 1, 0)),
    ("personality", (0,)),
    ("personality", (WORD,)),
    ("personality", (2**64 - 1,)),
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "error"), DENIED)
def test_denied(machine: Any, name: str, arguments: tuple[int, ...], error: int):
    assert answer(seccomp.program("default", machine), machine, name, *arguments) == ERRNO | error


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments"), ALLOWED)
def test_allowed(machine: Any, name: str, arguments: tuple[int, ...]):
    assert answer(seccomp.program("default", machine), machine, name, *arguments) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_the_debug_profile_frees_debugging_and_nothing_else(machine: Any):
    freed = set(seccomp.rules("default")) - set(seccomp.rules("debug"))
    assert [rule.calls for rule in freed] == [("ptrace", "process_vm_readv", "process_vm_writev")]
    assert not set(seccomp.rules("debug")) - set(seccomp.rules("default"))
    assert answer(seccomp.program("debug", machine), machine, "ptrace", 0) == ALLOW


@pytest.mark.parametrize(("sockets", "families"), [("all", {1, 2, 10, 16}), ("unix", {1}), ("none", set())])
def test_each_word_for_sockets_allows_these_families_only(sockets: Any, families: set[int]):
    program = seccomp.program("default", "x86_64", sockets=sockets)
    assert {f for f in range(64) if answer(program, "x86_64", "socket", f, 1, 0) == ALLOW} == families
    assert answer(program, "x86_64", "socketpair", 1, 1, 0) == ALLOW


def test_neighbours_are_out_of_reach_where_there_are_no_namespaces():
    program = seccomp.program("default", "x86_64", sockets="none", neighbours=True)
    for call in ("shmget", "shmat", "semop", "msgrcv", "mq_open"):
        assert answer(program, "x86_64", call) == ERRNO | errno.ENOSYS
    assert answer(program, "x86_64", "prlimit64", 0, 7) == ALLOW
    assert answer(program, "x86_64", "prlimit64", 1234, 7) == ERRNO | errno.EPERM
    assert answer(program, "x86_64", "setpriority", 0, 0, 5) == ALLOW
    assert answer(program, "x86_64", "setpriority", 2, 0, 5) == ERRNO | errno.EPERM
    assert answer(program, "x86_64", "setpriority", 0, 1234, 5) == ERRNO | errno.EPERM
    assert answer(program, "x86_64", "ioprio_set", 1, 0, 5) == ALLOW
    assert answer(program, "x86_64", "ioprio_set", 2, 0, 5) == ERRNO | errno.EPERM


def test_a_table_with_more_calls_than_a_jump_reaches_still_compiles():
    table = [Deny(syscalls.names(), n, "many", (Where(0, (n,)),)) for n in range(1, 9)]
    table.append(Deny(syscalls.names(), 99, "all"))
    program = seccomp.compile_rules(table, "x86_64")
    for name in syscalls.names():
        if syscalls.number(name, "x86_64") is not None:
            assert answer(program, "x86_64", name, 7) == ERRNO | 7
            assert answer(program, "x86_64", name, 77) == ERRNO | 99


def test_a_rule_too_long_to_jump_over_is_an_error_and_not_a_wrong_filter():
    with pytest.raises(OverflowError):
        seccomp.compile_rules([Deny(("ioctl",), 1, "long", (Where(0, tuple(range(300))),))], "x86_64")


def test_unknown_words_are_refused():
    for words in ({"profile": "none"}, {"machine": "i386"}, {"sockets": "inet"}):
        given: Any = {"profile": "default", "machine": "x86_64", **words}
        with pytest.raises(ValueError):
            seccomp.program(given.pop("profile"), given.pop("machine"), **given)


# --- on this kernel -------------------------------------------------------------------------------------------------


def in_child(task: Callable[[], Any], program: bytes) -> Any:
    """Fork, bind the child to the filter, run the task; give back its result, or minus the signal that killed it."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            libc.call("prctl", 38, 1, 0, 0, 0)
            seccomp.install(program)
            os.write(into, json.dumps(task()).encode())
            os._exit(0)
        finally:
            os._exit(70)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return json.loads(said) if said else -os.WTERMSIG(status)


def attempt(number: int, arguments: Sequence[int] = ()) -> int:
    """The errno of a raw call, 0 if it succeeded. By the C library alone: no helper of ours in between."""
    raw = ctypes.CDLL(None, use_errno=True).syscall
    raw.restype = ctypes.c_long
    six = [ctypes.c_ulong(a) for a in [*arguments, 0, 0, 0, 0, 0, 0][:6]]
    return ctypes.get_errno() if raw(ctypes.c_long(number), *six) == -1 else 0


def marked(**options: Any) -> bytes:
    """The filter for this machine with every answer replaced by MARK."""
    table = [replace(rule, error=MARK) for rule in seccomp.rules("default", **options)]
    return seccomp.compile_rules(table, MACHINE)


@here_only
def test_every_unconditional_rule_is_met_on_this_kernel():
    options: Any = {"sockets": "none", "neighbours": True}
    names = [n for r in seccomp.rules("default", **options) if not r.when for n in r.calls]
    numbers = {name: number for name in names if (number := syscalls.number(name, MACHINE)) is not None}
    assert len(numbers) > 60
    found = in_child(lambda: {name: attempt(number) for name, number in numbers.items()}, marked(**options))
    assert found == dict.fromkeys(numbers, MARK)


@here_only
@pytest.mark.parametrize(("name", "arguments", "error"), DENIED)
def test_denied_on_this_kernel(name: str, arguments: tuple[int, ...], error: int):
    number = syscalls.number(name, MACHINE)
    assert number is not None
    assert in_child(lambda: attempt(number, arguments), marked()) == MARK
    assert in_child(lambda: attempt(number, arguments), seccomp.program("default", MACHINE)) == error


@here_only
def test_a_process_under_the_filter_still_forks_threads_and_talks():
    def work() -> list[int]:
        import threading

        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(1))  # clone3, then clone
        thread.start()
        thread.join()
        left, right = socket.socketpair()
        left.sendall(b"x")
        pid = os.fork()
        if pid == 0:
            os._exit(5)
        _, status = os.waitpid(pid, 0)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM), socket.socket(socket.AF_UNIX):
            pass
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0):
            return [*seen, len(right.recv(1)), os.waitstatus_to_exitcode(status)]

    assert in_child(work, seccomp.program("default", MACHINE)) == [1, 1, 5]


@pytest.mark.skipif(MACHINE != "x86_64", reason="x86 has foreign calls to try")
def test_foreign_calls_kill_the_process_on_this_kernel():
    """`mov eax, 20; int 0x80; ret` is getpid by the i386 table; number | x32 bit is getpid by x32's."""
    import mmap
    import signal

    def by_interrupt() -> int:
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
        return int(function())

    assert in_child(by_interrupt, seccomp.program("default", MACHINE)) == -signal.SIGSYS
    assert in_child(lambda: attempt(0x40000000 | 39), seccomp.program("default", MACHINE)) == -signal.SIGSYS


@here_only
def test_a_filter_can_be_nested_and_only_tightens():
    def nest() -> list[int]:
        seccomp.install(seccomp.program("default", MACHINE, sockets="none"))
        socket_number, unshare = (syscalls.number(n, MACHINE) for n in ("socket", "unshare"))
        assert socket_number is not None
        assert unshare is not None
        return [attempt(socket_number, (1, 1, 0)), attempt(unshare, (0x10000000,))]

    assert in_child(nest, seccomp.program("default", MACHINE)) == [errno.EAFNOSUPPORT, errno.EPERM]


@here_only
def test_a_filter_that_the_kernel_refuses_is_an_error():
    def refused() -> int:
        try:
            seccomp.install(bpf.assemble([bpf.load(0)]))  # does not end in a return
        except OSError as error:
            return error.errno or -1
        return 0

    assert in_child(refused, seccomp.program("default", MACHINE)) == errno.EINVAL


def test_the_compiler_imports_nothing_heavy():
    import subprocess

    source = "import sys, paddock.kernel.seccomp; print(' '.join(sys.modules))"
    environment = {"PYTHONPATH": os.path.dirname(os.path.dirname(os.path.dirname(seccomp.__file__)))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", source], env=environment, capture_output=True, text=True, check=True
    )
    heavy = {
        "dataclasses",
        "typing",
        "pathlib",
        "subprocess",
        "json",
        "enum",
        "tempfile",
        "inspect",
        "asyncio",
        "logging",
    }
    assert not heavy & set(done.stdout.split())
