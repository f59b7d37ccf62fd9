"""The sockets inside: made in the sandbox's network namespace, used outside of it.

A socket keeps the network namespace that it was made in. So a process enters for a moment, makes the
resolver's and the endpoints' sockets, and hands them out; nobody stays inside and nothing inside can change
them. Each name listens on its own address, so that 127.0.0.1 keeps all its ports free for programs inside.
"""

from __future__ import annotations

import socket

from paddock.gateway.addresses import BLOCK, BLOCK_LENGTH, DNS_PORT, LOOPBACK, RESOLVER
from paddock.kernel import namespaces, netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.gateway.rules import Endpoint
    from paddock.kernel.namespaces import Namespaces

_BACKLOG = 512  # connections wait here while the gateway still imports its own parts


def take(spaces: Namespaces, endpoints: Sequence[Endpoint]) -> list[int]:
    """Descriptors of the UDP resolver, the TCP resolver and one listener per endpoint, in that order.

    Raises OSError or RuntimeError, as `namespaces.within` does.
    """
    _, descriptors = namespaces.within(spaces, ["net"], lambda: (b"", _make(endpoints)))
    return descriptors


def _make(endpoints: Sequence[Endpoint]) -> list[int]:
    netlink.bring_up("lo")
    netlink.add_local_route(BLOCK, BLOCK_LENGTH, "lo")
    for address in {endpoint.address for endpoint in endpoints if endpoint.literal and endpoint.address != LOOPBACK}:
        netlink.add_local_route(address, 32, "lo")  # a rule for an address makes that one address ours, too
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _bind(resolver, RESOLVER, DNS_PORT)
    return [
        resolver.detach(),
        _listener(RESOLVER, DNS_PORT),
        *(_listener(endpoint.address, endpoint.port) for endpoint in endpoints),
    ]


def _listener(address: str, port: int) -> int:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # After a gateway died, connections in TIME_WAIT must not keep the next one from its address.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _bind(listener, address, port)
    listener.listen(_BACKLOG)
    return listener.detach()


def _bind(which: socket.socket, address: str, port: int) -> None:
    try:
        which.bind((address, port))
    except OSError as error:
        error.filename = f"{address}:{port} inside"
        raise
