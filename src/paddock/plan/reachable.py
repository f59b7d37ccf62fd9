"""Whether a host can be reached from inside, which rule or denial decides, and who wrote it.

The same invariant as in `explain`: an answer never advises a leak. What somebody denied, what looks like data and
what is this machine's own gets no next step.
"""

from __future__ import annotations

from paddock.plan.explain import Explanation
from paddock.plan.labels import is_data_like
from paddock.plan.matching import decide, destination
from paddock.plan.model import Denied, Rule
from paddock.plan.network import is_ipv4, is_loopback
from paddock.policy.matching import below, is_wildcard, narrowness, takes_in
from paddock.policy.names import canonical
from paddock.policy.reach import bounds, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Network, Plan

_LOCAL_ENDS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def reach(plan: Plan, subject: str) -> Explanation:
    """About a host or a wildcard, with or without a port; without one, about any."""
    name, port = _host_and_port(subject)
    found = {each: _decision(plan.network, name, each) for each in _ports(plan.network, name, port)}
    rules = [rule for rule in found.values() if isinstance(rule, Rule)]
    denied = [each for each in found.values() if isinstance(each, Denied)]
    if rules:
        return _reachable(plan.network, subject, name, rules, denied)
    if denied:
        return _denied(plan.network, subject, name, denied[0])
    return _by_endpoint(plan.network, subject, name, port) or _unknown(plan, subject, name, port)


def _decision(network: Network, name: str, port: int) -> Rule | Denied | None:
    """What decides about a name; of a wildcard, what decides about all of its names where nothing narrower does."""
    if not is_wildcard(name):
        return decide(network, name, port)
    denied = [each for each in network.denied if each.port in (0, port) and takes_in(each.host, name)]
    if denied:
        return denied[0]
    fitting = [rule for rule in network.rules if rule.port == port and takes_in(rule.host, name)]
    return max(fitting, key=lambda rule: narrowness(rule.host), default=None)


def _ports(network: Network, name: str, port: int | None) -> list[int]:
    """The ports to ask about: the one that is given, or all that a rule or a denial names; 0 stands for every port."""
    if port is not None:
        return [port]
    found = {rule.port for rule in network.rules if takes_in(rule.host, name)}
    return sorted(found or {each.port for each in network.denied if takes_in(each.host, name)})


def _reachable(network: Network, subject: str, name: str, rules: list[Rule], denied: list[Denied]) -> Explanation:
    first = rules[0]
    if any(is_data_like(below(rule.host, name)) for rule in rules):
        why = f"it is below {first.host}, but what stands for the * looks like data, so the gateway refuses it"
        return _hidden(subject, "built-in", why)
    said = [
        *([f"by {first.host}"] if first.host != name else []),
        *([f"leads to {first.upstream}"] if first.upstream else _limits(rules)),
        *(f"not on port {each.port}, denied by {each.origin}" for each in denied if each.port),
        *(f"stands over {wider}" for wider in _wider(network, name, rules)),
    ]
    how = f"reachable on port {', '.join(str(rule.port) for rule in rules)}"
    by = "; ".join(dict.fromkeys(str(rule.origin) for rule in rules))
    return Explanation("host", subject, allowed=True, how=how, decided_by=by, why="; ".join(said))


def _limits(rules: list[Rule]) -> list[str]:
    """What the rules let through; once where all ports say the same."""
    said = {rule.port: ", ".join(bounds(rule)) for rule in rules}
    if len(set(said.values())) == 1:
        return [text for text in said.values() if text][:1]
    return [f"port {port}: {text or 'everything'}" for port, text in said.items()]


def _wider(network: Network, name: str, rules: list[Rule]) -> list[str]:
    """Rules that fit too, and do not count since a narrower one decides."""
    chosen = {(rule.host, rule.port) for rule in rules}
    ports = {rule.port for rule in rules}
    fitting = [rule for rule in network.rules if rule.port in ports and takes_in(rule.host, name)]
    return [f"{place(rule)} ({rule.origin})" for rule in fitting if (rule.host, rule.port) not in chosen]


def _denied(network: Network, subject: str, name: str, denied: Denied) -> Explanation:
    fitting = [rule for rule in network.rules if takes_in(rule.host, name) and denied.port in (0, rule.port)]
    over = f"; that stands over {place(fitting[0])} ({fitting[0].origin})" if fitting else ""
    return _hidden(subject, str(denied.origin), f"{place(denied)} is denied{over}")


def _by_endpoint(network: Network, subject: str, name: str, port: int | None) -> Explanation | None:
    """An agent's model, which programs inside call by an address on their own loopback."""
    for rule in network.rules:
        there, its_port = destination(rule)
        if rule.upstream and there == name and port in (None, its_port):
            how = f"reachable only as {place(rule)} inside"
            return Explanation("host", subject, allowed=True, how=how, decided_by=str(rule.origin))
    return None


def _unknown(plan: Plan, subject: str, name: str, port: int | None) -> Explanation:
    """Nothing names it."""
    decided = str(plan.network.origin)
    others = [str(rule.port) for rule in plan.network.rules if takes_in(rule.host, name)]
    if others:
        return _hidden(subject, decided, f"only port {', '.join(dict.fromkeys(others))} is allowed")
    if is_loopback(name) or name == "0.0.0.0":  # noqa: S104 - compared, not bound
        why = (
            "inside, loopback is the sandbox's own; programs inside reach each other there, and nothing of this "
            'machine but what a person allows as "host:PORT"'
        )
        return _hidden(subject, decided, why)
    if is_ipv4(name) or ":" in name:
        return _hidden(subject, decided, "only names can be reached, never addresses")
    if plan.network.mode == "off" and plan.network.origin.kind not in ("built-in", "flag"):
        return _hidden(subject, decided, "network mode is off")
    why = "network mode is off" if plan.network.mode == "off" else "it is not in the list of names"
    internal = "." not in name or name.endswith(_LOCAL_ENDS)
    next_step = "" if internal or "*" in name else f"paddock run --allow {name}:{port or 443} …"
    return _hidden(subject, decided, why, next_step)


def _hidden(subject: str, by: str, why: str, next_step: str = "") -> Explanation:
    return Explanation("host", subject, allowed=False, how="not reachable", decided_by=by, why=why, next_step=next_step)


def _host_and_port(subject: str) -> tuple[str, int | None]:
    name, colon, port = subject.rpartition(":")
    if colon and port.isdecimal() and port.isascii() and (":" not in name or name.endswith("]")):
        return _one_spelling(name), int(port[:6])
    return _one_spelling(subject), None


def _one_spelling(host: str) -> str:
    bare = host.strip("[]").rstrip(".").lower()
    return canonical(bare) or bare
