"""The Features of a configuration as far as they can be known here: local ones are read, published ones are looked up.

The files of local Features are in the repository, and are read as those of any stranger are. A Feature in a registry
is never asked for: it is in the table of what is known, or it is unknown, and its `install.sh` is root's all the same.
"""

from __future__ import annotations

import os

from paddock.devcontainer import feature_metadata, jsonc, known_features, ordering, properties, references
from paddock.devcontainer.alike import Facts
from paddock.devcontainer.files import Unread
from paddock.devcontainer.model import Configuration, Text, UnknownLayer
from paddock.devcontainer.source import Source
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from paddock.devcontainer.document import Flaw
    from paddock.devcontainer.feature_lock import Lock
    from paddock.devcontainer.feature_metadata import Metadata
    from paddock.devcontainer.files import Files
    from paddock.devcontainer.known_features import Known
    from paddock.devcontainer.model import FeatureUse
    from paddock.devcontainer.references import Reference

    Substitute = Callable[[str], str]

HOME = ".devcontainer"  # the folder that local Features must be in


@frozen
class Read:
    """What one Feature is: `metadata` and `configuration` of a local one, `known` of a published one, or `why` not."""

    configuration: Configuration | None = None
    metadata: Metadata | None = None
    known: Known | None = None
    why: str = ""
    flaws: tuple[Flaw, ...] = ()


@frozen
class Features:
    """All Features in install order: the uses, what they add, and which of them nobody can say that of."""

    uses: tuple[FeatureUse, ...]
    configurations: tuple[Configuration, ...]
    unknown: tuple[UnknownLayer, ...]
    flaws: tuple[Flaw, ...]


def find(
    uses: Sequence[FeatureUse],
    override: Sequence[Text],
    shelf: Shelf,
) -> Features:
    """Order the Features and read what they add. Raises Refused for circles, Broken for files that cannot be read."""
    steps = ordering.order(uses, override, shelf.facts)
    found = [(step.use, shelf.read(step.reference)) for step in steps]
    return Features(
        tuple(use for use, _ in found),
        tuple(_of_use(use, one) for use, one in found if one.configuration),
        tuple(UnknownLayer("feature", use.reference, one.why, use.origin) for use, one in found if one.why),
        tuple(flaw for use, one in found for flaw in (*one.flaws, *_misuses(use, one))),
    )


def _misuses(use: FeatureUse, one: Read) -> tuple[Flaw, ...]:
    return feature_metadata.misuses(one.metadata, use) if one.metadata else ()


def _of_use(use: FeatureUse, one: Read) -> Configuration:
    """What a Feature adds where it is used. What is only known of has no place of its own: it has that of its use."""
    configuration = one.configuration
    assert configuration  # noqa: S101 - `find` asks
    if one.metadata:
        return configuration
    fields = {name: _placed(getattr(configuration, name), use) for name in type(configuration).__annotations__}
    return replace(configuration, **fields)


def _placed(value: Any, use: FeatureUse) -> Any:
    if isinstance(value, tuple):
        return tuple(_placed(one, use) for one in value)
    origin = getattr(value, "origin", None)
    if not isinstance(origin, Source):
        return value
    return replace(value, origin=Source("feature", use.reference, origin.path, use.origin.place))


class Shelf:
    """Reads each Feature once. `folder` is that of the configuration, `workspace` the one that is opened, absolute."""

    def __init__(self, files: Files, workspace: str, folder: str, lock: Lock, substitute: Substitute = str) -> None:
        self.files = files
        self.workspace = workspace
        self.folder = folder
        self.lock = lock
        self.substitute = substitute
        self._read: dict[str, Read] = {}

    def facts(self, reference: Reference) -> Facts:
        """What a Feature says of others."""
        found = self.read(reference)
        locked = self.lock.entries.get(reference.text)
        digest = locked.digest if locked else ""
        if found.metadata:
            one = found.metadata
            return Facts(one.depends_on, one.installs_after, (one.id, *one.legacy_ids), digest)
        if found.known:
            host = reference.resource.partition("/")[0] if reference.kind == "registry" else ""
            origin = Source("feature", reference.text, ("installsAfter",))
            after = tuple(Text(f"{host}/{path}", origin) for path in found.known.installs_after if host)
            return Facts((), after, (reference.id, *found.known.legacy_ids), digest)
        return Facts(digest=digest)

    def read(self, reference: Reference) -> Read:
        """The Feature behind a reference. Raises Broken where its file cannot be read."""
        if reference.text not in self._read:
            self._read[reference.text] = self._local(reference) if reference.kind == "local" else self._known(reference)
        return self._read[reference.text]

    def _known(self, reference: Reference) -> Read:
        if reference.wrong:
            return Read(why=f"its reference cannot be followed: {reference.wrong}")
        locked = self.lock.entries.get(reference.text)
        known = known_features.look_up(reference, locked.version if locked else "")
        if known is None:
            return Read(why="it is not here, and nothing is known of it")
        document = jsonc.parse(f"what is known of {known.id}", known.metadata)
        configuration = properties.read(document, "feature", reference.text, substitute=self.substitute)
        return Read(configuration, known=known)

    def _local(self, reference: Reference) -> Read:
        if reference.wrong:
            return Read(why=f"its reference cannot be followed: {reference.wrong}")
        folder = os.path.normpath(os.path.join(self.folder, reference.text))
        home = os.path.join(self.workspace, HOME)
        if not folder.startswith(f"{home}/"):
            return Read(why=f"local Features must be below {HOME} of the folder that is opened")
        path = f"{folder}/{feature_metadata.FILE}"
        shown = self.files.shown(path)
        try:
            raw = self.files.raw(path, jsonc.LARGEST)
        except Unread as error:
            return Read(why=f"{error.what}: {error.why}")
        document = jsonc.parse(shown, jsonc.decode(shown, raw))
        configuration = properties.read(document, "feature", reference.text, substitute=self.substitute)
        metadata = feature_metadata.read(document, reference.text)
        return Read(configuration, metadata, flaws=metadata.flaws)


def effects(use: FeatureUse, version: str = "") -> tuple[known_features.Effect, ...]:
    """What a published Feature brings with these options that its metadata does not say."""
    known = known_features.look_up(references.parse(use.reference), version)
    options = {one.name: one.value for one in use.options}
    return tuple(one for one in known.effects if one.takes_place(options)) if known else ()
