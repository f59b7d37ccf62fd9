"""The effective configuration of a folder: the file, what its image and Features add, its compose service.

Read from this machine only: files of the repository, and what local engines say of their images. What cannot be looked
at is in `unknown_layers`, each with why; it is never taken for nothing.
"""

from __future__ import annotations

import os

from paddock.devcontainer import compose_files, dockerfile, feature_lock, features, jsonc, labels, properties, reading
from paddock.devcontainer import workspace as workspaces
from paddock.devcontainer.combining import Base, combine, kind_of
from paddock.devcontainer.document import Broken, Flaw
from paddock.devcontainer.files import Files, Unread
from paddock.devcontainer.model import Effective, Text, UnknownLayer
from paddock.devcontainer.source import Source
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.devcontainer.features import Features
    from paddock.devcontainer.finding import Found
    from paddock.devcontainer.labels import Image, NotKnown
    from paddock.devcontainer.model import Configuration

    Ask = Callable[[str], Image | NotKnown]
    Substitute = Callable[[str], str]

SCRATCH = "scratch"  # the empty image of Dockerfiles


def effective(
    found: Found, *, environment: Mapping[str, str] | None = None, with_id: bool = False, ask: Ask = labels.ask
) -> Effective:
    """What all layers say together. `environment` and `with_id` are those of `reading.read`; `ask` knows images.

    Raises Broken and Unread where the file cannot be read, or a local Feature's; Refused for Features in a circle.
    """
    return _Reader(found, environment, with_id, ask).effective()


class _Reader:
    """One configuration on its way to all that it comes to."""

    def __init__(self, found: Found, environment: Mapping[str, str] | None, with_id: bool, ask: Ask) -> None:  # noqa: FBT001
        self.found = found
        self.environment = environment
        self.ask = ask
        self.files = Files(found.repository, found.folder)
        self.folder = os.path.dirname(found.path)
        self.file = reading.read(found, environment=environment, with_id=with_id)
        document = self.file.document
        self.substitute: Substitute = reading.substituter(found, document, environment=environment, with_id=with_id)
        self.unknown: list[UnknownLayer] = []
        self.flaws: list[Flaw] = []

    def effective(self) -> Effective:
        found = self.found
        ways = {"image": self.of_image, "dockerfile": self.of_dockerfile, "compose": self.of_compose}
        base, installed = ways[kind_of(self.file)](), self.features()
        base = replace(base, unknown=tuple(self.unknown), flaws=tuple(self.flaws))
        workspace = workspaces.of(self.file.document.root, found.folder, found.repository)
        return combine(found, self.file, base, installed, workspace)

    # What the container is made from.

    def of_image(self) -> Base:
        return self.below(self.file.image, None, Base())

    def of_dockerfile(self) -> Base:
        build = self.file.build
        named = build.dockerfile if build else None
        assert build and named  # noqa: S101, PT018 - `kind_of` says so
        path = os.path.join(self.folder, named.value)
        text, why = self.files.text(path)
        if why:
            self.unknown.append(UnknownLayer("dockerfile", named.value, f"it cannot be read: {why}", named.origin))
            return Base()
        arguments = {one.name: one.value for one in build.args if one.value is not None}
        read = dockerfile.read(text, self.files.shown(path), build.target.value if build.target else "", arguments)
        return self.on(read, Base(dockerfile=read))

    def of_compose(self) -> Base:
        service, named = self.file.service, self.file.compose_files
        origin = (service or Text("", Source(self.file.layer, self.file.name, (), self.file.node.place))).origin
        project = compose_files.read(
            self.compose_paths(),
            service.value if service else "",
            self.found.repository,
            named[0].origin if named else origin,
            self.environment,
        )
        base, one = Base(project=project), project.service
        if one is None:
            why = "no compose file that could be read has it" if service else "no service is named"
            self.unknown.append(UnknownLayer("compose", service.value if service else "service", why, origin))
            return base
        if one.dockerfile:
            return self.on(one.dockerfile, base, one.user)
        return self.below(one.image, one.user, base)

    def compose_paths(self) -> tuple[str, ...]:
        if self.file.compose_files:
            return tuple(os.path.join(self.folder, one.value) for one in self.file.compose_files)
        return compose_files.default_files(self.found.folder, self.files, self.environment or {})

    def on(self, read: dockerfile.Dockerfile, base: Base, user: Text | None = None) -> Base:
        """A base that is built: only the label of the image at the bottom counts, none of the Dockerfile's own."""
        if read.base and not read.base_known:
            why = "its name depends on what only the builder knows"
            self.unknown.append(UnknownLayer("image", read.base.value, why, read.base.origin))
            return replace(base, image=read.base, user=user or read.user)
        return self.below(read.base, user or read.user, base)

    def below(self, image: Text | None, user: Text | None, base: Base) -> Base:
        """What a local image says. `user` is who says more than the image, where somebody does."""
        base = replace(base, image=image, user=user)
        if image is None or image.value == SCRATCH:
            return base
        known = self.ask(image.value)
        if isinstance(known, labels.NotKnown):
            self.unknown.append(UnknownLayer("label", image.value, known.why, image.origin))
            return base
        origin = Source("image", image.value, ("User",), image.origin.place)
        return replace(base, user=user or Text(known.user or "root", origin), labels=self.labels(known, image))

    def labels(self, known: Image, image: Text) -> tuple[Configuration, ...]:
        if not known.metadata:
            return ()
        try:
            return entries(known.name, known.metadata, self.substitute, self.flaws)
        except Broken as error:
            why = f"its label {labels.LABEL} cannot be read, and tools leave it out ({error.message})"
            self.unknown.append(UnknownLayer("label", image.value, why, image.origin))
            return ()

    # What is installed in it.

    def features(self) -> Features:
        lock = self.lock()
        shelf = features.Shelf(self.files, self.found.folder, self.folder, lock, self.substitute)
        return features.find(self.file.features, self.file.feature_order, shelf)

    def lock(self) -> feature_lock.Lock:
        path = feature_lock.path_of(self.found.path)
        shown = self.files.shown(path)
        try:
            raw = self.files.raw(path, jsonc.LARGEST)
        except Unread as error:
            if not error.missing:
                self.unknown.append(UnknownLayer("feature", shown, error.why, Source("feature", shown)))
            return feature_lock.Lock({})
        lock = feature_lock.parse(shown, jsonc.decode(shown, raw))
        self.flaws += lock.flaws
        return lock


def entries(image: str, text: str, substituted: Substitute, flaws: list[Flaw]) -> tuple[Configuration, ...]:
    """The entries of a label, lowest first: an array of objects, or one object. Raises Broken.

    Tools read it as strict JSON, unlike the file: one with a comment is left out.
    """
    document = jsonc.parse(f"label of {image}", text)
    loose = [one for one in document.flaws if one.code in ("trailing-comma", "byte-order-mark")]
    if document.comments or loose:
        place = (document.comments or loose)[0].place
        raise Broken("a label is strict JSON, without comments or commas at the end", place, text)
    found = []
    for node in document.root.items if document.root.kind == "array" else (document.root,):
        if node.kind == "object":
            found.append(properties.read(document, "label", image, node=node, substitute=substituted))
        else:
            flaws.append(Flaw("wrong-type", "an entry of the label is an object", node.place))
    return tuple(found)


__all__ = ["SCRATCH", "Effective", "effective", "entries"]
