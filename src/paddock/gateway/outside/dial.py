"""Find the addresses of an endpoint's target, judge them, connect to one that passed.

Resolved once per connection and never again: what the guard judged is what is dialled (threat E9).
"""

from __future__ import annotations

import errno
import socket
import time

from paddock.frozen import frozen
from paddock.gateway.outside import guard, nat64
from paddock.kernel import netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor

    from paddock.gateway.outside.nat64 import Translator
    from paddock.gateway.rules import Endpoint

    Resolve = Callable[[str, int], Iterable["Address"]]

RESOLVE_DEADLINE_S = 10.0
CONNECT_DEADLINE_S = 10.0
PREFIXES_HOLD_S = 600.0
MOST_ADDRESSES = 8
# No port is left for one more connection to that place, no descriptor, no memory.
_EXHAUSTED = frozenset({errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class NoWay(Exception):
    """There is no connection; `reason` is a code of `paddock.gateway.reasons`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_refusal(self) -> bool:
        """Whether the guard said no, as opposed to a service that is not there."""
        return self.reason.startswith("address-")


@frozen
class Address:
    """An address to dial, as the socket module wants it."""

    family: int
    where: tuple[str, int]

    @property
    def packed(self) -> bytes:
        """4 or 16 bytes."""
        return socket.inet_pton(self.family, self.where[0])


def resolve(host: str, port: int) -> list[Address]:
    """Ask this machine's own resolver. Raises OSError."""
    # As bytes: for text the standard library would put the name through its IDNA codec once more.
    found = socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A zone ("%eth0") belongs to link-local addresses only, which are refused; inet_pton will not take it.
    plain = ((family, str(where[0])) for family, _, _, _, where in found if "%" not in str(where[0]))
    return [Address(family, (address, port)) for family, address in plain]


def candidates(
    endpoint: Endpoint,
    resolver: Resolve,
    own: Callable[[], frozenset[bytes]] = netlink.own_addresses,
    is_local: Callable[[bytes], bool] = netlink.is_delivered_here,
    through: Callable[[], Sequence[Translator]] = tuple,
) -> list[Address]:
    """The addresses that may be dialled for an endpoint. Raises NoWay; blocks, so call it in a thread.

    `through` is asked for the network's own NAT64 prefixes where a name has IPv6 addresses.
    """
    try:
        found = list(resolver(endpoint.target, endpoint.target_port))
    except (OSError, UnicodeError) as error:
        raise NoWay("upstream-unresolved") from error
    ours: frozenset[bytes] | None = None

    def is_host(face: bytes) -> bool:
        nonlocal ours
        ours = own() if ours is None else ours
        return face in ours or is_local(face)

    def refusal(address: Address) -> str:
        private, named = endpoint.private, endpoint.named
        return guard.refusal(address.packed, private=private, named=named, is_host=is_host, through=translators)

    # What is an address already was not made up by a resolver.
    by_name = any(address.family == socket.AF_INET6 for address in found) and not is_address(endpoint.target)
    translators = through() if by_name else ()
    try:
        judged = [(address, refusal(address)) for address in found]
    except OSError as error:
        raise NoWay("address-unknown") from error
    passed = [address for address, refusal in judged if not refusal]
    if passed:
        return passed[:MOST_ADDRESSES]
    raise NoWay(f"address-{judged[0][1]}" if judged else "upstream-unresolved")


class Prefixes:
    """The network's own NAT64 prefixes, asked for again after a while: machines move from network to network."""

    def __init__(self, resolver: Resolve = resolve, clock: Callable[[], float] = time.monotonic) -> None:
        self._resolver = resolver
        self._clock = clock
        self._asked_s = -PREFIXES_HOLD_S
        self._found: Sequence[Translator] = ()

    def __call__(self) -> Sequence[Translator]:
        """Those of now. Blocks."""
        if self._clock() - self._asked_s >= PREFIXES_HOLD_S:
            try:
                answers = list(self._resolver(nat64.WELL_KNOWN_NAME, 0))
            except OSError:
                answers = []  # the name has no address: the network is an ordinary one
            self._found, self._asked_s = nat64.translators(address.packed for address in answers), self._clock()
        return self._found


_prefixes = Prefixes()


def is_address(host: str) -> bool:
    """Whether a host is an address already, so that nobody has to be asked."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


async def connect(endpoint: Endpoint, loop: asyncio.AbstractEventLoop, executor: Executor) -> socket.socket:
    """A connected, non-blocking socket to an endpoint's target. Raises NoWay."""
    import asyncio

    try:
        if is_address(endpoint.target):
            addresses = candidates(endpoint, resolve)
        else:
            found = loop.run_in_executor(executor, _candidates, endpoint)
            addresses = await asyncio.wait_for(found, RESOLVE_DEADLINE_S)
    except TimeoutError as error:
        raise NoWay("upstream-unresolved") from error
    deadline = loop.time() + CONNECT_DEADLINE_S
    reason = "upstream-unreachable"
    for number, address in enumerate(addresses):
        share_s = (deadline - loop.time()) / (len(addresses) - number)
        try:
            connection = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        except OSError as error:
            reason = _reason(error, reason)
            continue
        try:
            async with asyncio.timeout(max(share_s, 0.1)):
                await loop.sock_connect(connection, address.where)
        except TimeoutError:
            reason = "upstream-slow"
            connection.close()
        except OSError as error:
            reason = _reason(error, reason)
            connection.close()
        except BaseException:
            connection.close()  # cancelled
            raise
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return connection
    raise NoWay(reason)


def _candidates(endpoint: Endpoint) -> list[Address]:
    return candidates(endpoint, resolve, through=_prefixes)


def _reason(error: OSError, before: str) -> str:
    """Which code a failure to connect has: this machine's own shortage is not the service's fault."""
    return "upstream-exhausted" if error.errno in _EXHAUSTED else before
