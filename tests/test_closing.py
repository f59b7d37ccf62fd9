"""What is told at the end: limits by name, refusals with what helps, failures with the right code."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from paddock import closing
from paddock.errors import CommandNotFound, PaddockError
from paddock.frozen import replace
from paddock.gateway.record import Refusal, Summary
from paddock.kernel.cgroups import Cgroup
from paddock.kernel.reports import Report
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN, Origin
from paddock.supervision import Outcome
from tests.boundary.plans import PLAN

if TYPE_CHECKING:
    from pathlib import Path

LIMITED = replace(PLAN, limits=(Limit("wall", 60, Origin("flag", "--limit")), Limit("memory", 1 << 20, BUILT_IN)))


def group(tmp_path: Path, kills: int) -> Cgroup:
    (tmp_path / "memory.events").write_text(f"low 0\noom_kill {kills}\n")
    return Cgroup(2, (str(tmp_path),), str(tmp_path))


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
    assert "60 s" in message
    assert "--limit" in message


def test_an_out_of_memory_kill_is_no_bare_137(tmp_path: Path) -> None:
    (message,) = closing.messages(LIMITED, Outcome(signal=9), group(tmp_path, 2))
    assert "2 processes" in message
    assert "1 MiB" in message


def test_kills_before_the_command_are_not_its_own(tmp_path: Path) -> None:
    assert closing.messages(LIMITED, Outcome(signal=9), group(tmp_path, 2), killed_before=2) == []


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
