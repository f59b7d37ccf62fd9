"""Which wishes may become proposals, and how much each would give away.

Whoever writes the agent's input writes these names too: asking for a name a hundred times is no reason to allow it.
So what strangers can read or answer is never proposed, and the rest is ranked by who else can be reached by it.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.learning.wishes import OVERFLOW, Wish
from paddock.policy.matching import is_wildcard, takes_in
from paddock.policy.names import canonical, is_ipv4
from paddock.policy.reach import deciding
from paddock.policy.tenants import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal

    from paddock.policy.model import Allowed, Denial

    Risk = Literal["low", "medium", "high"]

RISKS = ("low", "medium", "high")
MOST_BELOW_ONE_OWNER = 8  # names: more are not proposed one by one, since together they can carry data out
_LONGEST_LABEL = 40  # characters; hosts that people name stay below
_NEVER = frozenset(("paste", "tunnel", "catcher", "chat", "resolver"))
# Names for one network or one machine: RFC 6761, 6762, 8375, 7686, 9476, ICANN's "internal", and custom.
_PRIVATE = frozenset("localhost local internal intranet private corp home lan localdomain onion alt arpa".split())  # noqa: SIM905
# Reasons for which another rule would change something.
_BY_RULE = frozenset(("not-allowed", ""))
_BY_HAND = {
    "address-private": "it leads to a private address; if that is wanted, write { host, private = true } yourself",
    "address-loopback": "it leads to this machine's loopback",
    "address-host": "it leads to this machine itself",
    "not-tls-or-http": "it is neither TLS nor HTTP; if that is wanted, write { host, port, raw = true } yourself",
    "silent": "the client waits for the server to speak; if that is wanted, write { host, port, raw = true } yourself",
    "rule-request": "its rule allows other methods or paths; add to them by hand",
    "upload-spent": "its upload budget was spent; raise it by hand, if that is wanted",
    "denied": "a rule denies it",
    "name-like-data": "it looks like data and not like a name",
    "too-many-under-wildcard": "too many names of its wildcard were asked for: together they can carry data",
    "inside-port-taken": "a program inside had taken its port",
    OVERFLOW: "more names were refused than the record keeps apart",
}


@frozen
class Proposal:
    """A host and port to allow. `warning` says who else is reached by it, where that is known."""

    host: str
    port: int
    count: int
    risk: Risk
    why: str
    warning: str = ""


@frozen
class LeftOut:
    """A wish that is not proposed, and why. `name` is the sandbox's own text."""

    name: str
    port: int
    count: int
    why: str


@frozen
class Judged:
    """The proposals with the least risk first, and everything else."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[LeftOut, ...]


def judge(wishes: Iterable[Wish], allowed: Sequence[Allowed], denied: Sequence[Denial]) -> Judged:
    """What of a session's wishes to propose for a policy that allows and denies this already."""
    proposals: list[Proposal] = []
    left_out: list[LeftOut] = []
    for wish in wishes:
        host = _spelt(wish.name)
        why = next(_objections(wish, host, denied), "")
        if why:
            left_out.append(LeftOut(wish.name, wish.port, wish.count, why))
        elif not deciding(allowed, host, wish.port):
            proposals.append(_proposal(wish, host, allowed))
    once = {(one.host, one.port): one for one in sorted(proposals, key=lambda one: one.count)}
    few, many = _parted(once.values())
    ranked = sorted(few, key=lambda one: (RISKS.index(one.risk), -one.count, one.host))
    return Judged(tuple(ranked), (*left_out, *many))


def _spelt(name: str) -> str:
    """The one spelling of a name, or of a wildcard that a person granted; nothing for what is neither."""
    if is_wildcard(name):
        domain = canonical(name[2:])
        return f"*.{domain}" if domain else ""
    return canonical(name) or ""


def _objections(wish: Wish, host: str, denied: Sequence[Denial]) -> Iterator[str]:
    """Why a wish is never proposed; the first one is told."""
    if wish.reason not in _BY_RULE:
        yield _BY_HAND.get(wish.reason, "no rule would allow it")
    if is_ipv4(wish.name):
        yield "it is an address; a rule can check names only"
    if not host:
        yield "it is no host name"
    if "." not in host.removeprefix("*.") or host.rpartition(".")[2] in _PRIVATE:
        yield "it is a name of your own network or machine"
    if any(one.port in (0, wish.port) and takes_in(one.host, host) for one in denied):
        yield "the policy denies it"
    stranger = shared(host)
    if stranger and stranger.sort in _NEVER:
        yield stranger.why
    if not wish.granted and _looks_like_data(host):
        yield "it looks like data and not like a name"


def _looks_like_data(host: str) -> bool:
    from paddock.plan.labels import is_data_like

    labels = host.removesuffix(_owner(host)).removesuffix(".")
    return bool(labels) and (is_data_like(labels) or max(map(len, labels.split("."))) > _LONGEST_LABEL)


def _owner(host: str) -> str:
    """The domain of a name's owner: the shortest end of it that is no public suffix."""
    from paddock.policy.suffixes import why_shared

    labels = host.split(".")
    for count in range(2, len(labels)):
        domain = ".".join(labels[-count:])
        if not why_shared(domain):
            return domain
    return host


def _proposal(wish: Wish, host: str, allowed: Sequence[Allowed]) -> Proposal:
    stranger = shared(host)
    if stranger:
        return Proposal(host, wish.port, wish.count, "high", _asked(wish), stranger.why)
    if is_wildcard(host):
        return Proposal(host, wish.port, wish.count, "high", _asked(wish), "whoever asks chooses the name")
    near = next((one for one in allowed if _owner(one.host.removeprefix("*.")) == _owner(host)), None)
    if wish.granted or near:
        said = _asked(wish) + (f"; {near.host} is allowed already" if near else "")
        return Proposal(host, wish.port, wish.count, "low", said)
    return Proposal(host, wish.port, wish.count, "medium", _asked(wish))


def _asked(wish: Wish) -> str:
    if wish.granted:
        return "you granted it in that session"
    return "asked for once" if wish.count == 1 else f"asked for {wish.count} times"


def _parted(proposals: Iterable[Proposal]) -> tuple[list[Proposal], list[LeftOut]]:
    """Those that stand for themselves, and those of owners below whom too many names were asked for."""
    by_owner: dict[str, list[Proposal]] = {}
    for one in proposals:
        by_owner.setdefault(_owner(one.host.removeprefix("*.")), []).append(one)
    few: list[Proposal] = []
    many: list[LeftOut] = []
    for owner, group in by_owner.items():
        if len(group) <= MOST_BELOW_ONE_OWNER:
            few += group
        else:
            why = f"{len(group)} names of {owner} were asked for: together they can carry data"
            many += (LeftOut(one.host, one.port, one.count, why) for one in group)
    return few, many
