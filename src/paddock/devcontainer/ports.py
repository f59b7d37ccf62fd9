"""Ports that editors forward (`forwardPorts`), ports that the host publishes (`appPort`), and their attributes."""

from __future__ import annotations

from paddock.devcontainer.model import Port, PortAttributes
from paddock.devcontainer.runvalues import published
from paddock.devcontainer.typed import written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.typed import Typed

LOOPBACK = "127.0.0.1"
_ALL_OTHERS = "*"


def forwarded(node: Node, typed: Typed) -> tuple[Port, ...]:
    """`forwardPorts`: numbers, or `service:port` with compose. `localhost:N` is the number, as the CLI merges it."""
    found = []
    for item, path in typed.elements(node, "forwardPorts"):
        if item.kind not in ("string", "number"):
            typed.flaw("wrong-type", "a forwarded port is a number, or a string `host:port`", item)
            continue
        inside = typed.plain(item).removeprefix("localhost:")
        found.append(Port("forward", inside, "", "", written(item), typed.source(item, *path)))
    return tuple(found)


def applied(node: Node, typed: Typed) -> tuple[Port, ...]:
    """`appPort`: a number is published on the loopback address; a string goes to `-p` as it is, so on all addresses."""
    several = typed.elements(node, "appPort") if node.kind == "array" else [(node, ("appPort",))]
    found = []
    for item, path in several:
        origin = typed.source(item, *path)
        if item.kind == "number":
            found.append(Port("publish", written(item), written(item), LOOPBACK, written(item), origin))
        elif item.kind == "string":
            found.append(published(typed.plain(item), origin))
        else:
            typed.flaw("wrong-type", "a published port is a number, or a string as for `docker run -p`", item)
    return tuple(found)


def attributes(node: Node, typed: Typed) -> tuple[PortAttributes, ...]:
    """`portsAttributes`: by number, range or expression."""
    return tuple(
        PortAttributes(
            member.key,
            typed.options(member.node, "portsAttributes", member.key),
            typed.source(member.node, "portsAttributes", member.key),
        )
        for member in typed.members(node, "portsAttributes")
    )


def all_others(node: Node, typed: Typed) -> tuple[PortAttributes, ...]:
    """`otherPortsAttributes`: of the ports that no other attributes are for."""
    key = "otherPortsAttributes"
    return (PortAttributes(_ALL_OTHERS, typed.options(node, key), typed.source(node, key)),)
