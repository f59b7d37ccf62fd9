"""The resolver's side of RFC 1035, without I/O: one query in, one reply out, nothing ever forwarded.

An allowed name has an A record with its synthetic address, and no other data: no AAAA, and no HTTPS or SVCB
that would bring other ports or keys for an encrypted ClientHello (threat E7). Every other name does not
exist. NXDOMAIN and not REFUSED: clients ask twice after the latter and then call it temporary.
"""

from __future__ import annotations

import socket
import struct

from paddock.frozen import frozen
from paddock.policy.names import canonical_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUERY = 512
TTL_S = 30
TYPE_A, TYPE_SRV, TYPE_OPT, CLASS_IN = 1, 33, 41, 1
NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4

_HEADER = struct.Struct("!HHHHHH")
_QR, _OPCODE, _AA, _RD, _RA = 0x8000, 0x7800, 0x0400, 0x0100, 0x0080
_LONGEST_LABEL, _LONGEST_WIRE_NAME = 63, 255


@frozen
class Reply:
    """What to send back, and what was asked. `name` is sandbox-made text; `allowed` is None for broken queries."""

    wire: bytes
    name: str = ""
    allowed: bool | None = None


@frozen
class _Question:
    labels: tuple[bytes, ...]
    kind: int
    klass: int
    wire: bytes


def reply_to(query: bytes, lookup: Callable[[str], str]) -> Reply | None:
    """The reply to one query, or None for what deserves none (too short, or a reply itself).

    `lookup` gives the address of a name, empty where there is none.
    """
    if len(query) < _HEADER.size:
        return None
    identifier, flags, questions, answers, authorities, additional = _HEADER.unpack_from(query)
    if flags & _QR:
        return None  # answering replies makes loops
    if flags & _OPCODE:
        return Reply(_reply(identifier, flags, NOTIMP))
    well_counted = questions == 1 and not answers and not authorities and additional <= 1
    question = _question(query, additional) if well_counted and len(query) <= LONGEST_QUERY else None
    if question is None:
        return Reply(_reply(identifier, flags, FORMERR))
    labels = _of_host(question)
    name = _canonical(labels)
    address = lookup(name) if name and question.klass == CLASS_IN else ""
    shown = name or b".".join(labels).decode("ascii", "backslashreplace")
    if not address:
        return Reply(_reply(identifier, flags, NXDOMAIN, question.wire), shown, allowed=False)
    record = b""
    if question.kind == TYPE_A:
        # 0xC00C: the name is the question's, at offset 12.
        record = struct.pack("!HHHIH", 0xC00C, TYPE_A, CLASS_IN, TTL_S, 4) + socket.inet_aton(address)
    return Reply(_reply(identifier, flags, NOERROR, question.wire, record), shown, allowed=True)


def _reply(identifier: int, flags: int, code: int, question: bytes = b"", record: bytes = b"") -> bytes:
    marks = _QR | _AA | _RA | (flags & (_OPCODE | _RD)) | code
    return _HEADER.pack(identifier, marks, bool(question), bool(record), 0, 0) + question + record


def _question(query: bytes, additional: int) -> _Question | None:
    """The one question, or None when anything about the message is not as it must be."""
    at = _HEADER.size
    labels: list[bytes] = []
    while True:
        if at >= len(query):
            return None
        length = query[at]
        at += 1
        if length == 0:
            break
        # Longer ones are compression pointers, which a first name cannot need, or undefined.
        if length > _LONGEST_LABEL or at + length > len(query) or at - _HEADER.size + length >= _LONGEST_WIRE_NAME:
            return None
        labels.append(query[at : at + length])
        at += length
    if at + 4 > len(query):
        return None
    kind, klass = struct.unpack_from("!HH", query, at)
    rest = query[at + 4 :]
    if not (_is_opt(rest) if additional else rest == b""):
        return None
    return _Question(tuple(labels), kind, klass, query[_HEADER.size : at + 4])


def _is_opt(rest: bytes) -> bool:
    """One OPT pseudo-record and nothing after it (RFC 6891 §6.1.2)."""
    if len(rest) < 11 or rest[0] != 0:
        return False
    kind, _, _, length = struct.unpack_from("!HHIH", rest, 1)
    return kind == TYPE_OPT and len(rest) == 11 + int(length)


def _of_host(question: _Question) -> tuple[bytes, ...]:
    """The name of the host that a question is about.

    Before they ask for HOST, apt and others ask which hosts serve `_http._tcp.HOST` (RFC 2782). That is no name that
    anybody could allow, so the answer, the record and the advice are about the host.
    """
    asks_for_service = question.kind == TYPE_SRV and question.labels[1:2] in ((b"_tcp",), (b"_udp",))
    return question.labels[2:] if asks_for_service and question.labels[0][:1] == b"_" else question.labels


def _canonical(labels: tuple[bytes, ...]) -> str | None:
    # A label may hold any byte; with a dot in it, two different names would look the same in text.
    return None if any(b"." in label for label in labels) else canonical_bytes(b".".join(labels))


class Lengths:
    """DNS over TCP (RFC 7766): queries with a two-byte length before each."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The queries that are complete now. Raises ValueError for one that is too long to be one."""
        self._data += data
        complete: list[bytes] = []
        while len(self._data) >= 2:
            length = int.from_bytes(self._data[:2], "big")
            if not _HEADER.size <= length <= LONGEST_QUERY:
                message = f"a query of {length} bytes"
                raise ValueError(message)
            if len(self._data) < 2 + length:
                break
            complete.append(bytes(self._data[2 : 2 + length]))
            del self._data[: 2 + length]
        return complete


def with_length(reply: bytes) -> bytes:
    """A reply as TCP carries it."""
    return len(reply).to_bytes(2, "big") + reply
