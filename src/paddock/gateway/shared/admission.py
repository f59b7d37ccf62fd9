"""What a sandbox's Paddock gives to the serving process: the sandbox's rules and secrets as data, and descriptors.

On a line of SOCK_SEQPACKET: one message that says how many bytes and descriptors will come, then these, in pieces; then
the answer. All of it is bounded, and read as strictly as a plan is.
"""

from __future__ import annotations

import socket
import time

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.frozen import as_data, frozen
from paddock.gateway.record import About
from paddock.kernel.namespaces import SCM_MAX_FD
from paddock.plan import model, serial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

LONGEST = 4 << 20
DEADLINE_S = 10.0
_PIECE = 1 << 15
_MORE, _TAKEN, _REFUSED = b"+", b"+", b"-"
_LONGEST_HEAD = 32
_LONGEST_ANSWER = 1 << 16


@frozen
class Admission:
    """What the gateway has to know of a sandbox.

    `trusted` are the authorities outside, as PEM, None where it speaks no TLS of its own. It `vouches` where programs
    inside will be told to trust its authority. It has a `door` by which the person comes in, and gets `renewals`.
    """

    network: model.Network
    about: About
    brokered: tuple[Brokered, ...]
    canaries: tuple[Canary, ...]
    trusted: tuple[bytes, ...] | None
    vouches: bool
    door: bool
    renewals: bool

    @property
    def descriptors(self) -> int:
        """How many come with it at least: `Descriptors` without listeners for rules."""
        return 5 + self.door + self.renewals + len(self.network.published)


@frozen
class Descriptors:
    """What comes with an admission, in this order; -1 where there is none."""

    record: int
    last_word: int
    channel: int  # to the maker
    resolver: tuple[int, int]
    door: int
    renewals: int
    published: tuple[int, ...]
    listeners: tuple[int, ...]

    def flat(self) -> tuple[int, ...]:
        """All that are there."""
        fixed = (self.record, self.last_word, self.channel, *self.resolver, self.door, self.renewals)
        return tuple(one for one in (*fixed, *self.published, *self.listeners) if one >= 0)


def descriptors_of(admission: Admission, flat: Sequence[int]) -> Descriptors:
    """The descriptors of an admission by name. Raises ValueError where there are too few."""
    if len(flat) < admission.descriptors:
        message = f"{len(flat)} descriptors, not {admission.descriptors}"
        raise ValueError(message)
    left: Iterator[int] = iter(flat)
    record, last_word, channel, datagrams, stream = (next(left) for _ in range(5))
    door = next(left) if admission.door else -1
    renewals = next(left) if admission.renewals else -1
    published = tuple(next(left) for _ in admission.network.published)
    return Descriptors(record, last_word, channel, (datagrams, stream), door, renewals, published, tuple(left))


def pack(admission: Admission) -> bytes:
    """An admission as JSON."""
    import json

    trusted = None if admission.trusted is None else [pem.decode("ascii") for pem in admission.trusted]
    canaries = [{**as_data(one), "marks": [mark.hex() for mark in one.marks]} for one in admission.canaries]
    data = {name: as_data(getattr(admission, name)) for name in ("network", "about", "brokered", "vouches")}
    data |= {"canaries": canaries, "trusted": trusted, "door": admission.door, "renewals": admission.renewals}
    return json.dumps(data).encode("ascii")


def unpack(data: bytes) -> Admission:
    """The value of `pack`. Raises ValueError for anything else; no reason shows a value, which may be a secret."""
    import json

    try:
        found = json.loads(data)
        return Admission(
            network=serial.part_from_data(model.Network, found["network"]),
            about=_about(**found["about"]),
            brokered=tuple(_brokered(**one) for one in found["brokered"]),
            canaries=tuple(_canary(**one) for one in found["canaries"]),
            trusted=None if found["trusted"] is None else tuple(pem.encode("ascii") for pem in found["trusted"]),
            vouches=found["vouches"] is True,
            door=found["door"] is True,
            renewals=found["renewals"] is True,
        )
    except Exception as error:  # noqa: BLE001 - data of any shape may come
        message = f"no admission ({type(error).__name__})"
        raise ValueError(message) from None


def _about(sandbox: str, plan: str, facts: Mapping[str, object]) -> About:
    return About(str(sandbox), str(plan), dict(facts))


def _brokered(credential: Any, placeholder: str, secret: str) -> Brokered:
    return Brokered(serial.part_from_data(model.Credential, credential), str(placeholder), Secret(secret))


def _canary(name: str, place: str, marks: Sequence[str]) -> Canary:
    return Canary(str(name), str(place), tuple(bytes.fromhex(mark) for mark in marks))


def send(line: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    """Say what will come, and send it. Raises OSError; ValueError where nobody would take so much."""
    if len(data) > LONGEST:
        message = f"{len(data)} bytes"
        raise ValueError(message)
    line.sendall(f"{len(data)} {len(descriptors)}".encode())
    while data or descriptors:
        socket.send_fds(line, [_MORE + data[:_PIECE]], descriptors[:SCM_MAX_FD])
        data, descriptors = data[_PIECE:], descriptors[SCM_MAX_FD:]


def receive(line: socket.socket, most_descriptors: int) -> tuple[bytes, list[int]]:
    """What `send` sent. Raises OSError, and ValueError for all else; then no descriptor of it is kept."""
    size, count = _announced(line.recv(_LONGEST_HEAD), most_descriptors)
    end, data, descriptors = time.monotonic() + DEADLINE_S, bytearray(), list[int]()
    try:
        while len(data) < size or len(descriptors) < count:
            line.settimeout(max(end - time.monotonic(), 0.001))
            piece, found, flags, _ = socket.recv_fds(line, 1 + _PIECE, SCM_MAX_FD)
            descriptors += found
            data += piece[1:]
            # A descriptor that this process had no number for is left out (unix(7)).
            is_cut = flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC)
            if is_cut or piece[:1] != _MORE or not (piece[1:] or found) or len(data) > size or len(descriptors) > count:
                _refuse("other pieces than were announced")
    except BaseException:
        close_all(descriptors)
        raise
    return bytes(data), descriptors


def _announced(head: bytes, most_descriptors: int) -> tuple[int, int]:
    words = head.split(b" ")
    if len(words) != 2 or not all(word.isdigit() for word in words):
        _refuse("no announcement")
    size, count = map(int, words)
    if size > LONGEST or count > most_descriptors:
        _refuse(f"{size} bytes and {count} descriptors are too many")
    return size, count


def _refuse(why: str) -> None:
    raise ValueError(why)


def close_all(descriptors: Sequence[int]) -> None:
    """Close all that were received."""
    import os

    for descriptor in descriptors:
        os.close(descriptor)


def take(line: socket.socket, certificate: bytes) -> None:
    """Answer that the sandbox is served, with the certificate of its authority, where it has one."""
    line.sendall(_TAKEN + certificate)


def refuse(line: socket.socket, why: str) -> None:
    """Answer that it is not."""
    line.sendall(_REFUSED + why.encode("utf-8", "replace")[:2000])


def taken(line: socket.socket) -> bytes | None:
    """The authority's certificate, empty where there is none; None where the sandbox is not served. Raises OSError."""
    answer = line.recv(_LONGEST_ANSWER)
    return answer[1:] if answer[:1] == _TAKEN else None
