"""What all that was read comes to: the effective configuration. Pure; `effective` reads."""

from __future__ import annotations

from paddock.devcontainer import merging, mounts, runflags
from paddock.devcontainer.merging import DEFAULT
from paddock.devcontainer.model import Configuration, Effective, Mount, Text
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from paddock.devcontainer.dockerfile import Dockerfile
    from paddock.devcontainer.document import Flaw
    from paddock.devcontainer.features import Features
    from paddock.devcontainer.finding import Found
    from paddock.devcontainer.model import Port, UnknownLayer, Variable
    from paddock.devcontainer.service import Project
    from paddock.devcontainer.workspace import Workspace

    Kind = Literal["image", "dockerfile", "compose"]

_PROBE, _WAIT = "loginInteractiveShell", "updateContentCommand"


@frozen
class Base:
    """What the container is made from: the image at the bottom, its user, the entries of its label."""

    image: Text | None = None
    user: Text | None = None
    labels: tuple[Configuration, ...] = ()
    dockerfile: Dockerfile | None = None
    project: Project | None = None
    unknown: tuple[UnknownLayer, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def kind_of(file: Configuration) -> Kind:
    """Which way the container is made. The reference CLI takes a compose file only where it has nothing else.

    An empty list of compose files stands for those that Compose takes by itself.
    """
    if file.build and file.build.dockerfile:
        return "dockerfile"
    said = file.node.get("dockerComposeFile")
    composed = file.compose_files or (said and said.kind == "array")
    return "compose" if composed and not file.image else "image"


def combine(found: Found, file: Configuration, base: Base, features: Features, workspace: Workspace) -> Effective:
    """All layers together."""
    kind = kind_of(file)
    composed = kind == "compose"
    layers = merging.layers(base.labels, features.configurations, file)
    arguments = runflags.parse(file.run_args)
    return Effective(
        kind=kind,
        file=file.document.file,
        folder=found.folder,
        repository=found.repository,
        layers=tuple(layers),
        unknown_layers=(*base.unknown, *features.unknown),
        title=file.title,
        image=base.image,
        build=file.build,
        compose_files=file.compose_files,
        service=file.service,
        run_services=file.run_services,
        compose=base.project.service if base.project else None,
        dockerfile=base.dockerfile,
        workspace_mount=None if composed else _workspace_mount(file, workspace),
        workspace_folder=merging.last_text([file.workspace_folder]) or _default(workspace.folder),
        privileged=merging.any_true(one.privileged for one in layers),
        init=merging.any_true(one.init for one in layers),
        cap_add=merging.union(text for one in layers for text in one.cap_add),
        security_opt=merging.union(text for one in layers for text in one.security_opt),
        mounts=_mounts(layers, composed=composed),
        run_flags=arguments.flags,
        runargs_ignored=composed,
        entrypoints=tuple(one.entrypoint for one in layers if one.entrypoint and one.entrypoint.value),
        container_environment=_environment(layers, features),
        remote_environment=merging.variables(it for one in layers for it in one.remote_environment),
        container_user=merging.last_text(one.container_user for one in layers),
        remote_user=merging.last_text(one.remote_user for one in layers),
        image_user=base.user,
        update_remote_user_uid=merging.last_switch((one.update_remote_user_uid for one in layers), default=True),
        user_env_probe=merging.last_text(one.user_env_probe for one in layers) or _default(_PROBE),
        override_command=merging.last_switch((one.override_command for one in layers), default=not composed),
        shutdown_action=merging.last_text(one.shutdown_action for one in layers) or _default(_shutdown(composed)),
        wait_for=merging.last_text(one.wait_for for one in layers) or _default(_WAIT),
        features=features.uses,
        hooks=merging.in_order(hook for one in layers for hook in one.hooks),
        ports=_ports(layers, file),
        port_attributes=merging.attributes(it for one in layers for it in one.port_attributes),
        requirements=merging.requirements(it for one in layers for it in one.requirements),
        secrets=file.secrets,
        customizations=tuple(it for one in layers for it in one.customizations),
        unknown=tuple(it for one in (*base.labels, *features.configurations, file) for it in one.unknown),
        flaws=_flaws(file, base, features, arguments.flaws),
        project=base.project,
    )


def _default(value: str) -> Text:
    return Text(value, DEFAULT, value)


def _shutdown(composed: bool) -> str:  # noqa: FBT001 - a value
    return "stopCompose" if composed else "stopContainer"


def _workspace_mount(file: Configuration, workspace: Workspace) -> Mount | None:
    if file.workspace_mount:
        return None if file.workspace_mount.kind == "none" else file.workspace_mount
    return mounts.of_text(workspace.mount, DEFAULT) if workspace.mount else None


def _mounts(layers: Sequence[Configuration], *, composed: bool) -> tuple[Mount, ...]:
    merged = merging.mounts(it for one in layers for it in one.mounts)
    return tuple(mounts.with_compose(one) for one in merged) if composed else merged


def _environment(layers: Sequence[Configuration], features: Features) -> tuple[Variable, ...]:
    """A Feature's `containerEnv` is written into the image, so every layer's own comes after it."""
    built = [it for one in features.configurations for it in one.container_environment]
    return merging.variables([*built, *(it for one in layers for it in one.container_environment)])


def _ports(layers: Sequence[Configuration], file: Configuration) -> tuple[Port, ...]:
    forwarded = merging.forwarded(it for one in layers for it in one.ports if it.kind == "forward")
    return (*forwarded, *(it for it in file.ports if it.kind == "publish"))


def _flaws(file: Configuration, base: Base, features: Features, arguments: Sequence[Flaw]) -> tuple[Flaw, ...]:
    """Each once: what several layers were read from has its flaws in each of them."""
    said = [
        *(one.flaws for one in (*base.labels, *features.configurations, file)),
        features.flaws,
        base.flaws,
        arguments,
    ]
    return tuple(dict.fromkeys(flaw for some in said for flaw in some))
