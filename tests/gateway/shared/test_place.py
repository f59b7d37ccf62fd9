"""Who meets whom at the socket, and who has a gateway of its own instead."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import paddock
from paddock.gateway.shared import place
from tests.capabilities import needs

SOURCE = str(Path(paddock.__file__).parent.parent)


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "paddock"


def answers(listening: socket.socket, greeting: bytes) -> bool:
    """Whether somebody who is greeted like this takes the line."""
    pid = os.fork()
    if pid == 0:
        try:
            accepted, _ = listening.accept()
            accepted.sendall(greeting)
            accepted.recv(1)
        finally:
            os._exit(0)
    line = place.connect()
    if line is not None:
        line.close()
    os.waitpid(pid, 0)
    return line is not None


def test_where_nobody_serves_there_is_no_line(runtime: Path) -> None:
    assert place.connect() is None
    place.listen().close()
    assert (runtime / "gateway").exists()  # left behind
    assert place.connect() is None


def test_the_socket_is_the_persons_alone_and_takes_the_place_of_one_that_was_left(runtime: Path) -> None:
    place.listen().close()
    with place.listen() as listening:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (runtime, runtime / "gateway")]
        assert modes == [0o700, 0o600]
        assert answers(listening, place.greeting())
    place.remove()
    place.remove()
    assert not (runtime / "gateway").exists()


def test_a_runtime_directory_with_a_very_long_path_has_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("long" * 30)))
    with place.listen() as listening:
        assert answers(listening, place.greeting())


@pytest.mark.parametrize("greeting", [b"paddock 0.0.0 1:2", b"", b"x" * 1000])
def test_another_version_is_left_alone(greeting: bytes) -> None:
    with place.listen() as listening:
        assert not answers(listening, greeting)


def test_another_users_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with place.listen() as listening:
        other = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: other)
        assert not answers(listening, place.greeting())


def test_one_that_does_not_speak_is_not_waited_for_and_the_person_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(place, "_GREETING_TIMEOUT_S", 0.05)
    with place.listen():
        assert place.connect() is None
    assert "does not answer" in capfd.readouterr().err
    assert place.connect() is None  # left behind
    assert capfd.readouterr().err == ""


@needs("bubblewrap")
def test_in_another_network_it_says_another_word(runtime: Path) -> None:
    """Whoever started it there would send what programs ask for out of a network that theirs is not."""
    script = (
        f"import sys; sys.path.insert(0, {SOURCE!r})\nfrom paddock.gateway.shared import place\nprint(place.greeting())"
    )
    elsewhere = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", sys.executable, "-I", "-c", script]
    done = subprocess.run(elsewhere, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("b'paddock ")
    assert done.stdout.strip() != repr(place.greeting())
