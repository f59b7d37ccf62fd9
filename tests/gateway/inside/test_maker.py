"""The process that stays in the sandbox's network: what it is, and what it is not."""

from __future__ import annotations

import ctypes
import operator
import os
import resource
import select
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.inside import maker as maker_module
from paddock.gateway.inside.maker import Maker
from tests import capabilities
from tests.forked import ends_with_its_parent
from tests.gateway.conftest import STAND_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gateway.conftest import Sandbox


@pytest.fixture
def maker(sandbox: Sandbox) -> Iterator[Maker]:
    made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None)
    for descriptor in made.begin():
        os.close(descriptor)
    yield made
    made.close()


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_it_keeps_two_capabilities_over_the_sandboxs_network_only(maker: Maker) -> None:
    found = status(maker.pid)
    assert found["CapInh"].strip("0") == ""
    both = 1 << 10 | 1 << 12  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN
    assert (int(found["CapEff"], 16), int(found["CapPrm"], 16), int(found["CapBnd"], 16)) == (both, both, 0)
    assert found["NoNewPrivs"] == "1"


@pytest.mark.root
def test_as_root_it_is_nobody_the_host_knows(maker: Maker) -> None:
    assert status(maker.pid)["Uid"].split() == [str(STAND_IN[0])] * 4
    assert status(maker.pid)["Groups"] == ""


@pytest.mark.root
def test_it_holds_no_file_but_its_channel(maker: Maker) -> None:
    maker.claim("192.0.2.7")  # what it made before is closed by now
    numbers = [number for number in os.listdir(f"/proc/{maker.pid}/fd") if int(number) > 2]
    assert [os.readlink(f"/proc/{maker.pid}/fd/{number}").partition(":")[0] for number in numbers] == ["socket"]


def test_nothing_inside_can_see_it(sandbox: Sandbox, maker: Maker) -> None:
    seen = sandbox.python("print(*[p for p in os.listdir('/proc') if p.isdigit()])").split()
    commands = sandbox.python(
        "print([open(f'/proc/{p}/status').read().split()[1] for p in os.listdir('/proc') if p.isdigit()])"
    )
    assert len(seen) <= 4, commands


def test_it_ends_when_its_channel_does(sandbox: Sandbox) -> None:
    made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None)
    process = os.pidfd_open(made.pid)
    made.close()
    os.close(process)
    with pytest.raises(ProcessLookupError):
        os.kill(made.pid, 0)


def test_it_ends_with_the_process_that_started_it(sandbox: Sandbox) -> None:
    ids = STAND_IN if capabilities.IS_ROOT else None
    assert ends_with_its_parent(lambda: Maker(sandbox.namespaces, ids).pid)


def test_a_dead_maker_is_told_as_an_error(sandbox: Sandbox) -> None:
    made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None)
    os.kill(made.pid, 9)
    os.waitpid(made.pid, 0)
    with pytest.raises(OSError, match=r"died|Broken pipe|reset"):
        made.begin()
    made.close()


def test_an_answer_that_comes_too_late_is_nobodys(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be taken for that to the next question, and so on from there."""
    monkeypatch.setattr(maker_module, "_ANSWER_TIMEOUT_S", 0.05)
    made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None)
    os.kill(made.pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        made.claim("192.0.2.7")
    os.kill(made.pid, signal.SIGCONT)
    os.waitpid(made.pid, 0)
    with pytest.raises(OSError):  # whatever the system says of a closed channel
        made.dialling()
    made.close()


def test_being_told_to_finish_just_before_it_waits_is_not_lost(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait, signals = select.select, [partial(ctypes.CDLL(None)["raise"], signal.SIGTERM)]

    def wait_at_once(*given: Any) -> Any:
        """No bytecode runs between the signal and the wait, and so no handler of Python's."""
        first, signals[:] = [*signals], []
        return [*map(operator.call, (*first, partial(wait, *given)))][-1]

    with monkeypatch.context() as patch:
        patch.setattr(select, "select", wait_at_once)
        made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None, apart=True)
    told = wait([made.descriptor], [], [], 60)[0]
    made.finish()
    assert os.waitpid(made.pid, 0)[1] == 0
    assert told


def test_without_a_number_left_for_a_socket_none_is_taken_for_another(maker: Maker) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            maker.listen([("198.18.1.1", 80), ("198.18.1.2", 80)])
        assert os.dup(0) == free
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(free)
