"""An answer that comes encoded although it was asked for plainly: the secret that was sent may lie in it (threat C3).

It cannot be replaced there, so such an answer is broken off before the secret is out. Some services send what they have
stored, whatever is asked for, and compress an echo as well.
"""

from __future__ import annotations

from paddock.gateway.http.requests import BadRequest
from paddock.gateway.secrets import inflating
from paddock.gateway.secrets.leaks import Search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.gateway.secrets.leaks import Needles

_HELD = 1024  # compressed bytes; a secret is hardly longer, and no compression makes it so


class Reflected:
    """One encoded answer, as `swapping.Swap` is one that can be read. Both methods raise BadRequest."""

    def __init__(self, encodings: list[bytes], needles: Needles) -> None:
        self._encodings = encodings
        self._search = Search(needles)
        self._inside: inflating.Plain | inflating.Inflater | None = None
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The next bytes that are sure."""
        try:
            if self._inside is None:  # not before: to HEAD there is an encoding and no body
                self._inside = inflating.reader(self._encodings)
            text = self._inside.feed(data)
        except BadRequest as error:
            raise BadRequest("answer-encoding") from error
        found = self._search.feed(text)
        if found:
            raise BadRequest("secret-incoming", found[0].name)
        data = self._held + data
        sure = max(0, len(data) - _HELD)
        data, self._held = data[:sure], data[sure:]
        return data

    def end(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return held
