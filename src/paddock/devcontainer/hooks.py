"""Lifecycle commands: `initializeCommand` on the host, the others in the container, in this order.

containers.dev/implementors/json_reference, "Lifecycle scripts"; empty ones are skipped as in the reference CLI.
"""

from __future__ import annotations

from paddock.devcontainer.model import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Event
    from paddock.devcontainer.typed import Typed

ON_HOST: Event = "initializeCommand"
IN_CONTAINER: tuple[Event, ...] = (
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)
EVENTS: tuple[Event, ...] = (ON_HOST, *IN_CONTAINER)


def read(event: Event, node: Node, typed: Typed) -> tuple[Hook, ...]:
    """The commands of one event. What is no command is a flaw, and left out."""
    if node.kind != "object":
        found = _hook(event, "", node, typed)
        return (found,) if found else ()
    named = (_hook(event, member.key, member.node, typed) for member in node.counting())
    return tuple(hook for hook in named if hook)


def _hook(event: Event, name: str, node: Node, typed: Typed) -> Hook | None:
    command: tuple[str, ...] | str
    if node.kind == "string":
        command = typed.plain(node)
        empty = not command.strip()
    elif node.kind == "array":
        for one in node.items:
            if one.kind != "string":
                typed.flaw("wrong-type", "each part of a command is a string", one)
        command = tuple(typed.plain(one) for one in node.items if one.kind == "string")
        empty = not command
    else:
        said = "a command is a string or an array of strings" + ("" if name else ", or an object of these")
        typed.flaw("wrong-type", said, node)
        return None
    origin = typed.source(node, event, name) if name else typed.source(node, event)
    return None if empty else Hook(event, name, command, event == ON_HOST, origin)
