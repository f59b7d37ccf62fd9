"""Between two terminals, without a sandbox: what is shown, what is held, and what ends it."""

from __future__ import annotations

import os
import select
import signal

import pytest

from paddock.console import Console
from paddock.kernel import terminal
from tests.forked import forked


class Desk:
    """A person's terminal as 0, 1 and 2 of this process, and a command's PTY."""

    def __init__(self) -> None:
        self.person, own = os.openpty()
        for number in (0, 1, 2):
            os.dup2(own, number)
        self.hung_up = 0
        self.console = Console((0, 1, 2), self.hang_up)
        outside, self.command = os.openpty()
        self.console.use(outside)

    def hang_up(self) -> None:
        self.hung_up += 1

    def move(self) -> None:
        """One round of the loop."""
        poll = select.poll()
        for descriptor, events in self.console.interest().items():
            poll.register(descriptor, events)
        self.console.move(dict(poll.poll(0)))


def test_a_terminal_that_goes_away_while_it_is_looked_at_is_no_failure() -> None:
    """Somebody closes the window just then; SIGHUP says so."""

    def task() -> bool:
        desk = Desk()
        terminal.in_foreground = lambda terminal: terminal == 0
        os.close(desk.person)
        desk.console.take_over()
        late = Console((0, 1, 2), desk.hang_up)
        late.take_over()
        late.close()
        return late.modes is None

    assert forked(task)


def writer(descriptor: int) -> int:
    """A process that writes until it is killed."""
    pid = os.fork()
    if pid == 0:
        while True:
            os.write(descriptor, b"y" * 1000)
    return pid


def test_the_last_words_are_shown_although_somebody_writes_on() -> None:
    def task() -> bool:
        desk = Desk()
        os.write(desk.command, b"last words")
        talker, listener = writer(desk.command), os.fork()
        if listener == 0:
            while os.read(desk.person, 65536):
                continue
        try:
            desk.console.flush()
        finally:
            for pid in (talker, listener):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return desk.console.to_screen == b""

    assert forked(task)


def test_a_person_who_does_not_read_holds_the_command_up() -> None:
    def task() -> bool:
        desk = Desk()
        os.set_blocking(desk.command, False)
        os.set_blocking(1, False)  # or the last write would wait for the person
        held = 0
        while select.select([], [desk.command], [], 0.05)[1]:
            held += os.write(desk.command, b"x" * 1000)
            for _ in range(3):
                desk.move()
        return held < 1 << 20 and len(desk.console.to_screen) < 1 << 18

    assert forked(task)


@pytest.mark.parametrize("typing", [False, True])
def test_a_terminal_that_goes_away_is_told(typing: bool) -> None:
    def task() -> int:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        desk = Desk()
        desk.console.reads_input = typing
        os.close(desk.person)
        if typing:
            desk.console._read_input()
        else:
            os.write(desk.command, b"words")
            desk.move()
            desk.move()
        return desk.hung_up

    assert forked(task) == 1
