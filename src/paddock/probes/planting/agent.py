"""An SSH agent of the person's, as small as one can be: it lists one key, whose comment is a canary."""

from __future__ import annotations

import socket
import struct

from paddock.probes.inside.secrets import IDENTITIES_ANSWER, REQUEST_IDENTITIES
from paddock.probes.planting.attending import Attending
from paddock.probes.planting.sockets import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.planting.ground import Ground

NAME = "ssh-agent.sock"
_KIND = b"ssh-ed25519"
_FAILURE = struct.pack("!IB", 1, 5)  # SSH_AGENT_FAILURE
_LARGEST_BYTES = 1 << 18
_PATIENCE_S = 20  # with a client on a busy machine; who is silent holds up the next for as long


class Agent:
    """Listens until `close`. `asked`: somebody wanted to know what keys there are."""

    def __init__(self, path: str, comment: str) -> None:
        self.asked = False
        key = _text(_KIND) + _text(bytes(32))
        body = struct.pack("!BI", IDENTITIES_ANSWER, 1) + _text(key) + _text(comment.encode())
        self._answer = _text(body)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short(path) as address:
            listener.bind(address)
        listener.listen()
        self.close = Attending(listener, self._attend, _PATIENCE_S).close

    def _attend(self, client: socket.socket) -> None:
        """Answer until the client goes, or says what no client of an agent's says."""
        while True:
            (length,) = struct.unpack("!I", _read(client, 4))
            if not 0 < length <= _LARGEST_BYTES:
                return
            asked = _read(client, length)[0] == REQUEST_IDENTITIES
            self.asked = self.asked or asked
            client.sendall(self._answer if asked else _FAILURE)


def plant(ground: Ground) -> None:
    """Start it, where the person's SSH_AUTH_SOCK says."""
    path = f"{ground.home}/{NAME}"
    ground.agent = Agent(path, ground.canary())
    ground.undo.callback(ground.agent.close)
    ground.given["agent"] = path


def effects(ground: Ground) -> Iterator[tuple[str, str]]:
    """Whether it was asked."""
    if ground.agent.asked:
        yield "CR-27 ssh-agent", "the person's agent was asked for its keys"


def _read(client: socket.socket, count: int) -> bytes:
    """So many bytes. Raises OSError at the end of the connection."""
    said = b""
    while len(said) < count:
        chunk = client.recv(count - len(said))
        if not chunk:
            raise ConnectionResetError
        said += chunk
    return said


def _text(data: bytes) -> bytes:
    """A string of the SSH protocols: its length, then itself (RFC 4251, 5)."""
    return struct.pack("!I", len(data)) + data
