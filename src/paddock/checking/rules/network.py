"""DC301 to DC311: what the container reaches, and who reaches it."""

from __future__ import annotations

import re

from paddock.checking.facts import base, beside, container, editor, features, hooks
from paddock.checking.facts.shell import SHELLS
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import flag_value, removal, setting
from paddock.devcontainer import references
from paddock.devcontainer.compose_merging import scalar
from paddock.devcontainer.hooks import EVENTS
from paddock.devcontainer.runflags import is_on
from paddock.devcontainer.service_part import TRUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.hooks import Said
    from paddock.checking.findings import Edit
    from paddock.devcontainer.model import Effective, Port

_CLOSED = ("none", "host")  # the second is DC205's
_FIREWALLS = ("iptables", "ip6tables", "iptables-restore", "nft", "ufw", "ipset", "firewall-cmd")
_EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104 - it is what is looked for
_SERVICES = frozenset(
    "sshd desktop-lite code-server openvscode-server vscode-server tailscale ngrok cloudflared novnc vnc ttyd xrdp "  # noqa: SIM905
    "teleport coder jupyterlab-server".split()
)
_TUNNELS = {"ngrok": "", "cloudflared": "tunnel", "tailscale": "up", "code": "tunnel", "bore": "", "lt": ""}
_OPENS = ("openBrowser", "openBrowserOnce", "openPreview")
# podman-run(1) --network: options of slirp4netns and pasta that lead to the host's loopback addresses.
_LOOPBACK = re.compile(
    r"allow_host_loopback=(?:true|1)|[:,]--map-(?:gw|host-loopback)|[:,](?:-[TU]|--(?:tcp|udp)-ns)[,=](?!none)"
)
_HOST_NAMES = ("host-gateway", "host.docker.internal", "host.containers.internal")


@rule("DC301")
def open_network(effective: Effective, _: Context) -> Iterator[Hit]:
    """Any network but none."""
    if not container.is_known(effective):
        return
    chosen = container.last_flag(effective, "--network")
    if chosen is None and _leads_nowhere(effective):
        return
    if chosen is None:
        yield Hit("no network is chosen: everything can be reached", base.source(effective))
    elif chosen.value not in _CLOSED and not (chosen.value or "").startswith(("container:", "ns:", "service:")):
        yield Hit(f"the network {chosen.value} reaches everything", chosen.origin)


def _leads_nowhere(effective: Effective) -> bool:
    """Whether all networks of the compose service are internal: its services alone reach each other there."""
    service, project = container.service(effective), beside.project(effective)
    if service is None or project is None:
        return False
    networks = [one for one in project.shared if one.kind == "networks"]
    inner = {one.name for one in networks if (scalar(one.node.get("internal")) or "").lower() in TRUE}
    return inner >= set(service.networks or ("default",))


@rule("DC302")
def inner_firewall(effective: Effective, context: Context) -> Iterator[Hit]:
    """A firewall that is made by a hook."""
    for said in _firewalls(effective, context):
        yield Hit(f"{said.event} sets up the firewall inside, and where it fails the network stays open", said.origin)


@rule("DC305")
def late_firewall(effective: Effective, context: Context) -> Iterator[Hit]:
    """What runs, or may connect, before it."""
    found = next(_firewalls(effective, context), None)
    if found is None:
        return
    at = EVENTS.index(found.event)
    before = [hook for hook in effective.hooks if not hook.on_host and EVENTS.index(hook.event) < at]
    for event in dict.fromkeys(hook.event for hook in before):
        origin = next(hook.origin for hook in before if hook.event == event)
        yield Hit(f"{event} runs before {found.event} sets up the firewall", origin)
    waited = effective.wait_for.value
    if waited in EVENTS and EVENTS.index(waited) < at:
        where = effective.wait_for.origin if effective.wait_for.origin.layer != "default" else found.origin
        yield Hit(f"tools connect after {waited}, before {found.event} sets up the firewall", where)


def _firewalls(effective: Effective, context: Context) -> Iterator[Said]:
    for said in hooks.commands(effective, context):
        command = said.command
        script = command.arguments[0] if command.program in SHELLS and command.arguments else command.program
        if not said.on_host and (command.program in _FIREWALLS or "firewall" in script.rpartition("/")[2].lower()):
            yield said


@rule("DC303")
def published(effective: Effective, _: Context) -> Iterator[Hit]:
    """Ports on all addresses."""
    for port in container.published(effective):
        if port.address in _EVERYWHERE:
            message = f"the port {port.raw} is open on all addresses of the host"
            yield Hit(message, port.origin, edits=_loopback(port, effective))
    for flag in container.flags(effective, "--publish-all"):
        if is_on(flag):
            yield Hit("every port that the image exposes is open on all addresses of the host", flag.origin)
    for one in effective.port_attributes:
        for attribute in one.attributes:
            if attribute.name == "elevateIfNeeded" and attribute.value is True:
                message = f"the editor asks for administrator's rights to forward the port {one.ports}"
                yield Hit(message, attribute.origin, fix="take elevateIfNeeded away, and use a port above 1023")


def _loopback(port: Port, effective: Effective) -> tuple[Edit, ...]:
    if port.address or not port.outside:
        return ()
    value = f"127.0.0.1:{port.raw}"
    if port.origin.path[:1] == ("runArgs",):
        return flag_value(port.origin, value, effective)
    return setting(port.origin, value, effective)


@rule("DC304")
def remote_access(effective: Effective, context: Context) -> Iterator[Hit]:
    """Services and tunnels to come in by."""
    known = {use.reference: effect for use, effect in features.effects(effective) if effect.name == "remote-access"}
    for use in effective.features:
        name = references.parse(use.reference).id
        if name in _SERVICES or use.reference in known:
            open_to_all = any(one.name == "auth" and one.value in ("none", False) for one in use.options)
            message = f"the Feature {name} opens a way in" + (", without a login" if open_to_all else "")
            yield Hit(message, use.origin, "high" if open_to_all else "")
    for said in hooks.commands(effective, context):
        wanted = _TUNNELS.get(said.command.program)
        if wanted is not None and (not wanted or wanted in said.command.arguments[:1]):
            yield Hit(f"{said.event} opens a tunnel with {said.command.program}", said.origin, "high")


@rule("DC306")
def opens_browser(effective: Effective, _: Context) -> Iterator[Hit]:
    """Ports that open a browser."""
    for one in effective.port_attributes:
        for attribute in one.attributes:
            if attribute.name == "onAutoForward" and attribute.value in _OPENS:
                edits = setting(attribute.origin, "notify", effective)
                message = f"whatever listens on port {one.ports} is opened in the person's browser"
                yield Hit(message, attribute.origin, edits=edits)


@rule("DC307")
def public(effective: Effective, context: Context) -> Iterator[Hit]:
    """Ports of a codespace that are public."""
    for one in effective.port_attributes:
        for attribute in one.attributes:
            if attribute.name == "visibility" and attribute.value == "public":
                edits = removal(attribute.origin, effective)
                yield Hit(f"the port {one.ports} is forwarded for everybody", attribute.origin, edits=edits)
    for said in hooks.commands(effective, context):
        arguments = said.command.arguments
        if said.command.program == "gh" and "visibility" in arguments and any(":public" in one for one in arguments):
            yield Hit(f"{said.event} makes a forwarded port public", said.origin)


@rule("DC308")
def name_server(effective: Effective, _: Context) -> Iterator[Hit]:
    """--dns."""
    for flag in container.flags(effective, "--dns"):
        if flag.value != "none":
            yield Hit(f"names are asked of {flag.value}", flag.origin)


@rule("DC309")
def host_gateway(effective: Effective, _: Context) -> Iterator[Hit]:
    """--add-host NAME:host-gateway."""
    for flag in container.flags(effective, "--add-host"):
        name, _colon, address = (flag.value or "").replace("=", ":", 1).partition(":")
        if any(one in (flag.value or "") for one in _HOST_NAMES):
            yield Hit(f"the host is reachable inside as {name} ({address})", flag.origin)
    for flag in container.flags(effective, "--network"):
        if _LOOPBACK.search(flag.value or ""):
            yield Hit(f"{flag.value}: services on the host's own localhost are reachable inside", flag.origin)


@rule("DC310")
def forwards_everywhere(effective: Effective, _: Context) -> Iterator[Hit]:
    """remote.localPortHost."""
    for one in editor.settings(effective):
        if one.name == "remote.localPortHost" and one.value == "allInterfaces":
            message = "forwarded ports are open on all addresses of this machine"
            yield Hit(message, one.origin, edits=removal(one.origin, effective))
