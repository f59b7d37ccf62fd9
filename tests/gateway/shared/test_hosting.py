"""The serving process as its parent has it: one at a time, told when it dies, gone with its parent."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PaddockError, SessionError
from paddock.gateway.shared import hosting, place, process
from tests import capabilities
from tests.forked import ends_with_its_parent
from tests.gateway.conftest import STAND_IN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDS = STAND_IN if capabilities.IS_ROOT else None


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "paddock"


@pytest.fixture
def host() -> Iterator[hosting.Host]:
    made = hosting.begin(IDS)
    yield made
    made.stop()


def test_a_second_one_is_refused_and_the_first_serves_on(host: hosting.Host) -> None:
    with pytest.raises(SessionError) as caught:
        hosting.begin(IDS)
    assert caught.value.code == "gateway-serves"
    line = place.connect()
    assert line is not None
    line.close()
    assert host.stop() == host.stop() == (0, 0)


def test_after_its_end_nothing_is_left_and_another_can_begin(runtime: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        assert hosting.begin(IDS).stop() == (0, 0)
    assert len(os.listdir("/proc/self/fd")) == before
    assert sorted(path.name for path in runtime.iterdir()) == ["gateway.lock"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(host: hosting.Host, number: int) -> None:
    before = [signal.getsignal(each) for each in hosting.ENDING]
    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    signal.pthread_kill(threading.get_ident(), number)  # to this thread alone; it comes when that waits
    assert host.wait() == 0
    assert [signal.getsignal(each) for each in hosting.ENDING] == before


def test_a_signal_between_two_steps_of_beginning_to_wait_is_not_lost(
    host: hosting.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = signal.signal

    def installed(number: int, handler: Any) -> Any:
        before = install(number, handler)
        if number == signal.SIGTERM and handler is not before and not came:
            came.append(number)
            signal.raise_signal(number)
        return before

    came: list[int] = []
    monkeypatch.setattr(signal, "signal", installed)
    late = threading.Timer(30, os.kill, (host.pid, signal.SIGKILL))  # else it would wait for ever
    late.start()
    assert host.wait() == 0
    late.cancel()
    assert came


def test_one_that_stands_still_is_woken_to_end(host: hosting.Host) -> None:
    os.kill(host.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, host.pid, os.WSTOPPED)
    assert host.stop() == (0, 0)


def test_one_that_does_not_end_is_killed_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.Process, "_end", lambda _: signal.pause())
    monkeypatch.setattr(hosting, "_STOP_TIMEOUT_S", 0.05)
    host = hosting.begin(IDS)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    with pytest.raises(PaddockError, match="did not end when it was told to, and was killed"):
        host.wait()


def test_its_death_is_an_error(host: hosting.Host) -> None:
    os.kill(host.pid, signal.SIGKILL)
    with pytest.raises(PaddockError, match="died \\(signal 9\\)"):
        host.wait()
    assert place.connect() is None


def test_one_without_a_thread_to_spare_serves_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    start, tries = threading.Thread.start, list[int]()

    def scarce(thread: threading.Thread) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", scarce)
        host = hosting.begin(IDS)
    try:
        assert place.connect() is None
        line = place.connect()
        assert line is not None
        line.close()
    finally:
        assert host.stop() == (0, 0)


def test_one_that_cannot_begin_says_why_and_leaves_nothing(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(5, "no good")

    monkeypatch.setattr(process, "_preload", fail)
    with pytest.raises(PaddockError, match="could not be started") as caught:
        hosting.begin(IDS)
    assert "no good" in caught.value.why
    assert not (runtime / "gateway").exists()


def test_it_ends_with_its_parent() -> None:
    assert ends_with_its_parent(lambda: hosting.begin(IDS).pid)
