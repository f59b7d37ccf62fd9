"""The person's door to a running gateway: ask what is allowed, allow more, deny something.

A Unix socket in the sandbox's private directory, which no sandbox sees. One line of JSON each way. Whoever can open
the socket is the person or root, and the kernel says so again (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress

from paddock.errors import PaddockError, PolicyError, SessionError
from paddock.frozen import as_data, frozen
from paddock.gateway import rules
from paddock.gateway.table import Grant
from paddock.plan.model import Denied, Rule
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import BaseTransport, Protocol, Server, Transport
    from typing import Any

    from paddock.gateway.engine import Engine
else:
    Protocol = object  # asyncio asks for the methods, not for the class

NAME = "gateway"
_LONGEST_LINE = 1 << 16
_LONGEST_ANSWER = 1 << 24
_TIMEOUT_S = 10.0
_DEADLINE_S = 5.0


@frozen
class Door:
    """The listening socket, and the id of whom it is for. Root may always come in."""

    descriptor: int
    person: int


def open_door(directory: str) -> Door:
    """Make the socket in a sandbox's directory, which the caller alone holds. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    place = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mask = os.umask(0o177)
    try:
        with suppress(FileNotFoundError):  # one that a Paddock left which was killed
            os.unlink(NAME, dir_fd=place)
        # By way of the descriptor: the directory's own path may be too long for sun_path.
        made.bind(f"/proc/self/fd/{place}/{NAME}")
    finally:
        os.umask(mask)
        os.close(place)
    made.listen(8)
    return Door(made.detach(), os.getuid())


def ask(directory: str, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the gateway of the sandbox whose directory that is. Raises SessionError and PolicyError."""
    import json

    try:
        place = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(_TIMEOUT_S)
                line.connect(f"/proc/self/fd/{place}/{NAME}")
                line.sendall(json.dumps(request).encode("ascii") + b"\n")
                answer = json.loads(_read_line(line))
        finally:
            os.close(place)
    except (OSError, ValueError) as error:
        raise SessionError(
            "its gateway does not answer",
            why="the sandbox has no network, has just ended, or its gateway has died",
            next_step="paddock ps   or start one with a network: paddock run --net allow …",
            code="no-gateway",
        ) from error
    if "refused" in answer:
        raise PolicyError(**answer["refused"])
    found: dict[str, Any] = answer
    return found


def _read_line(line: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < _LONGEST_ANSWER:
        more = line.recv(1 << 16)
        if not more:
            break
        data += more
    return data


async def serve(engine: Engine, door: Door) -> list[Server]:
    """Answer whoever comes in, until what this gives back is closed."""
    if door.descriptor < 0:
        return []
    listener = socket.socket(fileno=door.descriptor)
    return [await engine.loop.create_unix_server(lambda: Caller(engine, door.person), sock=listener)]


class Caller(Protocol):
    """One who came in: says one line, hears one."""

    _transport: Transport

    def __init__(self, engine: Engine, person: int) -> None:
        self._engine = engine
        self._person = person
        self._line = b""

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self._transport = transport  # type: ignore[assignment] # a stream's
        raw = transport.get_extra_info("socket")
        _, uid, _ = struct.unpack("3i", raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        if uid not in (0, self._person):
            self._transport.abort()
        self._engine.loop.call_later(_DEADLINE_S, self._transport.close)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone."""

    def eof_received(self) -> bool:
        """It says no more; what it said is answered if it was a line."""
        return False

    def pause_writing(self) -> None:
        """An answer is bounded."""

    def resume_writing(self) -> None:
        """As above."""

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        import json

        self._line += data
        if len(self._line) > _LONGEST_LINE:
            self._transport.abort()
        elif self._line.endswith(b"\n"):
            answer = json.dumps(_answer(self._engine, self._line), separators=(",", ":"))
            self._transport.write(answer.encode("ascii") + b"\n")
            self._transport.close()


def _answer(engine: Engine, line: bytes) -> dict[str, Any]:
    import json

    try:
        request = json.loads(line)
        if request["do"] not in ("allow", "deny", "show"):
            raise KeyError(request["do"])  # noqa: TRY301 - told as all other nonsense
        if request["do"] != "show":
            engine.change(_grant(request, time.time()))
        return {"schema": 1, **_shown(engine)}
    except PaddockError as error:
        return {"refused": {"what": error.what, "why": error.why, "next_step": error.next_step, "code": error.code}}
    except (ValueError, KeyError, TypeError) as error:
        what = "the gateway does not understand the request"
        return {"refused": {"what": what, "why": f"{type(error).__name__}: {error}", "code": "request"}}


def _grant(request: dict[str, Any], now: float) -> Grant:
    author, why = str(request["author"])[:200], str(request["why"])[:1000]
    until = None if request["for_s"] is None else now + float(request["for_s"])
    origin = Origin("flag", f"paddock net, by {author}")
    place = request["place"]
    what: Rule | Denied
    if request["do"] == "deny":
        what = Denied(str(place["host"]), int(place["port"]), origin)
    else:
        what = Rule(
            str(place["host"]), int(place["port"]), origin, private=place["private"] is True,
            upstream=str(place["upstream"]), methods=tuple(map(str, place["methods"])),
            paths=tuple(map(str, place["paths"])), upload=int(place["upload"]), raw=place["raw"] is True,
        )  # fmt: skip
        rules.check(what)
    return Grant(what, author, why, until)


def _shown(engine: Engine) -> dict[str, Any]:
    network = engine.table.network
    return {
        "mode": network.mode,
        "rules": [as_data(rule) for rule in network.rules],
        "denied": [as_data(denied) for denied in network.denied],
        "published": [as_data(port) for port in network.published],
        "grants": [as_data(grant) for grant in engine.table.grants],
        "connections": len(engine.talks),
        "refusals": [as_data(refusal) for refusal in engine.record.refusals()],
    }
