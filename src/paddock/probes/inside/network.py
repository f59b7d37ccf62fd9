"""Attacks on the gateway: names, addresses and sockets around the one service that is allowed.

Where a sandbox has no network these find nothing at all. `allowed port` is a service of the host that a rule lets the
sandbox reach by the name `host`, `ports` are others that it must not reach.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress

from paddock.probes.inside.effects import Given, row

RESOLVER, INTERNAL = "198.18.0.1", "198.18.0.2"
OTHER = "NW-26 other-service"
ALLOWED = "NW-06 through-the-gateway"
_ODD_LOOPBACKS = (
    "127.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "127.0.0.1.",
    "::ffff:127.0.0.1",
    "::1",
    "0",
    "localhost",
)
_CONFUSED = (
    "host.", "hosthost", "host.evil.test", "evil.test", "host#.evil.test", "host@evil.test", "host%00.evil.test",
    "host\u3002evil.test", "*.host", "a.host", "paddock.internal.evil.test", "x.paddock.internal", "localhost.host",
    "host.docker.internal", "host.containers.internal", "gateway.docker.internal", "metadata.google.internal",
)  # fmt: skip
# Types that a resolver could tell more by: NULL, TXT, AAAA, SVCB, HTTPS, AXFR, ANY; and the class CH.
_KINDS = ((10, 1), (16, 1), (28, 1), (64, 1), (65, 1), (252, 1), (255, 1), (16, 3), (1, 255))


def _reaches(host: str, port: int) -> None:
    with socket.create_connection((host, port), timeout=3) as ours:
        ours.sendall(b"GET /reached HTTP/1.1\r\nHost: host:%d\r\n\r\n" % port)


def _tries(hosts: tuple[str, ...], port: int) -> list[str]:
    """The host counts what arrives."""
    for host in hosts:
        with suppress(OSError, UnicodeError):
            _reaches(host, port)
    return []


@row(ALLOWED)
def allowed(given: Given) -> list[str]:
    """No attack: it shows that the others are made where something can be reached."""
    return _tries(("host",), given["ports"][ALLOWED])


@row(OTHER)
def other_port(given: Given) -> list[str]:
    return _tries(("host",), given["ports"][OTHER])


@row("NW-24 ip-encodings")
def odd_loopbacks(given: Given) -> list[str]:
    return _tries(_ODD_LOOPBACKS, given["ports"]["NW-24 ip-encodings"])


@row("NW-03 host-by-gateway")
def by_gateway(given: Given) -> list[str]:
    places = ("10.0.2.2", "10.0.2.3", "169.254.1.2", "192.168.127.254", "172.17.0.1", "100.100.100.200")
    return _tries(places, given["ports"][OTHER])


@row("NW-02 own-address-at-the-allowed-port")
def own_address(given: Given) -> list[str]:
    return _tries((given["address"], "127.0.0.1", INTERNAL, RESOLVER), given["ports"][OTHER])


@row("NW-20 suffix-confusion")
def confused(given: Given) -> list[str]:
    found = []
    for name in _CONFUSED[1:]:
        with suppress(OSError, UnicodeError):
            found.append(f"{name} is {socket.getaddrinfo(name, 80)[0][4][0]}")
    return found


def _query(labels: tuple[bytes, ...], kind: int = 1, klass: int = 1, more: bytes = b"", additional: int = 0) -> bytes:
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, additional) + name + struct.pack("!2H", kind, klass) + more


def _answers(query: bytes, *, stream: bool = False) -> bytes:
    """What the gateway's own resolver says, without header and question; nothing where it says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as ours:
        ours.settimeout(2)
        ours.connect((RESOLVER, 53))
        ours.send((len(query).to_bytes(2, "big") if stream else b"") + query)
        said = ours.recv(4096)[2 if stream else 0 :]
        return said if said[6:8] != b"\0\0" else b""


@row("NW-19 nul-in-hostname")
def odd_labels(given: Given) -> list[str]:
    odd = (
        (b"host\0",), (b"\0host",), (b"evil\0.host",), (b"host\r\n",), (b"host%25",), (b"host.",), (b"ho", b"st"),
        (b"evil", b"host"), (b"host", b"evil"), (b"\xc0\x0c",), (b"HOST ",), (b"host/",), (b"xn--host-",), (b"",),
    )  # fmt: skip
    found = []
    for labels in odd:
        for stream in (False, True):
            with suppress(OSError):
                found += [repr(labels)] if _answers(_query(labels), stream=stream) else []
    return found


@row("NW-13 dns-other-types")
def other_types(given: Given) -> list[str]:
    """For the name that is allowed: nothing but its address inside."""
    found = []
    for kind, klass in _KINDS:
        for stream in (False, True):
            with suppress(OSError):
                found += (
                    [f"type {kind} class {klass}"] if _answers(_query((b"host",), kind, klass), stream=stream) else []
                )
    return found


@row("NW-13 dns-forged-forms")
def forged(given: Given) -> list[str]:
    """Two questions, a record in the query, an update, a client subnet, cookies, a pointer as the name, a long one."""
    option = b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0)
    subnet = b"\0" + struct.pack("!HHIH4sI", 41, 4096, 0, 8, b"\0\x08\0\x04", 0x00011800)
    evil = _query((b"evil", b"test"))
    forms = {
        "two questions": struct.pack("!6H", 7, 0x0100, 2, 0, 0, 0) + evil[12:] + _query((b"host",))[12:],
        "an answer in it": struct.pack("!6H", 7, 0x0100, 1, 1, 0, 0) + evil[12:] + b"\xc0\x0c" + bytes(10),
        "an update": b"\0\x07\x28\0" + evil[4:],
        "edns": _query((b"evil", b"test"), more=option, additional=1),
        "a client subnet": _query((b"evil", b"test"), more=subnet, additional=1),
        "a pointer": struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c" + struct.pack("!2H", 1, 1),
        "a long name": _query((b"a" * 63,) * 4),
    }
    found = []
    for what, query in forms.items():
        for stream in (False, True):
            with suppress(OSError):
                found += [what] if _answers(query, stream=stream) else []
    return found


@row("NW-30 scan-of-the-block")
def scan(given: Given) -> list[str]:
    """What listens in the block is the resolver, the page of refusals, and the allowed place at its port alone."""
    known = {(RESOLVER, 53), (INTERNAL, 80)}
    with suppress(OSError):
        known.add((socket.gethostbyname("host"), given["ports"][ALLOWED]))
    addresses = [f"198.18.{third}.{fourth}" for third in (0, 1, 2, 255) for fourth in range(0, 256, 5 if third else 1)]
    addresses += ["198.19.255.255", "198.18.0.0", "198.19.0.1", *(address for address, _ in known)]
    found = []
    for address in addresses:
        for port in (22, 53, 80, 443, 8080, given["ports"][ALLOWED], given["ports"][OTHER]):
            if (address, port) in known:
                continue
            with socket.socket() as ours:
                ours.settimeout(1)
                if ours.connect_ex((address, port)) == 0:
                    found.append(f"{address}:{port}")
    return found


@row("NW-31 gateway-control")
def control(given: Given) -> list[str]:
    """Paddock's own sockets, by path from every root that a program inside can name."""
    found = []
    roots = ("", "/proc/1/root", "/proc/self/root", "/proc/2/root")
    places = (
        f"{given.home}/runtime/paddock/live",
        "/run/paddock",
        f"/run/user/{os.getuid()}/paddock/live",
        "/tmp/paddock",
    )
    for root in roots:
        for place in places:
            for directory, _, names in os.walk(root + place):
                for name in names:
                    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
                        if ours.connect_ex(f"{directory}/{name}"[:107]) == 0:
                            found.append(f"{directory}/{name}")
    return found


@row("NW-32 connect-by-the-gateway's-own-page")
def through_internal(given: Given) -> list[str]:
    """As a proxy it is of no use, in any of the forms in which one is asked."""
    port = given["ports"][OTHER]
    forms = (
        b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\nreached" % (port, port),
        b"GET http://127.0.0.1:%d/reached HTTP/1.1\r\nHost: paddock.internal\r\n\r\n" % port,
        b"GET /refusals HTTP/1.1\r\nHost: paddock.internal\r\n\r\nGET http://127.0.0.1:%d/reached HTTP/1.1\r\n\r\n"
        % port,
        b"\x04\x01" + port.to_bytes(2, "big") + b"\x7f\0\0\x01\0reached",
        b"\x05\x01\0\x05\x01\0\x01\x7f\0\0\x01" + port.to_bytes(2, "big") + b"reached",
    )
    for form in forms:
        for place in ((INTERNAL, 80), ("host", given["ports"][ALLOWED])):
            with suppress(OSError), socket.create_connection(place, timeout=2) as ours:
                ours.sendall(form)
                ours.recv(100)
    return []


@row("NW-31 take-the-gateway's-place")
def take_place(given: Given) -> list[str]:
    """Listening where the gateway does would show what other programs inside send, and answer for it."""
    found = []
    places = [(RESOLVER, 53), (INTERNAL, 80)]
    with suppress(OSError):
        places.append((socket.gethostbyname("host"), given["ports"][ALLOWED]))
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for address, port in places if kind == socket.SOCK_STREAM else places[:1]:
            for place in (address, "0.0.0.0"):
                with socket.socket(socket.AF_INET, kind) as ours, suppress(OSError):
                    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                        ours.setsockopt(socket.SOL_SOCKET, option, 1)
                    ours.bind((place, port))
                    if kind == socket.SOCK_STREAM:
                        ours.listen()
                    found.append(f"listens at {place}:{port}")
    return found


@row("NW-15 quic-to-the-allowed-place")
def datagrams(given: Given) -> list[str]:
    """Nothing but lookups goes by UDP, and a lookup is all that it can be."""
    for place in ("host", INTERNAL, RESOLVER):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours, suppress(OSError):
            ours.settimeout(0.5)
            ours.connect((place, given["ports"]["NW-15 quic-to-the-allowed-place"]))
            ours.send(b"reached")
            ours.recv(10)
    return []
