"""The first bytes of a connection from inside: TLS to the right name, HTTP, or the end of it."""

from __future__ import annotations

from paddock.gateway import reasons
from paddock.gateway.desk import Desk
from paddock.gateway.http import requests
from paddock.gateway.http.web import Front
from paddock.gateway.inside.addresses import INTERNAL_NAME
from paddock.gateway.outside import dial
from paddock.gateway.relay import pair
from paddock.gateway.secrets.broker import gate_for
from paddock.gateway.tls import hello, terminating
from paddock.gateway.tls.retries import Watch
from paddock.policy.names import canonical_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import BaseTransport, Protocol

    from paddock.gateway.connection import Talk
    from paddock.gateway.engine import Engine
    from paddock.gateway.rules import Endpoint
else:
    Protocol = object  # asyncio asks for the methods, not for the class

DEADLINE_S = 5.0
_ALERTS = {
    **dict.fromkeys(("tls-no-name", "tls-other-name", "tls-several-names"), hello.ALERT_UNRECOGNIZED_NAME),
    "tls-only-http2": hello.ALERT_NO_PROTOCOL,
}


def check_name(server_name: bytes | None, endpoint: Endpoint) -> None:
    """The ClientHello must ask for the name that was looked up (threat E5). Raises BadHello."""
    if server_name is None:
        # To an address clients send no name (RFC 6066 §3).
        if not endpoint.literal:
            raise hello.BadHello("tls-no-name")
    elif canonical_bytes(server_name) not in endpoint.spoken:
        raise hello.BadHello("tls-other-name")


class Opening(Protocol):
    """The state of a connection that has not shown yet what it is."""

    _talk: Talk | None = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hello = hello.HelloReader()
        self._start = b""
        self._is_too_fast = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self._talk = self._engine.admit(transport)  # type: ignore[arg-type] # a stream's
        self._is_too_fast = self._talk is not None and not self._engine.pace.allows()
        if self._talk is not None and self._talk.endpoint.raw and self._is_too_fast:
            self._talk.refuse("too-fast")
        elif self._talk is not None and self._talk.endpoint.raw:
            # Nothing is asked of the protocol, and in some it is the server that speaks first.
            self._engine.hold(self._talk.client)
            self._talk.start(self._relay(self._talk, b"", "raw"))
        elif self._talk is not None:
            self._talk.after(DEADLINE_S, self._too_slow)

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        if self._talk is not None:
            self._talk.side_lost(self._talk.client)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._talk is None:
            return
        if self._hello.taken or (not self._start and data[0] == hello.HANDSHAKE):
            self._read_hello(self._talk, data)
            return
        self._start += data
        is_http = requests.looks_like_http(self._start)
        if is_http and self._is_too_fast:
            self._talk.refuse("too-fast", reasons.refusal("too-fast", self._talk.endpoint))
        elif is_http:
            self._talk.calm()
            self._talk.gate = gate_for(self._talk)
            front = Desk(self._talk) if self._talk.endpoint.name == INTERNAL_NAME else Front(self._talk)
            self._talk.client.set_protocol(front)
            front.begin(self._start)
        elif is_http is False:
            self._talk.refuse("not-tls-or-http")

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        if self._talk is not None:
            self._talk.client_has_ended = True
            self._too_slow()
        return True

    def pause_writing(self) -> None:
        """Nothing is written in this state."""

    def resume_writing(self) -> None:
        """As above."""

    def _too_slow(self) -> None:
        if self._talk is None:
            return
        if self._hello.taken:
            self._talk.refuse("tls-malformed", hello.alert(hello.ALERT_ACCESS_DENIED))
        else:
            self._talk.refuse("not-tls-or-http" if self._start else "silent")

    def _read_hello(self, talk: Talk, data: bytes) -> None:
        try:
            if not self._hello.feed(data):
                return
            check_name(self._hello.server_name, talk.endpoint)
            if self._is_too_fast:
                talk.refuse("too-fast", hello.alert(hello.ALERT_ACCESS_DENIED))
                return
            if talk.endpoint.terminate:
                terminating.begin(talk, self._hello)
                return
        except hello.BadHello as error:
            talk.refuse(error.reason, hello.alert(_ALERTS.get(error.reason, hello.ALERT_ACCESS_DENIED)))
            return
        talk.calm()
        talk.client.pause_reading()
        talk.start(self._relay(talk, bytes(self._hello.taken), "tls"))

    async def _relay(self, talk: Talk, first: bytes, lane: str) -> None:
        watch = Watch(lambda name: check_name(name, talk.endpoint)) if lane == "tls" else None
        client, upstream = pair(talk, watch)
        try:
            await self._engine.reach(talk, upstream)
        except dial.NoWay as error:
            code = hello.ALERT_ACCESS_DENIED if error.is_refusal else hello.ALERT_INTERNAL_ERROR
            talk.refuse(error.reason, hello.alert(code) if lane == "tls" else b"")
            return
        talk.lane = lane
        talk.client.set_protocol(client)
        if first:
            client.data_received(first)
        talk.client.resume_reading()
