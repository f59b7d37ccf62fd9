"""Route netlink (rtnetlink(7)): interfaces, addresses and routes that are added, and which addresses are ours.

Raw messages, because the `ip` program is not on every machine and costs a process. All of it acts on the
network namespace that the calling process is in.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# <linux/netlink.h>
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLM_F_DUMP_INTR = 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3
# <linux/rtnetlink.h>
RTM_NEWLINK, RTM_NEWADDR, RTM_GETADDR, RTM_NEWROUTE, RTM_GETROUTE = 16, 20, 22, 24, 26
RTA_DST, RTA_OIF = 1, 4
RT_TABLE_MAIN, RT_TABLE_LOCAL, RTPROT_BOOT = 254, 255, 3
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST = 0, 253, 254
RTN_UNICAST, RTN_LOCAL = 1, 2
# <linux/if_addr.h>, <linux/if.h>, <linux/if_link.h>, <linux/veth.h>
IFA_ADDRESS, IFA_LOCAL = 1, 2
IFA_F_NODAD = 0x2
IFF_UP = 0x1
IFLA_IFNAME, IFLA_LINKINFO, IFLA_NET_NS_FD = 3, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # family, device type, index, flags, which flags change
_ROUTE = struct.Struct("=BBBBBBBBI")  # family, lengths, tos, table, protocol, scope, type, flags
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")
_DUMP_TRIES = 5


def bring_up(interface: str) -> None:
    """Set an interface up. For `lo` the kernel adds 127.0.0.1/8 by itself. Needs CAP_NET_ADMIN here."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(interface), IFF_UP, IFF_UP)
    _acknowledged(RTM_NEWLINK, 0, body)


def add_pair(here: str, there: str, namespace: int) -> None:
    """Make veth(4) interfaces: what goes into one comes out of the other, which is in another network namespace.

    Needs CAP_NET_ADMIN here and there. Raises OSError, EOPNOTSUPP where the kernel has no such interfaces.
    """
    link = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    peer = link + _name(there) + _attribute(IFLA_NET_NS_FD, struct.pack("=I", namespace))
    made = _attribute(IFLA_INFO_KIND, b"veth") + _attribute(IFLA_INFO_DATA, _attribute(VETH_INFO_PEER, peer))
    _acknowledged(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link + _name(here) + _attribute(IFLA_LINKINFO, made))


def add_address(address: str, interface: str) -> None:
    """Give an interface one address more, of IPv4 or IPv6: `ip address add ADDRESS dev INTERFACE nodad`.

    Nobody else in the network is asked whether they have it. Needs CAP_NET_ADMIN here; adding the same address again is
    no error.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    flags = IFA_F_NODAD if family == socket.AF_INET6 else 0
    body = _ADDRESS.pack(family, len(packed) * 8, flags, 0, socket.if_nametoindex(interface))
    body += _attribute(IFA_LOCAL, packed) + _attribute(IFA_ADDRESS, packed)
    _acknowledged(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body)


def add_local_route(network: str, prefix_length: int, interface: str) -> None:
    """Make a block of IPv4 addresses our own: `ip route add local NET dev INTERFACE table local`.

    Every address of the block can then be bound and reached inside this network namespace, and is seen
    nowhere else. Needs CAP_NET_ADMIN here; adding the same route again is no error.
    """
    route = _ROUTE.pack(socket.AF_INET, prefix_length, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL, 0)
    body = route + _attribute(RTA_DST, socket.inet_aton(network))
    body += _attribute(RTA_OIF, struct.pack("=I", socket.if_nametoindex(interface)))
    _acknowledged(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, body)


def add_default_route(family: int, interface: str) -> None:
    """Everything else is behind an interface: `ip [-6] route add default dev INTERFACE`. Needs CAP_NET_ADMIN here."""
    scope = RT_SCOPE_LINK if family == socket.AF_INET else RT_SCOPE_UNIVERSE
    body = _ROUTE.pack(family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0)
    body += _attribute(RTA_OIF, struct.pack("=I", socket.if_nametoindex(interface)))
    _acknowledged(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, body)


def own_addresses() -> frozenset[bytes]:
    """Every address of every interface, as 4 or 16 bytes. Raises OSError; a caller must then assume the worst."""
    for _ in range(_DUMP_TRIES):
        found = _dump_addresses()
        if found is not None:
            return found
    raise OSError(errno.EINTR, "the addresses changed while they were read")


def is_delivered_here(address: bytes) -> bool:
    """Whether this host itself would answer at an address, which is more than its interfaces' addresses.

    A `local` route makes whole blocks the host's own (as this module does inside sandboxes).
    """
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, len(address) * 8, 0, 0, 0, 0, 0, 0, 0) + _attribute(RTA_DST, address)
    try:
        for kind, _, payload in _ask(RTM_GETROUTE, 0, body):
            if kind == RTM_NEWROUTE:
                return int(_ROUTE.unpack_from(payload)[7]) == RTN_LOCAL
    except OSError as error:
        if error.errno in (
            errno.ENETUNREACH,
            errno.EHOSTUNREACH,
            errno.EACCES,
            errno.EINVAL,
            errno.EAFNOSUPPORT,
            errno.EOPNOTSUPP,
        ):
            return False  # no such road, or one that is closed: nothing answers
        raise
    return False


def _dump_addresses() -> frozenset[bytes] | None:
    found: set[bytes] = set()
    for _, flags, payload in _ask(RTM_GETADDR, NLM_F_DUMP, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        if flags & NLM_F_DUMP_INTR:
            return None
        attributes = dict(_attributes(payload[_ADDRESS.size :]))
        # On point-to-point links IFA_ADDRESS is the other end and IFA_LOCAL ours.
        address = attributes.get(IFA_LOCAL, attributes.get(IFA_ADDRESS))
        if address:
            found.add(address)
    return frozenset(found)


def _acknowledged(kind: int, flags: int, body: bytes) -> None:
    for _ in _ask(kind, flags | NLM_F_ACK, body):
        pass


def _ask(kind: int, flags: int, body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Send one request; yield (type, flags, payload) of its answers up to the acknowledgement or the dump's end."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as channel:
        channel.settimeout(5)
        channel.bind((0, 0))
        channel.send(_HEADER.pack(_HEADER.size + len(body), kind, flags | NLM_F_REQUEST, 1, 0) + body)
        single = not flags & (NLM_F_ACK | NLM_F_DUMP)
        while True:
            data, (port, _) = channel.recvfrom(1 << 17)
            if port != 0:
                continue  # not from the kernel
            for answer, marks, payload in _messages(data):
                if answer == NLMSG_ERROR:
                    _raise_unless_zero(payload)
                    return
                if answer == NLMSG_DONE:
                    return
                yield answer, marks, payload
                if single:
                    return


def _raise_unless_zero(payload: bytes) -> None:
    number = -struct.unpack_from("=i", payload)[0]
    if number:
        raise OSError(number, os.strerror(number), "netlink")


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, flags, _, _ = _HEADER.unpack_from(data)
        yield kind, flags, data[_HEADER.size : length]
        data = data[max(_aligned(length), _HEADER.size) :]


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(_aligned(length) - length)


def _name(interface: str) -> bytes:
    return _attribute(IFLA_IFNAME, interface.encode() + b"\0")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[max(_aligned(length), _ATTRIBUTE.size) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3
