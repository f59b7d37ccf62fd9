"""Plain HTTP between one client and one upstream, without I/O: bytes in, steps out.

Requests are judged one by one (`requests`), written anew, and answered in order. Bodies stream; nothing is
collected but heads. Whatever cannot be forwarded exactly ends the connection rather than being guessed.
"""

from __future__ import annotations

import h11

from paddock.frozen import frozen
from paddock.gateway import reasons, requests
from paddock.gateway.requests import BadRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from paddock.gateway.gate import Gate
    from paddock.gateway.rules import Endpoint

    Kind = Literal["dial", "up", "down", "refuse", "finish", "abort"]

LONGEST_RESPONSE_HEAD = 128 * 1024
MOST_PIPELINED = 64 * 1024


@frozen
class Step:
    """What the shell is to do.

    dial: connect to the upstream; `up` and `down` that follow wait for it · up, down: write `data` · refuse:
    record `reason`, write `data` to the client, finish · finish: close after what is written · abort: reset,
    so that nobody takes half a message for a whole one.
    """

    kind: Kind
    data: bytes = b""
    reason: str = ""


class Exchange:
    """The protocol state of one client connection."""

    def __init__(self, endpoint: Endpoint, gate: Gate) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._pending = bytearray()  # client bytes that no request has taken yet
        self._searched = 0  # so far without the end of a head
        self._client: h11.Connection | None = None  # of the request that is under way, else None
        self._upstream: h11.Connection | None = None
        self._requests = 0
        self._answered = False  # anything of the current response has come
        self._responding = False  # anything of it was passed on
        self._keeps = True
        self._client_ended = False
        self._over = False
        self._method = b""
        self._steps: list[Step] = []

    @property
    def is_idle(self) -> bool:
        """Between requests, with nothing of the next one there."""
        return self._client is None and not self._pending

    @property
    def awaits_head(self) -> bool:
        """A request's head has begun and is not complete."""
        return self._client is None and bool(self._pending)

    @property
    def is_full(self) -> bool:
        """So much waits for the current response to end that the client should be read no further."""
        return len(self._pending) > MOST_PIPELINED

    def client_data(self, data: bytes) -> list[Step]:
        """Bytes from the client."""
        if not self._over:
            if self._client is not None and self._client.their_state is h11.SEND_BODY:
                self._client.receive_data(data)
                self._forward_body(self._client)
            else:
                self._pending += data
                self._next_request()
        return self._taken()

    def client_eof(self) -> list[Step]:
        """The client sends no more. A complete request is still answered."""
        self._client_ended = True
        if not self._over:
            if self._client is None:
                self._end("finish")
            elif self._client.their_state is h11.SEND_BODY:
                self._end("abort")
        return self._taken()

    def upstream_data(self, data: bytes) -> list[Step]:
        """Bytes from the upstream; empty at its end."""
        if not self._over:
            if self._upstream is None:
                # Unasked for, or the end between two requests: this connection is of no more use.
                self._end("finish")
            else:
                self._answered = self._answered or bool(data)
                self._receive(self._upstream, data)
        return self._taken()

    def fail(self, reason: str) -> list[Step]:
        """The upstream cannot be reached, or broke off: say so if nothing was said yet."""
        if not self._over:
            if self._client is None:
                self._end("finish")
            else:
                self._give_up(reason)
        return self._taken()

    def refuse_head(self, reason: str) -> list[Step]:
        """The head that has begun to come is refused."""
        if not self._over and self._client is None:
            self._method = b""
            self._refuse(reason)
        return self._taken()

    def _taken(self) -> list[Step]:
        steps, self._steps = self._steps, []
        return steps

    def _end(self, kind: Kind) -> None:
        self._over = True
        self._steps.append(Step(kind))

    def _refuse(self, reason: str) -> None:
        self._over = True
        data = reasons.refusal(reason, self._endpoint, head_only=self._method == b"HEAD")
        self._steps.append(Step("refuse", data, reason))

    def _give_up(self, reason: str) -> None:
        if self._responding:
            self._end("abort")  # half a response cannot be taken back
        else:
            self._refuse(reason)

    def _next_request(self) -> None:
        """Begin the next request if its head is complete and the last response is."""
        if self._client is not None or self._over:
            return
        while self._pending.startswith(b"\r\n"):  # RFC 9112 §2.2: left over by sloppy clients
            del self._pending[:2]
        at = self._pending.find(requests.END, max(0, self._searched - len(requests.END)))
        self._searched = len(self._pending)
        if at > requests.LONGEST_HEAD or (at < 0 and len(self._pending) > requests.LONGEST_HEAD):
            self._refuse("http-too-long")
        elif at >= 0:
            end = at + len(requests.END)
            head, rest = bytes(self._pending[:end]), bytes(self._pending[end:])
            self._pending.clear()
            self._searched = 0
            try:
                self._start(head, rest)
            except BadRequest as error:
                self._refuse(error.reason)

    def _start(self, head: bytes, rest: bytes) -> None:
        self._method = b""
        requests.check_bytes(head)
        # A new parser for each request: the head that was checked is exactly the head that it parses.
        client = h11.Connection(h11.SERVER, max_incomplete_event_size=requests.LONGEST_HEAD)
        client.receive_data(head)
        try:
            event = client.next_event()
        except h11.RemoteProtocolError as error:
            raise BadRequest("http-malformed") from error
        if not isinstance(event, h11.Request):
            raise BadRequest("http-malformed")
        self._method = bytes(event.method)
        request = self._gate.request(requests.check(event, self._endpoint))
        upstream = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_RESPONSE_HEAD)
        try:
            wire = upstream.send(
                h11.Request(method=request.method, target=request.target, headers=list(request.headers))
            )
        except h11.LocalProtocolError as error:
            raise BadRequest("http-malformed") from error
        if self._requests == 0:
            self._steps.append(Step("dial"))
        self._requests += 1
        self._steps.append(Step("up", wire or b""))
        self._client, self._upstream = client, upstream
        self._answered = self._responding = False
        if rest:
            client.receive_data(rest)
        self._forward_body(client)

    def _forward_body(self, client: h11.Connection) -> None:
        """Forward what has come of the request's body."""
        while client.their_state is h11.SEND_BODY and not self._over:
            try:
                event = client.next_event()
            except h11.RemoteProtocolError:
                self._give_up("http-malformed")
                return
            try:
                if isinstance(event, h11.Data):
                    self._up(h11.Data(self._gate.body(bytes(event.data))))
                elif isinstance(event, h11.EndOfMessage):
                    self._up(h11.Data(self._gate.body_end()))
                    self._up(h11.EndOfMessage())  # a request's trailers are not forwarded
                    self._pending += client.trailing_data[0]
                else:
                    return  # more has to come
            except BadRequest as error:
                self._give_up(error.reason)
            except h11.LocalProtocolError:
                self._end("abort")  # the gate has changed the length of a body

    def _up(self, event: h11.Data | h11.EndOfMessage) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.our_state is h11.SEND_BODY:
            wire = upstream.send(event)
            if wire:
                self._steps.append(Step("up", wire))

    def _receive(self, upstream: h11.Connection, data: bytes) -> None:
        """Forward what has come of the response."""
        try:
            upstream.receive_data(data)
            while self._upstream is upstream and not self._over:
                event = upstream.next_event()
                if not isinstance(event, h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage):
                    return  # more has to come
                self._forward_response(upstream, event)
        except h11.RemoteProtocolError:
            if not data and not self._answered and self._requests > 1:
                self._end("finish")  # closed while idle, as servers do; clients then ask again
            else:
                self._give_up("upstream-malformed" if data else "upstream-closed")
        except h11.LocalProtocolError:
            self._end("abort")  # what came cannot be said to this client

    def _forward_response(
        self, upstream: h11.Connection, event: h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage
    ) -> None:
        client = self._client
        assert client is not None  # noqa: S101 - set together with the upstream
        is_modern = (client.their_http_version or b"1.0") >= b"1.1"
        if isinstance(event, h11.InformationalResponse):
            if is_modern:
                headers = requests.without_hops(event)
                self._down(client, h11.InformationalResponse(status_code=event.status_code, headers=headers))
        elif isinstance(event, h11.Response):
            headers = self._gate.response(event.status_code, requests.without_hops(event))
            self._keeps = _keeps_open(event, self._method)
            if not self._keeps:
                headers.append((b"Connection", b"close"))
            self._down(client, h11.Response(status_code=event.status_code, reason=event.reason, headers=headers))
        elif isinstance(event, h11.Data):
            self._down(client, h11.Data(self._gate.response_body(bytes(event.data))))
        else:
            self._down(client, h11.Data(self._gate.response_end()))
            trailers = requests.trailers(event) if is_modern else []
            self._down(client, h11.EndOfMessage(headers=trailers))
            self._finish_response(client, upstream)

    def _down(
        self, client: h11.Connection, event: h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage
    ) -> None:
        wire = client.send(event)
        self._responding = self._responding or not isinstance(event, h11.InformationalResponse)
        if wire:
            self._steps.append(Step("down", wire))

    def _finish_response(self, client: h11.Connection, upstream: h11.Connection) -> None:
        is_complete = client.their_state is h11.DONE and client.our_state is h11.DONE
        if not (is_complete and self._keeps and upstream.trailing_data[0] == b""):
            self._end("finish")
            return
        self._client = self._upstream = None
        self._next_request()
        if self._client_ended and not self._over and (self.is_idle or self.awaits_head):
            self._end("finish")


def _keeps_open(response: h11.Response, method: bytes) -> bool:
    """Whether the upstream's connection can carry another request (RFC 9112 §9.3)."""
    headers = list(response.headers)
    closes = any(name == b"connection" and b"close" in value.lower() for name, value in headers)
    has_length = any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)
    has_no_body = method == b"HEAD" or response.status_code in (204, 304)
    return response.http_version >= b"1.1" and not closes and (has_length or has_no_body)
