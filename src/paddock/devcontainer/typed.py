"""From nodes of a tree to typed values with their source, and flaws where the types are not the specification's.

What the reference CLI makes of a wrong type is what counts: `"privileged": "false"` is a true value in JavaScript, and
starts a privileged container. Where it makes nothing of it, the value is left out.
"""

from __future__ import annotations

from paddock.devcontainer.document import Flaw
from paddock.devcontainer.model import Option, Switch, Text, Unknown, Variable
from paddock.devcontainer.source import Source
from paddock.devcontainer.substitution import nameless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from paddock.devcontainer.document import Member, Node
    from paddock.devcontainer.source import Layer

    Substitute = Callable[[str], str]

_SCALARS = frozenset(["string", "number", "boolean"])
_LIKENESS = 0.8  # of difflib: `postCreateCommands` and `forwardPort` are above, other words below


class Typed:
    """Reads nodes of one source. `flaws` and `unknown` are what it met on the way."""

    def __init__(self, layer: Layer, name: str, substitute: Substitute) -> None:
        self.layer = layer
        self.name = name
        self.flaws: list[Flaw] = []
        self.unknown: list[Unknown] = []
        self._substitute = substitute

    def source(self, node: Node, *path: str | int) -> Source:
        """Where a value of this source comes from."""
        return Source(self.layer, self.name, path, node.place)

    def flaw(self, code: str, message: str, node: Node) -> None:
        """Remember what is wrong with a value."""
        self.flaws.append(Flaw(code, message, node.place))

    def plain(self, node: Node) -> str:
        """A scalar as text, with its variables replaced as far as they are known."""
        text = written(node)
        bad = nameless(text)
        if bad:
            self.flaw("nameless-variable", f"`{bad}` names no variable; the reference CLI stops here", node)
        return self._substitute(text)

    def text(self, node: Node, *path: str | int) -> Text | None:
        """A string; another scalar is taken as JavaScript writes it."""
        if node.kind not in _SCALARS:
            self.flaw("wrong-type", f"`{_last(path)}` is a string, not {_article(node.kind)}", node)
            return None
        if node.kind != "string":
            self.flaw("wrong-type", f"`{_last(path)}` is a string; tools take this for `{written(node)}`", node)
        return Text(self.plain(node), self.source(node, *path), written(node))

    def choice(self, node: Node, allowed: Collection[str], *path: str | int) -> Text | None:
        """One of a few words."""
        found = self.text(node, *path)
        if found and found.value not in allowed and "${" not in found.value:
            self.flaw("wrong-value", f"`{_last(path)}` is one of {', '.join(allowed)}", node)
        return found

    def switch(self, node: Node, *path: str | int) -> Switch | None:
        """A boolean that tools look for: anything else is none to them."""
        if node.kind == "boolean":
            return Switch(bool(node.value), self.source(node, *path))
        self.flaw("wrong-type", f"`{_last(path)}` is true or false; tools do not see this", node)
        return None

    def truth(self, node: Node, *path: str | int) -> Switch:
        """A boolean of which tools ask whether it is true: to JavaScript, most other values are."""
        true = node.kind in ("object", "array") or bool(node.value)
        if node.kind != "boolean":
            taken = "true" if true else "false"
            self.flaw("wrong-type", f"`{_last(path)}` is true or false; tools take this for {taken}", node)
        return Switch(true, self.source(node, *path))

    def elements(self, node: Node, *path: str | int) -> Iterator[tuple[Node, tuple[str | int, ...]]]:
        """The elements of an array with their paths; one value alone is an array of one, as in most tools."""
        if node.kind != "array":
            self.flaw("wrong-type", f"`{_last(path)}` is an array; tools take this for its one element", node)
            yield node, path
            return
        for at, item in enumerate(node.items):
            yield item, (*path, at)

    def texts(self, node: Node, *path: str | int, one: bool = False) -> tuple[Text, ...]:
        """An array of strings; with `one`, the specification takes a string alone as well."""
        if one and node.kind == "string":
            found = self.text(node, *path)
            return (found,) if found else ()
        read = (self.text(item, *place) for item, place in self.elements(node, *path))
        return tuple(text for text in read if text)

    def members(self, node: Node, *path: str | int) -> tuple[Member, ...]:
        """The members of an object that count."""
        if node.kind != "object":
            self.flaw("wrong-type", f"`{_last(path)}` is an object, not {_article(node.kind)}", node)
        return node.counting()

    def variables(self, node: Node, *path: str | int, remote: bool, unset: bool) -> tuple[Variable, ...]:
        """Environment variables; null takes one away where `unset` says so."""
        found = []
        for member in self.members(node, *path):
            value, origin = member.node, self.source(member.node, *path, member.key)
            if unset and value.kind == "null":
                found.append(Variable(member.key, None, remote, origin, "null"))
            elif value.kind == "null":  # joined to text, null is the word
                self.flaw("wrong-type", f"`{member.key}` is a string; tools take this for `null`", value)
                found.append(Variable(member.key, "null", remote, origin, "null"))
            else:
                text = self.text(value, *path, member.key)
                if text:
                    found.append(Variable(member.key, text.value, remote, origin, text.raw))
        return tuple(found)

    def options(self, node: Node, *path: str | int) -> tuple[Option, ...]:
        """Named scalars."""
        found = []
        for member in self.members(node, *path):
            value = member.node
            if value.kind in ("object", "array"):
                self.flaw("wrong-type", f"`{member.key}` is a string, number or boolean", value)
                continue
            plain = self.plain(value) if value.kind == "string" else value.value
            found.append(Option(member.key, plain, self.source(value, *path, member.key)))
        return tuple(found)

    def strange(self, member: Member, known: Collection[str], *path: str | int) -> None:
        """Keep a key that nobody knows, with the one that it looks like."""
        origin = self.source(member.node, *path, member.key)
        self.unknown.append(Unknown(member.key, nearest(member.key, known), member.node, origin))


def written(node: Node) -> str:
    """A scalar as JavaScript writes it into a text."""
    return as_text(node.value)


def as_text(value: str | float | bool | None) -> str:  # noqa: FBT001 - a value, not a way
    """A value as JavaScript writes it into a text (ECMA-262, ToString)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:  # noqa: PLR2004 - Number::toString
        return str(int(value))
    return str(value)


def nearest(word: str, known: Collection[str]) -> str:
    """The known word that `word` is probably a misspelling of, or nothing."""
    import difflib

    folded = {one.lower(): one for one in known}
    close = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=_LIKENESS)
    return folded[close[0]] if close else ""


def _last(path: tuple[str | int, ...]) -> str:
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "the value")


def _article(kind: str) -> str:
    return {"null": "null", "array": "an array", "object": "an object"}.get(kind, f"a {kind}")
