"""What comes to the gateway from the process that fetches secrets anew: one message for each attempt."""

from __future__ import annotations

import os
import socket

from paddock.credentials.brokered import Secret
from paddock.frozen import frozen

_LONGEST = 1 << 16
_NEW, _FAILED = b"+", b"-"


@frozen
class Renewed:
    """A credential's new secret, or why there is none; then the old one stays."""

    name: str
    secret: Secret | None
    why: str = ""


def pack(renewed: Renewed) -> bytes:
    """One message: its kind, the credential's name, and the secret or the reason."""
    said = _FAILED + renewed.name.encode() + b"\0" + renewed.why.encode("utf-8", "replace")[:1000]
    return said if renewed.secret is None else _NEW + renewed.name.encode() + b"\0" + renewed.secret.encode()


def unpack(message: bytes) -> Renewed:
    """The value of `pack`."""
    name, _, rest = message[1:].partition(b"\0")
    text = rest.decode("utf-8", "replace")
    return Renewed(name.decode(), Secret(text)) if message[:1] == _NEW else Renewed(name.decode(), None, text)


def take(channel: int) -> tuple[Renewed, ...] | None:
    """In the gateway, when the channel can be read: what has come; None when nothing will come any more."""
    found: list[Renewed] = []
    end = socket.socket(fileno=os.dup(channel))
    with end:
        while True:
            try:
                message = end.recv(_LONGEST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return tuple(found)
            except ConnectionResetError:
                message = b""
            if not message:
                return tuple(found) or None
            found.append(unpack(message))
