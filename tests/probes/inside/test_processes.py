"""Attacks on processes, tried on processes of the test's own."""

from __future__ import annotations

import ctypes
import os

import pytest

from paddock.kernel import syscalls
from paddock.probes.inside import processes
from paddock.probes.inside.effects import Given, Skipped

NAMES = ("process_vm_readv", "ptrace", "keyctl")
NUMBERS = {name: syscalls.number(name, os.uname().machine) for name in NAMES}


def given(**more: object) -> Given:
    return Given({"hashes": [], "home": "/", "repo": "/", "numbers": NUMBERS, **more})


def test_a_child_waits_with_what_it_has_changed_and_is_gone_afterwards() -> None:
    buffer = ctypes.create_string_buffer(b"as it was", 64)

    def change() -> None:
        buffer.value = b"changed"

    with processes.sleeper(change) as pid:
        read = processes.memory_of(given(), pid, ctypes.addressof(buffer))
    assert read.startswith(b"changed\0")
    assert buffer.value == b"as it was"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_bytes_at_no_address_are_an_error_and_no_success() -> None:
    with processes.sleeper(lambda: None) as pid, pytest.raises(OSError, match="address"):
        processes.memory_of(given(), pid, 0)


def test_a_process_that_has_gone_has_no_contents() -> None:
    assert processes.contents("cmdline", [str(os.getpid())]) != b""
    assert processes.contents("cmdline", ["no number", "4294967295"]) == b""


def test_shared_namespaces_are_named() -> None:
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid")}
    assert processes.namespaces(given(namespaces=own)) == ["the host's mnt", "the host's pid"]
    assert processes.namespaces(given(namespaces={"mnt": "mnt:[1]", "none": "none:[1]"})) == []


def test_the_callers_control_group_is_looked_for_by_its_path() -> None:
    with open("/proc/self/cgroup") as file:
        own = [line.rstrip("\n").split(":", 2)[2] for line in file]
    named = [path for path in own if path != "/"]
    found = processes.control_groups(given(**{"control groups": [*own, "/no-such-group"]})) if named else []
    assert found == sorted({f"saw {path}" for path in named})
    with pytest.raises(Skipped):
        processes.control_groups(given(**{"control groups": ["/"]}))


@pytest.mark.parametrize("attack", [processes.sysv, processes.message_queue, processes.keyring])
def test_what_could_not_be_planted_is_not_looked_for(attack: object) -> None:
    assert callable(attack)
    nothing = dict.fromkeys(("shm", "queue", "key"), False)
    with pytest.raises(Skipped):
        attack(given(planted=nothing))
