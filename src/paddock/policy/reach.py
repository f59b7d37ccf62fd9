"""What an allowance lets be reached, and whether one takes in another. Pure; also for the rules of a plan.

The answer is sound, not complete: where two lists of paths say the same in different words it may say no.
"""

from __future__ import annotations

from paddock.policy.matching import matches, narrowness, takes_in
from paddock.policy.model import Denial, Publication

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol, TypeVar

    class Placed(Protocol):
        """The fields that everything about one host and port has."""

        @property
        def host(self) -> str: ...  # noqa: D102 - a field
        @property
        def port(self) -> int: ...  # noqa: D102 - a field

    class Reach(Placed, Protocol):
        """The fields that an entry of `network.allow` and a rule of a plan share."""

        @property
        def private(self) -> bool: ...  # noqa: D102 - a field
        @property
        def methods(self) -> tuple[str, ...]: ...  # noqa: D102 - a field
        @property
        def paths(self) -> tuple[str, ...]: ...  # noqa: D102 - a field
        @property
        def upload(self) -> int: ...  # noqa: D102 - a field
        @property
        def raw(self) -> bool: ...  # noqa: D102 - a field

    Reaching = TypeVar("Reaching", bound=Reach)

    from paddock.policy.model import Allowed


def covers(one: Reach, other: Reach) -> bool:
    """Whether `one` allows everything that `other` does: its names, its port, and every request."""
    return (
        takes_in(one.host, other.host)
        and one.port == other.port
        and (one.private or not other.private)
        and (one.raw or not other.raw)
        and _is_within(other.upload, one.upload)
        and _are_within(other.methods, one.methods)
        and _are_within(other.paths, one.paths)
    )


def deciding(entries: Iterable[Reaching], host: str, port: int) -> tuple[Reaching, ...]:
    """The narrowest entries that take in all names of a host pattern at a port: they decide about it."""
    found = [entry for entry in entries if entry.port == port and takes_in(entry.host, host)]
    narrowest = max((narrowness(entry.host) for entry in found), default=None)
    return tuple(entry for entry in found if narrowness(entry.host) == narrowest)


def is_covered(entry: Reach, entries: Iterable[Reach]) -> bool:
    """Whether a list already allows everything that `entry` does, as it decides about the entry's names now.

    A wide entry does not count where a narrower one of the list tightens it.
    """
    return any(covers(one, entry) for one in deciding(entries, entry.host, entry.port))


def contradiction(entries: Iterable[Allowed]) -> str:
    """What is wrong with entries of one file that bound the same host and port in two ways; or nothing.

    Where one takes in the other there is no question: the wider one counts.
    """
    widest: dict[tuple[str, int], Allowed] = {}
    for entry in entries:
        known = widest.setdefault((entry.host, entry.port), entry)
        if covers(entry, known):
            widest[entry.host, entry.port] = entry
        elif not covers(known, entry):
            return (
                f"{place(entry)} is allowed in two ways, of which neither takes in the other "
                f"({known.origin.where}; {entry.origin.where}): write one entry"
            )
    return ""


def place(one: Placed) -> str:
    """Host and port as people write them."""
    host = f"[{one.host}]" if ":" in one.host else one.host
    return f"{host}:{one.port}" if one.port else f"{host} (every port)"


def bounds(one: Reach) -> list[str]:
    """What an entry says beyond its host and port, for people: all of it, since people trust what they are shown."""
    return [
        *(["also on a private address"] if one.private else []),
        *([" ".join(one.methods)] if one.methods else []),
        *([" ".join(one.paths)] if one.paths else []),
        *([f"uploads up to {_size(one.upload)}"] if one.upload else []),
        *(["any protocol"] if one.raw else []),
    ]


def described(entry: Allowed | Denial | Publication) -> str:
    """An entry of the network's lists in full."""
    if isinstance(entry, Publication):
        return f"port {entry.inside} inside, at 127.0.0.1:{entry.outside} of this machine"
    if isinstance(entry, Denial):
        return place(entry)
    more = ", ".join(bounds(entry))
    return f"{place(entry)} ({more})" if more else place(entry)


def _size(amount: int) -> str:
    units = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
    return next((f"{amount // factor} {unit}" for unit, factor in units if amount % factor == 0), f"{amount} bytes")


def _is_within(inner: int, outer: int) -> bool:
    """For amounts where 0 is without bound."""
    return not outer or 0 < inner <= outer


def _are_within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """For lists of patterns where none is without bound."""
    return not outer or (bool(inner) and all(any(matches(one, text) for one in outer) for text in inner))
