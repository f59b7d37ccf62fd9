"""Roads past the gateway: straight to the host, to its neighbours, and to addresses that nobody should reach.

The host listens at every place that is tried and counts what arrives. Nothing is sent to anybody else: where no
listener of ours can be, the kernel is asked for a route and no packet leaves.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from contextlib import suppress

from paddock.probes.inside.effects import Given, Skipped, row
from paddock.probes.inside.network import INTERNAL, RESOLVER, has_gateway, service

_PUBLIC = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1")  # RFC 5737 and RFC 3849: nobody is there
_METADATA = (
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fe80::a9fe:a9fe",
)  # fmt: skip
_BY_GATEWAY = ("10.0.2.2", "10.0.2.3", "169.254.1.2", "192.168.127.254", "172.17.0.1", "192.168.65.254")
_ODD_LOOPBACKS = (
    "127.1", "2130706433", "0x7f.1", "017700000001", "127.0.0.1.", "::ffff:127.0.0.1", "::1", "0", "localhost",
)  # fmt: skip


def _send(family: int, kind: int, address: tuple[str, int]) -> list[str]:
    """The host counts what arrives; a connection alone proves nothing."""
    with socket.socket(family, kind) as ours:
        ours.settimeout(2)
        ours.connect(address)
        ours.send(b"reached")
    return []


def _tries(hosts: tuple[str, ...], port: int) -> list[str]:
    for host in hosts:
        with suppress(OSError, UnicodeError), socket.create_connection((host, port), timeout=2) as ours:
            ours.sendall(b"GET /reached HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (host.encode(), port))
    return []


def _has_route(address: str) -> bool:
    """Connecting a datagram socket looks the way up and sends nothing (connect(2), udp(7))."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as ours:
        return ours.connect_ex((address, 80)) == 0


@row("NW-01 host-loopback-tcp")
def loopback(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", given["ports"]["NW-01 host-loopback-tcp"]))


@row("NW-02 host-any-iface")
def any_interface(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_STREAM, (given["address"], given["ports"]["NW-02 host-any-iface"]))


@row("NW-03 host-by-gateway")
def by_gateway(given: Given) -> list[str]:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((given["address"], 0))
        return []  # this is the host's own network, where such addresses are its neighbours'
    return _tries(_BY_GATEWAY, given["ports"]["NW-03 host-by-gateway"])


@row("NW-04 no-default-route")
def routes(given: Given) -> list[str]:
    with open("/proc/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line and not line.strip().startswith("lo:")]
    with open("/proc/net/route") as file:
        return [f"saw {name}" for name in found + [line.split()[0] for line in file.read().splitlines()[1:]]]


@row("NW-05 public-address")
def public(given: Given) -> list[str]:
    return [f"saw a way to {address}" for address in _PUBLIC if _has_route(address)]


@row("NW-08 metadata-services")
def metadata(given: Given) -> list[str]:
    return [f"saw a way to {address}" for address in _METADATA if _has_route(address)]


@row("NW-09 ipv6")
def ipv6(given: Given) -> list[str]:
    if "NW-09 ipv6" not in given["ports"]:
        raise Skipped("this machine has no IPv6")
    return _send(socket.AF_INET6, socket.SOCK_STREAM, ("::1", given["ports"]["NW-09 ipv6"]))


@row("NW-10 udp-out")
def udp(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", given["ports"]["NW-10 udp-out"]))


@row("NW-10 udp-any-iface")
def udp_any(given: Given) -> list[str]:
    return _send(socket.AF_INET, socket.SOCK_DGRAM, (given["address"], given["ports"]["NW-10 udp-any-iface"]))


@row("NW-10 tcp-fastopen")
def fast_open(given: Given) -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as ours:
        # A socket with Python's own time limit does not block, and then nothing but the first packet would be sent.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 2, 0))
        ours.sendto(b"reached", 0x20000000, ("127.0.0.1", given["ports"]["NW-10 tcp-fastopen"]))
    return []


@row("NW-10 mptcp")
def mptcp(given: Given) -> list[str]:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
    return ["reached the kernel's multipath TCP"]


@row("NW-10 sctp")
def sctp(given: Given) -> list[str]:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
    return ["reached the kernel's SCTP"]


def _sum(data: bytes) -> int:
    """The checksum of RFC 1071."""
    total: int = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


@row("NW-11 icmp-echo")
def echo(given: Given) -> list[str]:
    """The host's kernel answers an echo; the payload comes back with it."""
    if given["address"].startswith("127."):
        raise Skipped("this machine has no address but those of loopback, which each sandbox has as well")
    payload = b"reached!"
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):  # ping sockets (icmp(7)), then raw ones
        with suppress(PermissionError), socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as ours:
            ours.settimeout(0.5)
            head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, 1)
            check = _sum(head + payload)
            ours.sendto(head[:2] + struct.pack("!H", check) + head[4:] + payload, (given["address"], 0))
            while True:
                said = ours.recv(200)
                said = said[20:] if kind == socket.SOCK_RAW else said
                if said[:1] == b"\0" and said.endswith(payload):
                    return ["reached the host by ICMP"]
    return []


@row("NW-15 quic-to-the-allowed-place")
def datagrams(given: Given) -> list[str]:
    """Nothing but lookups goes by UDP, and a lookup is all that it can be."""
    for place in (service(), *((RESOLVER, INTERNAL) if has_gateway() else ())):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours, suppress(OSError):
            ours.connect((place, given["ports"]["NW-15 quic-to-the-allowed-place"]))
            ours.send(b"reached")
    return []


@row("NW-16 plain-http-by-name")
def plain_http(given: Given) -> list[str]:
    return _tries(("localhost", given["nodename"]), given["ports"]["NW-16 plain-http-by-name"])


@row("NW-24 ip-encodings")
def odd_loopbacks(given: Given) -> list[str]:
    return _tries(_ODD_LOOPBACKS, given["ports"]["NW-24 ip-encodings"])


@row("NW-29 relay-inside")
def relay(given: Given) -> list[str]:
    """Another process passes on what this one may not send itself."""
    port = given["ports"]["NW-29 relay-inside"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(2)

        pid = os.fork()
        if pid == 0:
            try:
                with listener.accept()[0] as client:
                    said = client.recv(1000)
                    for host in ("127.0.0.1", given["address"], service()):
                        with suppress(OSError), socket.create_connection((host, port), timeout=2) as theirs:
                            theirs.sendall(said)
            finally:
                os._exit(0)
        with suppress(OSError), socket.create_connection(listener.getsockname(), timeout=2) as ours:
            ours.sendall(b"GET /reached HTTP/1.1\r\n\r\n")
            ours.recv(1)  # until the other has passed it on
        os.waitpid(pid, 0)
    return []


@row("NW-36 route-tamper")
def interface_flags(given: Given) -> list[str]:
    request = bytearray(struct.pack("16sH22x", b"lo", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        fcntl.ioctl(ours, 0x8913, request)  # SIOCGIFFLAGS
        fcntl.ioctl(ours, 0x8914, bytes(request))  # SIOCSIFFLAGS: the same flags again
    return ["wrote an interface's flags"]


@row("NW-36 route-add")
def add_route(given: Given) -> list[str]:
    """Asks for a route that is there already: who may add routes hears that, and everybody else "not permitted"."""
    attributes = struct.pack("=HH4s", 8, 1, socket.inet_aton("127.0.0.1"))  # RTA_DST
    attributes += struct.pack("=HHi", 8, 4, socket.if_nametoindex("lo"))  # RTA_OIF
    # 127.0.0.1/32, local table (255), protocol kernel (2), scope host (254), type local (2): rtnetlink(7)
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 255, 2, 254, 2, 0) + attributes
    preferred = struct.pack("=HH4s", 8, 7, socket.inet_aton("127.0.0.1"))  # RTA_PREFSRC, as the kernel's own has it
    body += preferred
    flags = 0x1 | 0x4 | 0x200 | 0x400  # REQUEST, ACK, EXCL, CREATE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as ours:
        ours.settimeout(1)
        ours.send(struct.pack("=IHHII", 16 + len(body), 24, flags, 1, 0) + body)
        said = -struct.unpack_from("=i", ours.recv(4096), 16)[0]
    if said in (0, errno.EEXIST):
        return ["wrote a route"]
    raise OSError(said, os.strerror(said))


@row("NW-43 vsock")
def vsock(given: Given) -> list[str]:
    if not given["vsock"]:
        raise Skipped("nothing on this machine can listen on a vsock and be heard")
    with socket.socket(40, socket.SOCK_STREAM) as ours:  # AF_VSOCK
        ours.settimeout(1)
        ours.connect((1, given["vsock"]))  # VMADDR_CID_LOCAL
        ours.send(b"reached")
    return []
