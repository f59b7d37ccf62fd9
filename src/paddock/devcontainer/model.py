"""What a devcontainer.json can say, as typed values that know where they come from.

A `Configuration` is one source as it is written: the file, one entry of an image's `devcontainer.metadata` label,
or a Feature's metadata. An `Effective` is what all of them come to together. Names follow the specification
(containers.dev/implementors/json_reference), in words instead of camelCase.
"""

from __future__ import annotations

from functools import cached_property

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from paddock.devcontainer.document import Document, Flaw, Node
    from paddock.devcontainer.source import Layer, Path, Source

    Event = Literal[
        "initializeCommand",
        "onCreateCommand",
        "updateContentCommand",
        "postCreateCommand",
        "postStartCommand",
        "postAttachCommand",
    ]


@frozen
class Text:
    """A text, with its variables substituted as far as that is known here; `raw` is as written."""

    value: str
    origin: Source
    raw: str = ""


@frozen
class Switch:
    """Yes or no."""

    value: bool
    origin: Source


@frozen
class Mount:
    """One mount. `source` is a path of the host, a volume's name, or empty (tmpfs, anonymous volume).

    `read_only` is what takes effect: the reference CLI drops `readonly` of the object form, and of every form with
    compose. `asked_read_only` is what was written. `options` are all other parts of the `--mount` syntax, in their
    order, names as written.
    """

    kind: str  # bind, volume, tmpfs, image … as written; "none" for a workspace mount that is switched off with ""
    source: str
    target: str
    read_only: bool
    asked_read_only: bool
    options: tuple[tuple[str, str], ...]
    raw: str  # the text as written; of the object form, the `--mount` text that the reference CLI makes of it
    origin: Source


@frozen
class Variable:
    """An environment variable of the container (`remote` false) or of what tools start in it; None takes it away."""

    name: str
    value: str | None
    remote: bool
    origin: Source
    raw: str = ""


@frozen
class Hook:
    """One command of a lifecycle event: a tuple is started as it is, a text by `/bin/sh -c`.

    The object form gives one Hook for each name; those of one event and one source run side by side.
    """

    event: Event
    name: str
    command: tuple[str, ...] | str
    on_host: bool
    origin: Source


@frozen
class Option:
    """One option of a Feature, or another named scalar."""

    name: str
    value: str | int | float | bool | None
    origin: Source


@frozen
class FeatureUse:
    """A Feature that is asked for. `options` of the short form (`"ID": "1.2"`) are the one option `version`."""

    reference: str
    kind: Literal["local", "registry", "tarball"]
    options: tuple[Option, ...]
    origin: Source


@frozen
class Flag:
    """One flag of the run command: `name` is normalised to the long form, such as `--cap-add`.

    `origin` names its first word in `runArgs`; `words` says how many it takes there (1, or 2 with a value of its
    own).
    """

    name: str
    value: str | None
    origin: Source
    words: int = 1


@frozen
class Port:
    """`forward`: an editor may forward it. `publish`: bound on the host when the container starts (`appPort`).

    `address` is the host's address that is bound: empty means all of them. `inside` is the container's port, or
    `service:port`.
    """

    kind: Literal["forward", "publish"]
    inside: str
    outside: str
    address: str
    raw: str
    origin: Source


@frozen
class PortAttributes:
    """What tools do with a port; `ports` is a number, a range or an expression, `*` for all others."""

    ports: str
    attributes: tuple[Option, ...]
    origin: Source


@frozen
class Requirement:
    """What the host should have. `memory` and `storage` are in bytes; `amount` is None for what is no number."""

    name: str
    value: str
    amount: int | None
    origin: Source


@frozen
class Secret:
    """A secret that is asked of the person; the file never holds its value."""

    name: str
    description: str
    documentation_url: str
    origin: Source


@frozen
class Customization:
    """What the file says to one tool (`vscode`, `paddock` …)."""

    tool: str
    node: Node
    origin: Source


@frozen
class Build:
    """An image that is built first. Paths are as written, relative to the file's folder."""

    dockerfile: Text | None
    context: Text | None
    args: tuple[Variable, ...]
    target: Text | None
    cache_from: tuple[Text, ...]
    options: tuple[Text, ...]
    origin: Source


@frozen
class Unknown:
    """A key that no part of the specification knows; `meant` is the known key that it is probably a misspelling of."""

    key: str
    meant: str
    node: Node
    origin: Source


@frozen
class UnknownLayer:
    """What has a say, but cannot be looked at here: an image that is not local, a Feature in a registry."""

    layer: Layer
    name: str
    why: str
    origin: Source


@frozen
class Configuration:
    """One source as it is written. What is not said is None or empty; unknown keys are kept, wrong types are flaws."""

    layer: Layer
    name: str
    document: Document
    node: Node  # the object in the document: a label holds several
    title: Text | None = None  # the key `name`
    image: Text | None = None
    build: Build | None = None
    compose_files: tuple[Text, ...] = ()
    service: Text | None = None
    run_services: tuple[Text, ...] = ()
    workspace_mount: Mount | None = None
    workspace_folder: Text | None = None
    run_args: tuple[Text, ...] = ()
    mounts: tuple[Mount, ...] = ()
    privileged: Switch | None = None
    init: Switch | None = None
    cap_add: tuple[Text, ...] = ()
    security_opt: tuple[Text, ...] = ()
    entrypoint: Text | None = None  # Features and labels only
    container_environment: tuple[Variable, ...] = ()
    remote_environment: tuple[Variable, ...] = ()
    container_user: Text | None = None
    remote_user: Text | None = None
    update_remote_user_uid: Switch | None = None
    user_env_probe: Text | None = None
    override_command: Switch | None = None
    shutdown_action: Text | None = None
    wait_for: Text | None = None
    features: tuple[FeatureUse, ...] = ()
    feature_order: tuple[Text, ...] = ()  # overrideFeatureInstallOrder
    hooks: tuple[Hook, ...] = ()
    ports: tuple[Port, ...] = ()
    port_attributes: tuple[PortAttributes, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    secrets: tuple[Secret, ...] = ()
    customizations: tuple[Customization, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    flaws: tuple[Flaw, ...] = ()


@frozen
class Effective:
    """What all layers say together, each value with its origin, whose layer is `default` where nobody says it."""

    kind: Literal["image", "dockerfile", "compose"]
    file: str  # the devcontainer.json, as shown
    folder: str  # the opened folder, absolute
    repository: str  # the root of the git repository around it, which the reference CLI mounts; else `folder`
    layers: tuple[Configuration, ...]  # lowest first: label entries, Features in install order, the file
    unknown_layers: tuple[UnknownLayer, ...]
    title: Text | None
    image: Text | None  # of image mode; of a build, the last FROM; of compose, the service's
    build: Build | None
    compose_files: tuple[Text, ...]
    service: Text | None
    run_services: tuple[Text, ...]
    compose: object | None  # paddock.devcontainer.service.Service, the one that is named; all of them: `project`
    dockerfile: object | None  # paddock.devcontainer.dockerfile.Dockerfile
    workspace_mount: Mount | None  # None: compose, or switched off
    workspace_folder: Text
    privileged: Switch
    init: Switch
    cap_add: tuple[Text, ...]
    security_opt: tuple[Text, ...]
    mounts: tuple[Mount, ...]
    run_flags: tuple[Flag, ...]  # of runArgs, parsed; with compose they are ignored, see `runargs_ignored`
    runargs_ignored: bool
    entrypoints: tuple[Text, ...]
    container_environment: tuple[Variable, ...]
    remote_environment: tuple[Variable, ...]
    container_user: Text | None
    remote_user: Text | None
    image_user: Text | None
    update_remote_user_uid: Switch
    user_env_probe: Text
    override_command: Switch
    shutdown_action: Text
    wait_for: Text
    features: tuple[FeatureUse, ...]  # in install order, those that others depend on included
    hooks: tuple[Hook, ...]  # in the order in which they run
    ports: tuple[Port, ...]
    port_attributes: tuple[PortAttributes, ...]
    requirements: tuple[Requirement, ...]
    secrets: tuple[Secret, ...]
    customizations: tuple[Customization, ...]  # lowest layer first; several of one tool are kept apart
    unknown: tuple[Unknown, ...]
    flaws: tuple[Flaw, ...]
    project: object | None = None  # paddock.devcontainer.service.Project, of compose_files.read

    @cached_property
    def flags_at(self) -> Mapping[Path, tuple[Flag, ...]]:
        """The run flags by the path of the word that they begin in: `-it` is one word, and two flags."""
        found: dict[Path, list[Flag]] = {}
        for flag in self.run_flags:
            found.setdefault(flag.origin.path, []).append(flag)
        return {path: tuple(flags) for path, flags in found.items()}
