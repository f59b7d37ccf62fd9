"""Attacks by kinds of sockets that ordinary programs do not need, and that the kernel may load modules for."""

from __future__ import annotations

import socket

from paddock.probes.inside.effects import Given, row

# Each with the type and the protocol that it is made with.
RARE = {
    "AX25": (3, socket.SOCK_SEQPACKET, 0),
    "IPX": (4, socket.SOCK_DGRAM, 0),
    "AppleTalk": (5, socket.SOCK_DGRAM, 0),
    "NETROM": (6, socket.SOCK_SEQPACKET, 0),
    "X25": (9, socket.SOCK_SEQPACKET, 0),
    "ROSE": (11, socket.SOCK_SEQPACKET, 0),
    "KEY": (15, socket.SOCK_RAW, 2),
    "RDS": (21, socket.SOCK_SEQPACKET, 0),
    "PPPoX": (24, socket.SOCK_STREAM, 0),
    "LLC": (26, socket.SOCK_DGRAM, 0),
    "CAN": (29, socket.SOCK_RAW, 1),
    "TIPC": (30, socket.SOCK_RDM, 0),
    "BLUETOOTH": (31, socket.SOCK_RAW, 1),
    "RXRPC": (33, socket.SOCK_DGRAM, socket.AF_INET),
    "PHONET": (35, socket.SOCK_DGRAM, 0),
    "IEEE802154": (36, socket.SOCK_DGRAM, 0),
    "CAIF": (37, socket.SOCK_SEQPACKET, 0),
    "ALG": (38, socket.SOCK_SEQPACKET, 0),
    "NFC": (39, socket.SOCK_SEQPACKET, 0),
    "KCM": (41, socket.SOCK_DGRAM, 0),
    "QIPCRTR": (42, socket.SOCK_DGRAM, 0),
    "SMC": (43, socket.SOCK_STREAM, 0),
    "XDP": (44, socket.SOCK_RAW, 0),
    "MCTP": (45, socket.SOCK_DGRAM, 0),
}
_NETLINK = {"NETFILTER": 12, "XFRM": 6, "AUDIT": 9, "UEVENT": 15, "GENERIC": 16, "SOCK_DIAG": 4, "CONNECTOR": 11}


def opened(name: str, family: int, kind: int, protocol: int = 0) -> list[str]:
    """The name of a kind of socket that can be made; OSError says that the filter, or the kernel, has none."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError:
        return []
    return [name]


@row("PK-28 af-vsock")
def vsock(given: Given) -> list[str]:
    socket.socket(40, socket.SOCK_STREAM).close()
    return ["a socket to the hypervisor"]


@row("PK-29 af-packet")
def packet(given: Given) -> list[str]:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    return ["a packet socket"]


@row("PK-29 raw")
def raw(given: Given) -> list[str]:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()
    return ["a raw socket"]


@row("PK-30 af-netlink-other")
def netlink(given: Given) -> list[str]:
    """Routing is left out: getaddrinfo asks it."""
    return [
        word for name, number in _NETLINK.items() for word in opened(name, socket.AF_NETLINK, socket.SOCK_RAW, number)
    ]


@row("PK-31 af-rare")
def rare(given: Given) -> list[str]:
    return [word for name, kind in RARE.items() for word in opened(name, *kind)]
