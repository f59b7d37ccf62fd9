"""The address guard: which addresses a name may lead to. The table is ours and pinned.

`ipaddress.is_global` calls a dozen dangerous addresses global and changed between Python versions. A name
under an attacker's control can point anywhere (DNS rebinding, threat E9), so what it resolves to is judged
here, and exactly the address that was judged is dialled.
"""

from __future__ import annotations

import socket

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.gateway.outside.nat64 import Translator

# First match decides; sources: the IANA special-purpose registries, cloud vendors' metadata documentation.
_TABLE_4 = """
    metadata       100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 169.254.169.254/32
    private        10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10
    loopback       127.0.0.0/8
    link-local     169.254.0.0/16
    unspecified    0.0.0.0/8
    synthetic      198.18.0.0/15
    multicast      224.0.0.0/4
    documentation  192.0.2.0/24 198.51.100.0/24 203.0.113.0/24
    reserved       192.0.0.0/24 192.88.99.0/24 240.0.0.0/4
"""
# 2001::/23 is for protocols, not hosts; its first /32, Teredo, is judged by the address that it carries.
_TABLE_6 = """
    metadata       fd00:ec2::/32 fd20:ce::254/128 fd00:c1::a9fe:a9fe/128 fd00:42::42/128
    metadata       fd00:a9fe:a9fe::1/128 fd00:100::100:200/128
    private        fc00::/7
    loopback       ::1/128
    unspecified    ::/128
    link-local     fe80::/10 fec0::/10
    multicast      ff00::/8
    documentation  2001:db8::/32 3fff::/20
    reserved       100::/64 64:ff9b:1::/48 5f00::/16
    reserved       2001:1::/32 2001:2::/31 2001:4::/30 2001:8::/29 2001:10::/28 2001:20::/27
    reserved       2001:40::/26 2001:80::/25 2001:100::/24
"""
# Where the IPv4 address sits in addresses that carry one: prefix, first byte, whether inverted.
_CARRIERS = (
    ("::ffff:0:0/96", 12, False),  # IPv4-mapped
    ("::ffff:0:0:0/96", 12, False),  # IPv4-translated
    ("64:ff9b::/96", 12, False),  # NAT64
    ("2002::/16", 2, False),  # 6to4
    ("2001::/32", 12, True),  # Teredo
    ("::/96", 12, False),  # IPv4-compatible
)
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
PUBLIC, HOST = "public", "host"
_PRIVATE = ("private", "documentation")  # opened by `private`


@frozen
class _Range:
    length: int
    value: int
    kind: str

    def holds(self, address: bytes) -> bool:
        return int.from_bytes(address, "big") >> (len(address) * 8 - self.length) == self.value


def _range(text: str, kind: str) -> _Range:
    network, _, length = text.partition("/")
    packed = socket.inet_pton(socket.AF_INET6 if ":" in network else socket.AF_INET, network)
    bits = int(length)
    return _Range(bits, int.from_bytes(packed, "big") >> (len(packed) * 8 - bits), kind)


def _ranges(table: str) -> tuple[_Range, ...]:
    lines = (line.split() for line in table.strip().splitlines())
    return tuple(_range(text, kind) for kind, *texts in lines for text in texts)


_RANGES = {4: _ranges(_TABLE_4), 16: _ranges(_TABLE_6)}
_CARRIED = tuple((_range(prefix, ""), start, inverted) for prefix, start, inverted in _CARRIERS)
_GLOBAL_UNICAST = _range("2000::/3", PUBLIC)  # all that is assigned (RFC 4291 §2.4); the rest is nobody's


def classify(address: bytes, through: Sequence[Translator] = ()) -> str:
    """The class of an address of 4 or 16 bytes, "public" for those that anybody may be behind.

    `through` are the network's own ways from IPv6 to IPv4.
    """
    kind = _own_class(address)
    # Such a prefix may be a public one, RFC 8215's or one of the network's own, and is never what else there is.
    inside = _translated(address, through) if kind in (PUBLIC, "reserved", "private") else []
    kinds = [classify(one) for one in inside]
    return next((one for one in kinds if one != PUBLIC), PUBLIC) if kinds else kind


def _own_class(address: bytes) -> str:
    for entry in _RANGES[len(address)]:
        if entry.holds(address):
            return entry.kind
    inside = carried(address)
    if inside:
        return classify(inside)
    if len(address) == 16 and not _GLOBAL_UNICAST.holds(address):
        return "reserved"
    return PUBLIC


def _translated(address: bytes, through: Sequence[Translator]) -> list[bytes]:
    return [inside for one in through if (inside := one.inside(address))]


def carried(address: bytes) -> bytes:
    """The IPv4 address that an IPv6 address leads to through mapping, NAT64 or a tunnel, or nothing."""
    if len(address) != 16:
        return b""
    for prefix, start, inverted in _CARRIED:
        if prefix.holds(address):
            found = address[start : start + 4]
            return bytes(byte ^ 0xFF for byte in found) if inverted else found
    return address[12:] if address[8:12] in _ISATAP else b""


def refusal(
    address: bytes,
    *,
    private: bool,
    named: bool,
    is_host: Callable[[bytes], bool],
    through: Sequence[Translator] = (),
) -> str:
    """Why an address may not be dialled: its class, or nothing when it may.

    `private` lets it be in a private range, or in one that is kept for documentation: nobody owns such an address
    on the internet, so what answers there is in a network of the person's own. `named` lets it be this very host (a
    person wrote that address). Metadata services and the other classes are never dialled. `is_host` says whether
    this host answers there, `through` are the network's own ways from IPv6 to IPv4.
    """
    faces = [face for face in (address, carried(address), *_translated(address, through)) if face]
    kind = classify(address, through)
    if kind in (PUBLIC, "loopback", *_PRIVATE) and (kind == "loopback" or any(map(is_host, faces))):
        kind = "loopback" if kind == "loopback" else HOST
        return "" if named else kind
    if kind == PUBLIC or (kind in _PRIVATE and private):
        return ""
    return kind
