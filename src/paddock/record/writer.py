"""The writer of a log: it can add lines, and nothing else.

It holds one descriptor that was opened for appending by somebody else, and no right to open files. A line is written
by one call; when that fails, or the log has reached its limit, the writer is broken for good and says so, since what is
not recorded must not happen.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time

from paddock.record import chain, logs
from paddock.record.anchors import Anchor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_TEXT = 2000  # characters of one value; each may take six bytes
_FOR_THE_END = 4096  # bytes that are kept free below the limit, so that a full log is closed with the reason


def open_to_append(path: str) -> int:
    """A descriptor to write a log with; the log is live until it and all copies of it are closed. Raises OSError.

    The lock belongs to the open file, so it goes with the descriptor through fork(2), and ends with whoever has it.
    It is of the kind that can be asked for without being taken: whoever looks at the log keeps no writer out.
    """
    descriptor = os.open(path, _APPEND, 0o600)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, logs.lock_of_all(fcntl.F_WRLCK))
    except BlockingIOError:
        os.close(descriptor)
        raise BlockingIOError(errno.EBUSY, "it is being written", path) from None
    return descriptor


def preload() -> None:
    """Import all that writing needs, for a process that gives up the right to read files."""
    chain.digest(chain.encoder().encode({"text": "\u20ac"}).encode("ascii"))


class Writer:
    """Writes the log of one sandbox and plan.

    `broken` says why nothing more can be written, and `on_broken` is called then. Its first and last lines are for
    `begin` and `close`. Values are text (of which 2000 characters are kept), numbers, None, and lists of these.
    """

    def __init__(
        self, descriptor: int, sandbox: str, plan: str, *, limit_bytes: int, on_broken: Callable[[], object]
    ) -> None:
        self.broken = ""
        self.anchor = Anchor(0, chain.GENESIS)
        self._descriptor = descriptor
        self._about = {"sandbox": sandbox, "plan": plan}
        self._left = limit_bytes
        self._on_broken = on_broken
        self._encoder = chain.encoder()
        self._torn = self._closed = False

    def begin(self, **about: object) -> None:
        """Write the first line."""
        self._append(chain.FIRST, {"schema": chain.SCHEMA, **about}, _FOR_THE_END)

    def append(self, kind: str, **more: object) -> None:
        """Write one event. The names of what every line has are not for `more`."""
        self._append(kind, more, _FOR_THE_END)

    def close(self, **more: object) -> Anchor:
        """Write the last line, also when the log is full; what the parent keeps of it."""
        self._append(chain.LAST, more, 0)
        self._closed = True
        return self.anchor

    def _append(self, kind: str, more: dict[str, object], spared: int) -> None:
        if self._torn or self._closed or (self.broken and kind != chain.LAST):
            return
        event = {
            **{name: _short(value) for name, value in more.items()},
            **self._about,
            "seq": self.anchor.count, "t": time.time_ns() // 1_000_000, "kind": kind, "prev": self.anchor.head,
        }  # fmt: skip
        line = chain.line_of(event, self._encoder)
        if len(line) >= self._left - spared or len(line) > chain.LONGEST:
            self._break("the record is full")
            return
        try:
            written = os.write(self._descriptor, line + b"\n")
        except OSError as error:
            self._break(f"the record could not be written: {error.strerror}")
            return
        if written != len(line) + 1:
            self._torn = True  # whatever came next would be glued to half a line
            self._break("the record could not be written in full")
            return
        self._left -= written
        self.anchor = Anchor(self.anchor.count + 1, chain.digest(line))

    def _break(self, why: str) -> None:
        if not self.broken:
            self.broken = why
            self._on_broken()


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    return value
