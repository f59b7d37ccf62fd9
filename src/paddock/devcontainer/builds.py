"""`build`, with the older keys `dockerFile` and `context` beside it."""

from __future__ import annotations

from paddock.devcontainer.model import Build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Text, Variable
    from paddock.devcontainer.typed import Typed

KNOWN = ("dockerfile", "context", "args", "target", "cacheFrom", "options")
OLDER = {"dockerFile": "dockerfile", "context": "context"}


def read(node: Node, typed: Typed) -> Build | None:
    """The build of a whole configuration. With `dockerFile`, it and `context` beside it are what counts."""
    section = node.get("build")
    parts: dict[str, tuple[Node, tuple[str, ...]]] = {}
    older = node.get("dockerFile") is not None
    for member in typed.members(section, "build") if section else ():
        if older and member.key in OLDER.values():
            typed.flaw("legacy-key", f"`dockerFile` is there, so `build.{member.key}` does not count", member.node)
        elif member.key in KNOWN:
            parts[member.key] = (member.node, ("build", member.key))
        else:
            typed.strange(member, KNOWN, "build")
    first = section
    for key, name in OLDER.items():
        found = node.get(key)
        if found:
            typed.flaw("legacy-key", f"`{key}` is the older form of `build.{name}`", found)
            first = first or found
            if older:
                parts[name] = (found, (key,))
    return _build(parts, first, typed) if first and parts else None


def _build(parts: dict[str, tuple[Node, tuple[str, ...]]], first: Node, typed: Typed) -> Build:
    def text(name: str) -> Text | None:
        return typed.text(parts[name][0], *parts[name][1]) if name in parts else None

    def texts(name: str, *, one: bool = False) -> tuple[Text, ...]:
        return typed.texts(parts[name][0], *parts[name][1], one=one) if name in parts else ()

    variables: tuple[Variable, ...] = ()
    if "args" in parts:
        variables = typed.variables(parts["args"][0], *parts["args"][1], remote=False, unset=False)
    return Build(
        text("dockerfile"),
        text("context"),
        variables,
        text("target"),
        texts("cacheFrom", one=True),
        texts("options"),
        typed.source(first, "build"),
    )
