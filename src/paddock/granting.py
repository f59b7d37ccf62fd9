"""What a live sandbox may reach, changed while it runs: a person's word, within the floor, kept in the record."""

from __future__ import annotations

import getpass

from paddock import live, sources
from paddock.errors import PolicyError, Usage
from paddock.frozen import as_data
from paddock.gateway import control
from paddock.plan.network import rule_of
from paddock.policy import hosts
from paddock.policy.model import Origin
from paddock.policy.reach import is_covered, place
from paddock.policy.values import Wrong, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from paddock.live import Entry
    from paddock.plan.model import Rule

_ORIGIN = Origin("flag", "paddock net")


def allow(name: str, texts: Sequence[str], *, lasts: str = "", why: str = "") -> dict[str, Any]:
    """Allow hosts, written as in a policy; for a time such as "30m", else until the sandbox ends. What holds then.

    Raises SessionError, PolicyError for what the floor does not list, Usage for what is no host.
    """
    entry = live.find(name)
    rules = [rule for text in texts for rule in _rules(text, name)]
    _refuse_beyond_the_floor(entry, rules)
    for_s = _seconds(lasts)
    return _ask_all(entry, [{"do": "allow", "place": as_data(rule), "for_s": for_s} for rule in rules], why)


def deny(name: str, texts: Sequence[str], *, lasts: str = "", why: str = "") -> dict[str, Any]:
    """Deny hosts, whatever allows them: open connections end. What holds then. Raises as `allow`."""
    entry = live.find(name)
    places = [_denial(text, name) for text in texts]
    for_s = _seconds(lasts)
    return _ask_all(entry, [{"do": "deny", "place": place, "for_s": for_s} for place in places], why)


def show(name: str) -> dict[str, Any]:
    """What holds now."""
    return control.ask(live.find(name).directory, {"do": "show"})


def _ask_all(entry: Entry, requests: Sequence[dict[str, Any]], why: str) -> dict[str, Any]:
    author = getpass.getuser()
    answer: dict[str, Any] = {}
    for request in requests:
        answer = control.ask(entry.directory, {**request, "author": author, "why": why})
    return answer


def _rules(text: str, name: str) -> list[Rule]:
    try:
        return [rule_of(allowed) for allowed in hosts.allowed(text, _ORIGIN)]
    except Wrong as error:
        raise Usage(
            f"{text} cannot be allowed", why=str(error), next_step=f"paddock net allow {name} HOST[:PORT]"
        ) from error


def _denial(text: str, name: str) -> dict[str, object]:
    try:
        denial = hosts.denied(text, _ORIGIN)
    except Wrong as error:
        raise Usage(
            f"{text} cannot be denied", why=str(error), next_step=f"paddock net deny {name} HOST[:PORT]"
        ) from error
    return {"host": denial.host, "port": denial.port}


def _seconds(lasts: str) -> float | None:
    try:
        return duration(lasts) if lasts else None
    except Wrong as error:
        raise Usage(f"--for {lasts} is no time", why=str(error), next_step="--for 30m") from error


def _refuse_beyond_the_floor(entry: Entry, rules: Sequence[Rule]) -> None:
    """The floor bounds a live sandbox as it bounds the start of one."""
    policy = sources.load(entry.data()["repository"], None)
    floor = [allowed for allowed in policy.allow if allowed.origin.kind == "floor"]
    if "network.allow" not in policy.bounded:
        return
    for rule in rules:
        if not is_covered(rule, floor):
            raise PolicyError(
                f"{place(rule)} cannot be allowed",
                why="the floor lists what may be reached, and this is not on it",
                next_step="paddock policy show",
                code="floor",
            )
