"""A peer of ours in TLS that makes us answer and takes nothing: its memory must not become ours (threat E20)."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.tls.authority import Authority
from paddock.gateway.tls.secured import MOST_UNSENT_DOWN, MOST_UNSENT_UP, Secured
from paddock.gateway.tls.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    OpenSide = Callable[..., tuple["Secured", "Below", "Above", "Client"]]

NAME = "api.example.test"


class Below:
    """A transport whose peer takes nothing."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.unsent = 0
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.is_aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True


class Above:
    """What gets the decrypted bytes."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost: list[object] = []

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, error: object) -> None:
        self.lost.append(error)


class Client:
    """The other end."""

    def __init__(self, certificate: bytes) -> None:
        context = ssl.create_default_context(cadata=certificate.decode())
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=NAME)

    def shake_hands(self, side: Secured, below: Below) -> None:
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
            if sent := self._outgoing.read():
                side.data_received(sent)
            self._incoming.write(bytes(below.sent))
            below.sent.clear()

    def says(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._outgoing.read()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority([NAME])


@pytest.fixture
def open_side(authority: Authority) -> OpenSide:
    """A side after its handshake, the transport below, the protocol above, and the client."""

    def make(*, lenient: bool) -> tuple[Secured, Below, Above, Client]:
        below, above, client = Below(), Above(), Client(authority.certificate)
        begun: list[object] = []
        loop: Any = None
        side = Secured(Session(authority.context(NAME), server_side=True), loop, begun.append, lenient=lenient)
        side.set_protocol(above)  # type: ignore[arg-type] # what is asked of a protocol here
        side.connection_made(below)  # type: ignore[arg-type] # what is asked of a transport here
        client.shake_hands(side, below)
        assert begun == [None]
        return side, below, above, client

    return make


@pytest.mark.parametrize(("lenient", "most"), [(True, MOST_UNSENT_DOWN), (False, MOST_UNSENT_UP)])
def test_a_peer_that_makes_us_write_and_does_not_read_is_cut_off(
    open_side: OpenSide, *, lenient: bool, most: int
) -> None:
    """A KeyUpdate asks for one in return, 27 bytes of memory each, as many as the peer likes (RFC 8446 §4.6.3)."""
    side, below, above, client = open_side(lenient=lenient)
    aborted = []
    for below.unsent in (most, most + 1):
        side.data_received(client.says(b"x"))
        aborted.append(below.is_aborted)
    side.connection_lost(None)
    assert aborted == [False, True]
    assert above.heard == b"xx"
    assert isinstance(above.lost[0], BufferError)
