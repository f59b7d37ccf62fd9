"""Text that does not say what it shows: direction marks, invisible characters, control characters.

Trojan Source (CVE-2021-42574): compilers and agents read characters that editors and reviewers do not see. What
languages and emoji need of them is left alone: joiners between letters that join, the flags that exist, one
variation selector after another character.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BIDI, INVISIBLE, CONTROL = "text-bidi", "text-invisible", "text-control"
MOST_LINES = 10_000  # of one file that are looked at

# Everything but tab, line feed, form feed and carriage return below the space, and what is no ASCII.
_PLAIN = bytes([9, 10, 12, 13, *range(0x20, 0x7F)])
# The UTF-8 forms of all characters that are judged below; a first look over bytes, most files have none.
_SUSPECT = re.compile(
    rb"\xc2[\x80-\x9f\xad]|\xcd\x8f|\xd8\x9c|\xe1\x85[\x9f\xa0]|\xe1\x9e[\xb4\xb5]|\xe1\xa0[\x8b-\x8f]"
    rb"|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xe3\x85\xa4|\xef\xb8[\x80-\x8f](?=\xef\xb8|\xf3\xa0)"
    rb"|\xef\xbb\xbf|\xef\xbe\xa0|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80-\xbf]"
    rb"|[\x00-\x08\x0b\x0e-\x1f\x7f]|\r(?!\n|\Z)"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FLAGS = re.compile("\U0001f3f4(?:\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
                    "|\U000e0077\U000e006c\U000e0073))\U000e007f")  # fmt: skip
_NEVER_SEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2}"
)
# Joiners and marks of one direction belong beside letters that are not ASCII; a joiner also beside emoji.
_MARKS = re.compile("(?:^|(?<=[\x00-\x7f]))[\u200c-\u200f\u061c](?=[\x00-\x7f]|$)|[\u200c-\u200f\u061c]{2}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]|\r(?!\n|$)")


def found(new: bytes, old: bytes | None) -> dict[str, tuple[str, ...]]:
    """The new lines that hold such characters, by kind. A line that the old text has too is not new."""
    if not is_suspect(new):
        return {}
    known = set() if old is None else set(_suspects(old))
    kinds: dict[str, list[str]] = {}
    for count, line in enumerate(_suspects(new)):
        if line not in known:
            for kind in _kinds(_text(line)):
                kinds.setdefault(kind, []).append(_text(line))
        if count >= MOST_LINES:
            kinds.setdefault(CONTROL, []).append(f"more than {MOST_LINES} such lines")
            break
    return {kind: tuple(lines) for kind, lines in kinds.items()}


def is_suspect(data: bytes) -> bool:
    """Whether a text could hold such characters. One pass of a fast kind over the usual file."""
    odd = data.translate(None, _PLAIN)
    if not odd and data.count(b"\r") == data.count(b"\r\n"):
        return False
    return _SUSPECT.search(data) is not None


def _suspects(data: bytes) -> Iterator[bytes]:
    """The lines that could, without those that could not: there may be millions of them."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    at, end = 0, len(data)
    while match := _SUSPECT.search(data, at, end):
        start = data.rfind(b"\n", 0, match.start()) + 1
        stop = data.find(b"\n", match.start())
        at = end if stop < 0 else stop + 1
        yield data[start : at if stop < 0 else stop].removesuffix(b"\r")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _kinds(line: str) -> list[str]:
    unflagged = _FLAGS.sub("", line)
    kinds = []
    if _BIDI.search(line):
        kinds.append(BIDI)
    if _NEVER_SEEN.search(unflagged) or _MARKS.search(unflagged):
        kinds.append(INVISIBLE)
    if _CONTROL.search(line):
        kinds.append(CONTROL)
    return kinds
