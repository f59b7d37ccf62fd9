"""From a directory, a command and flags to a plan: policy, machine and agent come together here."""

from __future__ import annotations

import os

from paddock import state
from paddock.errors import PaddockError, Refused, Usage
from paddock.frozen import replace
from paddock.host import Machine
from paddock.plan.resolve import Request, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.plan.image import Rooted
    from paddock.plan.model import Plan
    from paddock.plan.profile import Profile
    from paddock.policy.model import Layer, Policy
    from paddock.sources import Gathered

_MARKS = (".git", "paddock.toml")


def find_repository(directory: str, home: str = "") -> str:
    """The nearest directory from here upwards that has `.git` or `paddock.toml`, else `directory` itself.

    Stops below HOME and below `/`, neither of which can be a workspace. `directory` is a real path.
    """
    home = os.path.realpath(home or state.home())
    above = directory
    while above not in ("/", home):
        if any(os.path.lexists(f"{above}/{mark}") for mark in _MARKS):
            return above
        above = os.path.dirname(above)
    return directory


def make_plan(  # noqa: PLR0913 - what was typed, where, and for what purpose
    directory: str,
    command: Sequence[str],
    flags: Layer | None,
    *,
    terminal: bool,
    environ: Mapping[str, str] = os.environ,
    create: bool = True,
    profile: Profile | None = None,
    image: Rooted | None = None,
    setting_up: bool = False,
) -> Plan:
    """The plan for a command in a directory. Creates the agent's state directory, unless only to look (`create`).

    `profile` is the agent's, where the command does not say. With an `image` the root comes from that. A command that
    is `setting_up` a dev container has the network of [network.setup] and no agent's.

    Raises Refused, also inside a sandbox unless only to look; PolicyError; Usage when the directory does not exist.
    """
    if create:
        _refuse_inside(environ)
    from paddock import sources
    from paddock.agents.profile import for_command

    cwd = real_directory(directory)
    repository = find_repository(cwd, state.home(environ))
    found = sources.gather(repository, environ)
    trusted = found.is_trusted(environ)
    policy = sources.merged(found, flags, trusted=trusted)
    if setting_up:
        policy = _for_setup(policy)
    agent = profile or (for_command(command[0]) if command and not setting_up else None)
    settled = _settled(agent, repository, environ) if agent and create else ()
    request = Request(tuple(command), cwd, repository, terminal, agent=agent, image=image)
    plan = resolve(policy, request, Machine(environ))
    plan = replace(plan, notes=(*plan.notes, *settled, *_of_others(plan)))
    if plan.proving.within_s:
        from paddock.policy import hashing

        proven = policy_hash(found, repository, trusted=trusted, environ=environ)
        beyond = hashing.beyond(found.layers, flags, trusted=trusted)
        plan = replace(plan, proving=replace(plan.proving, policy_hash=proven, beyond=beyond))
    if create:
        for mount in plan.mounts:
            if mount.access == "write":
                state.make_private(state.state_directory(environ))
                state.make_private(mount.source)
        if image and image.home:
            from paddock import homing

            homing.prepare(plan, image.home)
        if plan.seeds:
            from paddock.agents import seeding

            seeding.sow(plan.seeds, plan.mounts)
    return plan


def unmasked(plan: Plan, flags: Layer | None, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """What the policy would mask by now and the plan does not: it was made after the plan. Takes half a millisecond."""
    from paddock import sources
    from paddock.plan.paths import within
    from paddock.plan.view import View
    from paddock.plan.workspace import masks

    repository = plan.workspace.source
    try:
        found = sources.gather(repository, environ)
        policy = sources.merged(found, flags, trusted=found.is_trusted(environ))
        now = masks(policy.mask, View(Machine(environ), repository))
    except PaddockError:  # the policy was changed too, or the directory is gone
        return ()
    hidden = tuple(mask.target for mask in plan.workspace.masks)
    return tuple(mask.target for mask in now if not any(within(mask.target, path) for path in hidden))


def _for_setup(policy: Policy) -> Policy:
    """The policy with the network of a set-up in place of its own, and with no credentials."""
    mode = replace(policy.network_mode, value="allow" if policy.setup_allow else "off")
    return replace(policy, network_mode=mode, allow=policy.setup_allow, publish=(), credentials=())


def policy_hash(found: Gathered, repository: str, *, trusted: bool, environ: Mapping[str, str] = os.environ) -> str:
    """The hash of what a repository's files say, for a run there and for a proof of it alike."""
    from paddock.policy import hashing

    return hashing.of_files(found.layers, trusted=trusted, home=state.home(environ), repository=repository)


def _settled(agent: Profile, repository: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The agent's login file with placeholders in it, before anything is resolved: the plan follows what is kept."""
    if not agent.login.tokens:
        return ()
    base = state.state_directory(environ)
    key = state.repository_key(repository)
    if not (os.path.isdir(f"{base}/logins/{agent.name}") or os.path.isdir(f"{base}/agents/{agent.name}/{key}")):
        return ()
    from paddock.agents import logins

    return logins.settle(agent, key, environ)


def make_login_plan(
    directory: str, profile: Profile, *, terminal: bool, environ: Mapping[str, str] = os.environ, fresh: str = ""
) -> Plan:
    """The plan for an agent's own login: its state, its hosts, the ports at which the browser comes back.

    The workspace is only read, and no key or base URL is taken over: a login is for when there is none. With `fresh`,
    the agent's state lies in that directory, and is not the repository's. Raises what `make_plan` does.
    """
    from paddock.plan.model import Published, Variable
    from paddock.policy.flags import flags_layer
    from paddock.policy.model import Origin

    taken = {*profile.keys, *(service.base_url for service in profile.services)}
    rest = {name: value for name, value in environ.items() if name not in taken}
    command = (profile.commands[0], *profile.login.arguments)
    layer = flags_layer({"workspace": "readonly"})
    # Of no login that there is: who logs in anew wants another one.
    bare = replace(profile, login=replace(profile.login, tokens=()))
    plan = make_plan(directory, command, layer, terminal=terminal, environ=rest, profile=bare)
    if fresh:
        plan = _moved(plan, fresh)
    origin = Origin("agent", profile.name)
    ports = [Published(port, port, origin) for port in profile.login.ports]
    variables = {variable.name: variable for variable in plan.environment}
    variables |= {name: Variable(name, value, origin) for name, value in profile.login.environment}
    return replace(
        plan,
        environment=tuple(variables[name] for name in sorted(variables)),
        network=replace(plan.network, published=(*plan.network.published, *ports)),
    )


def _moved(plan: Plan, directory: str) -> Plan:
    """The plan with the agent's own directories in another place, as they are at first."""
    from paddock.agents import seeding

    moved = {mount: f"{directory}/{os.path.basename(mount.source)}" for mount in plan.mounts if mount.access == "write"}
    for place in moved.values():
        state.make_private(place)
    mounts = tuple(replace(mount, source=moved.get(mount, mount.source)) for mount in plan.mounts)
    seeding.sow(plan.seeds, mounts)
    return replace(plan, mounts=mounts)


def _of_others(plan: Plan) -> Iterator[str]:
    """What a person should hear before the work, and not when its result cannot be kept."""
    place = plan.workspace
    if place.mode in ("review", "live") and not os.access(place.source, os.W_OK):
        effect = "and paddock apply will not be able to" if place.mode == "review" else "and nothing inside may"
        yield f"you may not write in {place.source}, {effect}; what belongs to others there stays as it is"


def _refuse_inside(environ: Mapping[str, str]) -> None:
    """In a sandbox no other can be made: what would fail there fails late, and with the wrong advice.

    The variable alone may come from anywhere, a person's own dot-files too; what binds a process cannot be undone.
    """
    if environ.get("PADDOCK") != "1":
        return
    from paddock.kernel import confine

    if confine.is_bound():
        raise Refused(
            "already inside a Paddock sandbox",
            why="the variable PADDOCK says so, and this process is bound like one; none can be made inside another",
            next_step="run the command without paddock   or, if this is no sandbox: env -u PADDOCK paddock …",
            code="inside",
        )


def real_directory(directory: str) -> str:
    """A directory that a person named, with all links followed. Raises Usage or Refused."""
    try:
        real = os.path.realpath(directory, strict=True)
    except FileNotFoundError as error:
        if error.filename is None:  # what is gone is the working directory, from which a relative one counts
            raise
        raise Usage(f"{directory} does not exist", next_step=f"mkdir -p {directory}") from None
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise Refused(f"{directory} cannot be the workspace", why=why, next_step=f"ls -ld {directory}") from None
    if not os.path.isdir(real):
        raise Refused(f"{directory} is not a directory", next_step="name the repository's directory")
    return real
