"""All that is outside in a network of the probe's own: a name server, and listeners that count what arrives."""

from __future__ import annotations

import selectors
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ANYWHERE, _DNS = "0.0.0.0", 53  # noqa: S104 - nobody else is in this network
_LONGEST = 1 << 16
_TYPE_A, _TYPE_AAAA, _ANSWER, _NO_SUCH_NAME = 1, 28, 0x8180, 0x8183


class Outside:
    """Serves in a thread until `end`. Names that are not in `names` do not exist."""

    def __init__(self, names: Mapping[str, str], listeners: Sequence[socket.socket]) -> None:
        """Raises OSError."""
        import threading

        self._names = names
        self._asked: list[str] = []
        self._arrived: list[bytearray] = []
        self._kept: dict[socket.socket, bytearray] = {}
        self._selector = selectors.DefaultSelector()
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind((_ANYWHERE, _DNS))
        self._streams = socket.create_server((_ANYWHERE, _DNS))
        self._listeners = listeners
        self._wake, self._woken = socket.socketpair()
        for one in (self._datagrams, self._streams, *self._listeners, self._woken):
            one.settimeout(0)
            self._selector.register(one, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> tuple[list[str], list[bytes]]:
        """Which names were asked for, and what came to the listeners; all that was sent until now."""
        self._wake.close()
        self._thread.join()
        return self._asked, [bytes(one) for one in self._arrived]

    def _serve(self) -> None:
        is_ending = False
        while True:
            # Once it is to end, what has come is still read, until nothing more is there.
            ready = [key.fileobj for key, _ in self._selector.select(0 if is_ending else None)]
            if is_ending and not ready:
                return
            for one in ready:
                if one is self._woken:
                    self._selector.unregister(one)
                    is_ending = True
                elif isinstance(one, socket.socket):
                    self._take(one)

    def _take(self, one: socket.socket) -> None:
        try:
            if one is self._datagrams:
                query, sender = one.recvfrom(_LONGEST)
                one.sendto(self._answer(query), sender)
            elif one in (self._streams, *self._listeners):
                self._accept(one)
            else:
                self._read(one)
        except OSError:
            if one in self._kept:
                self._selector.unregister(one)
                del self._kept[one]
                one.close()

    def _accept(self, one: socket.socket) -> None:
        made, _ = one.accept()
        made.settimeout(0)
        self._kept[made] = bytearray()
        if one in self._listeners:
            self._arrived.append(self._kept[made])
        self._selector.register(made, selectors.EVENT_READ)

    def _read(self, one: socket.socket) -> None:
        data = one.recv(_LONGEST)
        if not data:
            raise ConnectionResetError
        kept = self._kept[one]
        kept += data
        if any(kept is each for each in self._arrived):
            one.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        elif len(kept) > 1 and len(kept) >= 2 + int.from_bytes(kept[:2], "big"):
            answer = self._answer(bytes(kept[2:]))
            one.send(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, query: bytes) -> bytes:
        """RFC 1035, as far as an ordinary resolver asks."""
        labels, at = [], 12
        while at < len(query) and query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]])
            at += 1 + query[at]
        name = b".".join(labels).decode("ascii", "backslashreplace").lower()
        self._asked.append(name)
        question = query[12 : at + 5]
        address, asked = self._names.get(name, ""), int.from_bytes(question[-4:-2], "big")
        family, kind = (socket.AF_INET6, _TYPE_AAAA) if ":" in address else (socket.AF_INET, _TYPE_A)
        record = b""
        if address and asked == kind:
            packed = socket.inet_pton(family, address)
            record = struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
        flags = _ANSWER if address else _NO_SUCH_NAME
        return query[:2] + struct.pack("!HHHHH", flags, 1, bool(record), 0, 0) + question + record
