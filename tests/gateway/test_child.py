"""What the gateway's process is while it serves, seen from outside in /proc."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests import capabilities

if TYPE_CHECKING:
    from paddock.gateway.server import Gateway
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

from collections.abc import Callable

from paddock.plan.model import Rule

MakeRule = Callable[..., Rule]


@pytest.fixture
def serving(sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule) -> Gateway:
    """A gateway that has answered, so that it is past its beginning."""
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    works(sandbox)
    return gateway


def works(sandbox: Sandbox) -> None:
    assert sandbox.python("print(urlopen('http://web.example.test/big/3', timeout=20).read())").strip() == "b'xxx'"


def status(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_it_has_no_privilege_and_cannot_gain_one(serving: Gateway) -> None:
    found = status(serving.pid)
    assert found["NoNewPrivs"] == "1"
    assert {found[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
    expected = 70001 if capabilities.IS_ROOT else os.getuid()
    assert {int(number) for name in ("Uid", "Gid") for number in found[name].split()} == {expected}
    if capabilities.IS_ROOT:
        assert found["Groups"].strip() == ""


def test_it_is_outside_of_the_sandbox(serving: Gateway) -> None:
    if not capabilities.IS_ROOT:
        # Non-dumpable: not even its own user may look.
        with pytest.raises(PermissionError):
            os.readlink(f"/proc/{serving.pid}/ns/net")
        return
    for name in ("net", "mnt", "user", "pid"):
        assert os.readlink(f"/proc/{serving.pid}/ns/{name}") == os.readlink(f"/proc/self/ns/{name}")


def test_nobody_without_privileges_may_read_it(serving: Gateway) -> None:
    for name in ("fd", "environ", "mem", "maps"):
        assert os.stat(f"/proc/{serving.pid}/{name}").st_uid == 0


@pytest.mark.root  # the process is closed to its own user, see above
def test_it_holds_sockets_its_record_and_a_pipe_and_nothing_else(serving: Gateway, allow: Allow) -> None:
    opened = [os.readlink(f"/proc/{serving.pid}/fd/{number}") for number in os.listdir(f"/proc/{serving.pid}/fd")]
    kinds = {name.split(":")[0] if ":" in name else name for name in opened}
    assert kinds == {"socket", "pipe", "anon_inode", "/dev/null", str(allow.record)}
    assert opened.count("/dev/null") == 3
    assert os.readlink(f"/proc/{serving.pid}/cwd") == "/"


def test_signals_of_a_terminal_are_not_for_it(serving: Gateway, sandbox: Sandbox) -> None:
    assert os.getsid(serving.pid) == serving.pid
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGHUP, signal.SIGPIPE):
        os.kill(serving.pid, number)
    works(sandbox)


def test_it_can_import_nothing_from_files_any_more(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late import would read from the caller's working directory, which may be the agent's."""
    from paddock.gateway import engine

    def try_it(*_: object) -> None:
        import this  # noqa: F401

    monkeypatch.setattr(engine, "serve", try_it)
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    deadline = time.monotonic() + 20
    while gateway.is_alive and time.monotonic() < deadline:
        os.sched_yield()
    assert "ModuleNotFoundError" in gateway.stop().ended or "ImportWarning" in gateway.stop().ended
