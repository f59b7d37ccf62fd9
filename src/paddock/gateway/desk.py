"""What programs inside can ask the gateway itself: `http://paddock.internal/refusals`, and nothing else.

Plain HTTP, one request for each connection. An agent whose client swallowed the reason of a refusal finds it here.
"""

from __future__ import annotations

import h11

from paddock.gateway.inside.addresses import INTERNAL_NAME
from paddock.gateway.reasons import REASONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Protocol
    from collections.abc import Iterable, Mapping

    from paddock.gateway.connection import Talk
    from paddock.gateway.record import Refusal
else:
    Protocol = object  # asyncio asks for the methods, not for the class

LONGEST_HEAD = 8 * 1024
MOST_SHOWN = 200
DEADLINE_S = 5.0


class Desk(Protocol):
    """The client's side, and there is no other."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._taken = b""

    def begin(self, data: bytes) -> None:
        """Take what the opening has read."""
        self._talk.leave_out()
        self._talk.after(DEADLINE_S, self._talk.abort)
        self.data_received(data)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._taken += data
        if b"\r\n\r\n" in self._taken or len(self._taken) > LONGEST_HEAD:
            self._talk.close(answer_to(self._taken, self._talk.engine.record.refusals()))

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        self._talk.client_has_ended = True
        self._talk.abort()
        return True

    def pause_writing(self) -> None:
        """One answer, and it is bounded."""

    def resume_writing(self) -> None:
        """As above."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        self._talk.side_lost(self._talk.client)


def answer_to(request: bytes, refusals: Iterable[Refusal]) -> bytes:
    """The whole response to a request that has come so far, which holds its head or is too long."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    connection.receive_data(request)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        event = None
    if not isinstance(event, h11.Request):
        return _response(400, {"error": "not a request"})
    hosts = [value.lower() for name, value in event.headers if name == b"host"]
    if hosts not in ([INTERNAL_NAME.encode()], [f"{INTERNAL_NAME}:80".encode()]):
        return _response(421, {"error": f"this is {INTERNAL_NAME}"})
    if event.method not in (b"GET", b"HEAD"):
        return _response(405, {"error": "only GET is answered"})
    path = event.target.partition(b"?")[0]
    if path == b"/refusals":
        return _response(200, _told(refusals), head_only=event.method == b"HEAD")
    found = {"refusals": f"http://{INTERNAL_NAME}/refusals"}
    return _response(200 if path == b"/" else 404, found, head_only=event.method == b"HEAD")


def _told(refusals: Iterable[Refusal]) -> dict[str, object]:
    """The latest kinds of refusals, with what can be done about each; by whom it can be done is the person outside."""
    shown = [
        {
            "kind": refusal.kind,
            "name": refusal.name,
            "port": refusal.port,
            "count": refusal.count,
            "reason": refusal.reason,
            "what": REASONS[refusal.reason].what,
            "remedy": REASONS[refusal.reason].remedy,
        }
        for refusal in list(refusals)[-MOST_SHOWN:]
    ]
    note = "Another guess at the same place will be refused as well. A remedy is for the person outside to use."
    return {"schema": 1, "refusals": shown, "note": note}


def _response(status: int, body: Mapping[str, object], *, head_only: bool = False) -> bytes:
    import json

    phrases = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 421: "Misdirected Request"}
    text = json.dumps(body, indent=1).encode("ascii") + b"\n"
    head = (
        f"HTTP/1.1 {status} {phrases[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if head_only else text)
