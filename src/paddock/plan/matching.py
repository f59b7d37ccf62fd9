"""What a plan's network says of one name and port, and what a rule says of one request. Pure; the gateway asks here.

Deny stands over allow. Of the rules that fit a name the narrowest decides: its own before a wildcard's, and of
two wildcards the one with more labels. So a narrow rule can tighten what a wide one allows, and the order in
which rules are written never matters.
"""

from __future__ import annotations

from paddock.policy.matching import fits, matches, narrowness
from paddock.policy.targets import is_plain_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

    from paddock.plan.model import Denied, Network, Rule

    class Bounds(typing.Protocol):
        """What bounds requests: a rule, or a place that a credential is bound to."""

        @property
        def methods(self) -> tuple[str, ...]: ...  # noqa: D102 - as in `Rule`
        @property
        def paths(self) -> tuple[str, ...]: ...  # noqa: D102 - as in `Rule`


def decide(network: Network, name: str, port: int) -> Rule | Denied | None:
    """The rule or the denial that decides about a canonical name at a port; None where nothing names it."""
    denied = denial(network, name, port)
    if denied is not None:
        return denied
    fitting = [rule for rule in network.rules if rule.port == port and fits(rule.host, name)]
    if not fitting:
        return None
    rule = max(fitting, key=lambda each: narrowness(each.host))
    return denial(network, *destination(rule, name)) or rule  # what is denied where the rule leads is denied


def denial(network: Network, name: str, port: int) -> Denied | None:
    """The narrowest denial of a canonical name at a port; one for this port before one for all."""
    fitting = [each for each in network.denied if each.port in (0, port) and fits(each.host, name)]
    return max(fitting, key=lambda each: (narrowness(each.host), each.port), default=None)


def destination(rule: Rule, name: str = "") -> tuple[str, int]:
    """Where a rule leads: its upstream's host and port, or `name` (the rule's own, if empty) at its port."""
    host, _, port = rule.upstream.rpartition("://")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdecimal() else (name or rule.host, rule.port)


def allows_request(rule: Bounds, method: bytes, target: bytes) -> bool:
    """Whether a rule lets a request pass: its method, and the path of its origin-form target without the query.

    A rule with paths lets no target pass that two servers could read differently.
    """
    if rule.methods and method.decode("latin-1") not in rule.methods:
        return False
    if not rule.paths:
        return True
    path = target.partition(b"?")[0]
    return is_plain_path(path) and any(matches(pattern, path.decode("ascii")) for pattern in rule.paths)
