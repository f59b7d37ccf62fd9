"""Calls that the kernel refuses anyway: who says no is told apart, and nothing is ever done by asking."""

from __future__ import annotations

import os

import pytest

from paddock import starting
from paddock.kernel import confine, seccomp, syscalls
from paddock.probes.inside import refused
from paddock.probes.inside.effects import Given, in_child

NAMES = {name: syscalls.number(name, os.uname().machine) for name in syscalls.names()}
NAMESPACES = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("ipc", "pid")}
# Those that need nothing of the kernel's configuration.
EVERYWHERE = ("setns", "ioctl", "mount", "umount2", "chroot", "keyctl", "add_key")


def given(**namespaces: str) -> Given:
    numbers = {name: number for name, number in NAMES.items() if number is not None}
    told = {"namespaces": {**NAMESPACES, **namespaces}}
    return Given({"hashes": [], "home": "/", "repo": "/", "numbers": numbers, **told})


def test_without_a_filter_the_kernel_hears_them() -> None:
    heard = "\n".join([*refused.calls(given()), *refused.mounts(given()), *refused.tracing(given())])
    assert [name for name in (*EVERYWHERE, "ptrace") if f"heard {name}" not in heard] == []
    assert len(refused.namespaces(given())) >= 15
    assert any("socketpair" in one for one in refused.sockets(given()))


@pytest.mark.parametrize("row", [refused.calls, refused.mounts, refused.tracing, refused.namespaces, refused.sockets])
def test_behind_the_filter_it_hears_none(row) -> None:
    def task() -> bytes:
        confine.drop_capabilities()
        seccomp.install(seccomp.program("default", starting.machine()))
        return repr(row(given())).encode()

    assert in_child(task) == b"[]"


def test_behind_the_filter_of_a_boundary_without_namespaces_it_hears_nothing_about_others() -> None:
    def task() -> bytes:
        confine.drop_capabilities()
        seccomp.install(seccomp.program("default", starting.machine(), sockets="none", neighbours=True))
        return repr([*refused.objects(given()), *refused.priority(given())]).encode()

    assert in_child(task) == b"[]"


def test_objects_and_priorities_are_the_sandboxs_own_business_in_namespaces_of_its_own() -> None:
    assert refused.objects(given())
    assert refused.priority(given())
    assert refused.objects(given(ipc="ipc:[1]")) == []
    assert refused.priority(given(pid="pid:[1]")) == []


def test_asking_changes_nothing() -> None:
    before = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "user", "uts", "pid_for_children")}
    for row in (refused.calls, refused.tracing, refused.namespaces, refused.sockets, refused.objects, refused.priority):
        row(given())
    assert {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in before} == before


def test_where_containers_can_be_made_the_kernel_hears_what_that_takes_and_nothing_else() -> None:
    def task() -> bytes:
        confine.drop_capabilities()
        seccomp.install(seccomp.program("default", starting.machine(), nested=True))
        others = [*refused.calls(given()), *refused.tracing(given()), *refused.sockets(given())]
        return repr((bool(refused.mounts(given())), bool(refused.namespaces(given())), others)).encode()

    assert in_child(task) == b"(True, True, [])"
