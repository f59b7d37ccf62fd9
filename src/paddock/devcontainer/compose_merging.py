"""Several compose files, or a service and the one it extends, as one: what Compose does with each kind of value.

Mappings merge by key. What is written as a list or as a mapping (`environment`, `labels` …) becomes a mapping first.
Lists are joined without repetition, but for those whose items have an identity (a volume's target, a port) and for
command lines, which are replaced. `!reset` takes a value away, `!override` puts it in whole.
(docs.docker.com/reference/compose-file/merge; compose-go, override/merge.go)
"""

from __future__ import annotations

from paddock.devcontainer import runvalues
from paddock.devcontainer.document import Member, Node
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tags = Mapping[tuple[str, int], str]
    Path = tuple[str, ...]

_REPLACED = frozenset({"command", "entrypoint", "test"})  # `test` of a healthcheck
_VARIABLES = frozenset(
    {"environment", "labels", "sysctls", "annotations", "args", "extra_hosts", "additional_contexts"}
)
_NAMED = frozenset({"depends_on", "networks"})  # lists of names, or mappings by name
_JOINED = frozenset({"dns", "dns_search", "env_file", "tmpfs"})  # one text, or a list of them


@frozen
class Merger:
    """How trees are merged. `tags` are those of the tree that goes on top, by file and offset of a value."""

    tags: Tags

    def merge(self, below: Node | None, above: Node, path: Path = ()) -> Node | None:
        """`above` laid over `below`. None where it was reset."""
        tag = self.tags.get((above.place.file, above.place.offset))
        if tag == "reset":
            return None
        if below is None or tag == "override":
            return self.cleared(above)
        key = path[-1] if path else ""
        if above.kind == "null" and below.kind in ("object", "array"):
            return below  # `web:` with nothing below it changes nothing
        below, above = _shaped(below, key, path), _shaped(above, key, path)
        if key in _REPLACED or below.kind != above.kind:
            return self.cleared(above)
        if below.kind == "object":
            return self._mappings(below, above, path)
        return self._lists(below, above, key) if below.kind == "array" else above

    def cleared(self, node: Node) -> Node:
        """A tree without what `!reset` took away."""
        if not self.tags or node.kind != "object":
            return node
        members = tuple(
            Member(one.key, one.key_place, self.cleared(one.node))
            for one in node.members
            if self.tags.get((one.node.place.file, one.node.place.offset)) != "reset"
        )
        return Node("object", None, node.place, members=members)

    def _mappings(self, below: Node, above: Node, path: Path) -> Node:
        dropped = "options" if path[-1:] == ("logging",) and _driver_changes(below, above) else None
        found = {one.key: one for one in below.members if one.key != dropped}
        for one in above.members:
            before = found.get(one.key)
            merged = self.merge(before.node if before else None, one.node, (*path, one.key))
            if merged is None:
                found.pop(one.key, None)
            else:
                found[one.key] = Member(one.key, one.key_place, merged)
        return Node("object", None, below.place, members=tuple(found.values()))

    def _lists(self, below: Node, above: Node, key: str) -> Node:
        identity = _IDENTITIES.get(key, _whole)
        found: dict[object, Node] = {}
        for one in (*below.items, *above.items):
            found[identity(one)] = one
        return Node("array", None, below.place, items=tuple(found.values()))


def variables(node: Node) -> tuple[Member, ...]:
    """What a list of `NAME=value` or a mapping says, as members. A name alone has the value null."""
    if node.kind == "object":
        return node.counting()
    found = {}
    for item in node.items:
        text = scalar(item)
        if text is None:
            continue
        name, equals, value = text.partition("=")
        kept = Node("string", value, item.place) if equals else Node("null", None, item.place)
        found[name] = Member(name, item.place, kept)
    return tuple(found.values())


def scalar(node: Node | None) -> str | None:
    """A scalar as text, the way Compose writes it; None for null, lists and mappings."""
    if node is None or node.value is None:
        return None
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return str(node.value)


def _shaped(node: Node, key: str, path: Path) -> Node:
    """A value in the form in which both sides can be merged."""
    if key in _VARIABLES and node.kind == "array":
        return Node("object", None, node.place, members=variables(node))
    if key in _NAMED and node.kind == "array":
        names = [(scalar(one), one) for one in node.items]
        members = tuple(Member(name, one.place, Node("null", None, one.place)) for name, one in names if name)
        return Node("object", None, node.place, members=members)
    if key in _JOINED and node.kind == "string":
        return Node("array", None, node.place, items=(node,))
    if key == "build" and len(path) == 3 and node.kind == "string":  # noqa: PLR2004 - services.NAME.build
        return Node("object", None, node.place, members=(Member("context", node.place, node),))
    return node


def _driver_changes(below: Node, above: Node) -> bool:
    driver = scalar(above.get("driver"))
    return driver is not None and driver != scalar(below.get("driver"))


def _whole(node: Node) -> object:
    """The identity of an item that is equal only to one that says the same."""
    if node.kind == "object":
        return "object", frozenset((one.key, _whole(one.node)) for one in node.members)
    if node.kind == "array":
        return "array", tuple(_whole(one) for one in node.items)
    return node.kind, node.value


def _by_target(node: Node) -> object:
    if node.kind == "object":
        target = scalar(node.get("target"))
    else:
        parts = runvalues.parts(scalar(node) or "")
        target = parts[1] if len(parts) > 1 else parts[0]
    return ("target", _path(target)) if target else _whole(node)


def _by_name(node: Node) -> object:
    """Secrets and configs: by where they are seen inside."""
    if node.kind == "object":
        return "target", scalar(node.get("target")) or scalar(node.get("source"))
    return "target", scalar(node)


def _by_port(node: Node) -> object:
    if node.kind == "object":
        fields = [scalar(node.get(name)) or "" for name in ("host_ip", "published", "target")]
        return "port", *fields, scalar(node.get("protocol")) or "tcp"
    text, _, protocol = (scalar(node) or "").partition("/")
    parts = ["", "", *text.rsplit(":", 2)][-3:]
    return "port", *parts, protocol or "tcp"


def _path(path: str) -> str:
    import posixpath

    return posixpath.normpath(path).replace("//", "/")


_IDENTITIES: dict[str, Callable[[Node], object]] = {
    "volumes": _by_target,
    "devices": _by_target,
    "ports": _by_port,
    "secrets": _by_name,
    "configs": _by_name,
}
