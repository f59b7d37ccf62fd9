"""The bodies of HTTP/1.x messages, without I/O: where one ends, and how it is written (RFC 9112 §6 and §7).

A framing is a length, or one of the two words below. Readers take what has come and give content; what is
behind the body stays in `rest`. Writers make sure that what was said of the length stays true.
"""

from __future__ import annotations

import re

from paddock.gateway.http import heads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from paddock.gateway.http.heads import Fields

    Framing: TypeAlias = int
    Reader: TypeAlias = "Sized | Chunked | ToTheEnd"

CHUNKED = -1
TO_THE_END = -2  # of the connection
LONGEST_LINE = 1024  # a chunk's size and its extensions, which nobody uses

_LENGTH = re.compile(rb"[0-9]{1,18}")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*|;[\t\x20-\x7e\x80-\xff]*)\r\n")


class BadBody(Exception):
    """The bytes are no body of this framing, or it ended before its end."""


def framing(lengths: list[bytes], codings: list[bytes]) -> Framing | None:
    """How a body is framed by all its Content-Length and Transfer-Encoding fields, None by neither.

    Raises BadBody for whatever two recipients could read differently, but for both kinds at once, which is for
    the caller to judge: Transfer-Encoding has precedence (RFC 9112 §6.3).
    """
    if codings:
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise BadBody
        return CHUNKED
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise BadBody
    return int(lengths[0])


class WrongLength(Exception):
    """Somebody has changed the length of a body on its way."""


class Sized:
    """A body of a known length."""

    trailers: Fields = []  # noqa: RUF012 - there never are any

    def __init__(self, length: int) -> None:
        self._left = length
        self.rest = b""
        self.is_done = length == 0

    def feed(self, data: bytes) -> bytes:
        """The content in what has come."""
        if len(data) > self._left:
            data, self.rest = data[: self._left], data[self._left :]
        self._left -= len(data)
        self.is_done = self._left == 0
        return data

    def end(self) -> None:
        """The connection has ended. Raises BadBody where that is too early."""
        if not self.is_done:
            raise BadBody


class ToTheEnd:
    """A body that ends with its connection."""

    trailers: Fields = []  # noqa: RUF012 - there never are any
    rest = b""

    def __init__(self) -> None:
        self.is_done = False

    def feed(self, data: bytes) -> bytes:
        """The content in what has come."""
        return data

    def end(self) -> None:
        """The connection has ended, as it must."""
        self.is_done = True


class Chunked:
    """A body in chunks, with trailers behind it."""

    def __init__(self) -> None:
        self._kept = b""  # an incomplete line
        self._left = 0  # of the current chunk
        self._after_chunk = False
        self._in_trailers = False
        self.trailers: Fields = []
        self.rest = b""
        self.is_done = False

    def feed(self, data: bytes) -> bytes:
        """The content in what has come. Raises BadBody."""
        data, at, found = self._kept + data, 0, list[bytes]()
        while not self.is_done:
            if self._left:
                piece = data[at : at + self._left]
                found.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._after_chunk = not self._left
            past = self._past_line(data, at)
            if past == at:
                break
            at = past
        self._kept, self.rest = (b"", data[at:]) if self.is_done else (data[at:], b"")
        return b"".join(found)

    def end(self) -> None:
        """The connection has ended. Raises BadBody where that is too early."""
        if not self.is_done:
            raise BadBody

    def _past_line(self, data: bytes, at: int) -> int:
        """Read the line at `at`, if it is complete; where the next one begins."""
        if self._left:
            return at
        if self._after_chunk:
            return self._past_chunk(data, at)
        if self._in_trailers:
            return self._past_trailers(data, at)
        past = data.find(b"\n", at, at + LONGEST_LINE) + 1
        if not past:
            if len(data) - at >= LONGEST_LINE:
                raise BadBody
            return at
        size = _SIZE.fullmatch(data, at, past)
        if size is None:
            raise BadBody
        self._left = int(size[1], 16)
        self._in_trailers = not self._left
        return past

    def _past_chunk(self, data: bytes, at: int) -> int:
        footer = data[at : at + 2]
        if not b"\r\n".startswith(footer):
            raise BadBody  # two other bytes, taken for the footer, would hide a request (CVE-2025-43859)
        if len(footer) < 2:
            return at
        self._after_chunk = False
        return at + 2

    def _past_trailers(self, data: bytes, at: int) -> int:
        if data[at : at + 2] == b"\r\n":
            self.is_done = True
            return at + 2
        end = data.find(heads.END, at)
        if (len(data) if end < 0 else end) - at > heads.LONGEST_REQUEST:
            raise BadBody
        if end < 0:
            return at
        try:
            self.trailers = heads.trailers(data[at : end + 2])
        except heads.BadHead as error:
            raise BadBody from error
        self.is_done = True
        return end + len(heads.END)


def reader(how: Framing) -> Sized | Chunked | ToTheEnd:
    """What reads a body of that framing."""
    if how >= 0:
        return Sized(how)
    return Chunked() if how == CHUNKED else ToTheEnd()


class Writer:
    """Writes a body in a framing, and holds who rewrites it to that. TO_THE_END is written as it is."""

    def __init__(self, how: Framing) -> None:
        self._how = how
        self._left = max(how, 0)

    def data(self, data: bytes) -> bytes:
        """More content. Raises WrongLength when it is more than was said."""
        if self._how == CHUNKED:
            return b"%x\r\n%s\r\n" % (len(data), data) if data else b""
        if self._how >= 0:
            self._left -= len(data)
            if self._left < 0:
                raise WrongLength
        return data

    def end(self, trailers: Fields) -> bytes:
        """What ends it. Raises WrongLength when it is less than was said."""
        if self._left:
            raise WrongLength
        return heads.write(b"0", trailers) if self._how == CHUNKED else b""
