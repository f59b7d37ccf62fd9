"""Replace texts in a stream by others of the same length, without changing where the stream's pieces end for long.

Nothing is held back but an end that may be the beginning of a text that is looked for, so that events of a model's
answer arrive when they were sent.
"""

from __future__ import annotations

from paddock.gateway.secrets.leaks import base64_forms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Pair = tuple[bytes, bytes]

_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Swap:
    """One stream in which each pair's first text becomes its second."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Raises ValueError for a pair of different lengths."""
        self._pairs = tuple(dict.fromkeys(pairs))
        if any(len(old) != len(new) or not old for old, new in self._pairs):
            message = "a replacement of another length"
            raise ValueError(message)
        self._longest = max((len(old) for old, _ in self._pairs), default=0)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The next bytes that are sure."""
        if not self._pairs:
            return data
        text = self._held + data
        for old, new in self._pairs:
            text = text.replace(old, new)
        sure = self._sure(text)
        self._held = text[sure:]
        return text[:sure]

    def end(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return held

    def _sure(self, text: bytes) -> int:
        """Where the longest end begins that is the beginning of a text that is looked for."""
        first = max(0, len(text) - self._longest + 1)
        sure = len(text)
        for old, _ in self._pairs:
            at = text.find(old[:1], first, sure)
            while at >= 0:
                if old.startswith(text[at:]):
                    sure = at
                    break
                at = text.find(old[:1], at + 1, sure)
        return sure


def forms(secret: bytes, stand_in: bytes) -> tuple[Pair, ...]:
    """The secret as a server may send it back, each with what is to be read instead, of the same length.

    As it is, in base64 and in hex: a debugging echo of a header has one of these.
    """
    shown = fitted(stand_in, len(secret))
    pairs = [(secret, shown), (secret.hex().encode(), shown.hex().encode())]
    pairs.append((pairs[1][0].upper(), pairs[1][1].upper()))
    for one, other in zip(base64_forms(secret), base64_forms(shown), strict=True):
        pairs += [(one, other), (one.translate(_TO_URL_SAFE), other.translate(_TO_URL_SAFE))]
    return tuple(dict.fromkeys(pairs))


def fitted(text: bytes, length: int) -> bytes:
    """A text, cut or filled up to a length."""
    return text[:length].ljust(length, b"x")
