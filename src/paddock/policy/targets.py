"""Paths of HTTP requests that everybody reads alike: the only ones that a pattern of paths can match. Pure."""

from __future__ import annotations

_HEX = frozenset(b"0123456789abcdefABCDEF")
# What servers and the programs before them decode at different times, or do not agree about: dots, slashes and
# backslashes in disguise, a percent sign (decoded twice it becomes one of these), and bytes that begin overlong
# UTF-8 (CVE-2021-41773, CVE-2000-0884). A path that holds one fits no pattern (threat E13).
_DISGUISED = frozenset({b"25", b"2e", b"2f", b"5c", b"c0", b"c1"})
_PRINTABLE = range(0x21, 0x7F)


def is_plain_path(path: bytes) -> bool:
    """Whether everybody reads a path alike: no dot segments, no leading `//`, no steering in disguise, all ASCII."""
    if not path.startswith(b"/") or path.startswith(b"//") or b"\\" in path or b"#" in path:
        return False
    if not all(byte in _PRINTABLE for byte in path):
        return False
    if any(segment.partition(b";")[0] in (b".", b"..") for segment in path.split(b"/")):
        return False  # a `;` begins parameters, which some servers take off first
    return all(_is_plain_escape(part[:2].lower()) for part in path.split(b"%")[1:])


def _is_plain_escape(digits: bytes) -> bool:
    if len(digits) != 2 or not set(digits) <= _HEX:  # noqa: PLR2004 - RFC 3986 §2.1
        return False
    return digits not in _DISGUISED and int(digits, 16) >= 0x20 and digits != b"7f"  # noqa: PLR2004 - controls
