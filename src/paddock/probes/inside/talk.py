"""Attacks by talking: sockets of every family to listeners of the host."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from paddock.probes.inside.effects import Given, row


def _send(family: int, kind: int, address: tuple[str, int] | str | bytes) -> list[str]:
    """The host counts what arrives; a connection alone proves nothing."""
    with socket.socket(family, kind) as ours:
        ours.settimeout(2)
        ours.connect(address)
        ours.send(b"reached")
    return []


@row("NW-01 host-loopback-tcp")
def loopback(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", given["ports"]["NW-01 host-loopback-tcp"]))


@row("NW-02 host-any-iface")
def any_interface(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_STREAM, (given["address"], given["ports"]["NW-02 host-any-iface"]))


@row("NW-09 ipv6")
def ipv6(given: Given) -> list[str]:
    return _send(socket.AF_INET6, socket.SOCK_STREAM, ("::1", given["ports"].get("NW-09 ipv6", 9)))


@row("NW-10 udp-out")
def udp(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", given["ports"]["NW-10 udp-out"]))


@row("NW-10 udp-any-iface")
def udp_any(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_DGRAM, (given["address"], given["ports"]["NW-10 udp-any-iface"]))


@row("NW-10 tcp-fastopen")
def fast_open(given: Given) -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as ours:
        ours.settimeout(2)
        ours.sendto(b"reached", 0x20000000, ("127.0.0.1", given["ports"]["NW-10 tcp-fastopen"]))
    return []


@row("NW-10 mptcp")
def mptcp(given: Given) -> list[str]:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
    return ["a multipath socket"]


@row("NW-10 sctp")
def sctp(given: Given) -> list[str]:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
    return ["an SCTP socket"]


@row("NW-04 no-default-route")
def routes(given: Given) -> list[str]:
    with open("/proc/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line and not line.strip().startswith("lo:")]
    with open("/proc/net/route") as file:
        return found + [line.split()[0] for line in file.read().splitlines()[1:]]


@row("NW-36 route-tamper")
def interface_flags(given: Given) -> list[str]:
    request = bytearray(struct.pack("16sH22x", b"lo", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        fcntl.ioctl(ours, 0x8913, request)  # SIOCGIFFLAGS
        fcntl.ioctl(ours, 0x8914, bytes(request))  # SIOCSIFFLAGS: the same flags again
    return ["changed an interface"]


@row("NW-37 abstract-socket")
def abstract(given: Given) -> list[str]:
    return _send(socket.AF_UNIX, socket.SOCK_STREAM, b"\0" + given["abstract"].encode())


@row("NW-38 path-socket-home")
def socket_home(given: Given) -> list[str]:
    return _send(socket.AF_UNIX, socket.SOCK_STREAM, given["sockets"]["NW-38 path-socket-home"])


@row("NW-38 path-socket-repository")
def socket_repository(given: Given) -> list[str]:
    return _send(socket.AF_UNIX, socket.SOCK_STREAM, given["sockets"]["NW-38 path-socket-repository"])


@row("NW-38 path-socket-datagram")
def socket_datagram(given: Given) -> list[str]:
    return _send(socket.AF_UNIX, socket.SOCK_DGRAM, given["sockets"]["NW-38 path-socket-datagram"])


@row("NW-39 host-tmp-socket")
def socket_tmp(given: Given) -> list[str]:
    return _send(socket.AF_UNIX, socket.SOCK_STREAM, given["sockets"]["NW-39 host-tmp-socket"])


@row("NW-38 any-socket")
def any_socket(given: Given) -> list[str]:
    """Whatever sockets are in the file system outside the repository, none answers."""
    found = []
    for top in ("/run", "/var/run", "/tmp", "/var/tmp", given.home):
        for directory, _, names in os.walk(top):
            for name in names:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
                    if ours.connect_ex(f"{directory}/{name}"[:107]) == 0:
                        found.append(f"{directory}/{name}")
    return found


@row("NW-41 inherited-socket-fd")
def inherited_socket(given: Given) -> list[str]:
    return [word for word in given["at start"] if "socket:" in word]


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
    found = []
    for name, protocol in (
        ("NETFILTER", 12),
        ("XFRM", 6),
        ("AUDIT", 9),
        ("UEVENT", 15),
        ("GENERIC", 16),
        ("SOCK_DIAG", 4),
    ):
        try:
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close()
        except OSError:
            continue
        found.append(name)
    return found


@row("PK-31 af-rare")
def rare(given: Given) -> list[str]:
    found = []
    for name, family in (
        ("AX25", 3),
        ("KEY", 15),
        ("RDS", 21),
        ("CAN", 29),
        ("TIPC", 30),
        ("BLUETOOTH", 31),
        ("ALG", 38),
        ("XDP", 44),
    ):
        for kind in (socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            found.append(name)
    return found
