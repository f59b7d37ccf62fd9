"""Landlock on this kernel, at its own ABI and at older ones (a ruleset may ask for less than the kernel knows)."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import landlock, libc
from paddock.kernel.landlock import EXECUTE, READ, READ_FILE, WRITE, Rule
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

pytestmark = needs("landlock")


def in_child(task: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> Any:
    """Fork; `before` is what is tested, `task` looks at the effect. Gives back the task's result."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            libc.call("prctl", 38, 1, 0, 0, 0)
            before()
            os.write(into, json.dumps(task()).encode())
            os._exit(0)
        finally:
            os._exit(70)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said)


def outcome(task: Callable[[], Any]) -> str:
    """ "ok", or the name of the errno."""
    try:
        task()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"


def without_capabilities() -> None:
    ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def under(rules: Sequence[Rule], *, abi: int | None = None, **options: Any) -> Callable[[], None]:
    return lambda: landlock.restrict(rules, abi or landlock.version(), **options)


def abis(first: int) -> list[int]:
    try:
        return list(range(first, min(landlock.version(), landlock.NEWEST) + 1))
    except OSError:
        return [first]


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def test_the_attributes_have_the_size_and_the_bits_of_their_abi():
    sizes = {abi: len(landlock.attributes(abi, tcp=True, scoped=True)) for abi in range(1, 11)}
    assert sizes == {1: 8, 2: 8, 3: 8, 4: 16, 5: 16, **dict.fromkeys(range(6, 11), 24)}
    bits = {abi: struct.unpack_from("Q", landlock.attributes(abi, tcp=True, scoped=True))[0] for abi in range(1, 11)}
    assert bits == {
        1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, **dict.fromkeys(range(5, 9), 0xFFFF), 9: 0x1FFFF, 10: 0x1FFFF
    }  # fmt: skip
    assert struct.unpack("3Q", landlock.attributes(6, tcp=True, scoped=True))[1:] == (3, 3)
    assert struct.unpack("3Q", landlock.attributes(6, tcp=False, scoped=False))[1:] == (0, 0)


@pytest.mark.parametrize("abi", abis(1))
def test_only_what_a_rule_names_can_be_read_and_written(ground: Path, abi: int):
    rules = [Rule(str(ground / "in"), READ | WRITE)]

    def look() -> dict[str, str]:
        return {
            "read in": outcome(lambda: os.open(ground / "in/file", os.O_RDONLY)),
            "read out": outcome(lambda: os.open(ground / "out/file", os.O_RDONLY)),
            "list in": outcome(lambda: os.listdir(ground / "in")),
            "list out": outcome(lambda: os.listdir(ground / "out")),
            "write in": outcome(lambda: os.open(ground / "in/file", os.O_WRONLY)),
            "write out": outcome(lambda: os.open(ground / "out/file", os.O_WRONLY)),
            "make in": outcome(lambda: os.mkdir(ground / "in/new")),
            "make out": outcome(lambda: os.mkdir(ground / "out/new")),
            "remove out": outcome(lambda: os.unlink(ground / "out/file")),
            "by ..": outcome(lambda: os.open(ground / "in/../out/file", os.O_RDONLY)),
        }

    free = dict.fromkeys(in_child(look), "ok")
    os.rmdir(ground / "in/new")
    os.rmdir(ground / "out/new")
    (ground / "out/file").write_text("out")
    found = in_child(look, under(rules, abi=abi))
    assert found == {name: "ok" if " in" in name else "EACCES" for name in free}


def test_hard_links_renames_and_symlinks_do_not_carry_rights(ground: Path):
    def look() -> dict[str, str]:
        os.symlink(ground / "out/file", ground / "in/symlink")
        return {
            "link": outcome(lambda: os.link(ground / "out/file", ground / "in/link")),
            "rename out": outcome(lambda: os.rename(ground / "in/file", ground / "out/moved")),
            "rename in": outcome(lambda: os.rename(ground / "out/file", ground / "in/moved")),
            "exchange": outcome(lambda: os.replace(ground / "out", ground / "in/dir")),
            "symlink": outcome(lambda: os.open(ground / "in/symlink", os.O_RDONLY)),
            "within": outcome(lambda: os.renames(ground / "in/file", ground / "in/a/b")),
        }

    found = in_child(look, under([Rule(str(ground / "in"), READ | WRITE)]))
    assert found.pop("within") == "ok"
    assert set(found.values()) <= {"EACCES", "EXDEV"}


@pytest.mark.skipif(3 not in abis(1), reason="truncate is held from ABI 3 on")
def test_truncate_is_held_from_abi_3_on_and_not_before(ground: Path):
    def cut() -> str:
        return outcome(lambda: os.truncate(ground / "out/file", 0))

    assert in_child(cut, under([], abi=3)) == "EACCES"
    assert (ground / "out/file").read_text() == "out"
    assert in_child(cut, under([], abi=2)) == "ok"


def test_execution_needs_its_own_right(ground: Path):
    program = ground / "in/program"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)

    def run() -> str:
        return outcome(lambda: os.execv(program, ["program"]))

    assert in_child(run, under([Rule("/", READ)])) == "EACCES"


@pytest.mark.skipif(6 not in abis(1), reason="scopes begin with ABI 6")
def test_signals_and_abstract_sockets_stay_inside():
    parent = os.getpid()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0paddock-test-{parent}")
        listener.listen()

        def look() -> dict[str, str]:
            def own_child() -> None:
                pid = os.fork()
                if pid == 0:
                    signal.pause()
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

            return {
                "signal": outcome(lambda: os.kill(parent, 0)),
                "abstract": outcome(lambda: socket.socket(socket.AF_UNIX).connect(f"\0paddock-test-{parent}")),
                "own child": outcome(own_child),
            }

        free = dict.fromkeys(("signal", "abstract", "own child"), "ok")
        assert in_child(look, under([], scoped=False)) == free
        assert in_child(look, under([])) == {"signal": "EPERM", "abstract": "EPERM", "own child": "ok"}


@pytest.mark.skipif(4 not in abis(1), reason="TCP rules begin with ABI 4")
def test_plain_tcp_is_denied_in_both_directions():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()

        def look() -> list[str]:
            return [
                outcome(lambda: socket.socket().connect(address)),
                outcome(lambda: socket.socket().bind(("127.0.0.1", 0))),
            ]

        assert in_child(look, under([], tcp=False)) == ["ok", "ok"]
        assert in_child(look, under([])) == ["EACCES", "EACCES"]


def test_the_memory_of_processes_outside_is_out_of_reach(ground: Path):
    """The host's /proc would be readable; Landlock's ptrace rules still hide what a process keeps to itself."""
    parent = os.getpid()

    def look() -> list[str]:
        return [
            outcome(lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY)),
            outcome(lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY)),
            outcome(lambda: os.readlink(f"/proc/{parent}/fd/1")),
            outcome(lambda: os.listdir(f"/proc/{parent}/root/")),
            outcome(lambda: os.open("/proc/self/environ", os.O_RDONLY)),
        ]

    def bind() -> None:
        without_capabilities()
        landlock.restrict([Rule("/proc", READ)], landlock.version())

    # CAP_PERFMON would read environments past every security module (mm_access in the kernel).
    assert in_child(look) == ["ok"] * 5
    assert in_child(look, bind) == ["EACCES", "EACCES", "EACCES", "EACCES", "ok"]


def test_standard_streams_open_again_only_in_their_direction(ground: Path):
    (ground / "out/input").write_text("host")

    def streams() -> None:
        os.dup2(os.open(ground / "out/input", os.O_RDONLY), 0)
        os.dup2(os.open(ground / "out/file", os.O_WRONLY), 1)
        landlock.restrict([], landlock.version())

    def look() -> dict[str, str]:
        return {
            "read 0": outcome(lambda: os.open("/dev/stdin", os.O_RDONLY)),
            "write 0": outcome(lambda: os.open("/dev/stdin", os.O_WRONLY)),
            "write 1": outcome(lambda: os.open("/dev/stdout", os.O_WRONLY | os.O_TRUNC)),
            "read 1": outcome(lambda: os.open("/dev/stdout", os.O_RDONLY)),
        }

    found = in_child(look, streams)
    assert found == {"read 0": "ok", "write 0": "EACCES", "write 1": "ok", "read 1": "EACCES"}


def test_pipes_and_closed_streams_are_no_obstacle():
    def streams() -> None:
        read, write = os.pipe()
        os.dup2(read, 0)
        os.dup2(write, 1)
        os.close(2)
        landlock.restrict([], landlock.version())

    def look() -> str:
        return outcome(lambda: os.write(os.open("/dev/stdout", os.O_WRONLY), b"x"))

    assert in_child(look, streams) == "ok"


def test_confine_to_root_leaves_all_below_root_as_it_is(ground: Path):
    def look() -> list[str]:
        return [
            outcome(lambda: os.rename(ground / "out/file", ground / "in/moved")),
            outcome(lambda: os.listdir("/")),
            outcome(lambda: os.kill(os.getppid(), 0)),
            outcome(lambda: socket.socket().bind(("127.0.0.1", 0))),
            outcome(lambda: os.stat(os.open("/usr/bin/env", os.O_RDONLY))),
        ]

    assert in_child(look, landlock.confine_to_root) == ["ok"] * 5


@pytest.mark.root
def test_confine_to_root_closes_the_way_back_to_a_root_that_was_left(ground: Path):
    """A descriptor from before chroot(2) reaches the old tree; after confine_to_root it opens nothing there."""

    def leave() -> None:
        global outside
        outside = os.open(ground / "out", os.O_RDONLY)
        os.chroot(ground / "in")
        os.chdir("/")

    def look() -> str:
        return outcome(lambda: os.open("file", os.O_RDONLY, dir_fd=outside))

    def leave_and_confine() -> None:
        leave()
        landlock.confine_to_root()

    assert in_child(look, leave) == "ok"
    assert in_child(look, leave_and_confine) == "EACCES"


outside = -1


def test_a_rule_for_a_file_takes_only_rights_for_files(ground: Path):
    rules = [Rule(str(ground / "out/file"), landlock.EVERYTHING)]
    found = in_child(lambda: outcome(lambda: os.open(ground / "out/file", os.O_RDWR)), under(rules))
    assert found == "ok"


def test_a_missing_path_is_an_error_unless_it_is_optional(ground: Path):
    missing = str(ground / "missing")

    def try_both() -> list[str]:
        return [
            outcome(lambda: landlock.restrict([Rule(missing, READ)], landlock.version())),
            outcome(lambda: landlock.restrict([Rule(missing, READ, optional=True)], landlock.version())),
        ]

    assert in_child(try_both) == ["ENOENT", "ok"]


def test_names_may_hold_any_byte(ground: Path):
    odd = os.fsdecode(b"new\nline \xff\x80")
    (ground / odd).mkdir()
    (ground / odd / "file").write_text("x")
    rules = [Rule(str(ground / odd), READ_FILE | EXECUTE)]
    assert in_child(lambda: outcome(lambda: os.open(ground / odd / "file", os.O_RDONLY)), under(rules)) == "ok"


def test_without_no_new_privs_an_ordinary_process_is_not_bound_and_says_so():
    def bind() -> str:
        without_capabilities()  # with CAP_SYS_ADMIN it would work
        return outcome(lambda: landlock.restrict([], landlock.version()))

    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(into, bind().encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(into)
    with os.fdopen(out) as pipe:
        assert pipe.read() == "EPERM"
