"""Attacks on the gateway itself: its addresses, its sockets, and what it lets through to the one allowed service.

Where a sandbox has no gateway most of these mean nothing (`probes/expectations`). By the name `host` a rule lets the
sandbox reach a service of the host; that one answers, the other listeners only count.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from paddock.probes.inside.effects import Given, Skipped, row
from paddock.probes.inside.unix import answering

HOST = "host"  # a policy's word for the machine that the sandbox is on
RESOLVER, INTERNAL = "198.18.0.1", "198.18.0.2"
NAMED = "NW-12 names-of-the-policy"
OTHER = "NW-26 other-service"
ALLOWED = "NW-06 through-the-gateway"
REDIRECTED = "NW-27 redirect-out"
_WAIT_S = 8  # for an answer, on a busy machine
_CURL = ("/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl")


def service() -> str:
    """What the allowed service is called here: by the gateway's word for it, where the gateway answers lookups."""
    with suppress(OSError), open("/etc/resolv.conf") as file:
        return HOST if f"nameserver {RESOLVER}" in file.read() else "localhost"
    return "localhost"


def has_gateway() -> bool:
    """Whether there is anything here that these attacks are about. Elsewhere the block's addresses may be anybody's."""
    return service() == HOST


def _says(place: tuple[str, int], request: bytes, timeout_s: float = 2) -> None:
    with suppress(OSError, UnicodeError), socket.create_connection(place, timeout=timeout_s) as ours:
        ours.sendall(request)
        ours.recv(100)


@row(ALLOWED)
def allowed(given: Given) -> list[str]:
    """No attack where a rule allows it: it shows that the others are made where something can be reached."""
    _says((service(), given["ports"][ALLOWED]), b"GET /reached HTTP/1.1\r\nHost: host\r\n\r\n", _WAIT_S)
    return []


@row("NW-06 allowed-by-urllib")
def by_urllib(given: Given) -> list[str]:
    from urllib.request import ProxyHandler, build_opener

    url = f"http://{service()}:{given['ports'][ALLOWED]}/by-urllib"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_WAIT_S) as answer:
            said = answer.read()
    except OSError as error:
        return [f"urllib: {error}"]
    return [] if said == b"at your service\n" else [f"urllib read {said[:40]!r}"]


@row("NW-06 allowed-by-curl")
def by_curl(given: Given) -> list[str]:
    program = next((path for path in _CURL if os.access(path, os.X_OK)), "")
    if not program:
        raise Skipped("there is no curl inside")
    url = f"http://{service()}:{given['ports'][ALLOWED]}/by-curl"
    argv = [program, "-q", "-s", "--noproxy", "*", "--max-time", str(_WAIT_S), url]
    here, there = os.pipe()
    pid = os.posix_spawn(program, argv, {}, file_actions=[(os.POSIX_SPAWN_DUP2, there, 1)])
    os.close(there)
    with open(here, "rb") as file:
        said = file.read()
    os.waitpid(pid, 0)
    return [] if said == b"at your service\n" else [f"curl read {said[:40]!r}"]


@row(OTHER)
def other_port(given: Given) -> list[str]:
    _says((service(), given["ports"][OTHER]), b"GET /reached HTTP/1.1\r\nHost: host\r\n\r\n")
    return []


@row("NW-02 own-address-at-the-allowed-port")
def own_address(given: Given) -> list[str]:
    for place in (given["address"], "127.0.0.1", *((INTERNAL, RESOLVER) if has_gateway() else ())):
        _says((place, given["ports"][ALLOWED]), b"GET /past-the-gateway HTTP/1.1\r\nHost: host\r\n\r\n")
    return []


@row(REDIRECTED)
def redirected(given: Given) -> list[str]:
    """The allowed service sends its visitor on, to a place of the host that no rule names."""
    from urllib.request import ProxyHandler, build_opener

    with suppress(OSError):
        url = f"http://{service()}:{given['ports'][ALLOWED]}/redirect"
        build_opener(ProxyHandler({})).open(url, timeout=_WAIT_S).close()
    return []


@row("NW-30 scan-of-the-block")
def scan(given: Given) -> list[str]:
    """What listens in the block is the resolver, the page of refusals, and the allowed places at their ports alone."""
    if not has_gateway():
        return []
    known = {(RESOLVER, 53), (INTERNAL, 80)}
    for name, port in [("host", given["ports"][ALLOWED]), *given.data.get("rules", [])]:
        with suppress(OSError, UnicodeError):
            known.add((socket.gethostbyname(name), port))
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
                    found.append(f"reached {address}:{port}")
    return found


@row("NW-31 gateway-control")
def control(given: Given) -> list[str]:
    """Paddock's own sockets, by path from every root that a program inside can name."""
    roots = ("", "/proc/1/root", "/proc/self/root", "/proc/2/root")
    places = (
        f"{given.home}/runtime/paddock/live",
        "/run/paddock",
        f"/run/user/{os.getuid()}/paddock/live",
        "/tmp/paddock",
    )
    return answering(*(root + place for root in roots for place in places))


@row("NW-31 take-the-gateway's-place")
def take_place(given: Given) -> list[str]:
    """Listening where the gateway does would show what other programs inside send, and answer for it."""
    if not has_gateway():
        return []
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
                    found.append(f"reached a place to listen at, {place}:{port}")
    return found


@row("NW-32 proxy-by-the-gateway's-own-page")
def through_internal(given: Given) -> list[str]:
    """As a proxy it is of no use, in any of the forms in which one is asked."""
    if not has_gateway():
        return []
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
        _says((INTERNAL, 80), form)
    return []


@row("NW-46 refusals-are-told")
def refusals(given: Given) -> list[str]:
    """What was just refused can be read inside, by an agent whose client swallowed the reason."""
    import json
    from urllib.request import ProxyHandler, build_opener

    if not has_gateway():
        return ["there is no gateway to ask"]
    # No policy has it: a name of its own, and none may have "*.test".
    asked = f"refused.{os.urandom(8).hex()}.test"
    with suppress(OSError):
        socket.gethostbyname(asked)
    try:
        with build_opener(ProxyHandler({})).open("http://paddock.internal/refusals", timeout=_WAIT_S) as answer:
            told = json.load(answer)["refusals"]
    except (OSError, ValueError, KeyError) as error:
        return [f"paddock.internal/refusals: {error}"]
    return [] if any(one["name"] == asked for one in told) else [f"{asked} is not among the refusals"]
