"""A compose project from its files: variables put in, `extends` and `include` followed, all laid over each other.

Pure but for the reader of files that is handed in. The order is Compose's own (compose-go, `loader`): in each file
variables, then `extends`, then the file over those before it, then what it includes below all that. A relative path
is relative to the first file's folder, in an extended file to that file's folder, in an included project to its own.
(docs.docker.com/reference/compose-file)
"""

from __future__ import annotations

import posixpath

from paddock.devcontainer import yaml_document
from paddock.devcontainer.compose_merging import Merger, scalar
from paddock.devcontainer.compose_variables import dotenv, interpolate
from paddock.devcontainer.document import Broken, Flaw, Member, Node, Place
from paddock.devcontainer.service import Beyond, Unread
from paddock.devcontainer.source import Source
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from paddock.devcontainer.yaml_document import Yaml

    class Files(Protocol):
        """The files around. Paths are absolute."""

        def text(self, path: str) -> tuple[str, str]:
            """The text, and why there is none where it is empty for another reason than that the file is empty."""

        def shown(self, path: str) -> str:
            """The path as people are shown it."""

        def inside(self, path: str) -> bool:
            """Whether it lies in the repository."""


_MOST_FILES = 64  # includes and extends of a hostile project could name each other in every order
_MOST_NODES = 50_000  # of the merged tree: many services may extend one large one
_MOST_SERVICES = 256  # of eleven thousand published projects the largest has 64 (compose-lint's corpus)
_MOST_GROWN = 1 << 20  # characters that variables add
_EMPTY = Place("", 1, 1, 0, 0)
_PARTS = frozenset({"services", "volumes", "networks", "secrets", "configs"})
_TOP = frozenset({"version", "name", "include", "models"}) | _PARTS


@frozen
class Loaded:
    """The merged tree, and what was met on the way. `folders` has, by file as shown, what its paths start from."""

    root: Node
    files: tuple[Yaml, ...]
    folders: Mapping[str, str]
    beyond: tuple[Beyond, ...]
    unread: tuple[Unread, ...]
    unset: tuple[str, ...]
    written: Mapping[tuple[str, int], str]
    flaws: tuple[Flaw, ...]


def load(paths: Iterable[str], files: Files, environment: Mapping[str, str], origin: Source) -> Loaded:
    """The tree of a project. `paths` are absolute; `origin` is what names them, for files that cannot be read."""
    loader = _Loader(files)
    paths = tuple(paths)
    folder = posixpath.dirname(paths[0]) if paths else ""
    root = loader.project(paths, folder, environment, origin, ())
    services = root.get("services") if root else None
    if services and len(services.members) > _MOST_SERVICES:
        raise loader.broken(f"the project has more than {_MOST_SERVICES} services", services.place)
    return Loaded(
        root or Node("object", None, _EMPTY),
        tuple(loader.read.values()),
        loader.folders,
        tuple(dict.fromkeys(loader.beyond)),
        tuple(dict.fromkeys(loader.unread)),
        tuple(dict.fromkeys(loader.unset)),
        loader.written,
        tuple(dict.fromkeys(loader.flaws)),
    )


class _Loader:
    """One project's reading."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.read: dict[str, Yaml] = {}
        self.folders: dict[str, str] = {}
        self.tags: dict[tuple[str, int], str] = {}
        self.beyond: list[Beyond] = []
        self.unread: list[Unread] = []
        self.unset: list[str] = []
        self.written: dict[tuple[str, int], str] = {}
        self.flaws: list[Flaw] = []
        self.nodes = self.includes = self.grown = 0

    def project(
        self,
        paths: Iterable[str],
        folder: str,
        environment: Mapping[str, str],
        origin: Source,
        within: tuple[str, ...],
        env_files: tuple[str, ...] = (),
    ) -> Node | None:
        """The merged tree of one project: the main one, or one that is included by `within`."""
        values = dict(environment)
        for path in env_files or (f"{folder}/.env",):
            text = self.files.text(path)[0] if self.files.inside(path) else ""
            values = {**{name: it for name, it in dotenv(text, values).items() if it is not None}, **values}
        merged: Node | None = None
        for path in paths:
            for root in self._roots(path, folder, values, origin):
                merged = Merger(self.tags).merge(merged, self._extended(root, path, values, ()))
                merged = self._included(merged, root, folder, values, (*within, path))
        return merged

    def _roots(self, path: str, folder: str, values: Mapping[str, str], origin: Source) -> tuple[Node, ...]:
        """The documents of one file, with variables. A file that cannot be read is said and gives none."""
        shown = self.files.shown(path)
        if path not in self.read:
            if not self.files.inside(path):
                self.beyond.append(Beyond("compose file", path, origin))
            text, why = self.files.text(path) if len(self.read) < _MOST_FILES else ("", "there are too many files")
            if why:
                self.unread.append(Unread(path, why, origin))
                return ()
            try:
                self.read[path] = yaml_document.read(text, shown)
            except Broken as error:
                self.flaws.append(Flaw("broken-yaml", error.message, error.place))
                self.unread.append(Unread(path, error.message, Source("compose", shown, (), error.place)))
                return ()
            self.flaws += self.read[path].flaws
            self.tags.update({(shown, offset): tag for offset, tag in self.read[path].tags.items()})
        self.folders.setdefault(shown, folder)
        roots = [one for one in self.read[path].roots if one.kind != "null"]
        for one in roots:
            if one.kind != "object":
                self.flaws.append(Flaw("no-mapping", "a compose file is a mapping with `services`", one.place))
        return tuple(self._checked(self._substituted(one, values)) for one in roots if one.kind == "object")

    def _checked(self, root: Node) -> Node:
        """Without what Compose would not take, so that later steps find mappings where mappings belong."""
        kept = []
        for one in root.members:
            if one.key not in _TOP and not one.key.startswith("x-"):
                self.flaws.append(Flaw("unknown-key", f"Compose does not know {one.key} at the top", one.key_place))
            if one.key in _PARTS and one.node.kind not in ("object", "null"):
                self.flaws.append(Flaw("wrong-type", f"{one.key} is a mapping by name", one.node.place))
                continue
            kept.append(one)
        return Node("object", None, root.place, members=tuple(kept))

    def _substituted(self, node: Node, values: Mapping[str, str]) -> Node:
        """The tree with variables put in. A part without any stays the same object, so that aliases stay shared."""
        if node.kind == "string" and isinstance(node.value, str) and "$" in node.value:
            result = interpolate(node.value, values)
            self.grown += max(len(result.text) - len(node.value), 0)
            if self.grown > _MOST_GROWN:
                raise self.broken(f"its variables add more than {_MOST_GROWN} characters", node.place)
            self.unset += result.unset
            self.written[node.place.file, node.place.offset] = node.value
            if result.flaw:
                self.flaws.append(Flaw("bad-variable", result.flaw, node.place))
            return Node("string", result.text, node.place)
        if node.kind == "array":
            items = tuple(self._substituted(one, values) for one in node.items)
            same = all(one is before for one, before in zip(items, node.items, strict=True))
            return node if same else Node("array", None, node.place, items=items)
        if node.kind == "object":
            members = tuple(Member(one.key, one.key_place, self._substituted(one.node, values)) for one in node.members)
            same = all(one.node is before.node for one, before in zip(members, node.members, strict=True))
            return node if same else Node("object", None, node.place, members=members)
        return node

    def _extended(self, root: Node, path: str, values: Mapping[str, str], within: tuple[tuple[str, str], ...]) -> Node:
        """A file's tree, each service laid over the one that it extends."""
        services = root.get("services")
        if services is None or not any(one.node.get("extends") for one in services.members):
            return root
        members = tuple(
            Member(one.key, one.key_place, self._service(root, one, path, values, within))
            for one in services.counting()
        )
        found = Node("object", None, services.place, members=members)
        return Node(
            "object",
            None,
            root.place,
            members=tuple(
                Member(one.key, one.key_place, found if one.key == "services" else one.node) for one in root.members
            ),
        )

    def _service(
        self, root: Node, one: Member, path: str, values: Mapping[str, str], within: tuple[tuple[str, str], ...]
    ) -> Node:
        extends = one.node.get("extends")
        if extends is None or extends.kind == "null":
            return one.node
        name = scalar(extends if extends.kind == "string" else extends.get("service"))
        file = scalar(extends.get("file")) if extends.kind == "object" else None
        origin = Source("compose", one.key, ("extends",), extends.place)
        other = posixpath.normpath(posixpath.join(self._folder(extends), file)) if file else path
        within = (*within, (path, one.key))
        if (other, name) in within or len(within) > _MOST_FILES:
            self.flaws.append(Flaw("cycle", f"extends leads back to {name}", extends.place))
            return one.node
        below = self._base(None if file else root, name or "", other, values, within, origin)
        rest = tuple(member for member in one.node.members if member.key != "extends")
        own = Node("object", None, one.node.place, members=rest)
        self.nodes += _size(below) if below else 0
        if self.nodes > _MOST_NODES:
            raise self.broken(f"with `extends` followed, this has more than {_MOST_NODES} values", extends.place)
        return Merger(self.tags).merge(below, own, ("services", one.key)) or own

    def _base(
        self,
        root: Node | None,
        name: str,
        path: str,
        values: Mapping[str, str],
        within: tuple[tuple[str, str], ...],
        origin: Source,
    ) -> Node | None:
        """The service that another one extends, with what it extends itself. `root` is None for another file."""
        if root is None:
            roots = self._roots(path, posixpath.dirname(path), values, origin)
            if not roots:
                return None
            root = roots[0]
        services = root.get("services")
        found = services.member(name) if services else None
        if found is None:
            self.flaws.append(Flaw("no-service", f"extends names {name}, which is not there", origin.place or _EMPTY))
            return None
        return self._service(root, found, path, values, within)

    def _included(
        self, merged: Node | None, root: Node, folder: str, values: Mapping[str, str], within: tuple[str, ...]
    ) -> Node | None:
        """A project laid over those that it includes."""
        include = root.get("include")
        for number, entry in enumerate(include.items if include else ()):
            names = entry if entry.kind == "string" else entry.get("path")
            origin = Source("compose", "", ("include", number), entry.place)
            paths = [posixpath.normpath(posixpath.join(folder, one)) for one in _texts(names)]
            self.includes += 1
            if not paths or any(one in within for one in paths):
                self.flaws.append(Flaw("cycle", "include leads back to a file that includes it", entry.place))
                continue
            if self.includes > _MOST_FILES:
                self.flaws.append(Flaw("too-many", f"more than {_MOST_FILES} files are included", entry.place))
                break
            own = scalar(entry.get("project_directory")) if entry.kind == "object" else None
            below = posixpath.normpath(posixpath.join(folder, own)) if own else posixpath.dirname(paths[0])
            listed = _texts(entry.get("env_file")) if entry.kind == "object" else ()
            env_files = tuple(posixpath.normpath(posixpath.join(folder, one)) for one in listed)
            for one in (*paths, below, *env_files):
                if not self.files.inside(one):
                    self.beyond.append(Beyond("include", one, origin))
            tree = self.project(paths, below, values, origin, within, env_files)
            if tree and merged:
                merged = Merger({}).merge(tree, merged)
        return merged

    def broken(self, message: str, place: Place) -> Broken:
        """An error that shows the line."""
        return Broken(message, place, next((it.text for it in self.read.values() if it.file == place.file), ""))

    def _folder(self, node: Node) -> str:
        return self.folders.get(node.place.file, "")


def _texts(node: Node | None) -> tuple[str, ...]:
    """A text or a list of them."""
    if node is None:
        return ()
    found = [scalar(one.get("path") if one.kind == "object" else one) for one in (node.items or (node,))]
    return tuple(one for one in found if one)


def _size(node: Node) -> int:
    """How many values a tree has. Shared parts count as often as they are met."""
    size, waiting = 0, [node]
    while waiting:
        one = waiting.pop()
        size += 1
        waiting += one.items
        waiting += [member.node for member in one.members]
    return size
