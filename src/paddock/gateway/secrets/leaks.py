"""Find secrets in what goes out, over pieces, however a program may have written them.

Looked for as they are, percent-encoded or escaped as in JSON (any mix, twice), in base64 (at all three alignments,
both alphabets, with line breaks) and in hex (both cases, with separators). Instead of a pattern for every spelling,
the text is brought into one spelling for each family and searched for few patterns, with `bytes.find`.

What a program encrypts or encodes in its own way passes: this finds accidents and plain attempts, and is no proof.
"""

from __future__ import annotations

import base64
import binascii
import re

from paddock.credentials.brokered import SHORTEST
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    Kind = Literal["secret", "placeholder", "canary"]

_LONGEST_SPELLING = 6  # bytes for one: \u0041

_ESCAPE = re.compile(rb'%([0-9A-Fa-f]{2})|\\u00([0-9A-Fa-f]{2})|\\([/"\\nrt])')
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}  # the rest stand for themselves
_LONGEST_ESCAPE = 6
_BEGUN = re.compile(rb"(?:%[0-9A-Fa-f]?|\\(?:u(?:0(?:0[0-9A-Fa-f]?)?)?)?)\Z")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = b"\r\n\t \\\"'="
_TO_LOWER = bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256))
_NOT_HEX = b"\r\n\t \\\"':,-xX"


@frozen
class Needle:
    """Something that must not go out: `name` is the credential's, `kind` says what of it."""

    name: str
    kind: Kind
    value: bytes

    def __repr__(self) -> str:
        return f"Needle({self.name!r}, {self.kind!r})"  # the value must not come into a trace


class Needles:
    """All that is looked for. Raises ValueError for one that is too short to be told from chance."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self.all = tuple(dict.fromkeys(needles))
        for needle in self.all:
            if len(needle.value) < SHORTEST:
                message = f"{needle!r} is shorter than {SHORTEST} bytes"
                raise ValueError(message)
        self.plain = [(needle.value, needle) for needle in self.all]
        self.base64 = [(text, needle) for needle in self.all for text in base64_forms(needle.value)]
        self.hex = [(needle.value.hex().encode(), needle) for needle in self.all]
        longest = max((len(needle.value) for needle in self.all), default=0)
        self.reach = longest * _LONGEST_SPELLING  # how far back the beginning of one can lie

    def __bool__(self) -> bool:
        return bool(self.all)

    def in_whole(self, data: bytes) -> tuple[Needle, ...]:
        """Those that are in a text that is complete."""
        return Search(self).feed(data) if self.all else ()

    def in_name(self, name: str) -> tuple[Needle, ...]:
        """Those that a host name carries, over several labels: as they are, in hex or in Base32; case says nothing."""
        if not self.all:
            return ()
        text = name.lower().replace(".", "").encode("ascii", "replace")
        spelt = (
            (needle, form)
            for needle in self.all
            for form in (needle.value.lower(), needle.value.hex().encode(), *base32_forms(needle.value))
        )
        return tuple(dict.fromkeys(needle for needle, form in spelt if form in text))


class Search:
    """The search through one stream."""

    def __init__(self, needles: Needles) -> None:
        self._raw = _View(needles.plain)
        self._decoded = _View(needles.plain)
        self._base64 = _View(needles.base64)
        self._hex = _View(needles.hex)
        self._once, self._twice = _Unescape(), _Unescape()

    def feed(self, data: bytes) -> tuple[Needle, ...]:
        """Take the next piece; those that are complete with it, each once."""
        decoded = self._twice.feed(self._once.feed(data))
        found = [
            *self._raw.feed(data),
            *self._decoded.feed(decoded),
            *self._base64.feed(decoded.translate(_TO_STANDARD, _NOT_BASE64)),
            *self._hex.feed(decoded.translate(_TO_LOWER, _NOT_HEX)),
        ]
        return tuple(dict.fromkeys(found))


class _View:
    """One spelling of the stream, with as much of its past as a pattern may begin in."""

    def __init__(self, patterns: list[tuple[bytes, Needle]]) -> None:
        self._patterns = patterns
        self._kept = max((len(pattern) for pattern, _ in patterns), default=1) - 1
        self._past = b""

    def feed(self, data: bytes) -> list[Needle]:
        text = self._past + data
        self._past = text[max(0, len(text) - self._kept) :]
        return [needle for pattern, needle in self._patterns if pattern in text]


class _Unescape:
    """Takes away one layer of percent-encoding and of JSON's escapes; an incomplete escape waits for its rest."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> bytes:
        if self._left:
            data = self._left + data
            self._left = b""
        if b"%" not in data and b"\\" not in data:
            return data
        begun = _BEGUN.search(data, max(0, len(data) - _LONGEST_ESCAPE))
        if begun and not _is_escaped(data, begun.start()):
            data, self._left = data[: begun.start()], data[begun.start() :]
        return _ESCAPE.sub(_unescaped, data)


def _is_escaped(data: bytes, at: int) -> bool:
    """Whether the backslash there is the second of a pair, as an odd number before it says."""
    before = data[:at]
    return data[at : at + 1] == b"\\" and (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits: bytes | None = match[1] or match[2]
    return bytes([int(digits, 16)]) if digits else _PLAIN.get(match[3], match[3])


def base64_forms(value: bytes) -> tuple[bytes, ...]:
    """What of a value is seen in the base64 of any text that holds it: one form for each position modulo three.

    The standard alphabet, without the characters that carry bits of the neighbours.
    """
    return _forms(value, lambda text: binascii.b2a_base64(text, newline=False), 3, 6)


def base32_forms(value: bytes) -> tuple[bytes, ...]:
    """The same for Base32 (RFC 4648 §6), which has five positions, in small letters."""
    return _forms(value, lambda text: base64.b32encode(text).lower(), 5, 5)


def _forms(value: bytes, encode: Callable[[bytes], bytes], positions: int, bits: int) -> tuple[bytes, ...]:
    forms = []
    for before in range(positions):
        first = -(-before * 8 // bits)
        forms.append(encode(b"\0" * before + value)[first : (before + len(value)) * 8 // bits])
    return tuple(forms)
