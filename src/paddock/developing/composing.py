"""A compose project as one sandbox: the service that devcontainer.json names, and those that run beside it.

Of a service the image, its words, user, variables and private directories are taken over. Whatever reaches out of the
sandbox is left out by name: rights, devices, namespaces and paths of this machine, ports, networks to choose from.
"""

from __future__ import annotations

import re
import shlex

from paddock.boundary import images
from paddock.devcontainer.compose_merging import scalar
from paddock.developing.settling import Left, instead
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.plan.model import Service
from paddock.plan.paths import is_kernels
from paddock.policy.credentials import is_secret_name
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Effective, Mount, Variable
    from paddock.devcontainer.service import Project
    from paddock.devcontainer.service import Service as Written
    from paddock.devcontainer.source import Source
    from paddock.developing.lending import Lent

    Entry = tuple[str, str, Source]

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}\Z")  # also a file's name, and a host's
_OF_OTHERS = ("host", "localhost", "paddock")  # `host` is this machine in a policy
_PUT_IN = re.compile(r"\$\{?([A-Za-z_]\w*)")  # a variable that Compose puts in, from this machine or from .env
# Texts that are taken over as they come out, and nobody would miss a part of.
_WHOLE = ("image", "entrypoint", "command", "user", "working_dir", "tmpfs", "volumes")
# Flags that are taken over another way, or say nothing of what a container may do.
_TAKEN = (
    "--user",
    "--workdir",
    "--env-file",
    "--tmpfs",
    "--init",
    "--name",
    "--label",
    "--restart",
    "--pull",
    "--platform",
)
_PLACE = re.compile(r"/[^:,\s\x00-\x1f\x7f]+\Z")


@frozen
class Composed:
    """A project as it runs: the image of the person's container, its variables, what runs beside it, all names."""

    image: str
    environment: tuple[tuple[str, str], ...]
    services: tuple[Service, ...]
    names: tuple[str, ...]
    left: tuple[Left, ...]


def compose(effective: Effective, project: Project, lent: Lent) -> Composed:
    """What of a project is run. `lent` is what it may put in of this machine's variables.

    Raises Refused, and BoundaryUnavailable for an image that is not here.
    """
    own = project.service
    if own is None:
        raise Refused(
            "the compose project has no service for this dev container",
            why=f"devcontainer.json names {effective.service.value if effective.service else 'none'}",
            next_step="paddock devcontainer show   says which there are",
            code="compose-service",
        )
    if effective.features:
        raise Refused(
            "Features of a dev container that is a compose project are not installed yet",
            why=f"it asks for {len(effective.features)}, the first by {effective.features[0].origin.where}",
            next_step=f"build an image with them, and name it as the image of the service {own.name}",
            code="compose-features",
        )
    wanted = [text.value for text in effective.run_services]
    order = _order(project.started(wanted), own.name)
    for each in (*order, own):
        _refuse_secrets(each, project, lent)
    place = effective.workspace_folder.value.rstrip("/") or "/"
    left = [one for each in order for one in _left(each, lent)] + list(_left(own, lent, place))
    return Composed(
        image=_image(own),
        environment=tuple(_environment(own, lent)),
        services=tuple(_service(each, lent) for each in order),
        names=tuple(sorted(_names(each.name) for each in (*order, own))),
        left=tuple(left),
    )


def _order(started: tuple[Written, ...], own: str) -> tuple[Written, ...]:
    """Whoever others depend on comes first; a circle is cut where it closes. The person's own is none of them."""
    named = {one.name: one for one in started}
    found: dict[str, Written] = {}
    entered: set[str] = set()

    def add(name: str) -> None:
        if name in entered or name not in named:
            return
        entered.add(name)
        for before in named[name].depends_on:
            add(before)
        found[name] = named[name]

    for name in named:
        add(name)
    return tuple(one for name, one in found.items() if name != own)


def _names(name: str) -> str:
    if not _NAME.match(name):
        raise Refused(f"{name!a} is no name for a service", next_step="rename it", code="compose-name")
    if "." in name or name in _OF_OTHERS:
        raise Refused(
            f"{name} is no name for a service in a sandbox",
            why="everything inside would take it for what is known by that name elsewhere, such as an allowed host",
            next_step="rename it, to a name without a dot",
            code="compose-name",
        )
    return name


def _image(one: Written) -> str:
    """The image of a service, which is there; nothing is built or fetched by the way."""
    if one.provider is not None:
        raise Refused(
            f"the service {one.name} is a program of this machine ({one.provider.origin.where})",
            why="Compose would start it outside of every sandbox",
            next_step="take it out of runServices and depends_on",
            code="compose-provider",
        )
    if one.image is None:
        context = one.build.context.value if one.build else "."
        raise Refused(
            f"the service {one.name} ({one.origin.where}) has no image, but is to be built",
            why="building runs what its files say, with the network, so it is never done by the way",
            next_step=f"podman build -t localhost/{one.name.lower()}:1 {shlex.quote(context)}   "
            f"and in the compose file: image: localhost/{one.name.lower()}:1",
            code="compose-build",
        )
    return one.image.value


def _refuse_secrets(one: Written, project: Project, lent: Lent) -> None:
    """Variables are left out one by one; of a command that lacks a word nobody knows what it does."""
    for node in _scalars([node for key in _WHOLE if (node := one.node.get(key))]):
        for name in _not_lent(project.written.get((node.place.file, node.place.offset), ""), lent):
            raise Refused(
                f"the service {one.name} is made with {name}, of this machine or of .env, which is not lent to it",
                why=f"{node.place.file}:{node.place.line}: {project.written[node.place.file, node.place.offset]}",
                next_step=f"take it out there; {instead(name)}",
                code="compose-variable",
            )


def _scalars(nodes: list[Node]) -> Iterator[Node]:
    while nodes:
        node = nodes.pop()
        nodes += [*node.items, *(member.node for member in node.members)]
        if node.kind == "string":
            yield node


def _not_lent(raw: str, lent: Lent) -> list[str]:
    """The variables in a text as it is written that are secrets by their names, or this machine's and not lent."""
    names = _PUT_IN.findall(raw.replace("$$", ""))
    return [name for name in names if is_secret_name(name) or (name not in lent and name in lent.withheld)]


def _service(one: Written, lent: Lent) -> Service:
    _names(one.name)
    places = (_place(mount) for mount in one.mounts)
    more = (text.partition(":")[0] for text in _texts(one.node.get("tmpfs")))
    scratch = sorted({place for place in (*places, *more) if _PLACE.match(place)})
    folder = scalar(one.node.get("working_dir")) or ""
    for place in (*scratch, folder):
        if is_kernels(place):
            raise Refused(
                f"the service {one.name} has {place} for a directory of its own, or to begin in",
                why="what is there is the kernel's, and a way out of containers",
                next_step=f"take it out ({one.origin.where})",
                code="compose-place",
            )
    return Service(
        name=one.name,
        image=images.look(_image(one)).identifier,
        origin=Origin("repository", one.origin.where),
        entrypoint=_words(one.node.get("entrypoint")),
        command=_words(one.node.get("command")),
        environment=tuple(_environment(one, lent)),
        user=one.user.value if one.user else "",
        folder=folder,
        scratch=tuple(scratch),
    )


def _words(node: Node | None) -> tuple[str, ...] | None:
    """A command: a list as it is, a text as a shell would split it, which Compose does too."""
    if node is None or node.kind == "null":
        return None
    if node.kind == "array":
        return tuple(scalar(item) or "" for item in node.items)
    return tuple(shlex.split(scalar(node) or ""))


def _texts(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(scalar(item) or "" for item in node.items) if node.kind == "array" else (scalar(node) or "",)


def _place(mount: Mount) -> str:
    return mount.target if mount.kind in ("volume", "tmpfs") and not _is_bound(mount) else ""


def _is_bound(mount: Mount) -> bool:
    """A volume whose options make a directory of the host of it."""
    return any(name == "volume-opt" or "bind" in (value or "") for name, value in mount.options)


def _environment(one: Written, lent: Lent) -> Iterator[tuple[str, str]]:
    for variable in one.environment:
        if variable.value is not None and not _is_hidden(variable, lent):
            yield variable.name, variable.value


def _is_hidden(variable: Variable, lent: Lent) -> bool:
    """Whether a value comes from this machine, or from .env, and stays there."""
    asked = _PUT_IN.search(variable.raw.replace("$$", ""))
    return bool(asked and is_secret_name(variable.name)) or bool(_not_lent(variable.raw, lent))


def _left(one: Written, lent: Lent, workspace: str = "") -> Iterator[Left]:
    """What is not taken over, in the order of its weight; with a `workspace`, of the person's own service.

    That one is a sandbox like all others: the repository is at that place, and private directories are the plan's.
    """
    found = (*_rights(one), *_mounts(one, workspace), *_of_the_machine(one, lent))
    for what, why, origin in found:
        yield Left(f"{what} of the service {one.name}", why, origin.where)


def _rights(one: Written) -> Iterator[Entry]:
    if one.privileged and one.privileged.value:
        yield "privileged", "a sandbox has no rights over this machine", one.privileged.origin
    for kind, texts in (("capability", one.cap_add), ("security option", one.security_opt)):
        for text in texts:
            yield f"{kind} {text.value}", "a sandbox has its own", text.origin
    own = ("--privileged", "--cap-add", "--security-opt")
    for flag in one.flags:
        if flag.name not in (*_TAKEN, *own):
            yield f"{flag.name} {flag.value or ''}".rstrip(), "nothing raw reaches the engine", flag.origin


def _mounts(one: Written, workspace: str) -> Iterator[Entry]:
    for mount in one.mounts:
        is_workspace = mount.kind == "bind" and f"{workspace}/".startswith(f"{mount.target.rstrip('/')}/")
        if (workspace and not is_workspace) or not (workspace or _place(mount)):
            yield f"mount {mount.raw or mount.target}", "what is visible is the policy's to say", mount.origin


def _of_the_machine(one: Written, lent: Lent) -> Iterator[Entry]:
    for port in one.ports:
        yield f"port {port.raw}", f"to reach it: --publish {port.inside}", port.origin
    for text in one.env_files:
        yield f"env_file {text.raw}", "name its variables under environment", text.origin
    for variable in one.environment:
        if variable.value is None or _is_hidden(variable, lent):
            named = (*_not_lent(variable.raw, lent), variable.name)[0]
            yield f"{named} of this machine", instead(named), variable.origin
    needed = one.node.get("depends_on")
    if needed and any(member.node.get("condition") for member in needed.members):
        yield "a condition of depends_on", "services are started in their order, and not waited for", one.origin
