"""Secrets in the bytes of files, found by Kingfisher in a process of its own (`examiner`).

Files go in and answers come out in the same order, a few under way at once, so that reading and looking overlap.
A file on which the process dies or takes too long is given up; a new process goes on with the next one.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections import deque
from contextlib import suppress

from paddock.frozen import frozen
from paddock.preflight import names
from paddock.preflight.cache import Secret, Seen
from paddock.preflight.examiner import ANSWER, LENGTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

UNDER_WAY = 8  # answers fit a pipe, so the process never waits for us to read them
RESTARTS = 3
START_TIMEOUT_S = 60.0  # its rules are compiled the first time
HANG_TIMEOUT_S = 15.0
_LARGEST_ANSWER = 1 << 16
_PIPE_BYTES = 1 << 20


class OutOfTime(Exception):
    """The caller's own time is over."""


class Unavailable(Exception):
    """There is no detector here; the message says why."""


@frozen
class Item:
    """A file to look into. `key` is the caller's."""

    key: bytes
    path: str
    data: bytes


def version() -> str:
    """What decides about findings: the detector's version. Empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("kingfisher-secret-scanner")
    except PackageNotFoundError:
        return ""


def preload() -> None:
    """Import what looking into files takes in this process."""
    import json

    _ = (json, version())


class Detector:
    """The process, started at once; it compiles its rules while others work."""

    def __init__(self, rules_directory: str, until: float = float("inf")) -> None:
        """`rules_directory` is private and holds what was compiled before; `until` is a time of time.monotonic()."""
        self._rules, self._until = rules_directory, until
        self._items: deque[Item] = deque()
        self._answers: deque[tuple[Item, Seen | None]] = deque()
        self._restarts = 0
        self._failure = ""
        self._pid = 0
        try:
            self._start()
        except BaseException:  # Ctrl-C, which had to wait
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        if self._pid:
            os.close(self._to)
            os.close(self._from)
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0

    def look(self, item: Item) -> Iterator[tuple[Item, Seen | None]]:
        """Give a file in, and give back what is done; None for a file that could not be looked into.

        Raises Unavailable, or OutOfTime where the answer does not come in time.
        """
        self._send(item)
        while len(self._items) >= UNDER_WAY:
            self._step()
        yield from self._done()

    def rest(self) -> Iterator[tuple[Item, Seen | None]]:
        """Wait for everything that is under way. Raises as `look`."""
        while self._items:
            self._step()
        yield from self._done()

    def _done(self) -> Iterator[tuple[Item, Seen | None]]:
        while self._answers:
            yield self._answers.popleft()

    # -- the process -------------------------------------------------------------------------------

    def _start(self) -> None:
        from paddock.preflight import examiner

        theirs, self._to = os.pipe2(os.O_CLOEXEC)
        self._from, ours = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        # No signal may find the new process with this one's handlers: after Ctrl-C both would go on from here.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._pid = os.fork()
            if self._pid == 0:
                examiner.run(theirs, ours, self._rules, parent)
            os.close(theirs)
            os.close(ours)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.set_blocking(self._to, False)
        with suppress(OSError):  # more than a person may have in pipes, perhaps
            fcntl.fcntl(self._to, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._unsent, self._received = bytearray(), bytearray()
        self._greeted = False
        self._deadline = time.monotonic() + START_TIMEOUT_S

    def _send(self, item: Item) -> None:
        path = os.fsencode(names.for_rules(item.path))
        if not self._items:  # the process had nothing to answer
            self._deadline = max(self._deadline, time.monotonic() + HANG_TIMEOUT_S)
        self._items.append(item)
        self._unsent += LENGTHS.pack(len(path), len(item.data)) + path + item.data

    def _step(self) -> None:
        """Move some bytes, or give up the file that holds everything up. Raises OutOfTime, Unavailable."""
        left = min(self._deadline, self._until) - time.monotonic()
        readable, writable, _ = select.select([self._from], [self._to] if self._unsent else [], [], max(0.0, left))
        try:
            if writable:
                self._pass_on()
            if readable:
                self._hear()
        except (EOFError, ValueError, TypeError):  # it is gone, or talks nonsense
            self._give_up()
        else:
            if not (readable or writable):
                if time.monotonic() >= self._until:
                    raise OutOfTime
                self._give_up()

    def _pass_on(self) -> None:
        """Some more of the files. One that is gone reads no more, but what it said last is still to be heard."""
        try:
            del self._unsent[: os.write(self._to, self._unsent[:_PIPE_BYTES])]
        except BrokenPipeError:
            self._unsent.clear()

    def _hear(self) -> None:
        """Raises EOFError, ValueError, TypeError."""
        piece = os.read(self._from, 1 << 16)
        if not piece:
            raise EOFError
        self._received += piece
        while len(self._received) >= ANSWER.size:
            (length,) = ANSWER.unpack(self._received[: ANSWER.size])
            if length > _LARGEST_ANSWER:
                raise ValueError(length)
            if len(self._received) < ANSWER.size + length:
                return
            text = bytes(self._received[ANSWER.size : ANSWER.size + length])
            del self._received[: ANSWER.size + length]
            self._deadline = time.monotonic() + HANG_TIMEOUT_S
            self._understand(text)

    def _understand(self, text: bytes) -> None:
        import json

        data = json.loads(text)
        if isinstance(data, dict):  # its first word, or its last
            self._failure = "" if self._greeted else str(data.get("failed", ""))
            self._greeted = True
        elif self._items:
            seen = None if data is None else Seen(tuple(Secret(*row) for row in data))
            self._answers.append((self._items.popleft(), seen))

    def _give_up(self) -> None:
        """The process is gone or hangs: the first file without an answer is to blame, unless it never began."""
        greeted, failure = self._greeted, self._failure
        self.close()
        if failure or not greeted or self._restarts == RESTARTS:
            raise Unavailable(failure or "it ended, or took too long, again and again")
        self._restarts += 1
        if self._items:
            self._answers.append((self._items.popleft(), None))
        left, self._items = self._items, deque()
        self._start()
        for item in left:
            self._send(item)
