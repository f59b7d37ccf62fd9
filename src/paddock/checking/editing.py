"""Changes of a JSON file with comments that leave the rest of it as it is: comments, indentation, commas, line ends.

Edits name parts by their path in the text as it was read, and are made together, so none of them moves another one's
target. What an edit must touch besides its value: the comma that belongs to it, the line that it leaves empty, and
the comment at the end of that line, which is about it.
"""

from __future__ import annotations

import itertools

from paddock.checking.layout import Layout
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from paddock.checking.findings import Edit
    from paddock.checking.layout import Part
    from paddock.devcontainer.document import Document, Node


@frozen
class Change:
    """The text from `start` to `end` (code points) becomes `text`. Nothing is removed where the two are equal."""

    start: int
    end: int
    text: str


class Impossible(Exception):
    """An edit that names nothing in this file, or that contradicts another one."""


class _Container:
    """What is wished of one object or list."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.removed: set[int] = set()
        self.added: dict[str, Any] = {}  # members, at the end
        self.appended: list[Any] = []


def changes(document: Document | None, edits: Iterable[Edit]) -> tuple[Change, ...]:
    """What the edits change in the text, in its order, none over another. Raises Impossible.

    Without a document, for a file that is no JSON, all of them must be replacements.
    """
    return Editor(document).changes(edits)


class Editor:
    """The same for one document and many sets of edits: its layout is looked at once."""

    def __init__(self, document: Document | None) -> None:
        self._root = document.root if document else None
        self._layout = Layout(document) if document else None

    def changes(self, edits: Iterable[Edit]) -> tuple[Change, ...]:
        """What these edits change. Raises Impossible."""
        wished = _Wished(self._root, self._layout)
        for edit in dict.fromkeys(map(_Same, edits)):  # two rules may want the same
            wished.take(edit.edit)
        found = sorted((*wished.direct, *wished.of_containers()), key=lambda one: (one.start, one.end))
        for before, after in itertools.pairwise(found):
            if after.start < before.end or (before.start, before.end) == (after.start, after.end):
                message = "two edits change the same text"
                raise Impossible(message)
        return tuple(found)


def made(text: str, wanted: Iterable[Change]) -> str:
    """The text with the changes, which are in order and apart from each other."""
    parts, place = [], 0
    for change in wanted:
        parts += [text[place : change.start], change.text]
        place = change.end
    return "".join((*parts, text[place:]))


class _Same:
    """An edit, equal to another that does the same: values may be lists, which have no hash."""

    def __init__(self, edit: Edit) -> None:
        self.edit = edit
        self.key = (edit.action, edit.path, repr(edit.value), edit.place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class _Wished:
    """All edits of one file, sorted by the object or list that each of them changes."""

    def __init__(self, root: Node | None, layout: Layout | None) -> None:
        self.direct: list[Change] = []
        self.containers: dict[int, _Container] = {}
        self.is_json = root is not None
        if root and layout:
            self.root = root
            self.layout = layout

    def take(self, edit: Edit) -> None:
        if edit.action == "replace":
            if edit.place is None or not isinstance(edit.value, str):
                message = "a replacement needs a place and a text"
                raise Impossible(message)
            self.direct.append(Change(edit.place.offset, edit.place.end, edit.value))
        elif not edit.path or not self.is_json:
            message = "there is no path in this file"
            raise Impossible(message)
        else:
            getattr(self, f"_{edit.action}")(edit.path, edit.value)

    def _set(self, path: tuple[str | int, ...], value: Any) -> None:
        node = self.root.at(*path)
        if node:
            self.direct.append(Change(node.place.offset, node.place.end, self.layout.value(value, node)))
        else:
            self._add(path, value)

    def _append(self, path: tuple[str | int, ...], value: Any) -> None:
        node = self.root.at(*path)
        if node is None:
            self._add(path, [value], to_list=True)
        else:
            self._of(node, "array").appended.append(value)

    def _remove(self, path: tuple[str | int, ...], _: Any) -> None:
        parent, last = self.root.at(*path[:-1]), path[-1]
        if parent is None or parent.at(last) is None:
            message = "what is to be removed is not there"
            raise Impossible(message)
        container = self._of(parent, parent.kind)
        if isinstance(last, int):
            container.removed.add(last)
        else:  # all of that name: an earlier one would come to life again
            container.removed.update(self.layout.numbers(parent, last))

    def _add(self, path: tuple[str | int, ...], value: Any, *, to_list: bool = False) -> None:
        """A new member, in the deepest object of the path that is there."""
        depth = next(depth for depth in range(len(path) - 1, -1, -1) if self.root.at(*path[:depth]))
        into: Any = self._of(self.root.at(*path[:depth]), "object").added
        for step in path[depth:-1]:
            into = into.setdefault(step, {}) if isinstance(into, dict) and isinstance(step, str) else None
        last = path[-1]
        if not isinstance(into, dict) or not isinstance(last, str):
            message = f"there is nothing that could get {last!r}"
            raise Impossible(message)
        if to_list and isinstance(into.get(last), list):
            into[last] += value
        elif last in into:
            message = f"{last} would be added twice"
            raise Impossible(message)
        else:
            into[last] = value

    def _of(self, node: Node | None, kind: str) -> _Container:
        if node is None or node.kind != kind:
            message = f"there is no {kind} at that path"
            raise Impossible(message)
        return self.containers.setdefault(node.place.offset, _Container(node))

    def of_containers(self) -> Iterator[Change]:
        for one in self.containers.values():
            yield from self._of_container(one)

    def _of_container(self, wished: _Container) -> Iterator[Change]:
        layout, node = self.layout, wished.node
        parts = layout.parts(node)
        kept = next((it for it in range(len(parts) - 1, -1, -1) if it not in wished.removed), None)
        last = None if kept is None else parts[kept]
        # what comes after the last that stays
        late = [layout.member(key, value, node) for key, value in wished.added.items()]
        late += [layout.item(value, node) for value in wished.appended]
        trailing = bool(parts) and parts[-1].comma is not None
        gone = [span for number in wished.removed for span in layout.removal(parts[number])]
        if last and last.comma is not None and not late and not trailing:
            gone.append(layout.comma(last.comma))
        yield from (Change(start, end, "") for start, end in _united(gone))
        if late and not last:
            at, text = layout.into_empty(node, late, trailing=trailing)
            yield Change(at, at, text)
        elif late and last:
            yield from self._after(last, node, late, trailing=trailing)

    def _after(self, last: Part, node: Node, late: Sequence[str], *, trailing: bool) -> Iterator[Change]:
        at, text = self.layout.after(last, node, late, trailing=trailing)
        if last.comma is None and at != last.end:
            yield Change(last.end, last.end, ",")
        elif last.comma is None:
            text = f",{text}"
        yield Change(at, at, text)


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same text in spans that neither touch nor overlap."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
