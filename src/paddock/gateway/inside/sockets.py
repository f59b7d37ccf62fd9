"""The sockets inside, as the process makes them that is in the sandbox's network namespace (`maker`).

A socket keeps the network namespace that it was made in, so all of them are used outside. Each name listens on
its own address, so that 127.0.0.1 keeps all its ports free for programs inside.
"""

from __future__ import annotations

import socket
from contextlib import suppress

from paddock.gateway.inside.addresses import BLOCK, BLOCK_LENGTH, DNS_PORT, OUR_OWN_6, RESOLVER
from paddock.kernel import netlink

_BACKLOG = 512  # connections wait here while the gateway still imports its own parts


def prepare() -> None:
    """Make the whole block of addresses the sandbox's own, and nothing else reachable."""
    netlink.bring_up("lo")
    netlink.add_local_route(BLOCK, BLOCK_LENGTH, "lo")
    # Where no interface has an address but loopback's, the C library finds no name for a program that asks for
    # IPv4 "as far as this machine has it" (AI_ADDRCONFIG, getaddrinfo(3)). With IPv4 alone, such programs would no
    # longer find ::1 behind localhost either, where others listen.
    netlink.add_address(RESOLVER, "lo")
    with suppress(OSError):  # a kernel without IPv6
        netlink.add_address(OUR_OWN_6, "lo")


def claim(address: str) -> None:
    """Make one more address the sandbox's own: there is a rule for it."""
    netlink.add_local_route(address, 32, "lo")


def resolver() -> tuple[int, int]:
    """The name server's sockets, for UDP and for TCP."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _bind(datagrams, RESOLVER, DNS_PORT)
    return datagrams.detach(), listener(RESOLVER, DNS_PORT)


def listener(address: str, port: int) -> int:
    """A listening socket for TCP. Raises OSError that names the place."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # After a gateway died, connections in TIME_WAIT must not keep the next one from its address.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _bind(made, address, port)
    made.listen(_BACKLOG)
    return made.detach()


def dialling(*, six: bool) -> int:
    """A TCP socket that will reach what listens inside, wherever it is connected from; for IPv6 where `six` is set."""
    return socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK).detach()


def _bind(which: socket.socket, address: str, port: int) -> None:
    try:
        which.bind((address, port))
    except OSError as error:
        which.close()
        error.filename = f"{address}:{port} inside"
        raise
