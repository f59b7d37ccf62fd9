"""What may be reached: nothing, or what the policy lists, and an agent's own; what is denied; what is published."""

from __future__ import annotations

from paddock.errors import PolicyError, Refused
from paddock.frozen import replace
from paddock.plan.model import Denied, Network, Published, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.policy.model import Allowed, Policy

_THIS_MACHINE = "host"  # the word of a policy for services on this machine


def resolve(policy: Policy, notes: list[str]) -> Network:
    """The network of a policy alone. Raises Refused for what is not available yet, PolicyError for a port twice."""
    mode = policy.network_mode
    if mode.value not in ("off", "allow"):
        raise Refused(
            f"network mode {mode.value!r} ({mode.origin}) is not available yet",
            why="the registry guard comes in a later version",
            next_step='use mode = "off", or mode = "allow" with the names that are needed',
            code="not-available",
        )
    is_off = mode.value == "off"
    if is_off and policy.allow and mode.origin.kind != "built-in":  # then the policy says so itself
        notes.append(f"network mode is off ({mode.origin}): the names in allow are not reachable")
    return Network(
        "off" if is_off else "allow",
        () if is_off else distinct([rule_of(entry) for entry in policy.allow]),
        mode.origin,
        # With the network off as well: an agent's profile may still open it, within all of these.
        denied=_denied(policy),
        published=_published(policy),
        connections=int(policy.connections.value) if policy.connections else 0,
        rate=int(policy.rate.value) if policy.rate else 0,
    )


def rule_of(entry: Allowed) -> Rule:
    """An entry of a policy as a rule of a plan."""
    return Rule(
        entry.host,
        entry.port,
        entry.origin,
        private=entry.private,
        upstream=f"127.0.0.1:{entry.port}" if entry.host == _THIS_MACHINE else "",
        methods=tuple(sorted(entry.methods)),
        paths=tuple(sorted(entry.paths)),
        upload=entry.upload,
        raw=entry.raw,
    )


def distinct(rules: list[Rule]) -> tuple[Rule, ...]:
    """One rule for each name and port, sorted. The first says what may be asked; any can say that it is private."""
    found: dict[tuple[str, int], Rule] = {}
    for rule in rules:
        known = found.setdefault((rule.host, rule.port), rule)
        if rule.private and not known.private:
            # What leads elsewhere is another service, which a person's environment names.
            found[rule.host, rule.port] = rule if rule.upstream else replace(known, private=True)
    return tuple(found[key] for key in sorted(found))


def within_list(rule: Rule, entries: Iterable[Allowed]) -> Rule | None:
    """A built-in rule within what a list allows: as it is, with the tighter bounds of the list, or None."""
    from paddock.plan.matching import destination
    from paddock.policy.reach import covers, deciding

    host, port = destination(rule)
    for entry in deciding(entries, host, port):
        if covers(entry, replace(rule, host=host, port=port)):
            return rule
        if not (rule.methods or rule.paths or rule.upload or (rule.upstream and not entry.private)):
            is_private, is_raw = rule.private and entry.private, rule.raw and entry.raw
            bounded = replace(
                rule, methods=tuple(sorted(entry.methods)), paths=tuple(sorted(entry.paths)), upload=entry.upload
            )
            return replace(bounded, private=is_private, raw=is_raw)
    return None


def _denied(policy: Policy) -> tuple[Denied, ...]:
    found: dict[tuple[str, int], Denied] = {}
    for entry in policy.deny:
        found.setdefault((entry.host, entry.port), Denied(entry.host, entry.port, entry.origin))
    return tuple(found[key] for key in sorted(found))


def _published(policy: Policy) -> tuple[Published, ...]:
    """By the port outside. Raises PolicyError where one port should lead to two."""
    found: dict[int, Published] = {}
    for entry in policy.publish:
        known = found.setdefault(entry.outside, Published(entry.inside, entry.outside, entry.origin))
        if known.inside != entry.inside:
            raise PolicyError(
                f"port {entry.outside} of this machine cannot lead to two ports inside",
                why=f"to {known.inside} ({known.origin}) and to {entry.inside} ({entry.origin})",
                next_step=f"publish one of them elsewhere: --publish {_another(entry.outside)}:{entry.inside}",
            )
    return tuple(found[key] for key in sorted(found))


def _another(port: int) -> int:
    return port + 1 if port < 65535 else port - 1  # noqa: PLR2004 - the last port


def split(url: str, variable: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and the rest of a base URL. Raises PolicyError, naming the variable, for any other text.

    The URL is the person's. User names, brackets other than around an IPv6 address, spaces and controls
    are refused rather than guessed at (RFC 3986, section 3.2).
    """
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    cut = min((at for at in (rest.find(each) for each in "/?#") if at >= 0), default=len(rest))
    authority, tail = rest[:cut], rest[cut:]
    if authority.startswith("["):
        host, closed, after = authority[1:].partition("]")
        port_text = after.removeprefix(":") if after.startswith(":") or not after else "?"
        valid = bool(closed) and _is_ipv6(host)
    else:
        host, colon, port_text = authority.partition(":")
        valid = _is_name(host) and (not colon or bool(port_text))
    port = {"https": 443, "http": 80}.get(scheme, 0) if not port_text else _port(port_text)
    if not mark or scheme not in ("http", "https") or not valid or not port or not url.isprintable() or " " in url:
        raise PolicyError(
            f"{variable} is not a URL that can be allowed: {_without_user(url)!r}",
            why="it must be http:// or https://, a host name or a loopback address, and perhaps a port",
            next_step=f"export {variable}=https://gateway.example  or  unset {variable}",
        )
    return scheme, host.lower(), port, tail


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine: localhost, 127.0.0.0/8 or ::1."""
    return host in ("localhost", "::1") or (is_ipv4(host) and host.startswith("127."))


def is_ipv4(host: str) -> bool:
    """Whether a host is four decimal numbers, nothing else; `127.1` and `0x7f.1` are not."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdecimal() and part.isascii() and int(part) < 256 for part in parts)  # noqa: PLR2004


def _is_ipv6(host: str) -> bool:
    return ":" in host and all(character in "0123456789abcdefABCDEF:." for character in host)


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return (
        0 < len(host) < 254  # noqa: PLR2004 - RFC 1035
        and host.isascii()
        and all(
            label and len(label) < 64 and label[0] != "-" and label[-1] != "-" and label.replace("-", "a").isalnum()  # noqa: PLR2004
            for label in labels
        )
    )


def _port(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 6 and int(text) < 65536 else 0  # noqa: PLR2004


def _without_user(url: str) -> str:
    """The URL without what stands before an @: it may be a password."""
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://…@{after}" if at else url
