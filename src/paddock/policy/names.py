r"""One canonical form of host names, for policy, DNS, TLS server names and HTTP Host alike.

Two spellings of a name that one part takes for equal and another for different are a way past the
allow-list (threat E8; srt's SOCKS proxy let `attacker\0.allowed` through for months). So there is one
function, it accepts little, and all compare its results only.
"""

from __future__ import annotations

LONGEST_NAME = 253  # RFC 1035 §2.3.4, in text without the last dot
LONGEST_LABEL = 63
_PARTS = 4
_OCTETS = frozenset(map(str, range(256)))
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
# IDNA 2003, which the standard library has, and IDNA 2008, which clients use, disagree about these: the
# name that a person writes would not be the name that is asked for (UTS #46 §7, "deviations").
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")


def canonical(name: str) -> str | None:
    r"""Lower case, A-labels, no last dot; None for what is no host name.

    Refused: empty or too long parts, anything but letters, digits, `-`, `_` and dots (so NUL, space,
    `%`, `/`, `@`, `\`, `:`, `*`), a hyphen at a label's end, and names that programs may take for an IPv4
    address (a last label that is a number: `127.1`, `0x7f.1`, `2130706433`).
    """
    if len(name) > LONGEST_NAME + 1:
        return None  # before the IDNA codec, which is quadratic (CVE-2022-45061)
    if not name.isascii():
        name = _a_labels(name) or ""
    name = name.lower().removesuffix(".")
    if not name or len(name) > LONGEST_NAME:
        return None
    labels = name.split(".")
    return name if all(map(_is_label, labels)) and not ends_in_number(labels[-1]) else None


def canonical_bytes(name: bytes) -> str | None:
    """The same for a name as it came over a wire, where only ASCII is a name."""
    return canonical(name.decode("ascii")) if name.isascii() else None


def is_ipv4(text: str) -> bool:
    """Whether text is an IPv4 address in its one unambiguous form: four decimal numbers without leading zeros."""
    parts = text.split(".")
    return len(parts) == _PARTS and all(part in _OCTETS for part in parts)


def _a_labels(name: str) -> str | None:
    if _DEVIATIONS & set(name):
        return None
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _is_label(label: str) -> bool:
    return 0 < len(label) <= LONGEST_LABEL and set(label) <= _ALLOWED and label[0] != "-" != label[-1]


def ends_in_number(label: str) -> bool:
    """Whether resolvers take a name whose last label this is for an IPv4 address (WHATWG URL, "ends in a number")."""
    return label.isdigit() or (label.startswith("0x") and set(label[2:]) <= frozenset("0123456789abcdef"))
