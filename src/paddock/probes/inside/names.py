"""Attacks on the gateway's name server, by spellings of names and by forms of queries."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

from paddock.probes.inside.effects import Given, row
from paddock.probes.inside.network import NAMED, RESOLVER, has_gateway

_CONFUSED = (
    "hosthost", "host.evil.test", "evil.test", "host#.evil.test", "host@evil.test", "host%00.evil.test",
    "host\u3002evil.test", "*.host", "a.host", "paddock.internal.evil.test", "x.paddock.internal", "localhost.host",
    "host.docker.internal", "host.containers.internal", "gateway.docker.internal", "metadata.google.internal",
)  # fmt: skip
_SPELLINGS = ("HOST", "Host.", "hOsT", "ho\u017ft", "\uff48\uff4f\uff53\uff54", "host\u3002", "host..", "xn--host-")
# Types that a resolver could tell more by: NULL, TXT, AAAA, SVCB, HTTPS, AXFR, ANY; and the class CH.
_KINDS = ((10, 1), (16, 1), (28, 1), (64, 1), (65, 1), (252, 1), (255, 1), (16, 3), (1, 255))


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


def _answered(forms: dict[str, bytes]) -> list[str]:
    """Which of the queries are answered, by datagram or by stream."""
    if not has_gateway():
        return []
    found = []
    for what, query in forms.items():
        for stream in (False, True):
            with suppress(OSError):
                found += [f"reached an answer to {what}"] if _answers(query, stream=stream) else []
    return found


@row(NAMED)
def policys_names(given: Given) -> list[str]:
    """Looks them up, which tells nobody outside where a gateway answers, and connects to none of them."""
    found = []
    for name in given.data.get("named", []) if has_gateway() else ():
        with suppress(OSError, UnicodeError):
            found.append(f"reached the name {name}: {socket.gethostbyname(name)}")
    return found


@row("NW-12 allowed-name-resolves")
def resolves(given: Given) -> list[str]:
    found = [] if has_gateway() else ["there is no gateway to ask"]
    for flags in (0, socket.AI_ADDRCONFIG) if not found else ():
        try:
            socket.getaddrinfo("host", 80, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags)
        except OSError as error:
            found.append(f"host does not resolve: {error}")
    return found


@row("NW-13 dns-other-types")
def other_types(given: Given) -> list[str]:
    """For the name that is allowed: nothing but its address inside."""
    return _answered({f"type {kind} class {klass}": _query((b"host",), kind, klass) for kind, klass in _KINDS})


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
    return _answered(forms)


@row("NW-19 nul-in-hostname")
def odd_labels(given: Given) -> list[str]:
    odd = (
        (b"host\0",), (b"\0host",), (b"evil\0.host",), (b"host\r\n",), (b"host%25",), (b"host.",), (b"ho", b"st"),
        (b"evil", b"host"), (b"host", b"evil"), (b"\xc0\x0c",), (b"HOST ",), (b"host/",), (b"xn--host-",), (b"",),
    )  # fmt: skip
    return _answered({repr(labels): _query(labels) for labels in odd})


@row("NW-20 suffix-confusion")
def confused(given: Given) -> list[str]:
    found = []
    for name in _CONFUSED if has_gateway() else ():
        with suppress(OSError, UnicodeError):
            found.append(f"reached the name {name}: {socket.getaddrinfo(name, 80)[0][4][0]}")
    return found


@row("NW-23 spellings-of-a-name")
def spellings(given: Given) -> list[str]:
    """Each is the same name with the same address, or no name at all."""
    if not has_gateway():
        return []
    known = socket.gethostbyname("host")
    found = []
    for name in _SPELLINGS:
        with suppress(OSError, UnicodeError):
            address = socket.gethostbyname(name)
            found += [f"reached {name} at {address}"] if address != known else []
    return found
