"""What is allowed and deserves a second thought: warnings of `paddock policy check`, never errors."""

from __future__ import annotations

from paddock.policy.matching import is_wildcard, takes_in
from paddock.policy.reach import place
from paddock.policy.tenants import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.policy.model import Allowed, Policy

_LOWEST_OPEN_PORT = 1024  # ip(7): ip_unprivileged_port_start
_THIS_MACHINE = "host"


def cautions(policy: Policy) -> tuple[str, ...]:
    """One line for each doubt, with the file's line first."""
    found = [f"{entry.origin.where}: {place(entry)} {text}" for entry in policy.allow for text in _about(entry, policy)]
    found += [
        f"{port.origin.where}: port {port.outside} of this machine is root's; "
        f'write "{port.outside + 8000}:{port.inside}" for one that is not'
        for port in policy.publish
        if port.outside < _LOWEST_OPEN_PORT
    ]
    return tuple(dict.fromkeys(found))


def _about(entry: Allowed, policy: Policy) -> Iterator[str]:
    denied = next((each for each in policy.deny if _is_denied(entry, each.host, each.port)), None)
    if denied is not None:
        yield f"is denied by {denied.origin.where}: the entry does nothing"
        return
    if is_wildcard(entry.host):
        yield "is a wildcard: whoever asks chooses the name, which reaches that domain's owner; prefer exact hosts"
        if entry.private:
            yield "lets whoever runs that domain lead to any private address of this network"
    stranger = shared(entry.host)
    if stranger is not None and not entry.paths:
        yield f"serves others too: {stranger.why}; bound it with methods, paths and upload where you can"
    if entry.host == _THIS_MACHINE:
        yield "is a service of this machine, which may trust whatever comes from 127.0.0.1"
    elif entry.raw:
        yield "lets every protocol pass, unread: no server name, method or path is checked"
    if entry.methods or entry.paths:
        yield (
            "has methods or paths, so TLS ends at the gateway there: programs inside trust an authority of this "
            "session, and those that pin a certificate fail"
        )


def _is_denied(entry: Allowed, host: str, port: int) -> bool:
    return port in (0, entry.port) and takes_in(host, entry.host)
