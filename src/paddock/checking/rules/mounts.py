"""DC101 to DC106, DC110 to DC116: what of the host must not be in the container."""

from __future__ import annotations

import re

from paddock.checking.facts import base, container, hooks, mounts, places
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import removal
from paddock.devcontainer.runflags import is_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.mounts import Mounted
    from paddock.devcontainer.model import Effective

_ENGINE_VARIABLES = ("DOCKER_HOST", "CONTAINER_HOST")
_CARRIES_BACK = ("shared", "rshared")  # mount_namespaces(7): what is mounted inside appears on the host
_REMOTE_DISPLAY = re.compile(r"(?!:|unix)[^:]+:\d|.*(host-gateway|host\.docker\.internal)")


def hit(one: Mounted, what: str, effective: Effective, *, severity: str = "", safe: bool = False) -> Hit:
    """A hit about a mount of the host's."""
    access = "writable" if one.writable else "read-only"
    edits = removal(one.mount.origin, effective) if safe else ()
    message = f"{what}: {one.source} is mounted {access}{base.brought_by(one.mount.origin)}"
    return Hit(message, one.mount.origin, severity, edits=edits)


@rule("DC101")
def engine_socket(effective: Effective, _: Context) -> Iterator[Hit]:
    """A container engine's socket."""
    for one in mounts.binds(effective):
        if "engine-socket" in one.kinds:
            yield hit(one, "a container engine's socket", effective, safe=True)
    for variable in container.variables(effective):
        if variable.name in _ENGINE_VARIABLES and variable.raw:
            yield Hit(f"{variable.name} leads programs inside to the engine {variable.raw}", variable.origin)
    for flag in container.flags(effective, "--use-api-socket"):
        if is_on(flag):
            message = f"{flag.name} gives the container the engine's own socket, and the person's login to registries"
            yield Hit(message, flag.origin, edits=removal(flag.origin, effective))


@rule("DC102")
def home(effective: Effective, _: Context) -> Iterator[Hit]:
    """A whole home, or the whole system."""
    for one in mounts.binds(effective):
        if "home" in one.kinds:
            yield hit(one, "a whole home or system", effective)


@rule("DC103")
def credentials(effective: Effective, _: Context) -> Iterator[Hit]:
    """Credentials, as files."""
    for one in mounts.binds(effective):
        if "credential" in one.kinds and not one.kinds & {"home", "engine-socket", "agent", "harmless"}:
            severity = "critical" if one.writable else "high"
            yield hit(one, "a place of credentials", effective, severity=severity, safe=True)


@rule("DC104")
def git_configuration(effective: Effective, _: Context) -> Iterator[Hit]:
    """~/.gitconfig."""
    for one in mounts.binds(effective):
        if "git-config" in one.kinds:
            severity = "high" if one.writable else "medium"
            yield hit(one, "git's configuration", effective, severity=severity, safe=True)


@rule("DC105")
def agent_socket(effective: Effective, _: Context) -> Iterator[Hit]:
    """The socket of an agent that holds keys."""
    for one in mounts.binds(effective):
        if "agent" in one.kinds:
            yield hit(one, "the socket of an agent that holds keys", effective, safe=True)
    named = places.variables()
    for variable in container.variables(effective):
        if named.get(variable.name) == "agent" and variable.raw:
            message = f"{variable.name} leads programs inside to the agent {variable.raw}"
            yield Hit(message, variable.origin, edits=removal(variable.origin, effective))


@rule("DC106")
def display(effective: Effective, _: Context) -> Iterator[Hit]:
    """The person's desktop: by a socket, over the network, or with the door held open."""
    for one in mounts.binds(effective):
        if "display" in one.kinds:
            yield hit(one, "a socket of the desktop", effective)
    for variable in container.variables(effective):
        if variable.name == "DISPLAY" and _REMOTE_DISPLAY.match(variable.raw):
            yield Hit(f"programs inside draw and read at the display {variable.raw}", variable.origin)
        elif variable.name in ("XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS") and "${localEnv:" in variable.raw:
            yield Hit(f"{variable.name} of the host is handed over", variable.origin)
    for said in hooks.commands(effective):
        if said.on_host and said.command.runs("xhost") and any("+" in one for one in said.command.arguments):
            yield Hit("xhost opens the person's display to others", said.origin)


@rule("DC110")
def system(effective: Effective, _: Context) -> Iterator[Hit]:
    """Controls of the host, and mounts that carry mounts back to it."""
    for one in mounts.binds(effective):
        if "system" in one.kinds and not one.kinds & {"home", "engine-socket"}:
            yield hit(one, "a part of the host's system", effective, severity="critical" if one.writable else "high")
        said = dict(one.mount.options)
        if said.keys() & {*_CARRIES_BACK} or said.get("bind-propagation") in _CARRIES_BACK:
            yield hit(one, "what is mounted below it inside appears on the host", effective)


@rule("DC111")
def of_other_containers(effective: Effective, _: Context) -> Iterator[Hit]:
    """All volumes of somebody else."""
    for flag in container.flags(effective, "--volumes-from"):
        yield Hit(f"all volumes of the container {flag.value} are mounted", flag.origin)


@rule("DC112")
def socket(effective: Effective, _: Context) -> Iterator[Hit]:
    """Sockets that no other rule knows."""
    for one in mounts.binds(effective):
        if "socket" in one.kinds and not one.kinds & {"engine-socket", "agent", "display"}:
            yield hit(one, "a socket of the host", effective)


@rule("DC113")
def history(effective: Effective, _: Context) -> Iterator[Hit]:
    """What the person typed."""
    for one in mounts.binds(effective):
        if "history" in one.kinds:
            yield hit(one, "a history of what the person typed", effective)


@rule("DC114")
def startup(effective: Effective, _: Context) -> Iterator[Hit]:
    """Files that the host runs by itself, writable."""
    for one in mounts.binds(effective):
        if "startup" in one.kinds and one.writable and "home" not in one.kinds:
            yield hit(one, "what the host runs by itself", effective)


@rule("DC115")
def temporary(effective: Effective, _: Context) -> Iterator[Hit]:
    """Places for temporary files."""
    for one in mounts.binds(effective):
        if "tmp" in one.kinds and not one.kinds & {"display", "agent", "engine-socket", "system"} and _whole(one):
            yield hit(one, "the host's place for temporary files and sockets", effective)


def _whole(one: Mounted) -> bool:
    """The place itself, not one directory of somebody's in it; below /run/user the first level is a person's."""
    parts = one.path.parts
    return one.path.base == "variable" or len(parts) <= (3 if parts[:2] == ("run", "user") else 2)


@rule("DC116")
def disguised(effective: Effective, _: Context) -> Iterator[Hit]:
    """A bind that reads like a volume."""
    for one in mounts.binds(effective):
        if one.disguised:
            yield Hit(f"the volume at {one.mount.target} is the host's {one.source}", one.mount.origin)
