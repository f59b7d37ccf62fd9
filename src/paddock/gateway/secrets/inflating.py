"""Look into a compressed request body, piece by piece, without being drowned in what comes out of it."""

from __future__ import annotations

import zlib

from paddock.gateway.http.requests import BadRequest

MOST_RATIO = 100  # what is denser than that is refused; texts reach 20
FREE_BYTES = 1 << 20
_GZIP, _ZLIB = 31, 15  # zlib's numbers for the formats; "deflate" is its own (RFC 9110 §8.4.1.2)
_READABLE = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": _ZLIB}


def reader(encodings: list[bytes]) -> Plain | Inflater:
    """What reads a body with these Content-Encoding headers. Raises BadRequest for what it cannot look into."""
    words = [word.strip().lower() for value in encodings for word in value.split(b",")]
    wanted = [word for word in words if word not in (b"", b"identity")]
    if not wanted:
        return Plain()
    if len(wanted) > 1 or wanted[0] not in _READABLE:
        raise BadRequest("body-encoding")
    return Inflater(_READABLE[wanted[0]])


class Plain:
    """A body that is what it is."""

    def feed(self, data: bytes) -> bytes:
        """The same."""
        return data

    def end(self) -> None:
        """Nothing can be missing."""


class Inflater:
    """A compressed body."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._zlib: zlib._Decompress | None = None
        self._came = self._went = 0

    def feed(self, data: bytes) -> bytes:
        """What is in the next bytes. Raises BadRequest where they are damaged, or too dense."""
        out = []
        self._came += len(data)
        while data:
            if self._zlib is None:
                self._zlib = zlib.decompressobj(self._window)
            most = FREE_BYTES + MOST_RATIO * self._came - self._went
            try:
                out.append(self._zlib.decompress(data, most + 1))
            except zlib.error as error:
                raise BadRequest("body-damaged") from error
            self._went += len(out[-1])
            if len(out[-1]) > most:
                raise BadRequest("body-dense")
            data = b""
            if self._zlib.eof:  # gzip may have several members, one behind the other (RFC 1952 §2.2)
                data, self._zlib = self._zlib.unused_data, None
        return b"".join(out)

    def end(self) -> None:
        """The body is over. Raises BadRequest when the compressed text is not: something may be held back in it."""
        if self._zlib is not None:
            raise BadRequest("body-damaged")
