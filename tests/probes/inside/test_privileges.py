"""Attacks on privileges: what this process has is found, and what it has given up is not."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import privileges
from paddock.probes.inside.effects import Given, in_child, libc
from tests.capabilities import IS_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

NOBODY = 65534
GIVEN = Given({"hashes": [], "home": "/", "repo": "/", "numbers": {}})


def found(attack: Callable[[Given], list[str]], prepare: Callable[[], object] = lambda: None) -> str:
    """What an attack finds in a process of its own, which `prepare` has changed."""

    def task() -> bytes:
        prepare()
        return repr(attack(GIVEN)).encode()

    return in_child(task).decode()


def no_new_privileges() -> None:
    assert libc.prctl(38, 1, 0, 0, 0) == 0


def become_nobody() -> None:
    if IS_ROOT:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_bounding_set() -> None:
    for number in range(64):
        libc.prctl(24, ctypes.c_ulong(number), 0, 0, 0)


def test_privileges_that_may_come_are_noticed_until_they_are_refused() -> None:
    if privileges.status("NoNewPrivs") == ["0"]:  # the tests may run in a sandbox themselves
        assert found(privileges.no_new_privs) != "[]"
    assert found(privileges.no_new_privs, no_new_privileges) == "[]"


def test_a_setuid_program_is_root_unless_privileges_are_refused() -> None:
    if privileges.status("NoNewPrivs") == ["0"]:
        assert "runs as root" in found(privileges.setuid, become_nobody)
    assert found(privileges.setuid, lambda: (become_nobody(), no_new_privileges())) == "[]"


@pytest.mark.root
def test_root_is_found_to_be_root_until_it_is_somebody_else() -> None:
    assert "uid 0 is 0 outside" in found(privileges.host_root)
    assert found(privileges.host_root, become_nobody) == "[]"


@pytest.mark.root
def test_capabilities_and_the_bounding_set_are_found_until_they_are_dropped() -> None:
    assert "CapEff" in found(privileges.capabilities)
    assert found(privileges.capabilities, become_nobody) == "[]"
    assert "CapBnd" in found(privileges.bounding)
    assert found(privileges.bounding, drop_bounding_set) == "[]"


def test_a_line_that_a_kernel_does_not_have_is_empty() -> None:
    assert privileges.status("NoSuchLine") == []
    assert privileges.status("Pid") == [str(os.getpid())]
