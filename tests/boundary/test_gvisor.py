"""Guests on paper: the container that one is in, and what runsc is told of it and of a command."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from paddock.boundary import guest_programs, gvisor, podman
from paddock.boundary.gvisor import ENTER, INIT, SHOW, STATE, Runsc
from paddock.frozen import replace
from paddock.kernel import seccomp
from paddock.kernel.join import Start
from paddock.plan.model import Mount
from paddock.policy.model import BUILT_IN
from tests.boundary.plans import PLAN, REPOSITORY, changed
from tests.boundary.test_bubblewrap import GOLDEN, USER, cases, overlays

if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.kernel.streams import Kind
    from paddock.plan.model import Plan

RUNSC = Runsc("/usr/bin/runsc", "ptrace")
START = Start(("make", "all"), REPOSITORY, {"A": "b"}, 1000, 1001, {"processes": 40, "core": 1}, b"", ("pipe",) * 3)


def test_it_is_exactly_this() -> None:
    described = {
        "flags": gvisor.flags(PLAN, RUNSC),
        "bundle": gvisor.bundle(PLAN, {"open_files": 64}),
        "process": gvisor.process(START, "/usr/bin/make"),
    }
    text = json.dumps(described, indent=2) + "\n"
    path = GOLDEN / "gvisor.json"
    if os.environ.get("PADDOCK_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@given(cases())
def test_the_container_is_podmans_with_what_a_guest_needs(case: tuple[Plan, Facts]) -> None:
    plan, facts = case
    made = gvisor.compile(plan, facts, overlays(plan), "x86_64")
    without = podman.compile(plan, replace(facts, covered_proc=()), overlays(plan))
    assert made.steps == without.steps
    assert made.sources == without.sources
    added = len(made.arguments) - len(without.arguments)
    assert made.arguments[added:] == without.arguments
    assert made.arguments[:2] == ("--security-opt", "unmask=ALL")
    assert f"dst={STATE}," in " ".join(made.arguments[:added])
    first, second, third = made.files[len(without.files) :]
    assert first.content == guest_programs.init("x86_64")
    assert seccomp.program("debug" if plan.syscalls == "debug" else "default", "x86_64") in second.content
    assert third.content == guest_programs.show("x86_64")
    if not plan.image:
        root = dict(made.root)
        assert (root[STATE], root[INIT], root[ENTER], root[SHOW]) == (0o755, b"", b"", b"")


def test_as_little_network_as_the_plan_has() -> None:
    assert "--network=none" in gvisor.flags(PLAN, RUNSC)
    allowed = changed(network=replace(PLAN.network, mode="allow"))
    assert "--network=host" in gvisor.flags(allowed, RUNSC)  # the container's, where the gateway's sockets are


def test_what_others_write_is_looked_at_again_in_mode_live_alone() -> None:
    assert "--file-access=exclusive" in gvisor.flags(PLAN, RUNSC)
    live = changed(workspace=replace(PLAN.workspace, mode="live"))
    assert "--file-access=shared" in gvisor.flags(live, RUNSC)


def test_a_directory_with_mounts_of_the_containers_is_not_covered_by_one_of_the_guests() -> None:
    places = {mount["destination"] for mount in gvisor.bundle(PLAN, {})["mounts"]}
    assert {"/tmp", "/var/tmp", "/dev/shm"} <= places
    below = changed(mounts=(*PLAN.mounts, Mount("/srv/x", "/tmp/x", "read", BUILT_IN)))
    assert "/tmp" not in {mount["destination"] for mount in gvisor.bundle(below, {})["mounts"]}


@pytest.mark.parametrize("kind", ["pipe", "null", "output"])
def test_there_is_a_terminal_only_where_all_streams_are_one(kind: Kind) -> None:
    assert gvisor.process(replace(START, streams=("terminal",) * 3), "/bin/sh")["terminal"]
    for number in range(3):
        streams = tuple(kind if at == number else "terminal" for at in range(3))
        assert not gvisor.process(replace(START, streams=streams), "/bin/sh")["terminal"]


@pytest.mark.parametrize(
    ("release", "host", "is_one"),
    [
        ("4.4.0", "6.1.0-9-amd64", True),
        ("4.19.0-gvisor", "6.1.0-9-amd64", True),
        ("4.4.0", "4.4.0", False),
        ("6.1.0-9-amd64", "6.1.0-9-amd64", False),
        ("5.10.0", "6.1.0-9-amd64", False),
        ("", "6.1.0-9-amd64", False),
    ],
)
def test_a_kernel_that_may_be_the_hosts_is_not_gvisors(release: str, host: str, is_one: bool) -> None:
    assert gvisor.is_gvisor(release, host) == is_one


def test_a_command_has_nothing_that_gives_privileges() -> None:
    for process in (gvisor.process(START, "/usr/bin/make"), gvisor.bundle(PLAN, {})["process"]):
        assert process["noNewPrivileges"]
        assert not any(process["capabilities"].values())
        assert process["user"]["uid"] == PLAN.person.uid


def test_the_facts_of_the_host_do_not_change_the_guest() -> None:
    assert gvisor.compile(PLAN, USER, overlays(PLAN), "aarch64").files[-1].content[18:20] == b"\xb7\x00"
