"""The heads of HTTP/1.x messages: bytes to values and back, without I/O (RFC 9112 §3 to §5).

One regular expression for each kind of head says all that is let through. It is narrower than what h11 reads,
and the tests hold the two against each other: whatever passes here, h11 reads in the same way.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Fields = list[tuple[bytes, bytes]]

LONGEST_REQUEST = 32 * 1024
LONGEST_RESPONSE = 128 * 1024
LONGEST_METHOD = 20
END = b"\r\n\r\n"
# Servers may end a line with a bare LF (RFC 9112 §2.2), and old ones do; clients have no excuse.
END_OF_RESPONSE = re.compile(rb"\n\r?\n")

# Possessive, so that no head makes the matcher try twice.
_FIELD = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+"
_REQUEST = re.compile(
    rb"([A-Z][A-Z-]{0,%d}) ([\x21-\x7e]++) HTTP/(1\.[01])\r\n((?:%s\r\n)*+)\r\n" % (LONGEST_METHOD - 1, _FIELD)
)
_RESPONSE = re.compile(
    rb"HTTP/(1\.[01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*+))?\r?\n((?:%s\r?\n)*+)\r?\n" % _FIELD
)
_ONE_FIELD = re.compile(_FIELD)
_TRAILERS = re.compile(rb"(?:%s\r\n)*+" % _FIELD)


class BadHead(Exception):
    """The bytes are no head."""


def request(head: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Method, target, version ("1.0" or "1.1") and block of fields of a request's whole head. Raises BadHead."""
    found = _REQUEST.fullmatch(head)
    if found is None:
        raise BadHead
    method, target, version, block = found.groups()
    return method, target, version, block


def response(head: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Version, status, reason and block of fields of a response's whole head. Raises BadHead."""
    found = _RESPONSE.fullmatch(head)
    if found is None:
        raise BadHead
    version, status, reason, block = found.groups(b"")
    return version, int(status), reason, block


def trailers(block: bytes) -> Fields:
    """The fields behind a chunked body, without the empty line. Raises BadHead."""
    if not _TRAILERS.fullmatch(block):
        raise BadHead
    return fields(block)


def fields(block: bytes) -> Fields:
    """The fields of a block that has matched, as (name, value)."""
    found: Fields = []
    for line in block.split(b"\n")[:-1]:
        name, _, value = line.partition(b":")
        found.append((name, value.strip(b" \t\r")))
    return found


def write(start: bytes, names_and_values: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A head. The caller has checked what is in it."""
    return b"%s\r\n%s\r\n" % (start, b"".join([b"%s: %s\r\n" % field for field in names_and_values]))


def check(names_and_values: Iterable[tuple[bytes, bytes]]) -> None:
    """Check fields that did not come out of `fields`. Raises BadHead."""
    if not all(_ONE_FIELD.fullmatch(b"%s:%s" % field) and b":" not in field[0] for field in names_and_values):
        raise BadHead
