"""A network's own NAT64 prefix (RFC 7050): IPv6 addresses that lead to IPv4 ones, without I/O.

Behind DNS64 the host's resolver gives 64 bits or so of the network's own, and 32 bits of the IPv4 address. Such an
address looks like any public one, so the IPv4 address has to be taken out of it before the guard judges.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

WELL_KNOWN_NAME = "ipv4only.arpa"  # has these IPv4 addresses and no IPv6 one: whatever comes was made by DNS64
_WELL_KNOWN = (bytes((192, 0, 0, 170)), bytes((192, 0, 0, 171)))
# RFC 6052 §2.2: where the IPv4 address sits, for each length of prefix in bytes. Byte 8 is zero.
_PLACES = {
    4: (4, 5, 6, 7),
    5: (5, 6, 7, 9),
    6: (6, 7, 9, 10),
    7: (7, 9, 10, 11),
    8: (9, 10, 11, 12),
    12: (12, 13, 14, 15),
}


@frozen
class Translator:
    """One prefix."""

    prefix: bytes

    def inside(self, address: bytes) -> bytes:
        """The IPv4 address that an IPv6 address leads to, or nothing."""
        if len(address) != 16 or not address.startswith(self.prefix):
            return b""
        return bytes(address[place] for place in _PLACES[len(self.prefix)])


def translators(answers: Iterable[bytes]) -> tuple[Translator, ...]:
    """The prefixes by what a resolver says to the IPv6 addresses of the well-known name."""
    found: dict[bytes, Translator] = {}
    for address in answers:
        for length, places in _PLACES.items():
            if len(address) == 16 and bytes(address[place] for place in places) in _WELL_KNOWN:
                found.setdefault(address[:length], Translator(address[:length]))
    return tuple(found.values())
