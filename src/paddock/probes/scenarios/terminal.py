"""A terminal of the host with a program on it, driven as a person would: wait for what is seen, then type."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import time

from paddock import process
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STEP_S = 0.02
LONG_S = 60.0  # for what must come, on a busy machine; what never comes costs as much
# A session leader without a terminal gets the first one that it opens (tty_ioctl(4)), and becomes the program on it.
_TAKE = 'exec 0<>"$0" 1>&0 2>&0; exec "$@"'


class Terminal:
    """Its two sides, and what was seen on it so far. The program on it ends with `with`."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], cwd: str) -> None:
        self.seen = b""
        # We hold the other side as well: it may not go before the program has opened it.
        self._ours, self._theirs = os.openpty()
        self.resize(30, 100)
        try:
            taking = ("/bin/sh", "-c", _TAKE, os.ttyname(self._theirs), *argv)
            self._started = process.start(taking, environment=environ, cwd=cwd)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Terminal:  # noqa: PYI034 - typing.Self would have to be imported
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._started.end(1)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window; the kernel tells the programs in it (SIGWINCH)."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """As a person's keyboard."""
        os.write(self._ours, keys)

    def shows(self, words: bytes, timeout_s: float = 0) -> bool:
        """Whether the words are seen in time: `LONG_S` where no other is said."""
        deadline = time.monotonic() + (timeout_s or LONG_S)
        while words not in self.seen and time.monotonic() < deadline:
            if not self._read(_STEP_S) and self._started.wait(0) is not None:
                break
        return words in self.seen

    @property
    def ended(self) -> bool:
        """Whether the program on it has come to its end."""
        return self._started.wait(0) is not None

    def finish(self, timeout_s: float = 0) -> int:
        """Read to the end; the program's exit status, or minus the signal. Raises PaddockError where it goes on."""
        deadline = time.monotonic() + (timeout_s or LONG_S)
        while (status := self._started.wait(0)) is None:
            if time.monotonic() > deadline:
                raise PaddockError(f"the program on a terminal did not end within {timeout_s or LONG_S:g} s")
            self._read(_STEP_S)
        while self._read(0):
            continue
        return status

    def _read(self, patience_s: float) -> bool:
        ready = select.select([self._ours], [], [], patience_s)[0]
        self.seen += os.read(self._ours, 1 << 16) if ready else b""
        return bool(ready)

    def _close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)
