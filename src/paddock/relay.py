"""Bytes between the caller's descriptors and the pipes of a command: input, output and errors.

Nothing about the caller's descriptors is changed, since their open files are shared with others: O_NONBLOCK is
never set on them, and a regular file of which the command left something unread is put back to that place.
Of each stream at most one buffer is held, so that whoever is slow holds up the other side, as a pipe does.
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import socket
import stat
import termios
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 65536
_BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
_NAMES = ("standard input", "standard output", "standard error")


class _Ours:
    """Our end of a pipe of the command's, which does not wait."""

    may_wait = False

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self, most: int) -> bytes:
        return os.read(self.descriptor, most)

    def write(self, data: memoryview) -> int:
        return os.write(self.descriptor, data)

    def waiting(self) -> int:
        """How many bytes are in the pipe (FIONREAD, ioctl_tty(2)); also from its writing end."""
        count = array.array("i", [0])
        fcntl.ioctl(self.descriptor, termios.FIONREAD, count)
        return count[0]

    def room(self) -> int:
        """How many bytes more the pipe may hold, whatever size the command has given it."""
        return fcntl.fcntl(self.descriptor, fcntl.F_GETPIPE_SZ) - self.waiting()

    def turn_around(self) -> None:
        """Hold the other end instead: the command comes to the end of its input, and `waiting` goes on counting."""
        other = os.open(f"/proc/self/fd/{self.descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.close(self.descriptor)
        self.descriptor = other

    def close(self) -> None:
        os.close(self.descriptor)


class _Given:
    """A descriptor of the caller's, used without waiting once poll(2) has said that it is ready."""

    def __init__(self, number: int) -> None:
        self.number = self.descriptor = number
        self._most = _CHUNK
        self._socket: socket.socket | None = None
        self.may_wait = True  # unless poll(2) has just said that it will not
        kind = os.fstat(number).st_mode
        self.takes_back = stat.S_ISREG(kind)
        if stat.S_ISFIFO(kind):
            self._open_again()
        elif stat.S_ISSOCK(kind):
            self._socket = socket.socket(fileno=os.dup(number))
            self.may_wait = False

    def _open_again(self) -> None:
        """A pipe as an open file of our own, which does not wait where others read or write the same pipe."""
        direction = os.O_RDONLY if self.number == 0 else os.O_WRONLY
        self._most = select.PIPE_BUF  # so much does not wait, unless somebody else comes first (pipe(7))
        if fcntl.fcntl(self.number, fcntl.F_GETFL) & os.O_ACCMODE in (direction, os.O_RDWR):
            with suppress(OSError):  # another user's pipe
                self.descriptor = os.open(f"/proc/self/fd/{self.number}", direction | os.O_NONBLOCK | os.O_CLOEXEC)
                self._most, self.may_wait = _CHUNK, False

    def read(self, most: int) -> bytes:
        if self._socket:
            return self._socket.recv(most, socket.MSG_DONTWAIT)
        return os.read(self.descriptor, most)

    def write(self, data: memoryview) -> int:
        if self._socket:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        return os.write(self.descriptor, data[: self._most])

    def put_back(self, count: int) -> None:
        """Leave to the next reader of a file what was read of it and not used."""
        if count and self.takes_back:
            os.lseek(self.number, -count, os.SEEK_CUR)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        if self.descriptor != self.number:
            os.close(self.descriptor)


class _Flow:
    """One stream. `held` was read and is still to be written."""

    def __init__(self, number: int, ours: int) -> None:
        self.number = number
        self.ours, self.given = _Ours(ours), _Given(number)
        self.source: _Ours | _Given = self.ours if number else self.given
        self.target: _Ours | _Given = self.given if number else self.ours
        self.held = memoryview(b"")
        self.left: int | None = None  # to be read yet, since the command has ended
        self.full = False
        self.over = False  # all input was passed on; how much of it is unread may still matter
        self.open = True
        self.failure = ""

    def interest(self) -> dict[int, int]:
        """What to ask poll(2) for."""
        if not self.open or self.over:
            return {}
        if self.held or self.full or self.left is not None:
            return {self.target.descriptor: select.POLLOUT}
        # With nothing asked of it the target still tells when nobody is there to read.
        return {self.target.descriptor: 0, self.source.descriptor: select.POLLIN}

    def move(self, ready: Mapping[int, int]) -> None:
        """Go one step on."""
        target, source = (ready.get(end.descriptor, 0) for end in (self.target, self.source))
        if not self.open or self.over:
            return
        if self.held and target:
            self._write()
        elif self.full and target & select.POLLOUT:
            self.full = False
        elif target & _BROKEN:
            self._end_early()
        elif (self.left is not None and target) or (source and not self.held and not self.full):
            self._read()

    def finish(self) -> None:
        """The command has ended: only what it wrote by now is still delivered. Others inside may be writing on."""
        if self.open and self.number:
            self.left = self.ours.waiting()
            if not self.held:
                self._read()
        elif self.open:
            self._end_early()

    def give_up(self) -> None:
        """Deliver nothing more."""
        if self.open and (count := len(self.held) + (self.left or 0)):
            self.failure = f"the last {count} bytes of {_NAMES[self.number]} were not taken and are lost"
        self.end()

    def end(self) -> None:
        """Close our side: the command reads the end of its input, or is told that nobody reads its output."""
        if self.open:
            self.open = False
            self.held = memoryview(b"")
            self.ours.close()
            self.given.close()

    def _read(self) -> None:
        most = _CHUNK if self.left is None else min(self.left, _CHUNK)
        if self.target is self.ours:
            most = min(most, self.ours.room())  # no further ahead of the command than the pipe
            self.full = most <= 0
            if self.full:
                return
        try:
            data = self.source.read(most) if most else b""
        except BlockingIOError:
            if self.left is not None:  # somebody inside has read it
                self.end()
            return
        except ConnectionError:
            data = b""
        except OSError as error:
            data = b""
            self._fail("read", error)
        self.held = memoryview(data)
        if self.left is not None:
            self.left -= len(data)
        if not data:
            self._end_of_stream()
        elif not self.target.may_wait:
            self._write()

    def _write(self) -> None:
        try:
            self.held = self.held[self.target.write(self.held) :]
        except BlockingIOError:
            return
        except ConnectionError:  # EPIPE: nobody reads any more
            self._end_early()
        except OSError as error:
            self._fail("written", error)
            self.end()
        if not self.held and self.left == 0:
            self.end()

    def _end_of_stream(self) -> None:
        if self.source is self.given and self.given.takes_back:
            with suppress(OSError):  # the command has made its pipe unreadable
                self.ours.turn_around()
                self.over = True
                return
        self.end()

    def _end_early(self) -> None:
        if self.source is self.given:
            self.given.put_back(len(self.held) + self.ours.waiting())
        self.end()

    def _fail(self, what: str, error: OSError) -> None:
        self.failure = f"{_NAMES[self.number]} could not be {what}: {error.strerror}"


class Relay:
    """All streams of one command that are pipes. Takes over our ends of them."""

    def __init__(self, streams: dict[int, int]) -> None:
        self._flows = [_Flow(number, ours) for number, ours in sorted(streams.items())]
        streams.clear()
        self._begun = False

    def begin(self) -> None:
        """The command runs: from now on its input is read."""
        self._begun = True

    def interest(self) -> dict[int, int]:
        """What to ask poll(2) for, by descriptor."""
        wanted: dict[int, int] = {}
        for flow in self._flows:
            if flow.number or self._begun:
                wanted |= flow.interest()
        return wanted

    def move(self, ready: Mapping[int, int]) -> None:
        """Move what can be moved without waiting."""
        for flow in self._flows:
            flow.move(ready)

    def settle(self) -> None:
        """Deliver what is there already and can be delivered without waiting."""
        for _ in range(32):  # others inside may be writing on
            poll = select.poll()
            for descriptor, events in self.interest().items():
                poll.register(descriptor, events)
            ready = dict(poll.poll(0))
            if not ready:
                return
            self.move(ready)

    def finish(self) -> None:
        """The command has ended: deliver what it wrote, and no more. `done` says when."""
        for flow in self._flows:
            flow.finish()

    def give_up(self) -> None:
        """Deliver nothing more; what is lost is told."""
        for flow in self._flows:
            flow.give_up()

    @property
    def done(self) -> bool:
        """Whether everything has been delivered, or has nobody to be delivered to."""
        return not any(flow.open for flow in self._flows)

    def failures(self) -> tuple[str, ...]:
        """What could not be read or delivered, and why."""
        return tuple(flow.failure for flow in self._flows if flow.failure)

    def close(self) -> None:
        """Close all that is still open."""
        for flow in self._flows:
            flow.end()
