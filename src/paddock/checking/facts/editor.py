"""What the file says to Visual Studio Code and its like: settings and extensions, each with its place."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source

_EDITORS = frozenset(("vscode", "cursor", "windsurf", "codespaces"))


@frozen
class Setting:
    """One setting of the editor."""

    name: str
    value: Any
    origin: Source


def settings(effective: Effective) -> Iterator[Setting]:
    """All settings, those of labels and Features included."""
    for node, origin in _parts(effective, "settings"):
        for member in node.counting():
            where = origin.below(member.key, place=member.node.place)
            yield Setting(member.key, member.node.data(), where)


def extensions(effective: Effective) -> Iterator[tuple[tuple[str, ...], Source]]:
    """The lists of extensions, each with its place."""
    for node, origin in _parts(effective, "extensions"):
        yield tuple(str(one.value) for one in node.items if one.kind == "string"), origin


def servers(effective: Effective) -> Iterator[tuple[str, Source]]:
    """The servers of tools for agents (MCP) that the file registers."""
    for node, origin in _parts(effective, "mcp"):
        yield from _servers(node, origin)
    for node, origin in _parts(effective, "settings"):
        found = node.member("mcp")
        if found:
            yield from _servers(found.node, origin.below("mcp", place=found.node.place))


def _servers(node: Node, origin: Source) -> Iterator[tuple[str, Source]]:
    found = node.get("servers")
    for member in found.counting() if found else ():
        yield member.key, origin.below("servers", member.key, place=member.node.place)


def _parts(effective: Effective, key: str) -> Iterator[tuple[Node, Source]]:
    for one in effective.customizations:
        member = one.node.member(key) if one.tool in _EDITORS else None
        if member:
            older = one.origin.path == (key,)  # `settings` on top of the file
            yield member.node, one.origin if older else one.origin.below(key, place=member.node.place)
