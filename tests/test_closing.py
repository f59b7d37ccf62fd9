"""What is told at the end: limits by name, refusals with what helps, failures with the right code."""

from __future__ import annotations

import errno
import resource
import signal
from typing import TYPE_CHECKING

import pytest

from paddock import closing
from paddock.errors import CommandNotFound, PaddockError
from paddock.frozen import replace
from paddock.gateway.reasons import REASONS
from paddock.gateway.record import ALARM, Refusal, Summary
from paddock.kernel.cgroups import Cgroup, Counts
from paddock.kernel.reports import Report
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN, Origin
from paddock.supervision import Outcome
from tests.boundary.plans import PLAN
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

FLAG = Origin("flag", "--limit")
LIMITED = replace(
    PLAN, limits=(Limit("wall", 60, FLAG), Limit("memory", 1 << 20, BUILT_IN), Limit("processes", 20, FLAG))
)


def group(tmp_path: Path, *, killed: int = 0, refused: int = 0) -> Cgroup:
    (tmp_path / "memory.events").write_text(f"low 0\noom_kill {killed}\n")
    (tmp_path / "pids.events").write_text(f"max {refused}\n")
    return Cgroup(2, (str(tmp_path),), str(tmp_path), str(tmp_path))


def test_an_ordinary_end_needs_no_words() -> None:
    assert closing.messages(LIMITED, Outcome(code=3), None) == []


@pytest.mark.parametrize(
    ("program", "step"),
    [("node", "paddock explain node"), ("a b", "paddock explain 'a b'"), ("-x", "paddock explain -- -x"), ("", "paddock explain ''")],
)  # fmt: skip
def test_the_advice_for_a_program_that_is_missing_can_be_pasted(program: str, step: str) -> None:
    assert closing.start_failure([program], Report("failed", errno.ENOENT, "command: x")).next_step == step


def test_the_time_limit_is_named_with_who_set_it() -> None:
    (message,) = closing.messages(LIMITED, Outcome(signal=15, timed_out=True), None)
    assert message == "stopped: the time limit of 60 s was reached (flag --limit); raise it: --limit wall=…"


def test_an_out_of_memory_kill_is_no_bare_137(tmp_path: Path) -> None:
    (message,) = closing.messages(LIMITED, Outcome(signal=9), group(tmp_path, killed=2))
    assert "killed 2 processes at the limit of 1 MiB (built-in); raise it: --limit memory=…" in message


def test_processes_that_were_refused_are_told_whatever_the_command_made_of_it(tmp_path: Path) -> None:
    (message,) = closing.messages(LIMITED, Outcome(code=0), group(tmp_path, refused=3))
    assert "refused a new one 3 times at the limit of 20 (flag --limit); raise it: --limit processes=…" in message


def test_what_happened_before_the_command_is_not_its_own(tmp_path: Path) -> None:
    found = group(tmp_path, killed=2, refused=3)
    assert closing.messages(LIMITED, Outcome(signal=9), found, Counts(killed=2, refused=3)) == []


@pytest.mark.parametrize("outcome", [Outcome(signal=signal.SIGXFSZ), Outcome(code=153)], ids=["itself", "in-a-shell"])
def test_the_limit_on_the_size_of_a_file_is_no_bare_153(outcome: Outcome) -> None:
    plan = replace(PLAN, limits=(Limit("file_size", 1 << 20, FLAG),))
    (message,) = closing.messages(plan, outcome, None)
    assert message == "a file was to grow beyond the limit of 1 MiB (flag --limit); raise it: --limit file_size=…"


@pytest.mark.parametrize("limits", [(), (Limit("file_size", 1 << 20, FLAG),)])
def test_where_the_callers_own_limit_was_smaller_that_one_is_named(limits: tuple[Limit, ...]) -> None:
    def task() -> list[str]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        return closing.messages(replace(PLAN, limits=limits), Outcome(signal=signal.SIGXFSZ), None)

    (message,) = forked(task)
    assert "4096 bytes" in message
    assert "ulimit -f" in message


def test_without_any_limit_the_signal_came_from_somebody() -> None:
    assert closing.messages(replace(PLAN, limits=()), Outcome(signal=signal.SIGXFSZ), None) == []


def test_nobody_is_told_to_raise_what_the_floor_holds() -> None:
    plan = replace(PLAN, limits=(Limit("wall", 60, Origin("floor", "/etc/paddock/floor.toml:3")),))
    (message,) = closing.messages(plan, Outcome(signal=15, timed_out=True), None)
    assert "--limit" not in message
    assert "administrator" in message


def test_what_was_written_to_the_private_home_is_named() -> None:
    (message,) = closing.messages(LIMITED, Outcome(code=0, private=("notes.txt",)), None)
    assert "notes.txt" in message


def test_refused_names_come_with_the_flag_that_allows_them() -> None:
    (message,) = closing.told_by_gateway(Summary(refusals=(Refusal("dns", "x.test", 0, "not-allowed", 1),)))
    assert "x.test" in message
    assert "--allow" in message


def test_refused_connections_come_with_the_reason() -> None:
    (message,) = closing.told_by_gateway(Summary(refusals=(Refusal("refused", "a.test", 443, "tls-other-name", 1),)))
    assert "a.test:443" in message
    assert "--allow" not in message


def test_a_service_that_is_gone_is_told_too_since_clients_say_little_of_it() -> None:
    failed = Refusal("failed", "a.test", 443, "upstream-unreachable", 3)
    (message,) = closing.told_by_gateway(Summary(refusals=(failed,)))
    assert message == "network: allowed, but failed: a.test:443 (no connection to the service could be made)"


@pytest.mark.parametrize("reason", ["denied", "name-like-data", "too-many-under-wildcard"])
def test_a_name_that_no_flag_would_help_is_told_with_its_reason(reason: str) -> None:
    (message,) = closing.told_by_gateway(Summary(refusals=(Refusal("dns", "x.test", 53, reason, 1),)))
    assert message == f"network: refused x.test ({REASONS[reason].what})"


def test_an_alarm_is_told_first_and_alone() -> None:
    (message,) = closing.told_by_gateway(Summary(ended=f"{ALARM}a canary went out"))
    assert message.startswith("ALARM: a canary went out; the sandbox was ended")


def test_a_dead_gateway_is_said() -> None:
    (message,) = closing.told_by_gateway(Summary(ended="the gateway died"))
    assert "the gateway died" in message


def test_many_refusals_are_cut() -> None:
    refusals = tuple(Refusal("dns", f"{number}.test", 0, "not-allowed", 1) for number in range(9))
    (message,) = closing.told_by_gateway(Summary(refusals=refusals))
    assert "and 4 more" in message


@pytest.mark.parametrize(
    ("number", "text", "kind", "code"),
    [
        (errno.ENOENT, "command: not found on PATH", CommandNotFound, 127),
        (errno.ENOTDIR, "command: Not a directory", CommandNotFound, 127),
        (errno.EACCES, "command: Permission denied", closing.NotExecutable, 126),
        (errno.ENOEXEC, "command: Exec format error", closing.NotExecutable, 126),
        (errno.ENOENT, "working directory /x: No such file or directory", PaddockError, 125),
        (0, "namespaces: the joiner died", PaddockError, 125),
    ],
)
def test_a_command_that_never_started_has_its_own_exit_code(
    number: int, text: str, kind: type[PaddockError], code: int
) -> None:
    error = closing.start_failure(("cmd",), Report("failed", number, text))
    assert isinstance(error, kind)
    assert error.exit_code == code


def test_a_sandbox_that_is_full_is_no_case_for_the_doctor() -> None:
    error = closing.start_failure(("cmd",), Report("failed", errno.EAGAIN, "process: Resource temporarily unavailable"))
    assert "the limit on processes" in error.why
    assert "--limit processes=…" in error.next_step
