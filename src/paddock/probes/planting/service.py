"""A service on the host's loopback that answers HTTP and remembers what it heard: the one that a rule may allow."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Answers = Mapping[bytes, bytes]

GREETING = b"at your service\n"
_LOOPBACK = "127.0.0.1"
_MOST_KEPT = 4 << 20  # bytes of a connection; what is beyond is only counted
_HEAD_END = b"\r\n\r\n"
_LONG_S = 60  # for our own thread, on a busy machine
_SETTLING = b"GET /settled HTTP/1.1" + _HEAD_END


class Service:
    """Serves in a thread of its own until `close`. `answers` are whole responses, by a request's target."""

    def __init__(self, answers: Answers | None = None) -> None:
        import threading

        self._answers = {} if answers is None else answers
        self._heard: list[bytearray] = []
        self._most_at_once = 0
        self._bytes = 0
        self._listener = socket.create_server((_LOOPBACK, 0), backlog=128)
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for one in (self._listener, self._woken):
            one.settimeout(0)
            self._selector.register(one, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def heard(self) -> tuple[bytes, ...]:
        """What came on each connection, all of it that was sent until now."""
        # Twice: the second answer comes after everything that was there with the first has been read.
        for _ in range(2):
            with socket.create_connection((_LOOPBACK, self.port), timeout=_LONG_S) as ours:
                ours.sendall(_SETTLING)
                ours.recv(1)
        return tuple(bytes(one) for one in self._heard if not one.startswith(_SETTLING))

    def has_heard(self, what: bytes) -> bool:
        """Whether these bytes came on any connection."""
        return any(what in one for one in self.heard())

    @property
    def bytes_heard(self) -> int:
        """All bytes of all connections."""
        return self._bytes

    @property
    def most_at_once(self) -> int:
        """How many connections were open at the same time."""
        return self._most_at_once

    def close(self) -> None:
        """End it, with its connections."""
        self._wake.close()
        self._thread.join()

    def _serve(self) -> None:
        kept: dict[socket.socket, bytearray] = {}
        while True:
            for key, _ in self._selector.select():
                one = key.fileobj
                if one is self._woken:
                    self._selector.close()
                    for each in (self._listener, self._woken, *kept):
                        each.close()
                    return
                if one is self._listener:
                    self._accept(kept)
                elif isinstance(one, socket.socket) and not self._read(one, kept[one]):
                    self._selector.unregister(one)
                    del kept[one]
                    one.close()

    def _accept(self, kept: dict[socket.socket, bytearray]) -> None:
        with suppress(OSError):
            made, _ = self._listener.accept()
            made.settimeout(0)
            kept[made] = bytearray()
            self._heard.append(kept[made])
            self._selector.register(made, selectors.EVENT_READ)
            self._most_at_once = max(self._most_at_once, len(kept))

    def _read(self, one: socket.socket, kept: bytearray) -> bool:
        """Take all that came, and answer each head that is complete with it. False at the end."""
        is_open, before = True, kept.count(_HEAD_END)
        try:
            while data := one.recv(1 << 16):
                self._bytes += len(data)
                kept += data if len(kept) < _MOST_KEPT else b""
            is_open = False
        except BlockingIOError:
            pass
        except OSError:
            is_open = False
        with suppress(OSError):
            for head in bytes(kept).split(_HEAD_END)[before:-1]:
                one.send(self._answer(head))
        return is_open

    def _answer(self, head: bytes) -> bytes:
        target = head.split(b"\r\n")[0].split(b" ")[1:2]
        return self._answers.get(target[0] if target else b"", _response(b"200 OK", GREETING))


def redirect(url: str) -> bytes:
    """The response that sends a visitor elsewhere."""
    return _response(b"302 Found", b"", b"Location: %s\r\n" % url.encode())


def _response(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(body), body)
