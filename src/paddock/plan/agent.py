"""What an agent's profile adds to a plan: its network, its keys, its state, how it is started.

The profile of a known agent is built-in, so it comes below everything that a person wrote: an explicit
`network.mode = "off"` stands, and a floor that lists names bounds the agent's as well.
"""

from __future__ import annotations

from paddock.frozen import replace
from paddock.plan import logins, services
from paddock.plan.model import File, Mount, Network, Rule, Variable
from paddock.plan.network import distinct, within_list
from paddock.plan.part import Part
from paddock.plan.paths import within
from paddock.plan.profile import on_host
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Credential
    from paddock.plan.profile import Manner, Profile
    from paddock.plan.services import Use
    from paddock.plan.view import View
    from paddock.policy.model import Policy

_REPOSITORY = "{repository}"  # in a flag
_EMPTY_LOGINS = ("", "{}", "null")


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


def part(profile: Profile, plain: Part, policy: Policy, view: View, arguments: tuple[str, ...]) -> Part:
    """The agent's part of a plan; `arguments` are the person's own. Raises PolicyError for a bad base URL."""
    origin = Origin("agent", profile.name)
    mounts = state(profile, view)
    held = logins.held(profile, view)
    logged_in = bool(held) or _logged_in(profile, mounts, view)
    inside = {variable.name for variable in plain.environment}
    inside.update(variable for binding in policy.credentials for variable in binding.variables)
    used = services.use(profile, policy, view, inside=inside, logged_in=logged_in)
    used = logins.joined(used, held, profile, view)
    reach = network(profile, plain.network, used, policy, view)
    manner = profile.attended if policy.agent_prompts.value == "keep" else profile.unattended
    view.notes += remarks(profile, inside, used, logged_in=logged_in)
    return Part(
        profile.name,
        reach,
        environment(profile, plain.environment, used, manner, view),
        mounts,
        tuple(File(path, content, origin) for path, content in profile.files),
        (*_files(manner.seeds, view, origin), *used.seeds),
        _reachable(used, reach),
        flags(profile, used, manner, arguments, view.repository),
    )


def network(profile: Profile, base: Network, used: Use, policy: Policy, view: View) -> Network:
    """The network with the agent's names: of its services, or else what its login needs."""
    origin = Origin("agent", profile.name)
    places = [] if used.replaces else [place for place in profile.hosts if place not in used.away]
    rules = [Rule(host, port, origin) for host, port in places]
    rules += used.rules
    if base.mode == "off" and base.origin.kind != "built-in":
        view.notes.append(f"{profile.title} cannot reach its model: network mode is off ({base.origin})")
        return base
    if base.origin.kind == "floor" or "network.allow" in policy.bounded:
        rules = _bounded(rules, policy, view, profile)
    open_by = base.origin if base.mode == "allow" else origin
    return replace(base, mode="allow", rules=distinct([*base.rules, *rules]), origin=open_by)


def _bounded(rules: list[Rule], policy: Policy, view: View, profile: Profile) -> list[Rule]:
    kept: list[Rule] = []
    for rule in rules:
        bounded = within_list(rule, policy.allow)
        if bounded is None:
            where = rule.upstream.rpartition("//")[2] or f"{rule.host}:{rule.port}"
            view.notes.append(f"{profile.title} may not reach {where}: the floor does not list it")
        else:
            kept.append(bounded)
    return kept


def _reachable(used: Use, reach: Network) -> tuple[Credential, ...]:
    """The keys of which at least one place can be reached at all: no other is even read."""
    from paddock.plan.matching import decide, destination

    leads = {destination(rule) for rule in reach.rules if rule.loopback}
    return tuple(
        credential
        for credential in used.credentials
        if any(
            (each.host, each.port) in leads or isinstance(decide(reach, each.host, each.port), Rule)
            for each in credential.bound
        )
    )


def state(profile: Profile, view: View) -> tuple[Mount, ...]:
    """The agent's own directories: Paddock's on the host, some for each repository, never the person's own.

    Each lies beside the others: what is written inside one must not decide where another is mounted from.
    """
    base = f"{view.host.state}/agents/{profile.name}/{view.host.repository_key(view.repository)}"
    origin = Origin("agent", profile.name)
    return tuple(
        Mount(f"{base}/{on_host(place)}", f"{view.host.person.home}/{place}", "write", origin)
        for place in profile.state.directories
    )


def _logged_in(profile: Profile, mounts: tuple[Mount, ...], view: View) -> bool:
    """Whether somebody has logged in inside. Some agents write an empty file before that.

    A link is no login: what runs inside could have any file of this machine looked at.
    """
    target = f"{view.host.person.home}/{profile.state.login}"
    mount = next(mount for mount in mounts if within(target, mount.target))
    path = mount.source + target[len(mount.target) :]
    text = view.host.read_text(path).strip() if view.host.look(path).kind == "file" else ""
    return text not in _EMPTY_LOGINS and profile.state.login_holds in text


def environment(
    profile: Profile, variables: tuple[Variable, ...], used: Use, manner: Manner, view: View
) -> tuple[Variable, ...]:
    """The variables with the agent's added. What the policy sets stands."""
    origin, environ, home = Origin("agent", profile.name), view.host.environ, view.host.person.home
    found = {name: Variable(name, environ[name], origin, passed=True) for name in profile.passed if name in environ}
    found |= {name: Variable(name, value, origin) for name, value in (*profile.environment, *manner.environment)}
    found |= {variable.name: variable for variable in variables}
    # A base URL of the policy's has been rewritten; the place of the state is not open to choice.
    found |= {variable.name: variable for variable in used.variables}
    found |= {name: Variable(name, f"{home}/{place}", origin) for name, place in profile.state.variables}
    return tuple(found[name] for name in sorted(found))


def flags(profile: Profile, used: Use, manner: Manner, arguments: tuple[str, ...], repository: str) -> tuple[str, ...]:
    """What comes before the person's own arguments."""
    if arguments and arguments[0] in profile.subcommands:
        return ()
    chosen = {argument.partition("=")[0] for argument in arguments}
    if chosen.intersection((*manner.flags, *manner.unless)):
        return (*profile.flags, *used.flags)
    place = _quoted(repository)
    own = [flag.replace(_REPOSITORY, place) for flag in manner.flags if place or _REPOSITORY not in flag]
    return (*profile.flags, *used.flags, *own)


def _quoted(path: str) -> str:
    """A path inside a basic string of TOML; nothing for one that is no UTF-8, which no such string can hold."""
    if any(0xD800 <= ord(c) < 0xE000 for c in path):  # noqa: PLR2004 - surrogates
        return ""
    return "".join(c if c.isprintable() and c not in '\\"' else f"\\U{ord(c):08x}" for c in path)


def _files(pairs: tuple[tuple[str, str], ...], view: View, origin: Origin) -> tuple[File, ...]:
    return tuple(File(f"{view.host.person.home}/{path}", content, origin) for path, content in pairs)


def remarks(profile: Profile, inside: set[str], used: Use, *, logged_in: bool) -> list[str]:
    """What the person should know about the agent's key. The environment warns about every secret that enters."""
    if logged_in or used.credentials or inside.intersection(profile.keys):
        return []
    keys = " or ".join(dict.fromkeys(service.keys[-1].variable for service in profile.services if service.keys))
    return [f"{profile.title} has no key and no login here: set {keys} out here, or: paddock login {profile.name}"]
