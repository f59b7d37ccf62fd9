"""What an agent's profile adds to a plan: its network, its state directory, its variables, remarks about its key.

The profile of a known agent is built-in, so it comes below everything that a person wrote: an explicit
`network.mode = "off"` stands, and a floor that lists names bounds the agent's as well.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.plan.model import Mount, Network, Rule, Variable
from paddock.plan.network import distinct, is_ipv4, is_loopback, split
from paddock.plan.paths import within
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.profile import Profile
    from paddock.plan.view import View
    from paddock.policy.model import Policy

_MAY_NAME_UPSTREAM = ("person", "floor", "flag")


def applies(profile: Profile, program: str, view: View) -> bool:
    """Whether a profile may be used for the program that the command was found to be.

    A file in the repository that calls itself like an agent must get neither its login nor its network.
    """
    real = view.host.look(program).real if program else ""
    if real and not within(program, view.repository) and not within(real, view.repository):
        return True
    where = f"is {program}, a file of the repository" if program else "was not found"
    view.notes.append(f"the profile of {profile.title} is not used: the command {where}")
    return False


def network(profile: Profile, base: Network, policy: Policy, view: View) -> tuple[Network, tuple[Variable, ...]]:
    """The network with the agent's names, and the variable of its base URL. Raises PolicyError for a bad URL."""
    origin = Origin("agent", profile.name)
    rules = [Rule(host, port, origin) for host, port in profile.hosts]
    variables: tuple[Variable, ...] = ()
    url = _base_url(profile, policy, view)
    if url:
        rule, value = upstream(url, profile.base_url)
        rules, variables = [rule], (Variable(profile.base_url, value, Origin("agent", profile.name), passed=True),)
    if base.mode == "off" and base.origin.kind != "built-in":
        view.notes.append(f"{profile.title} cannot reach its model: network mode is off ({base.origin})")
        return base, variables
    if base.origin.kind == "floor" or "network.allow" in policy.bounded:
        rules = _bounded(rules, policy, view, profile)
    return Network("allow", distinct([*base.rules, *rules]), base.origin if base.mode == "allow" else origin), variables


def _base_url(profile: Profile, policy: Policy, view: View) -> str:
    """Where the person says that the model is. Not the repository: the key would follow (CVE-2026-21852)."""
    if not profile.base_url:
        return ""
    for assignment in policy.set_variables:
        if assignment.name == profile.base_url and assignment.origin.kind in _MAY_NAME_UPSTREAM:
            return assignment.value
    return view.host.environ.get(profile.base_url, "")


def _bounded(rules: list[Rule], policy: Policy, view: View, profile: Profile) -> list[Rule]:
    allowed = {(entry.host, entry.port) for entry in policy.allow}
    for rule in rules:
        if (rule.host, rule.port) not in allowed:
            view.notes.append(f"{profile.title} may not reach {rule.host}:{rule.port}: the floor does not list it")
    return [rule for rule in rules if (rule.host, rule.port) in allowed]


def upstream(url: str, variable: str) -> tuple[Rule, str]:
    """The rule for a base URL, and the URL as it is inside. Raises PolicyError.

    On loopback the inside has a listener of its own on 127.0.0.1, which leads to the person's.
    """
    scheme, host, port, tail = split(url, variable)
    origin = Origin("agent", variable)
    if is_loopback(host):
        where = f"[{host}]:{port}" if ":" in host else f"{'127.0.0.1' if host == 'localhost' else host}:{port}"
        rule = Rule("127.0.0.1", port, origin, private=True, upstream=where, loopback=True)
        return rule, f"{scheme}://127.0.0.1:{port}{tail}"
    if is_ipv4(host) or ":" in host or host.rpartition(".")[2].isdecimal():
        raise PolicyError(
            f"{variable} names an IP address: {host}",
            why="inside, only names and this machine's loopback can be reached",
            next_step="use the host's name, for example from /etc/hosts",
        )
    return Rule(host, port, origin, private=True), url


def state(profile: Profile, view: View) -> Mount:
    """The agent's own directory: Paddock's on the host, one for each repository, never the person's own."""
    source = f"{view.host.state}/agents/{profile.name}/{view.host.repository_key(view.repository)}"
    target = f"{view.host.person.home}/{profile.state.directory}"
    return Mount(source, target, "write", Origin("agent", profile.name))


def environment(
    profile: Profile, variables: tuple[Variable, ...], extra: tuple[Variable, ...], view: View
) -> tuple[Variable, ...]:
    """The variables with the agent's added. What the policy sets stands."""
    origin, environ = Origin("agent", profile.name), view.host.environ
    found = {name: Variable(name, environ[name], origin, passed=True) for name in profile.passed if name in environ}
    found |= {name: Variable(name, value, origin) for name, value in profile.environment}
    found |= {variable.name: variable for variable in variables}
    # A base URL of the policy's has been rewritten; the place of the state is not open to choice.
    found |= {variable.name: variable for variable in extra}
    directory = f"{view.host.person.home}/{profile.state.directory}"
    found[profile.state.variable] = Variable(profile.state.variable, directory, origin)
    return tuple(found[name] for name in sorted(found))


def remarks(profile: Profile, variables: tuple[Variable, ...], mount: Mount, view: View) -> list[str]:
    """What the person should know about the agent's key."""
    present = {variable.name for variable in variables}
    if present.intersection(profile.keys):
        return []  # the environment warns about every secret that enters
    if view.host.look(f"{mount.source}/{profile.state.login}").kind == "file":
        return []
    key = profile.keys[0] if profile.keys else ""
    return [f"{profile.title} has no key and no login here yet: log in inside once, or pass its key: --env {key}"]
