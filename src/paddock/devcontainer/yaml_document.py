"""YAML as the same tree as JSON (`document.Node`), every value with its place, and never larger than it looks.

libyaml says where each token stands; what the tokens mean is decided here, as Compose's own reader does it (go-yaml:
no `yes`, no sexagesimal `22:22`, `0777` is text that the schema then reads). A hostile file is refused with a place:
too large, too deep, or with aliases that make a small text a huge tree ("billion laughs").
"""

from __future__ import annotations

import re

from paddock.devcontainer.document import Broken, Flaw, Member, Node, Place
from paddock.devcontainer.lines import Lines, lines_of
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

LARGEST = 384 << 10  # characters; of eleven thousand published compose files the largest has two thirds of this
DEEPEST = 64  # levels; compose files have about eight
MOST_NODES = 25_000  # with aliases followed
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,40}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")


@frozen
class Yaml:
    """A file that was read, which may hold several documents.

    `tags` are Compose's own (`!reset`, `!override`), by the offset of the value that they stand at.
    """

    file: str
    text: str
    roots: tuple[Node, ...]
    tags: Mapping[int, str]
    flaws: tuple[Flaw, ...]


def read(text: str, file: str) -> Yaml:
    """All documents of a YAML text. Raises Broken."""
    import yaml

    lines = lines_of(file, text)
    if len(text) > LARGEST:
        raise Broken(f"the file has more than {LARGEST} characters", lines.place(0, 0), text)
    builder = _Builder(lines)
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    bare = text.removeprefix("\ufeff")
    builder.shift = len(text) - len(bare)
    try:
        for event in yaml.parse(bare, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = min(mark.index + builder.shift, len(text)) if mark else 0
        raise Broken(error.problem or error.context or "this is no YAML", lines.place(offset, offset), text) from None
    except (yaml.YAMLError, UnicodeEncodeError, ValueError, OverflowError) as error:  # characters that YAML forbids
        offset = _forbidden(text)
        raise Broken(
            f"a character that YAML forbids ({type(error).__name__})", lines.place(offset, offset), text
        ) from None
    return Yaml(file, text, tuple(builder.roots), builder.tags, tuple(builder.flaws))


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, kind: str, start: int, anchor: str | None) -> None:
        self.kind = kind
        self.start = start
        self.anchor = anchor
        self.nodes: list[Node] = []
        self.size = 1


class _Builder:
    """The tree while its events come in. Never recursive: depth is counted, not suffered."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.shift = 0
        self.roots: list[Node] = []
        self.tags: dict[int, str] = {}
        self.flaws: list[Flaw] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}

    def take(self, event: Any) -> None:
        import yaml

        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        if isinstance(event, yaml.DocumentStartEvent):
            self.anchors = {}
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self.open) >= DEEPEST:
                raise Broken(
                    f"values lie more than {DEEPEST} levels deep", self.lines.place(start, end), self.lines.text
                )
            kind = "object" if isinstance(event, yaml.MappingStartEvent) else "array"
            self.open.append(_Open(kind, start, event.anchor))
            self._tag(event.tag, start)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(end)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:  # one that is still open would hold itself
                raise Broken(
                    f"*{event.anchor} names nothing that is complete", self.lines.place(start, end), self.lines.text
                )
            self._put(*self.anchors[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and not event.tag
            start = end - len(event.value) if plain and not event.value else start
            self._tag(event.tag, start)
            node = _scalar(event.value, event.tag, self.lines.place(start, end), plain=plain)
            if event.anchor:
                self.anchors[event.anchor] = node, 1
            self._put(node, 1)

    def _tag(self, tag: str | None, start: int) -> None:
        if tag in ("!reset", "!override"):
            self.tags[start] = tag[1:]

    def _close(self, end: int) -> None:
        one = self.open.pop()
        end = max(len(self.lines.text[one.start : end].rstrip()) + one.start, one.start)
        place = self.lines.place(one.start, end)
        if one.kind == "array":
            node = Node("array", None, place, items=tuple(one.nodes))
        else:
            node = Node("object", None, place, members=tuple(self._members(one)))
        size = one.size + len(node.members)
        if one.anchor:
            self.anchors[one.anchor] = node, size
        self._put(node, size)

    def _put(self, node: Node, size: int) -> None:
        if not self.open:
            self.roots.append(node)
            return
        top = self.open[-1]
        top.nodes.append(node)
        top.size += size
        if top.size > MOST_NODES:
            raise Broken(
                f"with its aliases followed, this has more than {MOST_NODES} values", node.place, self.lines.text
            )

    def _members(self, one: _Open) -> Iterator[Member]:
        """The members: those of merge keys (`<<`) first, as far as the mapping does not say the same key itself."""
        pairs = list(zip(one.nodes[::2], one.nodes[1::2], strict=True))
        own: dict[str, Member] = {}
        merged: dict[str, Member] = {}
        for key, value in pairs:
            name = _key(key)
            if name is None:
                raise Broken("a list or mapping is the key of a mapping", key.place, self.lines.text)
            if name == "<<" and key.place.end - key.place.offset == len("<<"):
                for member in self._merged(value):
                    merged.setdefault(member.key, member)
                continue
            if name in own:
                message = f"{name} is there twice; Compose refuses that, and others take the last one"
                self.flaws.append(Flaw("duplicate-key", message, key.place))
            own[name] = Member(name, key.place, value)
        one.size += len(merged)
        yield from (member for name, member in merged.items() if name not in own)
        yield from own.values()

    def _merged(self, value: Node) -> Iterator[Member]:
        for source in value.items if value.kind == "array" else (value,):
            if source.kind != "object":
                raise Broken("<< takes a mapping, or a list of them", source.place, self.lines.text)
            yield from source.members


def _key(node: Node) -> str | None:
    if node.kind in ("object", "array"):
        return None
    if node.kind == "null":
        return "null"
    return ("true" if node.value else "false") if isinstance(node.value, bool) else str(node.value)


def _scalar(value: str, tag: str | None, place: Place, *, plain: bool) -> Node:
    """What a scalar means. Only plain ones are anything but text, or those that a tag says are."""
    if not plain and tag not in ("!reset", "!override", "tag:yaml.org,2002:null"):
        return Node("string", value, place)
    if value in _NULL:
        return Node("null", None, place)
    if value in _BOOLEANS:
        return Node("boolean", _BOOLEANS[value], place)
    if _INTEGER.fullmatch(value):
        return Node("number", int(value), place)
    if _FLOAT.fullmatch(value):
        return Node("number", float(value), place)
    return Node("string", value, place)


def _forbidden(text: str) -> int:
    """The offset of the first character that YAML does not allow (YAML 1.2.2, 5.1)."""
    match = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return match.start() if match else 0
