"""A configuration as rows of key, value and origin: what `paddock devcontainer show` prints."""

from __future__ import annotations

import shlex

from paddock.devcontainer import model
from paddock.devcontainer.typed import as_text
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from paddock.devcontainer.model import Configuration, Effective
    from paddock.devcontainer.source import Source

# By key of devcontainer.json: the field of a configuration, of what all layers say, or of both.
_FIELDS = (
    ("name", "title"),
    ("image", "image"),
    ("build", "build"),
    ("dockerComposeFile", "compose_files"),
    ("service", "service"),
    ("runServices", "run_services"),
    ("workspaceFolder", "workspace_folder"),
    ("workspaceMount", "workspace_mount"),
    ("privileged", "privileged"),
    ("init", "init"),
    ("containerUser", "container_user"),
    ("remoteUser", "remote_user"),
    ("user of the image", "image_user"),
    ("updateRemoteUserUID", "update_remote_user_uid"),
    ("userEnvProbe", "user_env_probe"),
    ("overrideCommand", "override_command"),
    ("shutdownAction", "shutdown_action"),
    ("waitFor", "wait_for"),
    ("capAdd", "cap_add"),
    ("securityOpt", "security_opt"),
    ("runArgs", "run_args"),
    ("runArgs", "run_flags"),
    ("mounts", "mounts"),
    ("entrypoint", "entrypoint"),
    ("entrypoint", "entrypoints"),
    ("containerEnv", "container_environment"),
    ("remoteEnv", "remote_environment"),
    ("features", "features"),
    ("overrideFeatureInstallOrder", "feature_order"),
    ("hooks", "hooks"),
    ("ports", "ports"),
    ("portsAttributes", "port_attributes"),
    ("hostRequirements", "requirements"),
    ("secrets", "secrets"),
    ("customizations", "customizations"),
)
# Of the compose service beside them: what it says itself is not repeated in the fields above.
_OF_SERVICE = (
    ("compose", "flags"),
    ("compose.privileged", "privileged"),
    ("compose.cap_add", "cap_add"),
    ("compose.security_opt", "security_opt"),
    ("compose.user", "user"),
    ("compose.volumes", "mounts"),
    ("compose.ports", "ports"),
    ("compose.environment", "environment"),
)
IGNORED = "asks to be read-only, and is not"
WITH_COMPOSE = "has no effect with compose"
ON_HOST = "on the host"
TAKEN_AWAY = "(taken away)"  # a variable
ALL_ADDRESSES = "on all addresses of the host"


@frozen
class Row:
    """One value. `notes` are what a reader of the file would not see: that it has no effect, or more than it says."""

    key: str
    value: str
    origin: Source
    notes: tuple[str, ...] = ()


def rows(said: Configuration | Effective) -> tuple[Row, ...]:
    """All that a configuration says, or that all layers say together, in the order in which people think of it."""
    ignored = getattr(said, "runargs_ignored", False)
    found = [row for key, field in _FIELDS for row in _of(said, key, field)]
    if ignored:
        found = [replace(row, notes=(*row.notes, WITH_COMPOSE)) if row.key == "runArgs" else row for row in found]
    service = getattr(said, "compose", None)
    return (*found, *(row for key, field in _OF_SERVICE for row in _of(service, key, field)))


def _of(said: object, key: str, field: str) -> Iterator[Row]:
    value = getattr(said, field, None)
    for one in value if isinstance(value, tuple) else () if value is None else (value,):
        yield from _DESCRIBED[type(one)](key, one)


def _text(key: str, said: model.Text) -> Iterator[Row]:
    yield Row(key, said.value, said.origin)


def _switch(key: str, said: model.Switch) -> Iterator[Row]:
    yield Row(key, "true" if said.value else "false", said.origin)


def _build(key: str, said: model.Build) -> Iterator[Row]:
    parts: tuple[tuple[str, Iterable[model.Text | None]], ...] = (
        ("dockerfile", (said.dockerfile,)),
        ("context", (said.context,)),
        ("target", (said.target,)),
        ("cacheFrom", said.cache_from),
        ("options", said.options),
    )
    for name, texts in parts:
        for text in texts:
            if text:
                yield Row(f"{key}.{name}", text.value, text.origin)
    for variable in said.args:
        yield from _variable(f"{key}.args", variable)


def _mount(key: str, said: model.Mount) -> Iterator[Row]:
    if said.kind == "none":
        yield Row(key, "none", said.origin)
        return
    way = f"{said.source} → {said.target}" if said.source else said.target
    more = [f"{name}={value}" if value else name for name, value in said.options]
    words = [f"{said.kind} {way}", *(["read-only"] if said.read_only else []), *more]
    yield Row(key, ", ".join(words), said.origin, (IGNORED,) if said.asked_read_only and not said.read_only else ())


def _variable(key: str, said: model.Variable) -> Iterator[Row]:
    yield Row(f"{key}.{said.name}", TAKEN_AWAY if said.value is None else said.value, said.origin)


def _hook(_: str, said: model.Hook) -> Iterator[Row]:
    command = said.command if isinstance(said.command, str) else shlex.join(said.command)
    name = f"{said.event}.{said.name}" if said.name else said.event
    yield Row(name, command, said.origin, (ON_HOST,) if said.on_host else ())


def _feature(key: str, said: model.FeatureUse) -> Iterator[Row]:
    options = [f"{one.name}={as_text(one.value)}" for one in said.options]
    yield Row(key, " ".join([said.reference, *options]), said.origin)


def _flag(key: str, said: model.Flag) -> Iterator[Row]:
    yield Row(key, said.name if said.value is None else f"{said.name}={said.value}", said.origin)


def _port(key: str, said: model.Port) -> Iterator[Row]:
    if said.kind == "forward":
        yield Row("forwardPorts", said.inside, said.origin)
        return
    outside = ":".join(part for part in (said.address, said.outside) if part) or "any port"
    key = "appPort" if key == "ports" else key
    yield Row(key, f"{outside} → {said.inside}", said.origin, () if said.address else (ALL_ADDRESSES,))


def _ports(key: str, said: model.PortAttributes) -> Iterator[Row]:
    name = "otherPortsAttributes" if said.ports == "*" else f"{key}.{said.ports}"
    yield Row(name, ", ".join(f"{one.name}={as_text(one.value)}" for one in said.attributes), said.origin)


def _requirement(key: str, said: model.Requirement) -> Iterator[Row]:
    yield Row(f"{key}.{said.name}", said.value, said.origin)


def _secret(key: str, said: model.Secret) -> Iterator[Row]:
    yield Row(f"{key}.{said.name}", said.description or said.documentation_url, said.origin)


def _customization(key: str, said: model.Customization) -> Iterator[Row]:
    import json

    yield Row(f"{key}.{said.tool}", json.dumps(said.node.data(), ensure_ascii=False), said.origin)


_DESCRIBED: dict[type, Callable[[str, Any], Iterator[Row]]] = {
    model.Text: _text,
    model.Switch: _switch,
    model.Build: _build,
    model.Mount: _mount,
    model.Variable: _variable,
    model.Hook: _hook,
    model.FeatureUse: _feature,
    model.Flag: _flag,
    model.Port: _port,
    model.PortAttributes: _ports,
    model.Requirement: _requirement,
    model.Secret: _secret,
    model.Customization: _customization,
}
