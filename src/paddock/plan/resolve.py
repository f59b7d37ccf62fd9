"""From a policy to a plan, for one command on one machine. Pure: the machine answers through a `Host`."""

from __future__ import annotations

from paddock.frozen import frozen, replace
from paddock.plan import environment, etc, gitdir, identity, network, reading, root, workspace
from paddock.plan.model import BoundaryChoice, File, Lifted, Limit, Person, Plan, Proving
from paddock.plan.part import Part
from paddock.plan.paths import normal, within
from paddock.plan.programs import Programs
from paddock.plan.view import View
from paddock.policy.model import BUILT_IN, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Host
    from paddock.plan.image import Rooted
    from paddock.plan.model import Mount, Planted, Private, Variable, Workspace
    from paddock.plan.profile import Profile
    from paddock.policy.model import Policy


_GIT_LFS = ("/usr/bin/git-lfs", "/usr/local/bin/git-lfs")


@frozen
class Request:
    """What is asked for. `cwd` and `repository` are real, absolute paths; `command` may be empty to only look.

    With an `image` the root comes from that and not from this machine.
    """

    command: tuple[str, ...]
    cwd: str
    repository: str
    terminal: bool
    name: str = ""
    agent: Profile | None = None
    image: Rooted | None = None


def resolve(policy: Policy, request: Request, host: Host) -> Plan:
    """The plan. Raises Refused or PolicyError; changes nothing."""
    view = View(_seen_from(request, host), normal(request.repository))
    if request.image:
        _refuse_places(request.image, view)
    place = workspace.resolve(policy, view)
    base = network.resolve(policy, view.notes)
    if not request.image:
        root.build(view)
    gitdir.show(view, place.mode)
    reading.show(policy, view)
    programs = Programs(view, view.host.environ, caches=not base.rules)
    path = () if request.image else programs.search_path()
    program = _program(request, programs, path)
    variables = environment.resolve(policy, view, programs, path)
    if request.image:
        variables = _of_image(request, variables, view, host)
    agent = _trusting(_brokered(policy, request, view, program, Part("", base, variables)), view)
    home = view.host.person.home if request.image else _home(view)
    if policy.nested.value == "true":
        agent = _nesting(agent, policy.nested.origin)
    memory = next((amount.value for amount in policy.limits if amount.name == "memory"), 0)
    return Plan(
        command=(*request.command[:1], *agent.flags, *request.command[1:]),
        cwd=request.cwd if within(normal(request.cwd), view.repository) else view.repository,
        terminal=request.terminal,
        person=view.host.person,
        environment=agent.environment,
        workspace=place,
        mounts=(*view.mounts(), *_own_home(request), *agent.mounts),
        links=view.links(),
        files=_files(view, agent, request.image),
        private=_private(request, home, memory),
        network=agent.network,
        limits=tuple(Limit(amount.name, amount.value, amount.origin) for amount in policy.limits),
        boundary=BoundaryChoice(
            policy.boundary_use.value,
            policy.boundary_minimum.value,
            tuple(sorted({gap.value for gap in policy.accept})),
            policy.boundary_use.origin,
        ),
        syscalls=policy.syscalls.value,
        syscalls_origin=policy.syscalls.origin,
        agent=agent.name,
        notes=tuple(dict.fromkeys((*policy.notes, *view.notes))),
        credentials=agent.credentials,
        canaries=_canaries(policy, place, home),
        seeds=agent.seeds,
        proving=_proving(policy),
        image=request.image.image() if request.image else None,
        nested=policy.nested.value == "true",
        nested_origin=policy.nested.origin,
        services=request.image.services if request.image else (),
        lifted=tuple(Lifted(text.value, text.origin) for text in policy.lifted),
    )


def _seen_from(request: Request, host: Host) -> Host:
    if not request.image:
        return host
    from paddock.plan.image import Inside

    return Inside(host, request.image)


def _refuse_places(image: Rooted, view: View) -> None:
    from paddock.plan.image import refuse_places

    refuse_places(image, view.repository)


def _own_home(request: Request) -> tuple[Mount, ...]:
    if not (request.image and request.image.home):
        return ()
    from paddock.plan import image

    return image.own_home(request.image)


def _private(request: Request, home: str, memory: float) -> tuple[Private, ...]:
    """The private directories; a home that stays is none."""
    found = root.private(home, memory)
    return tuple(one for one in found if one.target != home) if request.image and request.image.home else found


def _program(request: Request, programs: Programs, path: tuple[str, ...]) -> str:
    """Where the command's program is on this machine; in an image it is looked for when it starts."""
    if not request.command:
        return ""
    if request.image:
        return request.command[0]
    return programs.command(request.command[0], request.cwd, path)


def _of_image(request: Request, variables: tuple[Variable, ...], view: View, host: Host) -> tuple[Variable, ...]:
    from paddock.plan import image

    assert request.image  # noqa: S101 - asked before
    layered = ""
    if request.agent and request.command and "/" not in request.command[0]:
        from paddock.plan import layer

        layered = layer.PROGRAMS if layer.show(request.command[0], view, host) else ""
    return image.variables(request.image, variables, view, layered)


def _proving(policy: Policy) -> Proving:
    """What is asked for. Which policy must be proven is known to whoever read its files."""
    require, at_start = policy.prove_require, policy.prove_at_start
    return Proving(
        within_s=require.value if require else 0,
        origin=require.origin if require else BUILT_IN,
        at_start=at_start.value == "true",
        at_start_origin=at_start.origin,
    )


def _brokered(policy: Policy, request: Request, view: View, program: str, plain: Part) -> Part:
    """The agent's part with the policy's credentials, of which an agent that would broker one itself must know."""
    if not policy.credentials:
        return _agent(policy, request, view, program, plain)
    from paddock.plan import credentials

    found = credentials.brokered(policy)
    bare = credentials.outside(plain, found, policy, view.notes)
    agent = credentials.outside(_agent(policy, request, view, program, bare), found, policy, [])
    return credentials.joined(agent, found, policy, view.notes)


def _canaries(policy: Policy, place: Workspace, home: str) -> tuple[Planted, ...]:
    if not policy.canaries:
        return ()
    from paddock.plan import credentials

    return credentials.canaries(policy.canaries, place.masks, home)


def _agent(policy: Policy, request: Request, view: View, program: str, plain: Part) -> Part:
    profile = request.agent
    if profile is None:
        return plain
    from paddock.plan import agent

    # In an image only its own PATH is followed, on which nothing of the repository is.
    known = "/" not in program if request.image else agent.applies(profile, program, view)
    if not known:
        return plain
    return agent.part(profile, plain, policy, view, request.command[1:])


def _trusting(part: Part, view: View) -> Part:
    """With the variables by which programs trust the session's authority, where the gateway terminates TLS."""
    if not part.credentials and not any(rule.methods or rule.paths for rule in part.network.rules):
        return part
    from paddock.plan import trusting

    if not trusting.terminated(part.network, part.credentials):
        return part
    return replace(part, environment=trusting.with_trust(part.environment, view.notes))


def _nesting(part: Part, origin: Origin) -> Part:
    """With what an engine inside goes by."""
    from paddock.plan import nesting

    return replace(
        part,
        environment=nesting.variables(part.environment, origin),
        files=(*part.files, *nesting.files(origin)),
    )


def _home(view: View) -> str:
    """Where the private home is mounted: at its real place, behind the links that lead there on the host."""
    home: str = view.host.person.home
    real = view.host.look(home).real
    if real != home:
        view.route(home, Origin("machine", "HOME"))
    return real


def _files(view: View, agent: Part, image: Rooted | None) -> tuple[File, ...]:
    person: Person = view.host.person
    name, email = view.host.identity()
    network = agent.network.mode != "off"
    # An image has users of its own, and names of services.
    if image:
        files = etc.names(network=network, services=image.names)
    else:
        files = etc.files(person, environment.shell(view), network=network)
    lfs = any(view.host.look(path).kind == "file" for path in _GIT_LFS)
    settings = identity.gitconfig(name, email, view.repository, lfs=lfs)
    origin = Origin("machine", "git config user.name, user.email")
    return tuple(sorted((*files, *agent.files, File("/etc/gitconfig", settings, origin)), key=lambda file: file.target))
