"""Which credentials a plan brokers, what their binding opens, and where canaries are planted.

A binding says that its hosts are meant to be reached: where the network is on, they may be, unless an entry of
`network.allow` decides about them already, or a denial does. It never turns the network on.

INVARIANT CR-21: a variable that holds a placeholder never gets its value from anywhere else.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import replace
from paddock.plan.matching import denial
from paddock.plan.model import Bound, Credential, Planted, Rule
from paddock.plan.network import distinct, rule_of
from paddock.policy.reach import deciding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.plan.model import Mask, Network
    from paddock.plan.part import Part
    from paddock.policy.model import Allowed, Binding, Policy, Text

_CANARIES = {"aws": ".aws/credentials", "ssh": ".ssh/id_ed25519", "env": ".env"}


def brokered(policy: Policy) -> tuple[Credential, ...]:
    """The policy's credentials, by name. Raises PolicyError where two want the same variable."""
    holders: dict[str, Binding] = {}
    for binding in policy.credentials:
        for name in binding.variables:
            other = holders.setdefault(name, binding)
            if other is not binding:
                raise PolicyError(
                    f"{name} cannot hold two credentials: {other.name} ({other.origin}) and {binding.name} "
                    f"({binding.origin})",
                    next_step=f"name another variable in one of them, or take one out of {binding.origin.where}",
                )
    return tuple(map(_credential, sorted(policy.credentials, key=lambda binding: binding.name)))


def _credential(binding: Binding) -> Credential:
    return Credential(
        name=binding.name,
        source=binding.source,
        shape=binding.shape,
        bound=tuple(Bound(host.host, host.port, host.methods, host.paths) for host in binding.hosts),
        variables=binding.variables,
        origin=binding.origin,
        user=binding.user,
        ttl_s=binding.ttl_s,
    )


def outside(part: Part, credentials: Iterable[Credential], policy: Policy, notes: list[str]) -> Part:
    """A plan's part without the variables that placeholders are for, whoever sets or passes them."""
    holders = {name: credential for credential in credentials for name in credential.variables}
    named = [(text.value, text.origin, "passed") for text in policy.pass_variables]
    named += [(assignment.name, assignment.origin, "set") for assignment in policy.set_variables]
    for name, origin, done in named:
        if name in holders:
            holder = holders[name]
            notes.append(
                f"{name} is not {done} ({origin}): credential {holder.name} ({holder.origin}) keeps it outside"
            )
    return replace(part, environment=tuple(each for each in part.environment if each.name not in holders))


def joined(part: Part, credentials: tuple[Credential, ...], policy: Policy, notes: list[str]) -> Part:
    """The part with the policy's credentials. An agent's for the same variable, or of the same name, gives way."""
    names = {credential.name for credential in credentials}
    variables = {name for credential in credentials for name in credential.variables}
    others = [each for each in part.credentials if each.name not in names and variables.isdisjoint(each.variables)]
    network = _opened(part.network, policy) if part.network.mode != "off" else part.network
    for credential in credentials if network.mode != "off" else ():
        for bound in credential.bound:
            denied = denial(network, bound.host, bound.port)
            if denied:
                notes.append(
                    f"credential {credential.name} cannot go to {bound.host}:{bound.port}: denied by {denied.origin}"
                )
    return replace(part, network=network, credentials=(*credentials, *others))


def _opened(network: Network, policy: Policy) -> Network:
    """The network with the hosts about which only a binding says anything."""
    found: dict[tuple[str, int], Rule] = {}
    for host in (host for binding in policy.credentials for host in binding.hosts):
        place = host.host, host.port
        decided = deciding(network.rules, *place)
        if not decided or any(rule.raw for rule in decided):
            rule = _either(found[place], host) if place in found else rule_of(host)
            # What may pass unread cannot be given a credential: of a place that is bound, requests are read.
            found[place] = replace(rule, private=rule.private or any(rule.private for rule in decided))
    return replace(network, rules=distinct([*found.values(), *network.rules]))


def _either(rule: Rule, host: Allowed) -> Rule:
    """What one binding or the other needs of a host. Each credential goes to its own bounds only."""
    return replace(
        rule,
        private=rule.private or host.private,
        methods=_union(rule.methods, host.methods),
        paths=_union(rule.paths, host.paths),
        upload=max(rule.upload, host.upload) if rule.upload and host.upload else 0,
    )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Of two lists where none is without bound."""
    return tuple(dict.fromkeys((*one, *other))) if one and other else ()


def canaries(kinds: Iterable[Text], masks: Iterable[Mask], home: str) -> tuple[Planted, ...]:
    """Where canaries are planted: in the private home, and in place of the masked files called .env or .env.NAME."""
    wanted = {text.value: text.origin for text in kinds}
    found = [Planted(kind, f"{home}/{place}", wanted[kind]) for kind, place in _CANARIES.items() if kind in wanted]
    masked = [mask.target for mask in masks if not mask.directory and _is_env(mask.target.rpartition("/")[2])]
    if "env" in wanted and masked:
        found[-1:] = [Planted("env", target, wanted["env"]) for target in masked]
    return tuple(found)


def _is_env(name: str) -> bool:
    return name == ".env" or name.startswith(".env.")
