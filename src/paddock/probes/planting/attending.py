"""Whoever comes to a listening socket is attended to, one after the other, in a thread of its own."""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Attending:
    """Serves from now until `close`. `attend` may raise OSError: then that client is given up."""

    def __init__(self, listener: socket.socket, attend: Callable[[socket.socket], None], patience_s: float) -> None:
        import threading

        self._listener = listener
        self._attend = attend
        self._patience_s = patience_s
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with client:
                client.settimeout(self._patience_s)
                try:
                    self._attend(client)
                except OSError:  # who says nothing, stops half-way or is gone
                    continue

    def close(self) -> None:
        """Stop listening; an `accept` that waits is woken by the shutdown."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def heard(listener: socket.socket, patience_s: float) -> bool:
    """Whether somebody who came to a socket that never waits said a probe's word; others may only have knocked."""
    while True:
        try:
            if listener.type == socket.SOCK_DGRAM:
                said = listener.recv(1000)
            else:
                with listener.accept()[0] as connection:
                    connection.settimeout(patience_s)
                    said = _said(connection)
        except BlockingIOError:
            return False
        if b"reached" in said:
            return True


def _said(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except (BlockingIOError, ConnectionError, TimeoutError):
        return b""
