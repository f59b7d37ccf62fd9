"""What a plan promises about processes and limits, and what of it a gap or a line of the policy takes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.boundary.base import GAPS
from paddock.frozen import replace
from paddock.plan.model import Lifted, Limit
from paddock.policy.model import BUILT_IN, Origin
from paddock.probes.catalogue import reading
from paddock.probes.expectations import NESTING, PROMISES, Expectation, expect
from tests.boundary.plans import PLAN, changed

DOCS = Path(__file__).parents[2] / "docs"
PROBES = {probe.id: probe for probe in reading.load(["processes", "resources"])}
LIMITED = {
    "RS-01 fork-bomb": "processes",
    "RS-02 memory-together": "memory",
    "RS-03 open-files": "open_files",
    "RS-06 file-size": "file_size",
    "RS-08 cpu-share": "cpus",
    "RS-09 wall-timeout": "wall",
}
# What each gap that touches these layers takes back, and nothing else.
TAKEN_BACK = {
    "process-visibility": {
        "PK-01 host-proc-visible", "PK-10 bounding-empty", "PK-42 proc-keys", "PK-42 proc-timers",
        "PK-42 proc-kallsyms", "PK-47 namespaces-differ", "PK-47 hostname", "PK-47 control-group-names",
        "PK-47 hosts-file", "RS-16 priority-of-host", "RS-16 processors-of-host",
    },
    "host-signals": {"PK-03 signal-host", "PK-03 signal-by-descriptor"},
    "private-paths": {"RS-05 private-sizes", "RS-05 private-directories-fill"},
    "memory-total": {"RS-02 memory-of-one", "RS-02 memory-together"},
    "cpu-total": {"RS-08 cpu-share"},
}  # fmt: skip


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_takes_back_what_it_says_and_nothing_else(gap: str) -> None:
    every = changed(limits=tuple(Limit(name, 1, BUILT_IN) for name in LIMITED.values()))
    found = {
        name
        for name, probe in PROBES.items()
        if probe.kind != "depends" and expect(probe, every, (gap,)).word == "open"
    }
    ipc = {name for name, probe in PROBES.items() if probe.promise == "ipc"} if gap == "ipc-isolation" else set()
    assert found == TAKEN_BACK.get(gap, set()) | ipc


@pytest.mark.parametrize(("name", "limit"), LIMITED.items())
def test_a_limit_is_promised_where_the_plan_has_it(name: str, limit: str) -> None:
    having, lacking = changed(limits=(Limit(limit, 1, BUILT_IN),)), changed(limits=())
    assert expect(PROBES[name], having) == Expectation("fails")
    assert expect(PROBES[name], lacking) == Expectation("open", f"the plan has no limit of this kind: limits.{limit}")
    lifted = changed(limits=(), lifted=(Lifted(limit, Origin("person", "policy.toml:2")),))
    assert expect(PROBES[name], lifted) == Expectation("open", f'limits.{limit} = "none" (person policy.toml:2)')


@pytest.mark.parametrize("name", ["PK-26 ptrace-own", "PK-05 memory-of-own-child", "PK-54 ptrace-sibling"])
def test_a_policy_for_debugging_turns_tracing_round_and_is_named(name: str) -> None:
    debugging = changed(syscalls="debug", syscalls_origin=Origin("repository", "paddock.toml:7"))
    assert expect(PROBES[name], PLAN) == Expectation("fails")
    assert expect(PROBES[name], debugging) == Expectation("works", 'syscalls = "debug" (repository paddock.toml:7)')
    assert expect(PROBES["PK-04 ptrace-attach-host"], debugging) == Expectation("fails")


def test_what_a_guests_kernel_answers_by_itself_is_open_there_alone_and_says_why() -> None:
    """Each of these rows is told in docs/how-to/gvisor.md as well."""
    guests = changed(boundary=replace(PLAN.boundary, use="gvisor"))
    rows = {probe.id: probe for probe in reading.load(["files", "processes", "resources"])}
    found = {name: expect(probe, guests) for name, probe in rows.items() if "gVisor" in expect(probe, guests).why}
    assert sorted(name.partition(" ")[0] for name in found) == [
        "FS-33", "FS-33", "PK-45", "PK-46", "RS-02", "RS-15", "RS-16",
    ]  # fmt: skip
    assert {it.word for it in found.values()} == {"open"}
    assert not [name for name in found if "gVisor" in expect(rows[name], PLAN).why]
    page = (DOCS / "how-to/gvisor.md").read_text()
    assert [name for name in found if name.partition(" ")[0] not in page] == []


def test_what_only_paddock_promises_is_open_for_others() -> None:
    names = ("PK-07 no-new-privs", "PK-08 seccomp-on", "PK-47 namespaces-differ", "PK-26 ptrace-own")
    assert {expect(PROBES[name], None).word for name in names} == {"open"}
    assert expect(PROBES["PK-01 host-proc-visible"], None) == Expectation("fails")


def test_every_gap_in_a_promise_is_one_that_a_boundary_can_have() -> None:
    assert {gap for promise in PROMISES.values() for gap in promise.gaps} <= set(GAPS)


def test_containers_inside_turn_round_what_they_take_and_no_other_probe() -> None:
    nested = changed(nested=True, nested_origin=Origin("flag", "--nested"))
    turned = {name for name, probe in PROBES.items() if expect(probe, nested) != expect(probe, PLAN)}
    assert turned == NESTING
    assert {expect(PROBES[name], nested) for name in turned} == {Expectation("works", "nested = true (flag --nested)")}
