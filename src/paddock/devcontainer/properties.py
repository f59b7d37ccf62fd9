"""One configuration, read from its tree against the specification's schema.

Codes of flaws: `wrong-type` (what tools make of it is kept, else it is left out), `wrong-value` (kept), `missing-key`,
`legacy-key`, `mount-syntax`, `nameless-variable`. Unknown keys are no flaws; they are kept as they are.
"""

from __future__ import annotations

from paddock.devcontainer import builds, hooks, mounts, ports, requirements
from paddock.devcontainer.document import Broken, Flaw, Node
from paddock.devcontainer.model import Configuration, Customization, FeatureUse, Hook, Mount, Option, Secret
from paddock.devcontainer.typed import Typed, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from paddock.devcontainer.document import Document, Member
    from paddock.devcontainer.source import Layer
    from paddock.devcontainer.typed import Substitute

    Reader = Callable[[Node, Typed], Any]

# Keys whose value has one simple type, and the field of `Configuration` that they fill.
_TEXTS = {
    "name": "title",
    "image": "image",
    "service": "service",
    "workspaceFolder": "workspace_folder",
    "containerUser": "container_user",
    "remoteUser": "remote_user",
}
_CHOICES = {
    "userEnvProbe": ("user_env_probe", ("none", "loginShell", "loginInteractiveShell", "interactiveShell")),
    "shutdownAction": ("shutdown_action", ("none", "stopContainer", "stopCompose")),
    "waitFor": ("wait_for", hooks.EVENTS[:-1]),
}
_TRUTHS = {"privileged": "privileged", "init": "init"}
_SWITCHES = {"updateRemoteUserUID": "update_remote_user_uid", "overrideCommand": "override_command"}
_LISTS = {
    "runServices": "run_services",
    "runArgs": "run_args",
    "capAdd": "cap_add",
    "securityOpt": "security_opt",
    "overrideFeatureInstallOrder": "feature_order",
}
_LEGACY_OF_VSCODE = ("extensions", "settings", "devPort")
_ELSEWHERE = ("$schema", "build", *builds.OLDER, *_LEGACY_OF_VSCODE)  # read with others, or of no effect
# A Feature's metadata, in devcontainer-feature.json; `features` reads what is about the Feature itself.
_OF_FEATURES = (
    "id", "version", "name", "description", "documentationURL", "licenseURL", "keywords", "options", "installsAfter",
    "dependsOn", "legacyIds", "deprecated", "entrypoint", "install", "buildArg", "include", "exclude",
)  # fmt: skip
_OF_LABELS = ("id", "entrypoint")


def read(
    document: Document,
    layer: Layer,
    name: str,
    *,
    node: Node | None = None,
    substitute: Substitute = str,
) -> Configuration:
    """The configuration that an object of a document says; `node` is the object, the whole document without it.

    Values are what `substitute` makes of what is written. Raises Broken where there is no object.
    """
    root = node or document.root
    if root.kind != "object":
        raise Broken(f"an object is expected here, not {_kinds(root.kind)}", root.place, document.text)
    reader = _Reader(root, Typed(layer, name, substitute))
    values = reader.values()
    flaws = document.flaws if node is None else _within(document.flaws, root)
    ordered = sorted((*flaws, *reader.typed.flaws), key=lambda flaw: flaw.place.offset)
    return Configuration(
        layer, name, document, root, unknown=tuple(reader.typed.unknown), flaws=tuple(ordered), **values
    )


class _Reader:
    """One object on its way to a configuration."""

    def __init__(self, root: Node, typed: Typed) -> None:
        self.root = root
        self.typed = typed
        own = {"feature": _OF_FEATURES, "label": _OF_LABELS}.get(typed.layer, ())
        self.known = {*_READERS, *_ELSEWHERE, *hooks.EVENTS, *own}

    def values(self) -> dict[str, Any]:
        """The fields of a configuration."""
        found: dict[str, Any] = {"build": builds.read(self.root, self.typed)}
        for member in self.root.counting():
            found.update(self.field(member))
        found["hooks"] = self.hooks()
        found["customizations"] = (*self.legacy(), *found.get("customizations", ()))
        found["port_attributes"] = (*found.get("port_attributes", ()), *found.pop("other_ports", ()))
        found["ports"] = (*found.pop("forwarded", ()), *found.pop("applied", ()))
        if self.typed.layer in ("file", "override"):
            self.required(found)
        return found

    def field(self, member: Member) -> dict[str, Any]:
        key, node, typed = member.key, member.node, self.typed
        if key in _READERS:
            field, read = _READERS[key]
            return {field: read(node, typed)}
        if key == "entrypoint" and key in self.known:
            return {key: typed.text(node, key)}
        if key not in self.known:
            typed.strange(member, self.known)
        return {}

    def hooks(self) -> tuple[Hook, ...]:
        """All hooks, in the order of their events, whatever the order of the keys."""
        said = [(event, self.root.get(event)) for event in hooks.EVENTS]
        return tuple(hook for event, node in said if node for hook in hooks.read(event, node, self.typed))

    def legacy(self) -> tuple[Customization, ...]:
        """`extensions`, `settings` and `devPort` on top are VS Code's, below what its own section says."""
        found = []
        for member in self.root.counting():
            if member.key in _LEGACY_OF_VSCODE:
                moved = f"customizations.vscode.{member.key}"
                self.typed.flaw("legacy-key", f"`{member.key}` is the older form of `{moved}`", member.node)
                section = Node("object", None, member.node.place, (member,))
                found.append(Customization("vscode", section, self.typed.source(member.node, member.key)))
        return tuple(found)

    def required(self, found: dict[str, Any]) -> None:
        """What the specification's schema requires, of the keys that say where the container comes from."""
        if not (found.get("image") or found.get("compose_files") or _dockerfile(found)):
            said = "one of `image`, `build.dockerfile` and `dockerComposeFile` is required"
            self.typed.flaw("missing-key", said, self.root)
        elif found.get("compose_files") and not (found.get("image") or _dockerfile(found)):
            for key, field in (("service", "service"), ("workspaceFolder", "workspace_folder")):
                if not found.get(field):
                    self.typed.flaw("missing-key", f"`{key}` is required with `dockerComposeFile`", self.root)


def _dockerfile(found: dict[str, Any]) -> bool:
    return bool(found["build"] and found["build"].dockerfile)


def _compose_files(node: Node, typed: Typed) -> tuple[Any, ...]:
    return typed.texts(node, "dockerComposeFile", one=True)


def _container_environment(node: Node, typed: Typed) -> tuple[Any, ...]:
    return typed.variables(node, "containerEnv", remote=False, unset=False)


def _remote_environment(node: Node, typed: Typed) -> tuple[Any, ...]:
    return typed.variables(node, "remoteEnv", remote=True, unset=True)


def _workspace_mount(node: Node, typed: Typed) -> Mount | None:
    """An empty text switches the mount of the workspace off; its kind is then `none`."""
    text = typed.text(node, "workspaceMount")
    if text is None:
        return None
    if not text.value:
        return Mount("none", "", "", read_only=False, asked_read_only=False, options=(), raw="", origin=text.origin)
    return _mount_of(text.value, text.raw, node, typed, "workspaceMount")


def _mounts(node: Node, typed: Typed) -> tuple[Mount, ...]:
    found = []
    for item, path in typed.elements(node, "mounts"):
        if item.kind == "string":
            found.append(_mount_of(typed.plain(item), written(item), item, typed, *path))
        elif item.kind == "object":
            found.append(_mount_of_object(item, typed, *path))
        else:
            typed.flaw("wrong-type", "a mount is a string, or an object of type, source and target", item)
    return tuple(found)


def _mount_of(text: str, raw: str, node: Node, typed: Typed, *path: str | int) -> Mount:
    wrong = mounts.wrong(text)
    if wrong:
        typed.flaw("mount-syntax", wrong, node)
    return mounts.of_text(text, typed.source(node, *path), raw)


def _mount_of_object(node: Node, typed: Typed, *path: str | int) -> Mount:
    values = {}
    for member in typed.members(node):
        if member.key not in mounts.PARTS:
            typed.strange(member, mounts.PARTS, *path)
            continue
        text = typed.text(member.node, *path, member.key)
        if text:
            values[member.key] = text.value
    wrong = [f"a mount needs a {key}" for key in ("type", "target") if not values.get(key)]
    wrong = wrong or [mounts.wrong(mounts.text_of(values))]
    if wrong[0]:
        typed.flaw("mount-syntax", wrong[0], node)
    return mounts.of_object(node, values, typed.source(node, *path))


def _features(node: Node, typed: Typed) -> tuple[FeatureUse, ...]:
    found = []
    for member in typed.members(node, "features"):
        origin = typed.source(member.node, "features", member.key)
        options: tuple[Option, ...] = ()
        if member.node.kind == "string":  # the short form
            options = (Option("version", typed.plain(member.node), origin),)
        elif member.node.kind == "object":
            options = typed.options(member.node, "features", member.key)
        elif member.node.kind != "boolean":
            typed.flaw("wrong-type", "a Feature has an object of options", member.node)
        found.append(FeatureUse(member.key, _feature_kind(member.key), options, origin))
    return tuple(found)


def _feature_kind(reference: str) -> Literal["local", "registry", "tarball"]:
    if reference.startswith(("./", "../", "/")):
        return "local"
    return "tarball" if reference.startswith(("https://", "http://")) else "registry"


def _secrets(node: Node, typed: Typed) -> tuple[Secret, ...]:
    found = []
    for member in typed.members(node, "secrets"):
        options = {one.name: str(one.value) for one in typed.options(member.node, "secrets", member.key)}
        origin = typed.source(member.node, "secrets", member.key)
        found.append(Secret(member.key, options.get("description", ""), options.get("documentationUrl", ""), origin))
    return tuple(found)


def _customizations(node: Node, typed: Typed) -> tuple[Customization, ...]:
    return tuple(
        Customization(member.key, member.node, typed.source(member.node, "customizations", member.key))
        for member in typed.members(node, "customizations")
    )


def _text(key: str) -> Reader:
    return lambda node, typed: typed.text(node, key)


def _choice(key: str) -> Reader:
    return lambda node, typed: typed.choice(node, _CHOICES[key][1], key)


def _truth(key: str) -> Reader:
    return lambda node, typed: typed.truth(node, key)


def _switch(key: str) -> Reader:
    return lambda node, typed: typed.switch(node, key)


def _list(key: str) -> Reader:
    return lambda node, typed: typed.texts(node, key)


# By key: the field that it fills, and how its value is read.
_READERS: dict[str, tuple[str, Reader]] = {
    **{key: (field, _text(key)) for key, field in _TEXTS.items()},
    **{key: (field, _choice(key)) for key, (field, _) in _CHOICES.items()},
    **{key: (field, _truth(key)) for key, field in _TRUTHS.items()},
    **{key: (field, _switch(key)) for key, field in _SWITCHES.items()},
    **{key: (field, _list(key)) for key, field in _LISTS.items()},
    "dockerComposeFile": ("compose_files", _compose_files),
    "workspaceMount": ("workspace_mount", _workspace_mount),
    "mounts": ("mounts", _mounts),
    "containerEnv": ("container_environment", _container_environment),
    "remoteEnv": ("remote_environment", _remote_environment),
    "features": ("features", _features),
    "forwardPorts": ("forwarded", ports.forwarded),
    "appPort": ("applied", ports.applied),
    "portsAttributes": ("port_attributes", ports.attributes),
    "otherPortsAttributes": ("other_ports", ports.all_others),
    requirements.KEY: ("requirements", requirements.read),
    "secrets": ("secrets", _secrets),
    "customizations": ("customizations", _customizations),
}


def _within(flaws: tuple[Flaw, ...], node: Node) -> tuple[Flaw, ...]:
    return tuple(flaw for flaw in flaws if node.place.offset <= flaw.place.offset < node.place.end)


def _kinds(kind: str) -> str:
    return {"null": "null", "array": "an array"}.get(kind, f"a {kind}")
