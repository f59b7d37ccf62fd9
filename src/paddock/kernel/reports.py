"""What the process that waits for a command tells the session, over a socket pair: one message each.

Whoever waits does not reap the command before the session has closed its end: until then the command's pid
cannot become another process's, and signals to it are safe.
"""

from __future__ import annotations

import array
import os
import socket
import struct

from paddock.frozen import frozen

_KINDS = {b"P": "pid", b"T": "terminal", b"F": "failed", b"S": "stopped", b"E": "exited", b"K": "killed"}


@frozen
class Report:
    """What the joiner tells: `kind` is pid, terminal, failed, stopped, exited or killed."""

    kind: str
    number: int = 0
    text: str = ""
    descriptor: int = -1


class Joined:
    """Our end of a running command: its reports, its streams, and its pid while it cannot have been reused."""

    def __init__(self, joiner: int, channel: socket.socket, streams: dict[int, int]) -> None:
        """`streams` are our ends of its pipes, by the number that they have inside."""
        self.joiner = joiner
        self.channel = channel
        self.streams = streams
        self.starting = -1  # at its end once the command has become its program, or has failed to
        self.first: list[Report] = []  # received already, still to be heard
        self._released = False

    def wait_for_command(self) -> Report | None:
        """Wait until the command exists. The report of a failure, where it never will."""
        report = self._receive()
        if report is None:
            return Report("failed", 0, "namespaces: the joiner died")
        self.first.append(report)
        return report if report.kind == "failed" else None

    def receive(self) -> Report | None:
        """The next report, or None when the joiner is gone without a last word."""
        return self.first.pop(0) if self.first else self._receive()

    def _receive(self) -> Report | None:
        try:
            message, ancillary, _, _ = self._take()
        except ConnectionError:
            try:
                # What it did not read when it ended is told first (unix(7), ECONNRESET), its last word after that.
                message, ancillary, _, _ = self._take()
            except ConnectionError:
                return None
        if not message:
            return None
        kind, number = _KINDS[message[:1]], struct.unpack("i", message[1:5])[0]
        descriptor = struct.unpack("i", ancillary[0][2][:4])[0] if ancillary else -1
        if kind == "pid":
            self.starting, descriptor = descriptor, -1
        return Report(kind, number, message[5:].decode("utf-8", "replace"), descriptor)

    def _take(self) -> tuple[bytes, list[tuple[int, int, bytes]], int, object]:
        return self.channel.recvmsg(4096, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)

    def release(self) -> None:
        """Let the joiner reap the command and end, and close all. Its pid must not be used afterwards. Idempotent."""
        if self._released:
            return
        self._released = True
        self.channel.close()
        for descriptor in (*self.streams.values(), self.starting):
            if descriptor >= 0:
                os.close(descriptor)
        self.streams.clear()
        self.starting = -1
        os.waitpid(self.joiner, 0)


def tell_failure(channel: socket.socket, step: str, error: BaseException) -> None:
    """Say which step of a start failed, and why.

    The last code of ours before a hostile command, maybe behind its filter: opens and imports nothing.
    """
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename and not step.endswith(str(error.filename)) else ""
        tell(channel, b"F", error.errno or 0, f"{step}: {error.strerror or error}{where}")
    else:
        tell(channel, b"F", 0, f"{step}: {type(error).__name__}: {error}")


def tell(channel: socket.socket, kind: bytes, number: int, text: str = "", descriptor: int = -1) -> None:
    """Send one message. Nobody may be there to hear."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))] if descriptor >= 0 else []
    try:
        channel.sendmsg([kind + struct.pack("i", number) + text.encode("utf-8", "replace")[:2000]], ancillary)
    except ConnectionError:
        return
