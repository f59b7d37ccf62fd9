"""Where an agent finds its models, and how its keys stay outside.

Inside, the agent is told of an endpoint on 127.0.0.1. The gateway listens there, and leads to where the person's own
environment says that the model is, else to the API's own host. The variable of the key holds a placeholder, which
the gateway swaps on the way out. So nothing inside can read the key, nor send it elsewhere.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen
from paddock.plan.model import Bound, Credential, File, Rule, Variable
from paddock.plan.network import is_ipv4, is_loopback, split
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.plan.profile import Key, Profile, Service
    from paddock.plan.view import View
    from paddock.policy.model import Policy

# Above the ports that the kernel gives to clients (ip(7): 32768 to 60999) and those that developers choose.
FIRST_PORT = 61001
_MAY_NAME_UPSTREAM = ("person", "floor", "flag")


@frozen
class Use:
    """What the services of an agent come to.

    `replaces`: the agent's own hosts are not needed. Of those, the ones in `away` must not be reached. `open` are the
    services that have no key, and where the person's base URL of each leads.
    """

    rules: tuple[Rule, ...] = ()
    variables: tuple[Variable, ...] = ()
    credentials: tuple[Credential, ...] = ()
    flags: tuple[str, ...] = ()
    seeds: tuple[File, ...] = ()
    replaces: bool = False
    open: tuple[tuple[str, Bound], ...] = ()
    away: tuple[tuple[str, int], ...] = ()


@frozen
class _Place:
    """Where a service is: its rule, the URL inside, the host that gets the key."""

    rule: Rule
    url: str
    bound: Bound


def use(profile: Profile, policy: Policy, view: View, *, inside: Collection[str], logged_in: bool) -> Use:
    """All services together.

    `inside` are the variables that the sandbox has anyway, as they are or with a placeholder of the policy's: a key
    among them is taken care of. One that is not stays unused where the agent has a login of its own, unless a base URL
    says where it goes. Raises PolicyError for a bad URL.
    """
    found = [
        _use(service, FIRST_PORT + number, profile, policy, view, inside=inside, logged_in=logged_in)
        for number, service in enumerate(profile.services)
    ]
    return Use(
        rules=tuple(rule for each in found for rule in each.rules),
        variables=tuple(variable for each in found for variable in each.variables),
        credentials=tuple(credential for each in found for credential in each.credentials),
        flags=tuple(flag for each in found for flag in each.flags),
        seeds=tuple(seed for each in found for seed in each.seeds),
        replaces=any(each.replaces for each in found),
        open=tuple(place for each in found for place in each.open),
    )


def _use(  # noqa: PLR0913 - what is known of the person, the profile and the machine
    service: Service,
    port: int,
    profile: Profile,
    policy: Policy,
    view: View,
    *,
    inside: Collection[str],
    logged_in: bool,
) -> Use:
    url = base_url(service, policy, view)
    named = next((each.variable for each in service.keys if each.variable in inside), "")
    key = None if named or (logged_in and not url) else _key(service, view)
    origin = Origin("agent", profile.name)
    if not url and not service.host:
        return Use(credentials=_credential(service, key, service.bound, origin))
    if not url and not key and not named:
        return Use()
    place = _place(url, service.base_url, port) if url else _own_place(service, port, origin)
    values = {"{url}": place.url, "{key}": named or (key or service.keys[-1]).inside}
    return Use(
        rules=(place.rule,),
        variables=(Variable(service.variable, place.url, origin, passed=bool(url)),),
        credentials=_credential(service, key, ((place.bound.host, place.bound.port),), origin),
        flags=tuple(_filled(flag, values) for flag in service.flags),
        seeds=tuple(File(f"{view.host.person.home}/{path}", content, origin) for path, content in service.seeds),
        replaces=True,
        open=() if key or named else ((service.name, place.bound),),
    )


def base_url(service: Service, policy: Policy, view: View) -> str:
    """Where the person says that the model is. Not the repository: the key would follow (CVE-2026-21852)."""
    if not service.base_url:
        return ""
    for assignment in policy.set_variables:
        if assignment.name == service.base_url and assignment.origin.kind in _MAY_NAME_UPSTREAM:
            return assignment.value
    return view.host.environ.get(service.base_url, "")


def _key(service: Service, view: View) -> Key | None:
    """The first key that is set."""
    environ = view.host.environ
    return next((key for key in service.keys if environ.get(key.variable) and _applies(key, view)), None)


def _applies(key: Key, view: View) -> bool:
    name, equals, value = key.when.partition("=")
    return not equals or view.host.environ.get(name, "") == value


def _credential(
    service: Service, key: Key | None, bound: tuple[tuple[str, int], ...], origin: Origin
) -> tuple[Credential, ...]:
    if key is None:
        return ()
    places = tuple(Bound(host, port, paths=_paths(service, host)) for host, port in bound)
    name = f"{origin.where}/{service.name}"  # no name that a policy can give
    return (Credential(name, f"env:{key.variable}", key.shape, places, (key.inside,), origin),)


def _paths(service: Service, host: str) -> tuple[str, ...]:
    return tuple(path for name, path in service.paths if name == host)


def _filled(text: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def _own_place(service: Service, port: int, origin: Origin) -> _Place:
    upstream = f"https://{service.host}:{service.port}"
    rule = Rule("127.0.0.1", port, origin, upstream=upstream, loopback=True)
    return _Place(rule, f"http://127.0.0.1:{port}{service.path}", Bound(service.host, service.port))


def _place(url: str, variable: str, own_port: int) -> _Place:
    """The endpoint for a base URL. Raises PolicyError.

    One on this machine's loopback keeps its port inside; another host's port would say nothing there.
    """
    scheme, host, port, tail = split(url, variable)
    if is_loopback(host):
        # With TLS the certificate is for the name that the person wrote.
        inside, host = port, "127.0.0.1" if host == "localhost" and scheme == "http" else host
    elif is_ipv4(host) or ":" in host or host.rpartition(".")[2].isdecimal():
        raise PolicyError(
            f"{variable} names an IP address: {host}",
            why="inside, only names and this machine's loopback can be reached",
            next_step="use the host's name, for example from /etc/hosts",
        )
    else:
        inside = own_port
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    upstream = f"https://{where}" if scheme == "https" else where
    rule = Rule("127.0.0.1", inside, Origin("agent", variable), private=True, upstream=upstream, loopback=True)
    return _Place(rule, f"http://127.0.0.1:{inside}{tail}", Bound(host, port))
