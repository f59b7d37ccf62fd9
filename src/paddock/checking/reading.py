"""One configuration with all that has a say in it, read for a check; or why it could not be read, and where."""

from __future__ import annotations

import os

from paddock.checking.files import File
from paddock.checking.surroundings import look
from paddock.checking.whole import Subject, Unread
from paddock.devcontainer import labels
from paddock.devcontainer.document import Broken, Place
from paddock.devcontainer.effective import effective
from paddock.devcontainer.files import Files
from paddock.devcontainer.files import Unread as UnreadFile
from paddock.devcontainer.finding import Found, repository_of
from paddock.errors import PaddockError
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from paddock.checking.search import Opened
    from paddock.devcontainer.labels import Image, NotKnown
    from paddock.devcontainer.model import Effective

_LARGEST_BYTES = 4 << 20


@frozen
class Reader:
    """Reads configurations for one report, in which names are relative to `top`.

    `rootless` and `cgroups` are as in a `Context`. `trusts` says of a file's absolute path and bytes whether the person
    trusts them. `ask` knows local images; without it the engines of this machine are asked. `texts` are read in place
    of the configurations' own, by the names of the report: what they would be after a change.
    """

    top: str
    rootless: bool = True
    cgroups: int = 0
    trusts: Callable[[str, bytes], bool] = lambda _path, _raw: False
    ask: Callable[[str], Image | NotKnown] | None = None
    texts: Mapping[str, str] = {}  # never changed, as nothing of a frozen class is

    def read(self, opened: Opened, configuration: str) -> Subject | Unread:
        """One configuration of an opened folder."""
        repository = repository_of(opened.folder)
        others = tuple(name for name in opened.configurations if name != configuration)
        text = self.texts.get(os.path.relpath(f"{opened.folder}/{configuration}", self.top))
        instead = {} if text is None else {configuration: text.encode()}
        found = Found(opened.folder, repository, configuration, configuration, others, instead.get(configuration))
        sources = _Sources(Files(repository, opened.folder), self.top, instead)
        try:
            result = effective(found, ask=self.ask or labels.ask)
        except Broken as error:
            return sources.unread(configuration, error.message, error.place)
        except PaddockError as error:
            why = f"{error.what}{f': {error.why}' if error.why else ''}"
            return sources.unread(configuration, why, Place(configuration, 1, 1, 0, 0))
        files = tuple(sources.of(result))
        around = look(opened, configuration, files[0].text, repository)
        names = {name: file.name for name, file in sources.taken.items()}
        trusted = self.trusts(f"{opened.folder}/{configuration}", files[0].raw)
        around = replace(around, rootless=self.rootless, cgroups=self.cgroups, trusted=trusted)
        return Subject(files, names, result, around)


class _Sources:
    """The files behind an effective configuration. Labels, and what is known of published Features, are none."""

    def __init__(self, files: Files, top: str, instead: Mapping[str, bytes]) -> None:
        self.files = files
        self.top = top
        self.instead = instead
        self.taken: dict[str, File] = {}

    def of(self, result: Effective) -> Iterator[File]:
        """The devcontainer.json first."""
        for layer in reversed(result.layers):
            if layer.layer in ("file", "override", "feature") and self.files.is_file(layer.document.file):
                document = layer.document
                self._take(document.file, document.file, File("", "json", b"", document.text, document))
        project: Any = result.project
        built: list[Any] = [] if project or not result.dockerfile else [result.dockerfile]
        for one in built:
            self._take(one.file, one.file, File("", "dockerfile", b"", one.text))
        if project:  # the names of its files are relative to the repository
            for one in project.files:
                self._take(one.file, f"{self.files.root}/{one.file}", File("", "compose", b"", one.text))
            for one in filter(None, (service.dockerfile for service in project.services)):
                self._take(one.file, f"{self.files.root}/{one.file}", File("", "dockerfile", b"", one.text))
        return iter(self.taken.values())

    def unread(self, configuration: str, why: str, place: Place) -> Unread:
        """The file that could not be read, which may be one that the configuration names."""
        raw = self._raw(place.file)
        if place.file != configuration and not raw:
            place = Place(configuration, 1, 1, 0, 0)
            raw = self._raw(configuration)
        name = self._name(place.file)
        text = raw.decode("utf-8", "replace")
        return Unread(File(name, "json", raw, text), why, replace(place, file=name))

    def _take(self, name: str, path: str, file: File) -> None:
        if name not in self.taken:
            self.taken[name] = replace(file, name=self._name(path), raw=self._raw(path))

    def _name(self, path: str) -> str:
        return os.path.relpath(os.path.join(self.files.folder, path), self.top)

    def _raw(self, path: str) -> bytes:
        if path in self.instead:
            return self.instead[path]
        try:
            return self.files.raw(path, _LARGEST_BYTES)
        except UnreadFile:
            return b""
