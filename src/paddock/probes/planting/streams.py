"""The standard streams that an attacker is started with: a pipe, a file to append to, a pipe with words in it."""

from __future__ import annotations

import os
import select
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.planting.ground import Ground

_FIRST = b"words of another program\n"


class Streams:
    """Standard input, output and error, each with something that is not the attacker's."""

    def __init__(self, ground: Ground) -> None:
        self.output = f"{ground.base}/output"
        self.written = os.open(self.output, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.write(self.written, _FIRST + f"{ground.canary()}\n".encode())
        self.input, self.errors = os.pipe(), os.pipe()
        for end in (self.written, *self.input, *self.errors):
            ground.undo.callback(os.close, end)
        self._foreign = f"{ground.canary()}\n"
        os.write(self.errors[1], self._foreign.encode())

    def said(self) -> str:
        """What came on standard error."""
        os.set_blocking(self.errors[0], False)
        try:
            return os.read(self.errors[0], 1 << 16).decode(errors="replace").replace(self._foreign, "", 1)
        except BlockingIOError:  # the attacker read even that
            return ""

    def text(self) -> bytes:
        """What came on standard output, our own words included. A probe may have overwritten those."""
        with open(self.output, "rb") as file:
            return file.read()

    def effects(self) -> Iterator[tuple[str, str]]:
        """What was done to them. To be asked before anybody reads the output, which changes its times."""
        found = os.stat(self.output)
        with open(self.output, "rb") as file:
            begins = file.read(len(_FIRST))
        checks = {
            "FS-15 stdin-reopened-for-writing": not select.select([self.input[0]], [], [], 0)[0],
            "FS-15 stdin-flags-changed": os.get_blocking(self.input[0]),
            "FS-15 stdout-overwritten-by-reopening": begins == _FIRST,
            "FS-15 stdout-mode-changed": not found.st_mode & stat.S_IXUSR,
            "FS-15 stdout-times-changed": found.st_atime > 1,
        }
        return ((name, "the host saw the effect") for name, held in checks.items() if not held)
