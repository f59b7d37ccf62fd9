"""What a sandbox's Paddock does with a serving process that is there, is none, or dies half-way."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.gateway.server import Entrusted
from paddock.gateway.shared import admission, place
from paddock.record.logs import Log
from paddock.record.verifying import verify
from tests.gateway.conftest import to_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

WEB = "web.example.test"
FETCH = f"print(urlopen('http://{WEB}/big/3', timeout=20).read())"
SHARED = pytest.mark.parametrize("way", ["shared"], indirect=True)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@SHARED
def test_the_process_that_stays_keeps_nothing_of_the_callers(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams
) -> None:
    """A pipe of the caller's that it held would never end for whoever reads it."""
    before = descriptors()
    gateway = allow(to_host(WEB, 80, upstreams.http))
    assert descriptors() == before + 2  # its end, and its last word
    assert sandbox.python(FETCH).strip() == "b'xxx'"
    assert os.getsid(gateway.pid) == gateway.pid != os.getsid(0)
    gateway.stop()
    assert descriptors() == before


@SHARED
def test_the_signal_mask_of_the_caller_is_as_before(allow: Allow) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    allow(to_host(WEB, 80, 1))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@contextmanager
def in_its_place(behave: Callable[[socket.socket], object]) -> Iterator[None]:
    """One that listens where the serving process would, greets the first who comes, and then behaves like this."""
    with place.listen() as listening:
        pid = os.fork()
        if pid == 0:
            try:
                line, _ = listening.accept()
                line.sendall(place.greeting())
                behave(line)
            finally:
                os._exit(0)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def dies(line: socket.socket) -> None:
    line.recv(10)


def says_nothing_and_goes(line: socket.socket) -> None:
    # Closed before anybody can hear of it, as the serving process does: the next one needs the same addresses.
    admission.close_all(admission.receive(line, 1000)[1])


def refuses(line: socket.socket) -> None:
    says_nothing_and_goes(line)
    admission.refuse(line, "full")


@pytest.mark.parametrize("behave", [dies, says_nothing_and_goes, refuses])
def test_where_it_is_not_taken_the_sandbox_has_a_gateway_of_its_own(
    sandbox: Sandbox,
    allow: Allow,
    upstreams: Upstreams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behave: Callable[[socket.socket], None],
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    with in_its_place(behave):
        before = descriptors()
        gateway = allow(to_host(WEB, 80, upstreams.http))
    assert sandbox.python(FETCH).strip() == "b'xxx'"
    assert "gateway" not in allow.lines()[0]
    gateway.stop()
    assert descriptors() == before - 1  # the listening socket


@SHARED
def test_what_fails_when_it_is_served_already_is_an_error_and_its_record_has_one_writer(
    allow: Allow, tmp_path: Path
) -> None:
    before = descriptors()
    with pytest.raises(PaddockError, match="could not be started") as caught:
        allow(to_host(WEB, 443, 1, methods=("GET",)), entrusted=Entrusted(directory=str(tmp_path / "none")))
    assert caught.value.why == "No such file or directory"
    assert descriptors() == before
    log = Log("record", str(allow.record))
    deadline = time.monotonic() + 90
    while verify(log).state == "live":
        assert time.monotonic() < deadline
    assert (verify(log).state, allow.record.read_text("ascii").count('"kind":"session"')) == ("open", 1)


@pytest.mark.parametrize("waiting", ["joining._TIMEOUT_S", "admission.DEADLINE_S"])
def test_one_that_does_not_answer_is_an_error_and_nothing_is_left(
    allow: Allow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: str
) -> None:
    """It may have the sockets by then, so a gateway of its own could not make them."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(f"paddock.gateway.shared.{waiting}", 0.2)
    with in_its_place(lambda _: signal.pause()):
        before = descriptors()
        with pytest.raises(PaddockError, match="could not be started") as caught:
            allow(to_host(WEB, 80, 1))
        assert "does not answer" in caught.value.why
        assert descriptors() == before
