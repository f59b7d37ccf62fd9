"""End a client's TLS in the gateway, so that what it asks can be judged as HTTP.

Only where a rule bounds requests, or a credential is bound to the host; all other TLS stays unread. The client
believes the session's authority; the service behind is verified as the client would have (`tls.reach`).
"""

from __future__ import annotations

import ssl

from paddock.gateway.http.web import Front
from paddock.gateway.secrets.broker import gate_for
from paddock.gateway.tls import hello
from paddock.gateway.tls.authority import ALPN
from paddock.gateway.tls.secured import HANDSHAKE_DEADLINE_S, Secured, client_reason
from paddock.gateway.tls.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Transport

    from paddock.gateway.connection import Talk


def begin(talk: Talk, reader: hello.HelloReader) -> None:
    """Go on with a connection whose ClientHello was read and asks for the right name. Raises BadHello."""
    authority, host = talk.engine.custody.authority, talk.endpoint.name
    if authority is None or not authority.covers(host):
        raise hello.BadHello("tls-late-rule")
    if reader.protocols and ALPN.encode() not in reader.protocols:
        raise hello.BadHello("tls-only-http2")
    session = Session(authority.context(host), server_side=True)
    Terminating(talk, session, bytes(reader.taken))


class Terminating:
    """The state of a connection while the client's handshake goes on."""

    def __init__(self, talk: Talk, session: Session, first: bytes) -> None:
        self._talk = talk
        self._below: Transport = talk.client  # type: ignore[assignment] # as it was accepted
        self._side = Secured(session, talk.engine.loop, self._begun, lenient=True)
        talk.after(HANDSHAKE_DEADLINE_S, self._too_slow)
        self._side.take_over(self._below, first)

    def _begun(self, error: Exception | None) -> None:
        self._talk.calm()
        if error is None:
            self._talk.client = self._side
            self._talk.is_secure = True
            self._talk.gate = gate_for(self._talk)
            front = Front(self._talk)
            self._side.set_protocol(front)
            front.begin(b"")  # so that it waits for the first request as long as for the next ones, and no longer
        elif isinstance(error, ssl.SSLError):
            self._talk.refuse(client_reason(error), self._side.session.to_send())
        else:
            self._talk.side_lost(self._talk.client)  # whatever took it: nothing can be said, or closed, any more

    def _too_slow(self) -> None:
        self._talk.refuse("tls-handshake")
