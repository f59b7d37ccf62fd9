"""A service on the host's loopback that answers each request with what it was sent, and remembers all of it."""

from __future__ import annotations

import base64
import socket

from paddock.probes.planting.attending import Attending

_LARGEST_BYTES = 1 << 16  # of one request
_PATIENCE_S = 5


class Echo:
    """Listens until the end of `with`. The answer has the request's head in it, plainly and in base64."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._heard: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]

    def heard(self, what: str) -> bool:
        """Whether these words came in any request, as they are or in base64, as "Basic" has them."""
        return any(what.encode() in text for request in self._heard for text in (request, *_decoded(request)))

    @property
    def requests(self) -> int:
        """How many there were."""
        return len(self._heard)

    def __enter__(self) -> Echo:  # noqa: PYI034 - typing.Self would have to be imported
        self._attending = Attending(self._listener, self._attend, _PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._attending.close()

    def _attend(self, client: socket.socket) -> None:
        request = b""
        while not _complete(request) and len(request) < _LARGEST_BYTES:
            chunk = client.recv(8192)
            if not chunk:
                break
            request += chunk
        self._heard.append(request)
        body = request + b"\n" + base64.b64encode(_authorization(request)) + b"\n"
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)


def _complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"0")
    return bool(end) and len(body) >= int(length.strip() or 0)


def _authorization(request: bytes) -> bytes:
    return next((line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization:")), b"")


def _decoded(request: bytes) -> list[bytes]:
    found = []
    for word in request.split():
        try:
            found.append(base64.b64decode(word, validate=True))
        except ValueError:
            continue
    return found
