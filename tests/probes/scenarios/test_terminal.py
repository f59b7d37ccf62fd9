from __future__ import annotations

import pytest

from paddock.errors import PaddockError
from paddock.probes.scenarios.terminal import Terminal

ENVIRON = {"PATH": "/usr/bin:/bin", "TERM": "xterm"}


def test_a_program_has_it_as_its_own_and_sees_its_size_change() -> None:
    script = "trap 'stty size' WINCH; tty; stty size; while :; do sleep 0.02; done"
    with Terminal(("/bin/sh", "-c", script), ENVIRON, "/") as shown:
        assert shown.shows(b"30 100")
        assert b"/dev/pts/" in shown.seen
        shown.resize(7, 9)
        assert shown.shows(b"7 9")
        shown.type(b"\x03")
        assert shown.finish() == -2


def test_what_is_typed_arrives_and_the_end_is_read_to_the_last_byte() -> None:
    with Terminal(("/bin/sh", "-c", "read word; seq 5000; exit 7"), ENVIRON, "/") as shown:
        shown.type(b"x\n")
        assert shown.finish() == 7
    assert shown.seen.endswith(b"5000\r\n")


def test_words_that_never_come_are_not_waited_for_beyond_the_end() -> None:
    with Terminal(("/bin/echo", "one"), ENVIRON, "/") as shown:
        assert not shown.shows(b"two", timeout_s=60)


def test_one_that_goes_on_is_said_and_ended() -> None:
    with Terminal(("/bin/cat",), ENVIRON, "/") as shown, pytest.raises(PaddockError, match="did not end"):
        shown.finish(0.1)
