"""What a plan's network says of one name and port, and what a rule says of one request. Pure; the gateway asks here.

Deny stands over allow. Of the rules that fit a name the narrowest decides: its own before a wildcard's, and of
two wildcards the one with more labels. So a narrow rule can tighten what a wide one allows, and the order in
which rules are written never matters.
"""

from __future__ import annotations

from paddock.policy.matching import fits, matches, narrowness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Denied, Network, Rule

_HEX = frozenset(b"0123456789abcdefABCDEF")
# What servers and the programs before them decode at different times, or do not agree about: dots, slashes and
# backslashes in disguise, a percent sign (decoded twice it becomes one of these), and bytes that begin overlong
# UTF-8 (CVE-2021-41773, CVE-2000-0884). A path that holds one fits no pattern (threat E13).
_DISGUISED = frozenset({b"25", b"2e", b"2f", b"5c", b"c0", b"c1"})
_PRINTABLE = range(0x21, 0x7F)


def decide(network: Network, name: str, port: int) -> Rule | Denied | None:
    """The rule or the denial that decides about a canonical name at a port; None where nothing names it."""
    denied = denial(network, name, port)
    if denied is not None:
        return denied
    fitting = [rule for rule in network.rules if rule.port == port and fits(rule.host, name)]
    if not fitting:
        return None
    rule = max(fitting, key=lambda each: narrowness(each.host))
    return _denied_upstream(network, rule) or rule


def denial(network: Network, name: str, port: int) -> Denied | None:
    """The narrowest denial of a canonical name at a port; one for this port before one for all."""
    fitting = [each for each in network.denied if each.port in (0, port) and fits(each.host, name)]
    return max(fitting, key=lambda each: (narrowness(each.host), each.port), default=None)


def _denied_upstream(network: Network, rule: Rule) -> Denied | None:
    """A rule may lead somewhere else than its name says; what is denied there is denied."""
    authority = rule.upstream.rpartition("://")[2]
    host, _, port = authority.rpartition(":")
    return denial(network, host.strip("[]"), int(port)) if port.isdecimal() else None


def allows_request(rule: Rule, method: bytes, target: bytes) -> bool:
    """Whether a rule lets a request pass: its method, and the path of its origin-form target without the query.

    A rule with paths lets no target pass that two servers could read differently.
    """
    if rule.methods and method.decode("latin-1") not in rule.methods:
        return False
    if not rule.paths:
        return True
    path = target.partition(b"?")[0]
    return is_plain_path(path) and any(matches(pattern, path.decode("ascii")) for pattern in rule.paths)


def is_plain_path(path: bytes) -> bool:
    """Whether everybody reads a path alike: no dot segments, no leading `//`, no steering in disguise, all ASCII."""
    if not path.startswith(b"/") or path.startswith(b"//") or b"\\" in path or b"#" in path:
        return False
    if not all(byte in _PRINTABLE for byte in path):
        return False
    if any(segment.partition(b";")[0] in (b".", b"..") for segment in path.split(b"/")):
        return False  # a `;` begins parameters, which some servers take off first
    return all(_is_plain_escape(part[:2].lower()) for part in path.split(b"%")[1:])


def _is_plain_escape(digits: bytes) -> bool:
    if len(digits) != 2 or not set(digits) <= _HEX:  # noqa: PLR2004 - RFC 3986 §2.1
        return False
    return digits not in _DISGUISED and int(digits, 16) >= 0x20 and digits != b"7f"  # noqa: PLR2004 - controls
